"""Transactions, and what an unusable database is told as."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from service.errors import Unavailable
from service.postgres.database import Database, open_database
from service.postgres.queries import Query

ONE = Query("test.one", "SELECT 1")
REFUSALS = pytest.mark.parametrize(
    ("sqlstate", "code"),
    [
        ("28P01", "database_login_refused"),
        ("28000", "database_login_refused"),
        ("3D000", "database_missing"),
        ("53300", "database_full"),
        ("57P03", "database_starting"),
    ],
)
COUNT = Query("test.count", "SELECT count(*) FROM tenants")
INSERT = Query("test.insert", "INSERT INTO tenants (name, created_at) VALUES ('somebody', $1)")


async def test_commits_on_leaving_and_rolls_back_on_errors(database: Database) -> None:
    with pytest.raises(KeyError):
        async with database.transaction() as tx:
            await tx.begin()
            await tx.execute(INSERT, tx.now)
            raise KeyError
    async with database.transaction() as tx:
        assert await tx.value(COUNT) == 0
        assert await tx.execute(INSERT, tx.now) == 1
    async with database.transaction() as tx:
        assert await tx.value(COUNT) == 1


async def test_asks_for_no_connection_before_its_first_statement(database: Database) -> None:
    async with database.transaction() as tx:
        assert database.pool.get_idle_size() == database.pool.get_size()
        await tx.value(ONE)
        assert database.pool.get_idle_size() == database.pool.get_size() - 1
    assert database.pool.get_idle_size() == database.pool.get_size()


async def test_time_stands_still_in_a_transaction_and_can_be_moved(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.begin()
        first = tx.now
        await tx.value(ONE)
        assert tx.now == first
        assert first.tzinfo is not None
    database.clock_offset = timedelta(days=400)
    async with database.transaction() as tx:
        await tx.begin()
        assert tx.now - first > timedelta(days=399)


async def test_a_statement_that_stands_alone_begins_no_transaction_that_stays(database: Database) -> None:
    row = await database.look_up(Query("test.who", "SELECT $1::int + 1 AS more"), 4, seconds=5)
    assert row is not None
    assert row["more"] == 5
    assert await database.look_up(Query("test.nobody", "SELECT 1 WHERE false"), seconds=5) is None
    assert database.pool.get_idle_size() == database.pool.get_size()
    states = await database.pool.fetch("SELECT state FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")
    assert states == []


async def test_a_statement_that_stands_alone_is_given_up_in_time(database: Database) -> None:
    with pytest.raises(Unavailable) as refused:
        await database.look_up(Query("test.sleep", "SELECT pg_sleep(60)"), seconds=0.2)
    assert refused.value.code == "took_too_long"
    with pytest.raises(Unavailable) as lost:
        await database.look_up(Query("test.end", "SELECT pg_terminate_backend(pg_backend_pid())"), seconds=5)
    assert lost.value.code == "database_lost"
    assert await database.look_up(ONE, seconds=5) is not None


async def test_a_cancelled_transaction_gives_its_connection_back(database: Database) -> None:
    started = asyncio.Event()

    async def sleep_in_the_database() -> None:
        async with database.transaction() as tx:
            await tx.value(ONE)
            started.set()
            await tx.value(Query("test.sleep", "SELECT pg_sleep(60)"))

    sleeping = asyncio.create_task(sleep_in_the_database())
    await started.wait()
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    async with database.transaction() as tx:
        assert await tx.value(ONE) == 1
    assert database.pool.get_idle_size() == database.pool.get_size()


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = 'disk_full'; END $$", "disk_full"),
        ("SELECT pg_terminate_backend(pg_backend_pid())", "database_lost"),
    ],
)
async def test_driver_errors_that_are_nobodys_bug_are_sentences(database: Database, statement: str, code: str) -> None:
    with pytest.raises(Unavailable) as caught:
        async with database.transaction() as tx:
            await tx.execute(Query("test.broken", statement))
    assert caught.value.code == code
    assert caught.value.message.endswith(".")


async def test_a_read_only_database_says_so(database: Database, database_url: str) -> None:
    name = await database.pool.fetchval("SELECT current_database()")
    await database.pool.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(Unavailable) as caught:
        async with open_database(database_url, connections_max=1) as reading, reading.transaction() as tx:
            await tx.begin()
            await tx.execute(INSERT, tx.now)
    assert caught.value.code == "database_read_only"


@contextlib.asynccontextmanager
async def refusing_server(code: str) -> AsyncIterator[int]:
    """Something that speaks just enough of PostgreSQL's protocol to refuse whoever comes; its port."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(struct.unpack(">i", await reader.readexactly(4))[0] - 4)
        fields = b"".join(
            kind + text.encode() + b"\0" for kind, text in ((b"S", "FATAL"), (b"C", code), (b"M", "go away"))
        )
        writer.write(b"E" + struct.pack(">i", len(fields) + 5) + fields + b"\0")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@REFUSALS
async def test_a_server_that_refuses_us(sqlstate: str, code: str) -> None:
    async with refusing_server(sqlstate) as port:
        url = f"postgresql://somebody:secret@127.0.0.1:{port}/phaseline?sslmode=disable"
        with pytest.raises(Unavailable) as caught:
            async with open_database(url, connections_max=1):
                pass
    assert caught.value.code == code
    assert "secret" not in caught.value.message


@REFUSALS
async def test_a_server_that_refuses_us_later_on(sqlstate: str, code: str) -> None:
    """Its access rules may change under a pool that is open."""
    async with refusing_server(sqlstate) as port:
        url = f"postgresql://somebody:secret@127.0.0.1:{port}/phaseline?sslmode=disable"
        async with asyncpg.create_pool(url, min_size=0) as pool:
            with pytest.raises(Unavailable) as caught:
                async with Database(pool, url).transaction() as tx:
                    await tx.begin()
    assert caught.value.code == code
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://somebody@127.0.0.1:1/phaseline", "database_unreachable"),
        ("postgresql:///phaseline?host=/nowhere/at/all", "database_unreachable"),
        ("nonsense", "database_url_invalid"),
        ("mysql://127.0.0.1/phaseline", "database_url_invalid"),
    ],
)
async def test_a_server_that_is_not_there(url: str, code: str) -> None:
    with pytest.raises(Unavailable) as caught:
        async with open_database(url, connections_max=1):
            pass
    assert caught.value.code == code
