"""Websockets of clients that do not behave: what they can make us hold, and how long we keep them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from service.access.model import NewKey
from service.postgres.database import Database
from service.progress.hub import Hub
from service.web import serving as web_serving
from service.web import sockets
from service.web.sockets import MESSAGES_WAITING_MAX
from tests.served import Served, serving
from tests.web.locks import until_waiting
from tests.web.raw_http import connected, request_head

UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
MASK = bytes(4)
PING = b"\x89\xfd" + MASK + bytes(125)
TEXT = b"\x81\x81" + MASK + b"{"
ANSWER = b'"subscription_invalid"'
BATCH = PING * 1_000
HELD_BYTES_MAX = 64_000_000  # by both kernels' buffers, and ours
BLOCKED_SECONDS = 2.0  # without a byte taken
WAIT_SECONDS_MAX = 20


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds in time, much shorter."""
    monkeypatch.setattr(web_serving, "PING_SECONDS", 0.2)
    monkeypatch.setattr(web_serving, "PONG_SECONDS_MAX", 0.5)
    monkeypatch.setattr(sockets, "LINGER_SECONDS_MAX", 0.2)


@contextlib.asynccontextmanager
async def raw_socket(served: Served, key: NewKey) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """An open websocket that answers nothing, and reads no more than what is asked of it and two buffers."""
    async with connected(served.base_url) as (reader, writer), asyncio.timeout(60):
        writer.write(request_head("GET", "/ws", key.secret, *UPGRADE))
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        try:
            yield reader, writer
        finally:
            writer.transport.abort()  # it may hold bytes that nobody will take


async def send_until_blocked(writer: asyncio.StreamWriter) -> int:
    """How many bytes went before none was taken any more."""
    sent = 0
    with contextlib.suppress(TimeoutError, ConnectionError):
        while sent < HELD_BYTES_MAX:
            writer.write(BATCH)
            async with asyncio.timeout(BLOCKED_SECONDS):
                await writer.drain()
            sent += len(BATCH)
    return sent


async def until_nobody_watches(served: Served) -> None:
    hub: Hub = served.application.state["hub"]
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while len(hub):
            await asyncio.sleep(0.02)


async def test_who_reads_nothing_is_not_listened_to(database_url: str, key: NewKey) -> None:
    async with serving(database_url) as served, raw_socket(served, key) as (_, writer):
        assert await send_until_blocked(writer) < HELD_BYTES_MAX


async def test_who_reads_again_is_listened_to_again(database_url: str, key: NewKey) -> None:
    async with serving(database_url) as served, raw_socket(served, key) as (reader, writer):
        await send_until_blocked(writer)
        writer.write(TEXT)
        last = b""
        while ANSWER not in last:
            last = last[-len(ANSWER) :] + await reader.read(100_000)


@pytest.mark.usefixtures("hasty")
async def test_a_frozen_client_is_dropped_with_all_that_it_holds(database_url: str, key: NewKey) -> None:
    """Its last bytes are never taken, so nothing short of an abort ends the connection."""
    async with serving(database_url) as served, raw_socket(served, key) as (reader, writer):
        await send_until_blocked(writer)
        await until_nobody_watches(served)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(HELD_BYTES_MAX)


@pytest.mark.usefixtures("hasty")
async def test_a_silent_client_is_dropped(database_url: str, key: NewKey) -> None:
    """It may be gone without a word: a half-open connection looks like this one."""
    async with serving(database_url) as served, raw_socket(served, key) as (reader, _):
        received = await reader.read()
        await until_nobody_watches(served)
        assert received.endswith(b"keepalive ping timeout")


async def test_too_many_messages_at_once_end_the_connection(database_url: str, key: NewKey) -> None:
    async with serving(database_url) as served, raw_socket(served, key) as (reader, writer):
        writer.write(TEXT * 3 * MESSAGES_WAITING_MAX)
        assert b"too many messages at once" in await reader.read()
        await until_nobody_watches(served)


async def test_too_many_messages_before_the_door_is_open_end_the_connection(
    database_url: str, database: Database, key: NewKey, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(database_url) as served, connected(served.base_url) as (reader, writer):
        async with database.pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE")
            writer.write(request_head("GET", "/ws", key.secret, *UPGRADE))
            await until_waiting(database, 1)
            writer.write(TEXT * 3 * MESSAGES_WAITING_MAX)
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        await until_nobody_watches(served)
    assert not caplog.messages


async def test_some_messages_at_once_are_answered(database_url: str, key: NewKey) -> None:
    async with serving(database_url) as served, raw_socket(served, key) as (reader, writer):
        writer.write(TEXT * 5)
        for _ in range(5):
            await reader.readuntil(ANSWER)
