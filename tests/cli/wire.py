"""A wire between a client and the API that loses what it is told to lose: answers, or the rest of them."""

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

READ_BYTES_MAX = 65_536
REQUEST = re.compile(rb"(?P<method>[A-Z]+) (?P<path>\S+) HTTP/1\.1\r\n")
KEY = re.compile(rb"idempotency-key: (\S+)", re.IGNORECASE)

AT_ONCE = -1  # as soon as the request has gone through


class Wire:
    """Passes bytes on. `requests` are what went through, as method and path; `keys` their Idempotency-Keys."""

    def __init__(self, host: str, port: int) -> None:
        self.url = ""
        self.requests: list[str] = []
        self.keys: list[str] = []
        self._address = (host, port)
        self._cuts: deque[int] = deque()
        self._cut_paths = ""
        self._noticed = asyncio.Event()

    def cut_answers(self, *after_bytes: int, paths: str = "") -> None:
        """Of the next requests for such paths, cut the connection after so many bytes of the answer, one after another.

        With 0, what was asked for has been done, and nobody hears of it.
        """
        self._cuts.extend(after_bytes)
        self._cut_paths = paths

    async def until_asked(self, count: int) -> None:
        """Wait until so many requests went through in all."""
        while len(self.requests) < count:
            self._noticed.clear()
            await self._noticed.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._address)
        allowed = Allowance()
        answers = asyncio.create_task(self._pass_back(there, writer, allowed))
        try:
            while data := await read(reader):
                if (begun := REQUEST.match(data)) is not None:
                    self._notice(begun, data)
                    is_meant = bool(self._cuts) and self._cut_paths in self.requests[-1]
                    allowed.bytes = self._cuts.popleft() if is_meant else None
                back.write(data)
                if allowed.bytes == AT_ONCE:
                    await back.drain()
                    break
                if answers.done():
                    break
        finally:
            answers.cancel()
            await asyncio.wait({answers})
            back.close()  # in order, so that what was sent arrives
            writer.close()

    async def _pass_back(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, allowed: "Allowance") -> None:
        while data := await read(there):
            if allowed.bytes is not None:
                data, allowed.bytes = data[: allowed.bytes], allowed.bytes - len(data)
            writer.write(data)
            if allowed.bytes is not None and allowed.bytes <= 0:
                break
            await writer.drain()
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    def _notice(self, begun: re.Match[bytes], data: bytes) -> None:
        self.requests.append(f"{begun['method'].decode()} {begun['path'].decode()}")
        self.keys += [key.decode() for key in KEY.findall(data)]
        self._noticed.set()


class Allowance:
    """How many bytes of the present answer may pass; None: all."""

    bytes: int | None = None


async def read(reader: asyncio.StreamReader) -> bytes:
    """What comes next; nothing at the end, however it came about."""
    with contextlib.suppress(ConnectionError):
        return await reader.read(READ_BYTES_MAX)
    return b""


@contextlib.asynccontextmanager
async def wired(base_url: str) -> AsyncIterator[Wire]:
    """A wire to the API at this URL."""
    parts = urlsplit(base_url)
    assert parts.hostname is not None
    assert parts.port is not None
    wire = Wire(parts.hostname, parts.port)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield wire
    finally:
        server.close()
