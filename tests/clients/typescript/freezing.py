"""A wire to a server that can freeze: what is connected stays so, and nothing comes through any more."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from tests.cli.wire import read


class Ice:
    """Passes bytes on. `sent_count` counts the parts that came from clients."""

    def __init__(self, host: str, port: int) -> None:
        self.url = ""
        self.sent_count = 0
        self._address = (host, port)
        self._frozen = asyncio.Event()
        self._noticed = asyncio.Event()
        self._over = asyncio.Event()

    def freeze(self) -> None:
        """What is connected now hears nothing any more, and no end either; what connects later is new."""
        self._frozen.set()
        self._frozen = asyncio.Event()

    def end(self) -> None:
        self._over.set()

    async def until_sent(self, count: int) -> None:
        while self.sent_count < count:
            self._noticed.clear()
            await self._noticed.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._address)
        frozen = self._frozen
        answers = asyncio.create_task(self._pass_on(there, writer, frozen))
        try:
            while data := await self._read(reader, frozen):
                self.sent_count += 1
                self._noticed.set()
                back.write(data)
        finally:
            answers.cancel()
            for end in (back, writer):
                end.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, frozen: asyncio.Event) -> None:
        while data := await self._read(reader, frozen):
            writer.write(data)
        writer.close()

    async def _read(self, reader: asyncio.StreamReader, frozen: asyncio.Event) -> bytes:
        data = await read(reader)
        if frozen.is_set():
            await self._over.wait()
            return b""
        return data


@contextlib.asynccontextmanager
async def on_ice(base_url: str) -> AsyncIterator[Ice]:
    """A wire to the API at this URL."""
    parts = urlsplit(base_url)
    assert parts.hostname is not None
    assert parts.port is not None
    ice = Ice(parts.hostname, parts.port)
    server = await asyncio.start_server(ice.serve, "127.0.0.1", 0)
    ice.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield ice
    finally:
        ice.end()
        server.close()
