"""HTTP by hand, for what no client would send."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import msgspec

ANSWER_SECONDS_MAX = 15


class RawAnswer(msgspec.Struct, frozen=True):
    """All that came until the server closed."""

    status: int
    head: str
    body: bytes


@contextlib.asynccontextmanager
async def connected(base_url: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    place = urlsplit(base_url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def read_answer(reader: asyncio.StreamReader) -> RawAnswer:
    """Read to the end of the connection, which must come."""
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        received = await reader.read()
    head, _, body = received.partition(b"\r\n\r\n")
    text = head.decode("latin-1")
    return RawAnswer(int(text.split(" ", 2)[1]), text.lower(), body)


async def read_one_answer(reader: asyncio.StreamReader) -> RawAnswer:
    """Read an answer of a known length; the connection stays open."""
    async with asyncio.timeout(ANSWER_SECONDS_MAX):
        text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(text.partition("content-length:")[2].partition("\r\n")[0])
        return RawAnswer(int(text.split(" ", 2)[1]), text, await reader.readexactly(length))


def request_head(method: str, path: str, secret: str, *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: phaseline.test", f"Authorization: Bearer {secret}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"
