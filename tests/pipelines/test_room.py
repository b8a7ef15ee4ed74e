"""Without room runs wait, and say so; with room they go on by themselves."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from service import assembly
from service.access.model import Principal
from service.campaigns import commands
from service.campaigns.model import Explanation
from service.domains.importing.commands import import_domains
from service.domains.importing.formats import ListFormat, rows_of
from service.errors import Invalid, Unavailable
from service.pipelines.engine import Worker, WorkerSettings
from service.pipelines.views import explain_campaign
from service.postgres.database import Database
from service.postgres.room import Bounds, look_for_room
from service.progress.events import CampaignPhase, PhaseStatus
from service.settings import Settings
from tests.pipelines.test_worker import check
from tests.world import a_campaign, make_worker, running_sandbox, running_worker, start, until

FAR_TOO_MUCH = 1 << 60  # bytes, which no disk has
FULL_DISK = """
    CREATE FUNCTION find_disk_full() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER disk_full BEFORE INSERT ON names FOR EACH STATEMENT EXECUTE FUNCTION find_disk_full()
"""


async def explained(database: Database, principal: Principal, campaign_id: UUID) -> Explanation:
    async with database.transaction() as tx:
        return await explain_campaign(tx, principal, campaign_id)


async def test_runs_wait_for_room_and_go_on(
    database: Database, principal: Principal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    short, enough = Bounds(tmp_path, FAR_TOO_MUCH), Bounds(tmp_path, 1)
    await look_for_room(database, short)
    async with running_sandbox() as (_, settings), running_worker(database, settings) as worker:
        campaign = await start(database, principal, a_campaign(300))
        while not worker.held and worker.database_has_room:
            await asyncio.sleep(0.05)
        assert await worker.plan_tick() == 0
        async with asyncio.TaskGroup() as group:
            assert await worker.claim_tick(group) == 0
        told = await explained(database, principal, campaign.id)
        assert (told.moving, told.observations[0].code) == (False, "room_short")
        assert "PHASELINE_DISK_FREE_BYTES_MIN" in told.observations[0].message
        assert not worker.held
        await look_for_room(database, enough)
        await until(database, principal, campaign.id, CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED)
        await check(database, campaign.id)
        last = await explained(database, principal, campaign.id)
    assert "room_short" not in {each.code for each in last.observations}
    waits = [record.message for record in caplog.records if record.name == "service.pipelines.engine"]
    assert [message.partition(":")[0] for message in waits] == [
        "runs wait for room",
        "there is room again, runs go on",
    ]


async def test_a_worker_looks_by_itself(database: Database, principal: Principal, tmp_path: Path) -> None:
    """What it holds when room runs out is written to its end."""
    async with running_sandbox() as (_, settings):
        worker = make_worker(database, settings)
        worker.settings = WorkerSettings(bounds=Bounds(tmp_path, 1))
        await worker.heartbeat_tick()
        await start(database, principal, a_campaign(300))
        await worker.plan_tick()
        async with asyncio.TaskGroup() as group:
            assert await worker.claim_tick(group) > 0
            worker.settings = WorkerSettings(bounds=Bounds(tmp_path, FAR_TOO_MUCH))
            await worker.look_tick()
            assert not worker.database_has_room
        assert not worker.held
        assert await database.pool.fetchval("SELECT count(*) FROM names") > 0
        assert await worker.plan_tick() == 0, "the next phase waits"


async def claim(worker: Worker) -> int:
    """Take chunks and carry them; how many."""
    async with asyncio.TaskGroup() as group:
        return await worker.claim_tick(group)


async def test_a_disk_that_is_full_gives_the_chunk_back_until_there_is_room(
    database: Database, principal: Principal, tmp_path: Path
) -> None:
    """The look told of room, and PostgreSQL found none: nothing more is taken before the next look, nothing is lost."""
    await database.pool.execute(FULL_DISK)
    async with running_sandbox() as (_, settings):
        worker = make_worker(database, settings)
        worker.settings = WorkerSettings(bounds=Bounds(tmp_path, 1))
        await worker.heartbeat_tick()
        await start(database, principal, a_campaign(300))
        await worker.plan_tick()
        assert await claim(worker) > 0
        assert not worker.held
        assert not worker.database_has_room
        assert await claim(worker) == 0
        assert await database.pool.fetchval("SELECT max(attempt_count) FROM chunks") == 0, "the chunk is not to blame"
        await database.pool.execute("DROP TRIGGER disk_full ON names")
        await worker.look_tick()
        assert await claim(worker) > 0
        assert await database.pool.fetchval("SELECT count(*) FROM names") == 300


async def test_lists_are_not_taken_in(database: Database, principal: Principal, tmp_path: Path) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b"shop.com\n"

    request = msgspec.structs.replace(a_campaign(), initial_phase=CampaignPhase.DNS_VALIDATION)
    await look_for_room(database, Bounds(tmp_path, FAR_TOO_MUCH))
    async with database.transaction() as tx:
        campaign = await commands.create_campaign(tx, principal, request)
    rows = rows_of(ListFormat.TEXT, column=None, field=None)
    with pytest.raises(Unavailable, match="nothing new is begun"):
        await import_domains(database, principal, campaign.id, source=source(), rows=rows, gunzip=None)


async def test_a_folder_that_is_not_there_is_told_at_the_start(database: Database, tmp_path: Path) -> None:
    """Or else nobody would watch the room, and nobody would know."""
    settings = Settings(disk_folder=str(tmp_path / "nowhere"))
    with pytest.raises(Invalid) as refused:
        await assembly.supervise_workers(settings, database.url, asyncio.Event())
    assert refused.value.code == "disk_folder_missing"
