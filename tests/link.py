"""A wire between two programs that delays, freezes, resets, cuts, and loses what matters: the answer to a COMMIT."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

READ_BYTES_MAX = 65_536
COMMIT = b"COMMIT;\0"  # as asyncpg sends it
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: what is not sent yet is thrown away, and the other side is told so

Place = str | tuple[str, int]  # the path of a unix socket, or a host and a port


class Link:
    """Passes bytes on to a place. `url` is the database's, by way of this wire, where there is a database."""

    def __init__(self, place: Place) -> None:
        self.url = ""
        self.lost_count = 0
        self.delay_seconds = 0.0  # of each piece, either way
        self.refuses = False  # whoever comes is reset
        self._place = place
        self._flows = asyncio.Event()
        self._flows.set()
        self._loses_next = False
        self._loses_all = False
        self._bytes_left: int | None = None
        self._bytes_each: int | None = None
        self._open: set[asyncio.StreamWriter] = set()

    def lose_next_answer(self) -> None:
        """The next transaction that commits is committed, and its client never hears of it."""
        self._loses_next = True

    def lose_all_answers(self) -> None:
        """The same of every transaction, until `mend`."""
        self._loses_all = True

    def lose_no_more(self) -> None:
        self._loses_next = self._loses_all = False

    def cut_after(self, bytes_sent: int) -> None:
        """The wire is cut when the server has sent so much more, and stays so."""
        self._bytes_left = bytes_sent

    def cut_each_after(self, bytes_passed: int) -> None:
        """Each connection opened from now on is cut when so much has passed, either way."""
        self._bytes_each = bytes_passed

    def freeze(self) -> None:
        """Nothing passes; connections stay open, and new ones are taken."""
        self._flows.clear()

    def reset_all(self) -> None:
        """What is open now is reset, on both sides."""
        for writer in tuple(self._open):
            reset(writer)

    def mend(self) -> None:
        """Whatever was wrong with it is no more. What is open stays so."""
        self._bytes_left = self._bytes_each = None
        self.delay_seconds = 0.0
        self.refuses = False
        self.lose_no_more()
        self._flows.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.refuses:
                raise ConnectionRefusedError
            there, back = await open_connection(self._place)
        except OSError:
            reset(writer)
            return
        purse = Purse(self._bytes_each)
        self._open |= {writer, back}
        answers = asyncio.create_task(self.pass_on(there, writer, purse))
        try:
            while data := await read(reader):
                await self._hold()
                if not purse.pays(data):
                    break
                is_lost = (self._loses_next or self._loses_all) and COMMIT in data
                if is_lost:
                    self._loses_next = False
                    answers.cancel()
                    await asyncio.wait({answers})
                back.write(data)
                if is_lost:
                    await read(there)  # PostgreSQL answers when it has committed
                    self.lost_count += 1
                    break
                await drained(back)
        finally:
            answers.cancel()
            self._open -= {writer, back}
            for end in (back, writer):
                end.transport.abort()

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, purse: "Purse") -> None:
        while data := await read(reader):
            await self._hold()
            if self._bytes_left is not None:
                self._bytes_left -= len(data)
            if not purse.pays(data) or (self._bytes_left is not None and self._bytes_left < 0):
                writer.transport.abort()
                return
            writer.write(data)
            await drained(writer)
        writer.close()

    async def _hold(self) -> None:
        """As long as the wire is frozen; then as long as it delays."""
        await self._flows.wait()
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)


class Purse:
    """How many more bytes may pass, either way; None: as many as want to."""

    def __init__(self, left: int | None) -> None:
        self._left = left

    def pays(self, data: bytes) -> bool:
        if self._left is not None:
            self._left -= len(data)
        return self._left is None or self._left >= 0


async def open_connection(place: Place) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if isinstance(place, str):
        return await asyncio.open_unix_connection(place)
    return await asyncio.open_connection(*place)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection as a kernel does whose program has died."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


async def read(reader: asyncio.StreamReader) -> bytes:
    """What comes next; nothing at the end, however it came about."""
    with contextlib.suppress(ConnectionError):
        return await reader.read(READ_BYTES_MAX)
    return b""


async def drained(writer: asyncio.StreamWriter) -> None:
    """Whoever reads slowly is waited for. One that is gone will be noticed when it is read from."""
    with contextlib.suppress(ConnectionError):
        await writer.drain()


@contextlib.asynccontextmanager
async def linked(database_url: str) -> AsyncIterator[Link]:
    """A wire to the database at a unix socket's URL."""
    parts = urlsplit(database_url)
    query = parse_qs(parts.query)
    async with linked_to(f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}") as (link, port):
        link.url = f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}?sslmode=disable"
        yield link


@contextlib.asynccontextmanager
async def linked_to(place: Place, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[tuple[Link, int]]:
    """A wire to any place, and the port where it begins."""
    link = Link(place)
    server = await asyncio.start_server(link.serve, host, port)
    try:
        yield link, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        link.reset_all()
