"""Watching goes on through servers that stop, that vanish without a word, and that delete what is watched."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve

from phaseline_client import (
    ChannelRefused,
    Lost,
    NotFound,
    PhaseStatus,
    Unauthenticated,
    Unavailable,
    Unreachable,
    Unreadable,
    is_known,
)
from service.access import commands as access
from service.access.engine import Admissions
from service.access.model import NewKey, Principal
from service.campaigns.model import Campaign
from service.postgres.database import Database
from service.web.serving import listening_socket
from tests.cli.test_watching import api_at
from tests.cli.wire import AT_ONCE, wired
from tests.clients.python.both import opened
from tests.clients.python.moving import count_up, delete
from tests.clients.python.news import Over, watching
from tests.served import serving
from tests.world import a_campaign, running_api, start

PATIENCE_SECONDS = 30
NOWHERE = UUID(int=7)
RECEIVE = ClientConnection.recv


@pytest.fixture
def strange(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes need not be in the contract."""
    monkeypatch.setattr(ClientConnection, "recv", RECEIVE)


def port_of(base_url: str) -> int:
    return int(base_url.rsplit(":", 1)[1])


# Through restarts


async def test_a_server_that_stops_is_waited_for(
    kind: str, database_url: str, database: Database, key: NewKey, campaign: Campaign
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with running_api(database_url) as base_url:
            both = await stack.enter_async_context(opened(kind, base_url, key.secret))
            news = await stack.enter_async_context(watching(both, {campaign.id}))
            await news.until_processed(0)
            await count_up(database, campaign, 5)
            await news.until_processed(5)
        assert "1001" in str((await news.until_away()).fault)
        await count_up(database, campaign, 6)
        await count_up(database, campaign, 8)
        async with api_at(database_url, port_of(base_url)):
            await news.until_processed(8)
            await count_up(database, campaign, 9)
            await news.until_processed(9)
            await delete(database, await principal_of_key(database, key), campaign)
            assert isinstance(await news.until_over(), Over)
    assert [each.processed for each in news.told] == [0, 5, 8, 9, 9]
    sequences = [each.sequence for each in news.told]
    assert sequences == sorted(set(sequences))


async def test_a_server_that_is_back_is_told_of_though_nothing_has_changed(
    kind: str, database_url: str, key: NewKey, campaign: Campaign
) -> None:
    loop, is_back = asyncio.get_running_loop(), asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        async with running_api(database_url) as base_url:
            both = await stack.enter_async_context(opened(kind, base_url, key.secret))
            tell_back = functools.partial(loop.call_soon_threadsafe, is_back.set)
            news = await stack.enter_async_context(watching(both, {campaign.id}, on_back=tell_back))
            await news.until_processed(0)
        await news.until_away()
        assert not is_back.is_set()
        async with api_at(database_url, port_of(base_url)):
            await asyncio.wait_for(is_back.wait(), PATIENCE_SECONDS)
    assert len(news.told) == 1


async def principal_of_key(database: Database, key: NewKey) -> Principal:
    found = await access.find_principal(database, key.secret)
    assert found is not None
    return found


async def test_a_connection_that_is_cut_without_a_word_is_opened_again(
    kind: str, base_url: str, database: Database, key: NewKey, principal: Principal, campaign: Campaign
) -> None:
    async with wired(base_url) as wire, opened(kind, wire.url, key.secret, jitter=lambda: 0.0) as both:
        wire.cut_answers(700, 20, AT_ONCE, paths="/ws")
        async with watching(both, {campaign.id}) as news:
            await news.until_processed(0)
            processed = 0
            while len(wire.requests) < 4:
                processed += 1
                await count_up(database, campaign, processed)
                assert not isinstance(await news.until(lambda _: True), Exception)
            await count_up(database, campaign, 500)
            await news.until_processed(500)
            await delete(database, principal, campaign)
            assert isinstance(await news.until_over(), Over)
    sequences = [each.sequence for each in news.told]
    assert sequences == sorted(set(sequences))


# Deletions


async def test_a_deletion_is_told_once_and_ends_the_watch(
    kind: str, base_url: str, database: Database, key: NewKey, principal: Principal, campaign: Campaign
) -> None:
    async with opened(kind, base_url, key.secret) as both, watching(both, [campaign.id]) as news:
        await news.until_processed(0)
        await delete(database, principal, campaign)
        assert isinstance(await news.until_over(), Over)
    assert [each.deleted for each in news.told] == [False, True]


async def test_of_all_campaigns_a_deletion_while_nobody_listened_is_told(
    kind: str, database_url: str, database: Database, key: NewKey, principal: Principal, campaign: Campaign
) -> None:
    kept = await start(database, principal, a_campaign(1_000))
    async with contextlib.AsyncExitStack() as stack:
        async with running_api(database_url) as base_url:
            both = await stack.enter_async_context(opened(kind, base_url, key.secret))
            news = await stack.enter_async_context(watching(both, "all"))
            await news.until(lambda _: len(news.told) == 2)
        await news.until_away()
        await delete(database, principal, campaign)
        async with api_at(database_url, port_of(base_url)):
            await news.until(lambda said: getattr(said, "deleted", False))
            await count_up(database, kept, 3)
            await news.until_processed(3)
    assert [each.campaign_id for each in news.told[2:]] == [campaign.id, kept.id]


async def test_what_was_never_there_is_not_waited_for(kind: str, base_url: str, key: NewKey) -> None:
    async with opened(kind, base_url, key.secret) as both, watching(both, [NOWHERE]) as news:
        assert isinstance(await news.until_over(), NotFound)


# Who is not let in, and what is no server


async def test_a_key_that_ends_ends_the_watch(
    kind: str, database_url: str, database: Database, key: NewKey, principal: Principal, campaign: Campaign
) -> None:
    admissions = Admissions(database)
    async with (
        serving(database_url, admissions=admissions) as served,
        opened(kind, served.base_url, key.secret) as both,
        watching(both, {campaign.id}) as news,
    ):
        await news.until_processed(0)
        async with database.transaction() as tx:
            await access.revoke_key(tx, principal.tenant_id, key.key_id)
        assert await admissions.tick() == 1
        ended = await news.until_over()
    assert isinstance(ended, ChannelRefused)
    assert ended.code == "closed_1008"


async def test_nobodys_key_watches_nothing(kind: str, base_url: str) -> None:
    async with opened(kind, base_url, "phl_nobodys") as both, watching(both, "all") as news:
        assert isinstance(await news.until_over(), Unauthenticated)


async def test_a_server_that_was_never_there_is_not_waited_for_long(kind: str) -> None:
    with listening_socket("127.0.0.1", 0) as listener:
        free = listener.getsockname()[1]
    async with (
        opened(kind, f"http://127.0.0.1:{free}", "phl_x", jitter=lambda: 0.0) as both,
        watching(both, "all", away_seconds_max=1) as news,
    ):
        assert isinstance((await news.until_away()).fault, Unreachable)
        assert isinstance(await news.until_over(), Unreachable)


@contextlib.asynccontextmanager
async def talking(*conversations: tuple[str | bytes | int, ...]) -> AsyncIterator[str]:
    """A websocket that says these things to who comes, one conversation after the other; a number closes with it."""
    given = iter(conversations)

    async def talk(socket: ServerConnection) -> None:
        await socket.recv()
        for said in next(given):
            if isinstance(said, int):
                await socket.close(said, "so it is")
            else:
                await socket.send(said)
        await socket.wait_closed()

    async with serve(talk, "127.0.0.1", 0) as server:
        (listener,) = server.sockets
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def message(sequence: int, **changes: Any) -> str:
    state = {
        "type": "campaign.progress", "campaignId": str(NOWHERE), "phase": "analysis", "phaseStatus": "running",
        "sequence": sequence, "progress": 1.0, "processed": sequence, "total": 9, "succeeded": 0, "negative": 0,
        "failed": 0, "ratePerSecond": 1.5, "etaSeconds": None, "occurredAt": "2026-01-02T03:04:05Z",
    }  # fmt: skip
    return msgspec.json.encode({**state, **changes}).decode()


@pytest.mark.usefixtures("strange")
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("[]",), Unreadable),
        ((b"\xff",), Unreadable),
        (('{"type":"campaign.progress"}',), Unreadable),
        (("x" * 1_000_001,), Unreadable),
        ((1003,), Unreadable),
        ((1008,), ChannelRefused),
        (('{"type":"error","code":"subscription_invalid","message":"No."}',), ChannelRefused),
    ],
)
async def test_what_would_come_again_ends_the_watch(
    kind: str, said: tuple[str | bytes | int, ...], expected: type[Exception]
) -> None:
    async with talking(said) as url, opened(kind, url, "phl_x") as both, watching(both, "all") as news:
        assert isinstance(await news.until_over(), expected)


@pytest.mark.usefixtures("strange")
async def test_words_fields_and_messages_of_a_later_server_do_no_harm(kind: str) -> None:
    later = ('{"type":"campaign.cost","cents":3}', message(2, phaseStatus="suspended", ofLaterOn=[1]), 1013)
    gone = (message(2), message(1), message(3, deleted=True), message(4))
    async with (
        talking(later, gone) as url,
        opened(kind, url, "phl_x", jitter=lambda: 0.0) as both,
        watching(both, [NOWHERE]) as news,
    ):
        absence = await news.until_away()
        assert isinstance(await news.until_over(), Over)
    assert isinstance(absence.fault, Lost)
    assert [(each.sequence, each.phase_status) for each in news.told] == [
        (2, PhaseStatus("suspended")),
        (3, PhaseStatus.RUNNING),
    ]
    assert [is_known(each.phase_status) for each in news.told] == [False, True]


async def test_a_busy_server_is_asked_again(kind: str) -> None:
    asked = 0

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 X\r\nContent-Length: 0\r\nRetry-After: 1\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with (
        opened(kind, url, "phl_x", jitter=lambda: 0.0) as both,
        watching(both, "all", away_seconds_max=1.5) as news,
    ):
        absence = await news.until_away()
        assert isinstance(await news.until_over(), Unavailable)
    server.close()
    assert (absence.seconds, asked) == (1.0, 2)
