"""`/ws` over real sockets: who may listen, what comes first, how often, and what bad input gets."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, PerMessageDeflate
from websockets.typing import Subprotocol

from service.access.model import NewKey, Principal
from service.campaigns import commands, running
from service.campaigns.model import ChunkCounts
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from tests.world import a_campaign, running_api, running_sandbox, running_worker, start, until

LISTEN_ALL = {"subscribe": ["campaign.progress"], "campaignIds": "all"}


@contextlib.asynccontextmanager
async def watching(base_url: str, key: NewKey | None) -> AsyncIterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {key.secret}"} if key else {}
    address = base_url.replace("http://", "ws://") + "/ws"
    async with connect(address, additional_headers=headers, proxy=None, compression=None) as socket:
        yield socket


async def send(socket: ClientConnection, message: Any) -> None:
    await socket.send(msgspec.json.encode(message).decode())


async def receive(socket: ClientConnection) -> Any:
    async with asyncio.timeout(10):
        return msgspec.json.decode(await socket.recv())


async def set_succeeded(database: Database, run_id: int, succeeded: int) -> None:
    async with database.transaction() as tx:
        await running.record_progress(tx, run_id, ChunkCounts(succeeded=succeeded, outcomes=(succeeded,)))


async def test_snapshot_then_changes(database_url: str, database: Database, key: NewKey, principal: Principal) -> None:
    campaign = await start(database, principal, a_campaign(100))
    async with running_api(database_url) as base_url, watching(base_url, key) as socket:
        await send(socket, {"subscribe": ["campaign.progress"], "campaignIds": [str(campaign.id)]})
        first = await receive(socket)
        assert (first["campaignId"], first["phaseStatus"], first["processed"]) == (str(campaign.id), "running", 0)
        run_id = await database.pool.fetchval("SELECT run_id FROM phase_runs")
        await set_succeeded(database, run_id, 40)
        second = await receive(socket)
        assert (second["processed"], second["progress"]) == (40, 40.0)
        assert second["sequence"] == first["sequence"] + 1


async def test_at_most_five_a_second_and_always_the_last(
    database_url: str, database: Database, key: NewKey, principal: Principal
) -> None:
    await start(database, principal, a_campaign(1_000))
    run_id = await database.pool.fetchval("SELECT run_id FROM phase_runs")
    arrivals: list[float] = []
    async with running_api(database_url) as base_url, watching(base_url, key) as socket:
        await send(socket, LISTEN_ALL)
        await receive(socket)

        async def change() -> None:
            for succeeded in range(1, 201):
                await set_succeeded(database, run_id, succeeded)

        changing = asyncio.create_task(change())
        last: Any = {"processed": 0}
        sequence = 0
        while last["processed"] < 200:
            last = await receive(socket)
            arrivals.append(time.monotonic())
            assert last["sequence"] > sequence
            sequence = last["sequence"]
        await changing
    for window in range(len(arrivals) - 6):
        assert arrivals[window + 6] - arrivals[window] > 0.9, "more than five a second"


async def test_the_end_of_a_real_campaign_arrives(
    database_url: str, database: Database, key: NewKey, principal: Principal
) -> None:
    async with (
        running_sandbox() as (_, settings),
        running_api(database_url) as base_url,
        watching(base_url, key) as socket,
        running_worker(database, settings),
    ):
        await send(socket, LISTEN_ALL)
        campaign = await start(database, principal, a_campaign(150))
        phases = []
        while True:
            message = await receive(socket)
            assert message["processed"] == message["succeeded"] + message["negative"] + message["failed"]
            phases.append((message["phase"], message["phaseStatus"]))
            if phases[-1] == ("analysis", "completed"):
                break
        assert message["progress"] == 100
        await until(database, principal, campaign.id, CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED)


async def test_a_subscription_replaces_the_one_before(
    database_url: str, database: Database, key: NewKey, principal: Principal
) -> None:
    one, two = [await start(database, principal, a_campaign(10)) for _ in range(2)]
    async with running_api(database_url) as base_url, watching(base_url, key) as socket:
        for campaign in (one, two, one):
            await send(socket, {"subscribe": ["campaign.progress"], "campaignIds": [str(campaign.id)]})
            assert (await receive(socket))["campaignId"] == str(campaign.id)


async def test_other_tenants_campaigns_are_as_if_they_did_not_exist(
    database_url: str, database: Database, key: NewKey, principal: Principal, stranger: Principal
) -> None:
    theirs = await start(database, stranger, a_campaign(10))
    mine = await start(database, principal, a_campaign(10))
    async with running_api(database_url) as base_url, watching(base_url, key) as socket:
        ids = [str(theirs.id), str(uuid4()), str(mine.id)]
        await send(socket, {"subscribe": ["campaign.progress"], "campaignIds": ids})
        assert UUID((await receive(socket))["campaignId"]) == mine.id
        async with database.transaction() as tx:
            await commands.pause_campaign(tx, stranger, theirs.id, "", None)
        async with database.transaction() as tx:
            await commands.pause_campaign(tx, principal, mine.id, "", None)
        assert UUID((await receive(socket))["campaignId"]) == mine.id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        '{"subscribe": ["campaign_progress"], "campaignIds": "all"}',
        '{"subscribe": [], "campaignIds": "all"}',
        '{"subscribe": ["campaign.progress"]}',
        '{"subscribe": ["campaign.progress"], "campaignIds": "some"}',
        '{"subscribe": ["campaign.progress"], "campaignIds": ["7"]}',
        '{"subscribe": ["campaign.progress"], "campaignIds": "all", "more": 1}',
        "[" * 10_000,
    ],
)
async def test_garbage_is_answered_and_the_socket_lives_on(database_url: str, key: NewKey, text: str) -> None:
    async with running_api(database_url) as base_url, watching(base_url, key) as socket:
        await socket.send(text)
        answer = await receive(socket)
        assert (answer["type"], answer["code"]) == ("error", "subscription_invalid")
        await socket.send(text)
        assert (await receive(socket))["type"] == "error"


async def test_a_huge_message_ends_the_connection(database_url: str, key: NewKey) -> None:
    async with running_api(database_url) as base_url, watching(base_url, key) as socket:
        with contextlib.suppress(ConnectionClosed):
            await socket.send("x" * 2_000_000)
        with pytest.raises(ConnectionClosed):
            await receive(socket)
        assert socket.close_code == 1009


async def test_a_stop_tells_watchers_to_come_back(database_url: str, key: NewKey) -> None:
    async with contextlib.AsyncExitStack() as stack:
        base_url = await stack.enter_async_context(running_api(database_url))
        socket = await connect(
            base_url.replace("http://", "ws://") + "/ws",
            additional_headers={"Authorization": f"Bearer {key.secret}"},
            proxy=None,
        )
        await send(socket, LISTEN_ALL)
    with pytest.raises(ConnectionClosed):
        await receive(socket)
    assert socket.close_code in {1001, 1012}
    await socket.close()


@pytest.mark.parametrize("window_bits", [None, 9, 15])
async def test_compressed_messages_are_read_by_a_client_of_any_window(
    database_url: str, database: Database, key: NewKey, principal: Principal, window_bits: int | None
) -> None:
    """Also several, one after the other: none depends on the ones before it."""
    campaign = await start(database, principal, a_campaign(100))
    run_id = await database.pool.fetchval("SELECT run_id FROM phase_runs")
    async with (
        running_api(database_url) as base_url,
        connect(
            base_url.replace("http://", "ws://") + "/ws",
            additional_headers={"Authorization": f"Bearer {key.secret}"},
            proxy=None,
            compression=None,
            extensions=[ClientPerMessageDeflateFactory(server_max_window_bits=window_bits)],
        ) as socket,
    ):
        (agreed,) = socket.protocol.extensions
        assert isinstance(agreed, PerMessageDeflate)
        assert agreed.remote_no_context_takeover
        assert agreed.remote_max_window_bits == min(window_bits or 12, 12)
        await send(socket, LISTEN_ALL)
        for succeeded in range(3):
            message = await receive(socket)
            assert (message["campaignId"], message["processed"]) == (str(campaign.id), succeeded)
            await set_succeeded(database, run_id, succeeded + 1)
        await send(socket, {"subscribe": []})
        while (message := await receive(socket))["type"] != "error":
            pass


async def test_messagepack_says_the_same_words(
    database_url: str, database: Database, key: NewKey, principal: Principal
) -> None:
    await start(database, principal, a_campaign(100))
    async with (
        running_api(database_url) as base_url,
        watching(base_url, key) as plain,
        connect(
            base_url.replace("http://", "ws://") + "/ws",
            additional_headers={"Authorization": f"Bearer {key.secret}"},
            proxy=None,
            subprotocols=[Subprotocol("phaseline.v1.msgpack")],
        ) as packed,
    ):
        assert packed.subprotocol == "phaseline.v1.msgpack"
        assert plain.subprotocol is None
        await send(plain, LISTEN_ALL)
        await packed.send(msgspec.msgpack.encode(LISTEN_ALL))
        said = await packed.recv()
        assert isinstance(said, bytes)
        assert msgspec.msgpack.decode(said) == await receive(plain)
        await packed.send(msgspec.json.encode(LISTEN_ALL).decode())
        refusal = await packed.recv()
        assert isinstance(refusal, bytes)
        assert msgspec.msgpack.decode(refusal)["message"] == "Expected MessagePack in a binary frame"
        await plain.send(msgspec.msgpack.encode(LISTEN_ALL))
        assert (await receive(plain))["message"] == "Expected JSON in a text frame"


async def test_ten_thousand_campaigns_that_nobody_has_and_then_one(
    database_url: str, database: Database, key: NewKey, principal: Principal
) -> None:
    campaign = await start(database, principal, a_campaign(100))
    nowhere = [str(uuid4()) for _ in range(9_999)]
    async with running_api(database_url) as base_url, watching(base_url, key) as socket:
        await send(socket, {"subscribe": ["campaign.progress"], "campaignIds": [*nowhere, str(uuid4()), str(uuid4())]})
        assert (await receive(socket))["code"] == "subscription_invalid"
        await send(socket, {"subscribe": ["campaign.progress"], "campaignIds": [*nowhere, str(campaign.id)]})
        assert (await receive(socket))["campaignId"] == str(campaign.id)
