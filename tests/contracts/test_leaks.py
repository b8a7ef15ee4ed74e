"""Clients that go away in the middle, fifty times each: afterwards the server holds what it held before."""

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import msgspec
import pytest
import pytest_asyncio

from tests.contracts.holdings import assert_settled, count_holdings, fill_pool, flights_of
from tests.contracts.operations import CREATE
from tests.contracts.tenants import World, created
from tests.domains.importing.test_import import A_BATCH
from tests.domains.reading.synthetic import make_domains, plant
from tests.progress.test_socket import LISTEN_ALL, receive, send
from tests.progress.test_socket import watching as listening
from tests.web.locks import nobody_writes_campaigns, until_waiting
from tests.web.raw_http import request_head

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIMES, AT_ONCE = 50, 10
IMPORTS_AT_ONCE = 4
LARGE_DOMAINS, LARGE_SET_ID = 20_000, 900_000_101
REJECTS = 100_000
RECEIVED_BYTES_MAX = 4_096  # by a client's socket, so that the server soon waits for it
SECONDS_MAX = 20
AT_ONCE_WITHOUT_CLOSING = struct.pack("ii", 1, 0)
JSON, CHUNKED = "Content-Type: application/json", "Transfer-Encoding: chunked"
INSERT_REJECTS = """
    INSERT INTO import_rejects (import_id, line, reason, text)
    SELECT $1::text::uuid, number, 'no_dot', repeat('x', 200) FROM generate_series(10, $2::int) number
"""


class Client:
    """One that takes little, and can vanish without a word."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def begin_to_read(self, body_bytes: int) -> None:
        """The head of a success, and so much of its body."""
        async with asyncio.timeout(SECONDS_MAX):
            assert b" 200 " in await self.reader.readuntil(b"\r\n\r\n")
            await self.reader.readexactly(body_bytes)

    def vanish(self) -> None:
        """With a reset, as from a machine that forgot us; nothing is sent behind what was."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE_WITHOUT_CLOSING)
        self.writer.transport.abort()

    def leave(self) -> None:
        """Closed as it should be: a server that sends nothing cannot tell it from a client that waits."""
        self.writer.close()


ENDS = (Client.vanish, Client.leave)


async def connect(world: World) -> Client:
    place = urlsplit(world.base_url)
    end = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES_MAX)
    end.setblocking(False)
    await asyncio.get_running_loop().sock_connect(end, (str(place.hostname), place.port))
    return Client(*await asyncio.open_connection(sock=end, limit=RECEIVED_BYTES_MAX))


@contextlib.asynccontextmanager
async def nothing_kept(world: World) -> AsyncIterator[None]:
    """Whatever happens in this block, nothing is left of it soon afterwards."""
    await fill_pool(world.application.state["database"])
    await fill_pool(world.database)
    before = await count_holdings(world.application, world.database)
    yield
    await assert_settled(world.application, world.database, before)


async def until_requests(world: World, count: int) -> None:
    """Until so many are under way."""
    flights = flights_of(world.application)
    async with asyncio.timeout(SECONDS_MAX):
        while sum(flights._counts.values()) != count:
            await asyncio.sleep(0.01)


async def vanish_in_mid_answer(world: World, path: str, body_bytes: int, times: int = TIMES) -> None:
    """Ask, read a little, and go, while the server would go on."""
    head = request_head("GET", path, world.owner.key.secret)
    for turn in range(times):
        client = await connect(world)
        client.writer.write(head)
        await client.begin_to_read(body_bytes)
        assert sum(flights_of(world.application)._counts.values()) == 1, "answered to the end already"
        ENDS[turn % 10 == 0](client)
        await until_requests(world, 0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def large_id(world: World) -> str:
    """A campaign with more than fits between a server and a client that does not read."""
    planted = await plant(world.database, world.owner.principal, make_domains(LARGE_DOMAINS, seed=4), LARGE_SET_ID)
    return str(planted.campaign_id)


# The first bytes of Parquet come with its first 20,000 rows: too many to be waited for fifty times.
@pytest.mark.parametrize(("file_format", "body_bytes"), [("csv", 1), ("ndjson", 1), ("parquet", 0)])
async def test_in_the_middle_of_an_export(world: World, large_id: str, file_format: str, body_bytes: int) -> None:
    async with nothing_kept(world):
        await vanish_in_mid_answer(world, f"/campaigns/{large_id}/domains/export?format={file_format}", body_bytes)


async def test_going_away_is_no_error_in_the_log(world: World, large_id: str, caplog: pytest.LogCaptureFixture) -> None:
    await vanish_in_mid_answer(world, f"/campaigns/{large_id}/domains/export", 0, times=10)
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_in_the_middle_of_rejects(world: World) -> None:
    await world.database.pool.execute(INSERT_REJECTS, world.owned.import_id, REJECTS)
    path = f"/campaigns/{world.owned.campaigns['listed']}/domains/import/{world.owned.import_id}/rejects"
    async with nothing_kept(world):
        await vanish_in_mid_answer(world, path, 1)


async def test_in_the_middle_of_an_import(world: World) -> None:
    """Half of them as if that were the end."""
    request = {**CREATE, "initialPhase": "dns_validation"}
    ids = [await created(world.owner, request) for _ in range(IMPORTS_AT_ONCE)]
    async with nothing_kept(world):
        for turn in range(TIMES // IMPORTS_AT_ONCE + 1):
            clients = [await begin_import(world, campaign_id) for campaign_id in ids]
            await until_staged(world, IMPORTS_AT_ONCE)
            for client in clients:
                ENDS[turn % 2](client)
            await until_requests(world, 0)
    assert await world.database.pool.fetchval("SELECT count(*) FROM imports WHERE finished_at IS NULL") == 0


async def begin_import(world: World, campaign_id: str) -> Client:
    client = await connect(world)
    path = f"/campaigns/{campaign_id}/domains/import"
    client.writer.write(request_head("POST", path, world.owner.key.secret, "Content-Type: text/plain", CHUNKED))
    client.writer.write(b"%x\r\n%s" % (2 * len(A_BATCH), A_BATCH))
    return client


async def until_staged(world: World, count: int) -> None:
    """Until so many imports tell lines of theirs."""
    staged = "SELECT count(*) FROM imports WHERE finished_at IS NULL AND line_count > 0"
    async with asyncio.timeout(SECONDS_MAX):
        while await world.database.pool.fetchval(staged) != count:
            await asyncio.sleep(0.01)


async def test_in_the_middle_of_a_subscription(world: World) -> None:
    async with nothing_kept(world):
        for _ in range(TIMES // AT_ONCE):
            async with contextlib.AsyncExitStack() as opened:
                for _ in range(AT_ONCE):
                    watcher = await opened.enter_async_context(listening(world.base_url, world.owner.key))
                    await send(watcher, LISTEN_ALL)
                    await receive(watcher)
                    opened.callback(watcher.transport.abort)


async def test_in_the_middle_of_a_body(world: World) -> None:
    head = request_head("POST", "/campaigns", world.owner.key.secret, JSON, "Content-Length: 1000")
    async with nothing_kept(world):
        for _ in range(TIMES // AT_ONCE):
            clients = [await connect(world) for _ in range(AT_ONCE)]
            for client in clients:
                client.writer.write(head + b'{"name": ')
            await until_requests(world, AT_ONCE)
            for client in clients:
                client.vanish()
            await until_requests(world, 0)


async def test_in_the_middle_of_a_command(world: World) -> None:
    """Each is done once all the same, and who asks again with its Idempotency-Key gets the answer."""
    body = msgspec.json.encode({**CREATE, "name": "commanded and gone"})
    keys = [f"gone-{number}" for number in range(TIMES)]
    async with nothing_kept(world):
        for first in range(0, TIMES, AT_ONCE):
            clients = [await connect(world) for _ in range(AT_ONCE)]
            async with nobody_writes_campaigns(world.database):
                for client, key in zip(clients, keys[first : first + AT_ONCE], strict=True):
                    headers = (JSON, f"Content-Length: {len(body)}", f"Idempotency-Key: {key}")
                    client.writer.write(request_head("POST", "/campaigns", world.owner.key.secret, *headers) + body)
                await until_waiting(world.database, AT_ONCE)
                for client in clients:
                    client.vanish()
            await until_requests(world, 0)
    for key in keys:
        again = {"Content-Type": "application/json", "Idempotency-Key": key}
        answer = await world.owner.caller.call("POST", "/campaigns", content=body, headers=again)
        assert (answer.status, answer.headers["idempotency-replayed"]) == (201, "true")
    made = "SELECT count(*) FROM campaigns WHERE name = 'commanded and gone'"
    assert await world.database.pool.fetchval(made) == TIMES
