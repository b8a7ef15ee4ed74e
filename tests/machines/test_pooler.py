"""Everything through PgBouncer in transaction mode, with a direct connection for what lives in a session."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

import phaseline_client as wire
from phaseline_client import AsyncPhaseline
from service.access.model import NewKey
from service.cli.diagnosis.database import look_at_database
from service.cli.diagnosis.findings import Level
from service.errors import Unavailable
from service.postgres.pooling import DIRECT_URL, URL, check_ways, keeps_sessions
from service.settings import Settings
from tests.audit import audit_everything
from tests.chaos.rig import free_port, stop_in_time
from tests.crashes.installation import WORK, Command, Installation, internet
from tests.machines.carrying import carry_with_a_pause, count_exported
from tests.machines.pooler import POOL_SIZE, running_pooler
from tests.machines.refusing import refused

pytestmark = [pytest.mark.peers, pytest.mark.timeout(300)]

NAMES = 4_000
LISTED = b"".join(b"shop%d.test\n" % number for number in range(300))
LOOK_SECONDS = 0.1
NOT_DURABLE = {"database.fsync", "database.full_page_writes"}  # the tests' own server
IGNORES_OURS = "ignore_startup_parameters = plan_cache_mode"

POOLED = """
    SELECT pid FROM pg_stat_activity
    WHERE application_name = 'phaseline' AND datname = current_database() AND pid <> ALL($1::integer[])"""
NAMED_STATEMENTS = "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''"
LOCKS_HELD = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"


def ways(pooler_url: str, direct_url: str) -> Mapping[str, str]:
    return {URL: pooler_url, DIRECT_URL: direct_url}


@pytest.fixture
async def pooler_url(database_url: str, tmp_path: Path) -> AsyncIterator[str]:
    async with running_pooler(database_url, tmp_path) as url:
        yield url


@contextlib.asynccontextmanager
async def counting_pooled(database_url: str) -> AsyncIterator[list[int]]:
    """How many connections the pooler has to the server, ten times a second."""
    counts: list[int] = []

    async def count(connection: asyncpg.Connection, tests_own: list[int]) -> None:
        while True:
            counts.append(len(await connection.fetch(POOLED, tests_own)))
            await asyncio.sleep(LOOK_SECONDS)

    connection = await asyncpg.connect(database_url)
    tests_own = [row["pid"] for row in await connection.fetch(POOLED, [])]
    counting = asyncio.create_task(count(connection, tests_own))
    try:
        yield counts
    finally:
        counting.cancel()
        await asyncio.wait({counting})
        await connection.close()


async def test_everything_goes_through_the_pooler(
    database_url: str, pooler_url: str, key: NewKey, tmp_path: Path
) -> None:
    port = free_port()
    log = tmp_path / "log"
    async with internet() as sandbox, counting_pooled(database_url) as counts:
        variables = {**sandbox.variables, **ways(pooler_url, database_url), "PHASELINE_PORT": str(port)}
        parts = (
            Installation(tmp_path / "api", Command(("serve",), "Serving on http"), variables, log),
            Installation(tmp_path / "workers", WORK, variables, log),
        )
        try:
            for part in parts:
                part.home.mkdir()
                await part.start()
            async with AsyncPhaseline(f"http://127.0.0.1:{port}", key.secret) as client:
                await use_it_all(client)
            for part in parts:
                await stop_in_time(part)
        finally:
            for part in parts:
                part.kill_all()
    assert 0 < max(counts) <= POOL_SIZE
    assert log.read_text() == "", "something went wrong on the way"
    connection = await asyncpg.connect(database_url)
    try:
        await audit_everything(connection)
    finally:
        await connection.close()
    await check_nothing_stays(pooler_url)


async def use_it_all(client: AsyncPhaseline) -> None:
    """A campaign through all phases with a pause, its export, and a list that is brought in."""
    last = await carry_with_a_pause(client, "pooled", NAMES)
    assert (last.processed, last.progress) == (last.total, 100)
    assert await count_exported(client, last.campaign_id) == last.total
    configuration = wire.Configuration(network=wire.Network.SANDBOX)
    wanted = wire.CreateCampaign(
        name="listed", initial_phase=wire.CampaignPhase.DNS_VALIDATION, configuration=configuration
    )
    campaign = await client.campaigns.create_campaign(wanted)
    receipt = await client.domains.import_domains(campaign.id, LISTED, content_type="text/plain")
    assert receipt.accepted == LISTED.count(b"\n")


async def check_nothing_stays(pooler_url: str) -> None:
    """No statement, setting or lock is left with the server's side of the pool, where others would come upon it."""
    connections = [await asyncpg.connect(pooler_url, statement_cache_size=0) for _ in range(POOL_SIZE)]
    try:
        for connection in connections:
            await connection.execute("BEGIN")  # each holds one of the pool
        for connection in connections:
            assert await connection.fetchval(NAMED_STATEMENTS) == 0
            assert await connection.fetchval("SHOW statement_timeout") == "0"
            assert await connection.fetchval("SHOW enable_nestloop") == "on"
            assert await connection.fetchval(LOCKS_HELD) == 0
    finally:
        for connection in connections:
            connection.terminate()


async def test_without_a_direct_way_nothing_starts(database_url: str, pooler_url: str, tmp_path: Path) -> None:
    for command in ("serve", "work"):
        told = await refused(command, {URL: pooler_url}, tmp_path)
        assert f"let {DIRECT_URL} name PostgreSQL itself" in told
    told = await refused("work", ways(pooler_url, pooler_url), tmp_path)
    assert f"{DIRECT_URL} leads to a pooler" in told
    await check_ways(pooler_url, database_url)
    with pytest.raises(Unavailable, match="different databases"):
        await check_ways(pooler_url, database_url.replace(urlsplit(database_url).path, "/postgres"))


@pytest.mark.parametrize("more", ["", IGNORES_OURS])
async def test_the_doctor_finds_the_pooler(database_url: str, tmp_path: Path, more: str) -> None:
    async with running_pooler(database_url, tmp_path, more=more) as pooler_url:
        well = await look_at_database(Settings(database_url=pooler_url, database_direct_url=database_url))
        assert {finding.check for finding in well.findings if finding.level is Level.FAIL} <= NOT_DURABLE
        ill = await look_at_database(Settings(database_url=pooler_url))
        advice = [finding.advice for finding in ill.findings if finding.level is Level.FAIL]
        assert any(DIRECT_URL in each for each in advice), ill.findings


async def test_a_pooler_that_keeps_sessions_is_as_good_as_none(database_url: str, tmp_path: Path) -> None:
    async with running_pooler(database_url, tmp_path, mode="session", more=IGNORES_OURS) as url:
        assert await keeps_sessions(url)
        await check_ways(url, None)
    assert await keeps_sessions(database_url)
