"""openapi/openapi.json and openapi/asyncapi.json are what the routes say: written by `make openapi`, compared here."""

import sys
from pathlib import Path

from service.cli.openapi import documents

FOLDER = Path(__file__).parents[2] / "openapi"


def outdated() -> list[str]:
    """Names of the files that are not what they should be."""
    return [
        name
        for name, data in documents().items()
        if not (FOLDER / name).is_file() or (FOLDER / name).read_bytes() != data
    ]


def main() -> int:
    for name in outdated():
        print(f"openapi/{name} is not what the routes say; run `make openapi`.", file=sys.stderr)  # noqa: T201
    return 1 if outdated() else 0


if __name__ == "__main__":
    sys.exit(main())
