"""How large a list is that is about to be sent."""

from pathlib import Path


def size_of(content: object) -> int | None:
    """In bytes; None for what is read as it comes."""
    match content:
        case bytes():
            return len(content)
        case Path() if content.is_file():
            return content.stat().st_size
        case _:
            return None
