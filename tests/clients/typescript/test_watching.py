"""Watching with the TypeScript client under Node, on live servers that stop and delete what is watched."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from service.access import commands as access
from service.access.engine import Admissions
from service.access.model import NewKey, Principal
from service.campaigns import commands
from service.campaigns.model import Campaign, ChunkCounts
from service.campaigns.running import record_progress
from service.postgres.database import Database
from service.web.serving import listening_socket
from tests.cli.commanding import environment_of
from tests.cli.test_watching import api_at
from tests.clients.typescript.freezing import on_ice
from tests.clients.typescript.running import Program, running
from tests.contracts.node.running import needs_node
from tests.served import serving
from tests.world import a_campaign, running_api, start

pytestmark = needs_node

SILENCE_SECONDS = 0.5
NOTICED_SECONDS_MAX = 15  # far above twice the silence, for a busy machine


def watching(
    built: Path, url: str, key: NewKey, *campaign_ids: UUID, options: tuple[str, ...] = (), silence_seconds: float = 15
) -> contextlib.AbstractAsyncContextManager[Program]:
    program = built / "tests/programs/watch.js"
    return running(*options, program, str(silence_seconds), *map(str, campaign_ids), url=url, key=key.secret)


@pytest.fixture
async def campaign(database: Database, principal: Principal) -> Campaign:
    """One that runs; nobody works on it, so that it goes on when the test says."""
    return await start(database, principal, a_campaign(1_000))


async def count_up(database: Database, campaign: Campaign, succeeded: int) -> None:
    run_id = await database.pool.fetchval("SELECT run_id FROM phase_runs WHERE campaign_id = $1", campaign.id)
    async with database.transaction() as tx:
        await record_progress(tx, run_id, ChunkCounts(succeeded=succeeded, outcomes=(succeeded,)))


async def delete(database: Database, principal: Principal, campaign: Campaign) -> None:
    async with database.transaction() as tx:
        await commands.delete_campaign(tx, principal, campaign.id, None)


async def test_a_server_that_stops_is_waited_for(
    built: Path, database_url: str, database: Database, key: NewKey, campaign: Campaign
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with running_api(database_url) as base_url:
            news = await stack.enter_async_context(watching(built, base_url, key, campaign.id))
            await news.until_processed(0)
            await count_up(database, campaign, 5)
            await news.until_processed(5)
        assert "1001" in (await news.until(lambda line: "away" in line))["message"]
        await count_up(database, campaign, 6)
        await count_up(database, campaign, 8)
        async with api_at(database_url, int(base_url.rsplit(":", 1)[1])):
            await news.until_processed(8)
            await count_up(database, campaign, 9)
            await news.until_processed(9)
    assert [each["processed"] for each in news.told] == [0, 5, 8, 9]
    sequences = [each["sequence"] for each in news.told]
    assert sequences == sorted(set(sequences))


@pytest.mark.parametrize("options", [(), ("--experimental-websocket",)])
async def test_a_deletion_is_told_once_and_ends_the_watch(
    built: Path,
    base_url: str,
    database: Database,
    key: NewKey,
    principal: Principal,
    campaign: Campaign,
    options: tuple[str, ...],
) -> None:
    """With the package `ws`, and with the global WebSocket, which Node 20 has when it is asked."""
    async with watching(built, base_url, key, campaign.id, options=options) as news:
        await news.until_processed(0)
        await delete(database, principal, campaign)
        await news.until(lambda line: "over" in line)
    assert [each.get("deleted", False) for each in news.told] == [False, True]


async def test_of_all_campaigns_a_deletion_while_nobody_listened_is_told(
    built: Path, database_url: str, database: Database, key: NewKey, principal: Principal, campaign: Campaign
) -> None:
    kept = await start(database, principal, a_campaign(1_000))
    async with contextlib.AsyncExitStack() as stack:
        async with running_api(database_url) as base_url:
            news = await stack.enter_async_context(watching(built, base_url, key))
            await news.until(lambda _: len(news.told) == 2)
        await news.until(lambda line: "away" in line)
        await delete(database, principal, campaign)
        async with api_at(database_url, int(base_url.rsplit(":", 1)[1])):
            await news.until(lambda line: line.get("told", {}).get("deleted", False))
            await count_up(database, kept, 3)
            await news.until_processed(3)
    assert [each["campaignId"] for each in news.told[2:]] == [str(campaign.id), str(kept.id)]


async def test_a_key_that_ends_ends_the_watch(
    built: Path, database_url: str, database: Database, key: NewKey, principal: Principal, campaign: Campaign
) -> None:
    admissions = Admissions(database)
    async with (
        serving(database_url, admissions=admissions) as served,
        watching(built, served.base_url, key, campaign.id) as news,
    ):
        await news.until_processed(0)
        async with database.transaction() as tx:
            await access.revoke_key(tx, principal.tenant_id, key.key_id)
        assert await admissions.tick() == 1
        ended = await news.until(lambda line: "error" in line)
    assert ended["error"] == ["ChannelRefused", "closed_1008"]


async def test_what_was_never_there_is_not_waited_for(built: Path, base_url: str, key: NewKey) -> None:
    async with watching(built, base_url, key, UUID(int=7)) as news:
        ended = await news.until(lambda line: "error" in line)
    assert ended["error"] == ["NotFound", "campaign_not_found"]


# Without a goodbye


@contextlib.asynccontextmanager
async def serving_process(home: Path, database_url: str, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A server of its own, which can be killed."""
    command = (sys.executable, "-m", "service", "serve", "--port", str(port))
    environment = environment_of(home) | {"DATABASE_URL": database_url}
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def free_port() -> int:
    with listening_socket("127.0.0.1", 0) as listener:
        port: int = listener.getsockname()[1]
    return port


async def test_a_server_that_is_killed_is_waited_for(
    built: Path, database_url: str, database: Database, key: NewKey, campaign: Campaign, tmp_path: Path
) -> None:
    port = free_port()
    async with watching(built, f"http://127.0.0.1:{port}", key, campaign.id) as news:
        async with serving_process(tmp_path, database_url, port) as server:
            await news.until_processed(0)
            await count_up(database, campaign, 5)
            await news.until_processed(5)
            server.kill()
            async with asyncio.timeout(NOTICED_SECONDS_MAX):
                assert await news.until_said("away") == "server_lost"
        await count_up(database, campaign, 6)
        async with serving_process(tmp_path, database_url, port):
            await news.until_processed(6)
    assert [each["processed"] for each in news.told] == [0, 5, 6]


@pytest.mark.parametrize("options", [(), ("--experimental-websocket",)])
async def test_a_connection_that_freezes_is_left_and_a_quiet_one_is_kept(
    built: Path, base_url: str, database: Database, key: NewKey, campaign: Campaign, options: tuple[str, ...]
) -> None:
    async with (
        on_ice(base_url) as ice,
        watching(built, ice.url, key, campaign.id, options=options, silence_seconds=SILENCE_SECONDS) as news,
    ):
        await news.until_processed(0)
        await ice.until_sent(ice.sent_count + 4)  # it asks for a sign of life, and gets one
        await count_up(database, campaign, 5)
        await news.until_processed(5)
        assert not any("away" in line for line in news.lines)
        ice.freeze()
        await count_up(database, campaign, 6)
        async with asyncio.timeout(NOTICED_SECONDS_MAX):
            assert await news.until_said("away") == "server_silent"
        await news.until_processed(6)
    assert [each["processed"] for each in news.told] == [0, 5, 6]
