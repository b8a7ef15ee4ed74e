"""The bytes of a list, wherever they come from. Its twin is `blocking/sources.py`."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from pathlib import Path
from typing import Self

from phaseline_client.http import PART_BYTES_MAX

AsyncContent = bytes | Path | AsyncIterable[bytes] | Iterable[bytes]


class Parts:
    """The parts of a list, until they are not wanted any more: pyreqwest waits for the next one even then."""

    def __init__(self, parts: AsyncGenerator[bytes]) -> None:
        self._parts = parts
        self._next: asyncio.Future[bytes | None] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        self._next = asyncio.ensure_future(anext(self._parts, None))
        part = await self._next
        if part is None:
            raise StopAsyncIteration
        return part

    async def close(self) -> None:
        """What is waited for now is cancelled."""
        if self._next is not None and self._next.cancel():
            await asyncio.wait({self._next})
        await self._parts.aclose()


@contextlib.asynccontextmanager
async def opened(content: AsyncContent) -> AsyncIterator[AsyncIterator[bytes]]:
    """Its parts, none of them empty. OSError, when the first is asked for, where a file cannot be read."""
    parts = Parts(parts_of(content))
    try:
        yield parts
    finally:
        await parts.close()


async def parts_of(content: AsyncContent) -> AsyncGenerator[bytes]:
    """Files are read by a thread, which leaves the loop to others."""
    match content:
        case bytes() if content:
            yield content
        case bytes():
            return
        case Path():
            with await asyncio.to_thread(content.open, "rb") as file:
                while part := await asyncio.to_thread(file.read, PART_BYTES_MAX):
                    yield part
        case AsyncIterable():
            async for part in content:
                if part:
                    yield part
        case _:
            for part in content:
                if part:
                    yield part
