"""Hands over to the command line."""

from service.cli.app import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
