"""A file of lines that somebody else writes on: what is new in it, whole lines only."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


class Tail(Generic[T]):
    """`lines` are all that were read so far."""

    def __init__(self, file: Path, decode: Callable[[bytes], T]) -> None:
        file.touch()
        self.file = file
        self.lines: list[T] = []
        self._decode = decode
        self._offset = 0

    def look(self) -> list[T]:
        """What came since the last look."""
        with self.file.open("rb") as opened:
            opened.seek(self._offset)
            data = opened.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        found = [self._decode(line) for line in whole.splitlines()]
        self.lines += found
        return found
