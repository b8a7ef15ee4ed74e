"""A list of names as it lies on disk or comes from a pipe: how it is written, and its bytes as they are read."""

import asyncio
import contextlib
import os
import stat
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from phaseline_client import ListType
from service.cli.places import STANDARD_STREAM
from service.errors import Invalid

PART_BYTES_MAX = 262_144
GZIP_SUFFIX = ".gz"
GZIP_MARK = b"\x1f\x8b"


class ListKind(StrEnum):
    """How a list is written, in a word."""

    TEXT = "text"
    CSV = "csv"
    NDJSON = "ndjson"


MEDIA_TYPES: Mapping[ListKind, ListType] = {
    ListKind.TEXT: "text/plain",
    ListKind.CSV: "text/csv",
    ListKind.NDJSON: "application/x-ndjson",
}
SUFFIXES = {
    "": ListKind.TEXT,
    ".txt": ListKind.TEXT,
    ".lst": ListKind.TEXT,
    ".list": ListKind.TEXT,
    ".csv": ListKind.CSV,
    ".tsv": ListKind.CSV,
    ".ndjson": ListKind.NDJSON,
    ".jsonl": ListKind.NDJSON,
}


class NameList(msgspec.Struct, frozen=True):
    """An open list. `total_bytes` is None for a pipe; `parts` can be read once."""

    total_bytes: int | None
    parts: AsyncIterator[bytes]


def guessed_kind(file: Path) -> ListKind:
    """By the name, behind `.gz`; Invalid where it says nothing."""
    name = file.name.lower().removesuffix(GZIP_SUFFIX)
    suffix = Path(name).suffix
    kind = SUFFIXES.get(suffix)
    if kind is None:
        raise Invalid(
            "list_format_unknown", f"{suffix} does not tell how {file} is written: say --format text, csv or ndjson."
        )
    return kind


@contextlib.asynccontextmanager
async def open_list(file: Path) -> AsyncIterator[NameList]:
    """Opened, and its first bytes looked at; Invalid where it cannot be read."""
    with contextlib.ExitStack() as stack:
        try:
            opened = sys.stdin.buffer if file == STANDARD_STREAM else stack.enter_context(file.open("rb"))
            status = os.fstat(opened.fileno())
            parts = parts_of(opened.fileno(), is_pipe=not stat.S_ISREG(status.st_mode))
            first = await anext(parts, b"")
        except OSError as error:
            raise Invalid("file_unreadable", f"Cannot read {file}: {error.strerror}.") from None
        total = status.st_size if stat.S_ISREG(status.st_mode) else None
        if file.suffix.lower() == GZIP_SUFFIX and first and not first.startswith(GZIP_MARK):
            raise Invalid("list_not_gzip", f"{file} is not gzip, though its name says so.")
        yield NameList(total, chained(first, parts))


async def chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for part in rest:
        yield part


async def parts_of(descriptor: int, *, is_pipe: bool) -> AsyncIterator[bytes]:
    """To the end. A pipe may keep silent for long, so a thread waits for it; a file is read at once."""
    while True:
        data = await read_in_thread(descriptor) if is_pipe else os.read(descriptor, PART_BYTES_MAX)
        if not data:
            return
        yield data


async def read_in_thread(descriptor: int) -> bytes:
    """What comes next. The thread ends with the process, so that Ctrl-C need not wait for whoever writes."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()

    def settle(data: bytes, error: OSError | None) -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(data)
        else:
            answer.set_exception(error)

    def read() -> None:
        data, failure = b"", None
        try:
            data = os.read(descriptor, PART_BYTES_MAX)
        except OSError as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile, and nobody waits
            loop.call_soon_threadsafe(settle, data, failure)

    threading.Thread(target=read, daemon=True).start()
    return await answer
