"""An open socket and what it lives by: it closes with its key or its session, and with no other's."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from service import assembly
from service.access import commands
from service.access.engine import Admissions, Ending
from service.access.model import NewKey, Principal
from service.postgres.database import Database
from tests.conftest import key_of, principal_of
from tests.served import Served, serving

GARBAGE = "{"  # answered with an error, so the socket lives
COOKIE = "phaseline_session"
CLOSE_SECONDS_MAX = 10


@pytest.fixture
def admissions(database: Database) -> Admissions:
    """They see the clock of the test's own database, and tick when the test says."""
    return Admissions(database)


@pytest.fixture
async def served(database_url: str, admissions: Admissions) -> AsyncIterator[Served]:
    async with serving(database_url, admissions=admissions) as running:
        yield running


@contextlib.asynccontextmanager
async def watching(served: Served, headers: dict[str, str]) -> AsyncIterator[ClientConnection]:
    """A socket that is accepted and served: it was answered."""
    address = served.base_url.replace("http://", "ws://") + "/ws"
    async with connect(address, additional_headers=headers, proxy=None) as socket:
        await assert_open(socket)
        yield socket


def with_key(key: NewKey) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.secret}"}


def with_cookie(served: Served, secret: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={secret}", "Origin": served.base_url}


async def open_session(database: Database, principal: Principal, secret: str) -> None:
    async with database.transaction() as tx:
        await commands.open_session(tx, principal, secret)


async def assert_open(socket: ClientConnection) -> None:
    async with asyncio.timeout(CLOSE_SECONDS_MAX):
        await socket.send(GARBAGE)
        assert '"error"' in str(await socket.recv())


async def assert_closed(socket: ClientConnection, reason: str) -> None:
    with pytest.raises(ConnectionClosed):
        async with asyncio.timeout(CLOSE_SECONDS_MAX):
            await socket.recv()
    assert socket.close_code == 1008
    assert reason in str(socket.close_reason)


async def test_a_socket_closes_with_its_key_and_no_others(
    served: Served, admissions: Admissions, database: Database, key: NewKey, principal: Principal
) -> None:
    other = await key_of(database, "default")
    async with (
        watching(served, with_key(key)) as one,
        watching(served, with_key(key)) as two,
        watching(served, with_key(other)) as others,
    ):
        assert await admissions.tick() == 0
        async with database.transaction() as tx:
            await commands.revoke_key(tx, principal.tenant_id, key.key_id)
        assert await admissions.tick() == 2
        await assert_closed(one, "this key was revoked")
        await assert_closed(two, "this key was revoked")
        assert await admissions.tick() == 0
        await assert_open(others)


async def test_a_socket_closes_when_its_key_expires(
    served: Served, admissions: Admissions, database: Database, key: NewKey
) -> None:
    async with database.transaction() as tx:
        await tx.begin()
        short = await commands.make_key(
            tx, tenant="default", name="short", random_part="s" * 43, expires_at=tx.now + timedelta(hours=1)
        )
    async with watching(served, with_key(short)) as socket, watching(served, with_key(key)) as others:
        database.clock_offset = timedelta(minutes=59)
        assert await admissions.tick() == 0
        await assert_open(socket)
        database.clock_offset = timedelta(minutes=61)
        assert await admissions.tick() == 1
        await assert_closed(socket, "it has expired")
        await assert_open(others)


async def test_sockets_of_a_session_close_with_it(
    served: Served, admissions: Admissions, database: Database, key: NewKey, principal: Principal
) -> None:
    await open_session(database, principal, "one")
    await open_session(database, principal, "two")
    async with (
        watching(served, with_cookie(served, "one")) as socket,
        watching(served, with_cookie(served, "two")) as others,
        watching(served, with_key(key)) as keys,
    ):
        async with database.transaction() as tx:
            bearer = await commands.find_principal_of_session(tx, "one")
            assert bearer is not None
            await commands.close_session(tx, bearer)
        assert await admissions.tick() == 1
        await assert_closed(socket, "this session has ended")
        await assert_open(others)
        await assert_open(keys)


async def test_sockets_of_sessions_close_with_their_key(
    served: Served, admissions: Admissions, database: Database, key: NewKey, principal: Principal
) -> None:
    await open_session(database, principal, "one")
    async with watching(served, with_cookie(served, "one")) as socket:
        async with database.transaction() as tx:
            await commands.revoke_key(tx, principal.tenant_id, key.key_id)
        assert await admissions.tick() == 1
        await assert_closed(socket, "this session has ended")


async def test_a_session_is_in_use_while_its_socket_is_open_but_not_beyond_its_end(
    served: Served, admissions: Admissions, database: Database, principal: Principal
) -> None:
    await open_session(database, principal, "one")
    async with watching(served, with_cookie(served, "one")) as socket:
        for hours in (1, 3, 5, 7, 9, 11):
            database.clock_offset = timedelta(hours=hours)
            assert await admissions.tick() == 0
            async with database.transaction() as tx:
                assert await commands.delete_ended_sessions(tx) == 0
        await assert_open(socket)
        database.clock_offset = timedelta(hours=12)
        assert await admissions.tick() == 1
        await assert_closed(socket, "this session has ended")


async def test_the_server_asks_by_itself(
    database_url: str, database: Database, key: NewKey, principal: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assembly, "RECHECK_SECONDS", 0.05)
    async with serving(database_url) as served, watching(served, with_key(key)) as socket:
        async with database.transaction() as tx:
            await commands.revoke_key(tx, principal.tenant_id, key.key_id)
        await assert_closed(socket, "this key was revoked")


async def test_a_key_that_was_let_in_just_before_it_was_revoked_is_found(
    database: Database, key: NewKey, principal: Principal
) -> None:
    """And what has closed is no longer asked about."""
    admissions = Admissions(database)
    async with database.transaction() as tx:
        await commands.revoke_key(tx, principal.tenant_id, key.key_id)
    told: list[str] = []
    with admissions.admit(principal, lambda: told.append("ended")) as admission:
        assert await admissions.tick() == 1
        assert admission.ending is Ending.KEY_ENDED
        admissions.close()
        assert (admission.ending, told) == (Ending.KEY_ENDED, ["ended"]), "only once"
    with admissions.admit(principal, lambda: told.append("late")) as late:
        assert (late.ending, told[1:]) == (Ending.SERVER_STOPS, ["late"])
    stranger = await principal_of(database, await key_of(database, "another"))
    with admissions.admit(stranger, told.clear):
        assert await admissions.tick() == 0
    async with database.transaction() as tx:
        await commands.revoke_key(tx, stranger.tenant_id, stranger.key_id)
    assert await admissions.tick() == 0
