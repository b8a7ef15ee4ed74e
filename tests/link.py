"""A wire between a client and PostgreSQL that can lose what matters most: the answer to a COMMIT."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

READ_BYTES_MAX = 65_536
COMMIT = b"COMMIT;\0"  # as asyncpg sends it


class Link:
    """Passes bytes on. `url` is the database's, by way of this wire."""

    def __init__(self, socket_path: str) -> None:
        self.url = ""
        self.lost_count = 0
        self._socket_path = socket_path
        self._loses_next = False

    def lose_next_answer(self) -> None:
        """The next transaction that commits is committed, and its client never hears of it."""
        self._loses_next = True

    def lose_no_more(self) -> None:
        self._loses_next = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._socket_path)
        answers = asyncio.create_task(pass_on(there, writer))
        try:
            while data := await read(reader):
                is_lost = self._loses_next and COMMIT in data
                if is_lost:
                    self._loses_next = False
                    answers.cancel()
                    await asyncio.wait({answers})
                back.write(data)
                if is_lost:
                    await read(there)  # PostgreSQL answers when it has committed
                    self.lost_count += 1
                    break
        finally:
            answers.cancel()
            for end in (back, writer):
                end.transport.abort()


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await read(reader):
        writer.write(data)
    writer.close()


async def read(reader: asyncio.StreamReader) -> bytes:
    """What comes next; nothing at the end, however it came about."""
    with contextlib.suppress(ConnectionError):
        return await reader.read(READ_BYTES_MAX)
    return b""


@contextlib.asynccontextmanager
async def linked(database_url: str) -> AsyncIterator[Link]:
    """A wire to the database at a unix socket's URL."""
    parts = urlsplit(database_url)
    query = parse_qs(parts.query)
    link = Link(f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}")
    server = await asyncio.start_server(link.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link.url = f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}?sslmode=disable"
    try:
        yield link
    finally:
        server.close()
