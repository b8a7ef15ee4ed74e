"""The bytes of a list, wherever they come from. Its twin is `awaited/sources.py`."""

import contextlib
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

from phaseline_client.http import PART_BYTES_MAX

Content = bytes | Path | Iterable[bytes]


@contextlib.contextmanager
def opened(content: Content) -> Iterator[Iterator[bytes]]:
    """Its parts, none of them empty. OSError, when the first is asked for, where a file cannot be read."""
    with contextlib.closing(parts_of(content)) as parts:
        yield parts


def parts_of(content: Content) -> Generator[bytes]:
    match content:
        case bytes() if content:
            yield content
        case bytes():
            return
        case Path():
            with content.open("rb") as file:
                while part := file.read(PART_BYTES_MAX):
                    yield part
        case _:
            yield from filter(None, content)
