"""What was retired goes, in steps that a crash only repeats; nobody else notices."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from service.access.model import Principal
from service.campaigns import commands, running
from service.campaigns.model import Advance, Rerun, RerunScope, TransitionCampaign
from service.domains.importing.commands import import_domains
from service.domains.importing.formats import ListFormat, rows_of
from service.errors import NotFound, PreconditionFailed
from service.pipelines import sweeping
from service.pipelines.sweeping import GRACE_SECONDS, TOLD_SECONDS, sweep_tick
from service.postgres.database import Database
from service.postgres.partitions import LARGE_SET_ID_MIN
from service.progress.events import CampaignPhase, PhaseStatus
from tests.audit import audit_everything
from tests.domains.reading.synthetic import Planted, make_domains, plant
from tests.world import a_campaign, running_sandbox, running_worker, start, sweep_everything, transition, until

GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase
DOMAINS = 2_000
ROWS = "SELECT (SELECT count(*) FROM names) + (SELECT count(*) FROM dns_results) + (SELECT count(*) FROM scores)"
LEAVES = "SELECT count(*) FROM pg_class WHERE relispartition AND relkind = 'r'"
RESULT_TABLES = ("names", "dns_results", "http_results", "scores")
# Tables in which something of a campaign stands; keys, tenants and spaces are not a campaign's.
OF_CAMPAIGNS = (
    *("campaigns", "phase_runs", "chunks", "generation_ranges", "phase_transitions", "progress_states", "name_sets"),
    *("imports", "import_rejects", "retired_sets", *RESULT_TABLES),
)


async def delete(database: Database, principal: Principal, campaign_id: UUID) -> None:
    async with database.transaction() as tx:
        await commands.delete_campaign(tx, principal, campaign_id, None)


async def value(database: Database, query: str, *arguments: object) -> Any:
    async with database.pool.acquire() as connection:
        return await connection.fetchval(query, *arguments)


async def planted(database: Database, principal: Principal, first_set_id: int) -> Planted:
    return await plant(database, principal, make_domains(DOMAINS, seed=first_set_id), first_set_id)


@pytest.fixture(params=["in a shared table", "in partitions of its own"])
def first_set_id(request: pytest.FixtureRequest) -> int:
    return 500 if request.param == "in a shared table" else LARGE_SET_ID_MIN + 500


@pytest.mark.made_up
async def test_nothing_of_a_deleted_campaign_is_left(
    database: Database, principal: Principal, first_set_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "POSITIONS_AT_A_TIME", 700)
    leaves = await value(database, LEAVES)
    gone = await planted(database, principal, first_set_id)
    stays = await planted(database, principal, first_set_id + 10)
    rows = await value(database, ROWS)
    await delete(database, principal, gone.campaign_id)
    assert await value(database, ROWS) == rows, "rows go later"
    steps = await sweep_everything(database)
    assert steps >= 5
    assert await value(database, ROWS) == rows / 2
    for table in OF_CAMPAIGNS:
        left = await value(database, f"SELECT count(*) FROM {table}")
        assert (left == 0) == (table not in {"campaigns", "phase_runs", "progress_states", *RESULT_TABLES}), table
    assert await value(database, "SELECT campaign_id FROM campaigns") == stays.campaign_id
    assert await value(database, LEAVES) - leaves == (4 if first_set_id >= LARGE_SET_ID_MIN else 0)
    await delete(database, principal, stays.campaign_id)
    await sweep_everything(database)
    assert {table: await value(database, f"SELECT count(*) FROM {table}") for table in OF_CAMPAIGNS} == dict.fromkeys(
        OF_CAMPAIGNS, 0
    )
    assert await value(database, LEAVES) == leaves


async def test_a_crash_repeats_a_step_at_the_most(
    database: Database, principal: Principal, first_set_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps are cut off after more and more turns of the loop, each time somewhere else; then all is done."""
    monkeypatch.setattr(sweeping, "POSITIONS_AT_A_TIME", 300)
    gone = await planted(database, principal, first_set_id)
    await delete(database, principal, gone.campaign_id)
    database.clock_offset += timedelta(seconds=max(GRACE_SECONDS, TOLD_SECONDS))
    for turns in range(0, 60, 2):
        step = asyncio.create_task(sweep_tick(database))
        for _ in range(turns):
            await asyncio.sleep(0)
        step.cancel()
        await asyncio.gather(step, return_exceptions=True)
    while await sweep_tick(database):
        pass
    assert await value(database, ROWS) == 0
    assert await value(database, "SELECT count(*) FROM campaigns") == 0


async def test_readers_have_time_to_come_to_an_end(database: Database, principal: Principal, first_set_id: int) -> None:
    gone = await planted(database, principal, first_set_id)
    rows = await value(database, ROWS)
    await delete(database, principal, gone.campaign_id)
    database.clock_offset += timedelta(seconds=GRACE_SECONDS - 1)
    assert await sweep_tick(database) == 0
    database.clock_offset += timedelta(seconds=2)
    assert await sweep_tick(database, kept_seconds=3_600) == 0, "an installation can keep rows for longer"
    assert await value(database, ROWS) == rows


async def test_a_table_that_is_read_without_end_holds_nobody_up(database: Database, principal: Principal) -> None:
    """A large set waits for its readers, not the others behind it; and readers hardly wait for it."""
    large = await planted(database, principal, LARGE_SET_ID_MIN + 500)
    small = await planted(database, principal, 500)
    for one in (large, small):
        await delete(database, principal, one.campaign_id)
    async with database.pool.acquire() as reader, reader.transaction():
        await reader.fetch("SELECT * FROM names LIMIT 1")
        database.clock_offset += timedelta(seconds=GRACE_SECONDS)
        assert await sweep_tick(database) == 0, "the first set is busy"
        while await sweep_tick(database):
            pass
        left = await value(
            database, "SELECT array_agg(DISTINCT set_id) FROM retired_sets WHERE phase <> $1", GENERATION
        )
        assert left is None, "whatever is not read is gone"
    await sweep_everything(database)
    assert await value(database, "SELECT count(*) FROM retired_sets") == 0


@pytest.mark.parametrize("status", [*PhaseStatus])
async def test_a_campaign_can_be_deleted_in_any_state(
    database: Database, principal: Principal, status: PhaseStatus
) -> None:
    """It is not found from that moment on, its chunks are nobody's, and no worker or planner trips over it."""
    async with running_sandbox() as (_, settings), running_worker(database, settings) as worker:
        campaign_id = await brought_to(database, principal, status)
        await delete(database, principal, campaign_id)
        for command in (commands.pause_campaign, commands.cancel_campaign, commands.retry_campaign):
            with pytest.raises(NotFound):
                async with database.transaction() as tx:
                    await command(tx, principal, campaign_id, "", None)
        with pytest.raises(NotFound):
            await delete(database, principal, campaign_id)
        assert await value(database, "SELECT count(*) FROM chunks") == 0
        # The next campaign goes through all phases beside what is left of this one.
        other = await start(database, principal, a_campaign(100))
        await until(database, principal, other.id, ANALYSIS, PhaseStatus.COMPLETED)
        async with asyncio.timeout(20):
            while worker.held:
                await worker.room.wait()
        async with database.pool.acquire() as connection:
            await audit_everything(connection)
    await sweep_everything(database)
    assert await value(database, "SELECT array_agg(campaign_id) FROM campaigns") == [other.id]
    assert await value(database, "SELECT count(*) FROM names") == 100


async def brought_to(database: Database, principal: Principal, status: PhaseStatus) -> UUID:
    """A campaign in its DNS phase, or before it has begun, with this status."""
    if status is PhaseStatus.PENDING:
        async with database.transaction() as tx:
            return (await commands.create_campaign(tx, principal, a_campaign(100))).id
    campaign = await start(database, principal, a_campaign(1_500, advance=Advance.MANUAL))
    await until(database, principal, campaign.id, GENERATION, PhaseStatus.COMPLETED)
    await transition(database, principal, campaign.id, DNS)
    async with database.transaction() as tx:
        match status:
            case PhaseStatus.PAUSED:
                await commands.pause_campaign(tx, principal, campaign.id, "", None)
            case PhaseStatus.CANCELLED:
                await commands.cancel_campaign(tx, principal, campaign.id, "", None)
            case PhaseStatus.FAILED:
                run_id = await value(database, "SELECT max(run_id) FROM phase_runs")
                await running.fail_run(tx, run_id, "gone", "the input is gone")
            case _:
                pass
    if status is PhaseStatus.COMPLETED:
        await until(database, principal, campaign.id, DNS, PhaseStatus.COMPLETED)
    return campaign.id


async def test_the_old_set_goes_when_a_rerun_has_taken_its_place(database: Database, principal: Principal) -> None:
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        campaign = await start(database, principal, a_campaign(300))
        await until(database, principal, campaign.id, ANALYSIS, PhaseStatus.COMPLETED)
        first = await value(database, "SELECT dns_set_id FROM campaigns")
        again = TransitionCampaign(target_phase=DNS, rerun=Rerun(scope=RerunScope.ALL))
        async with database.transaction() as tx:
            await commands.transition_campaign(tx, principal, campaign.id, again, None)
        await until(database, principal, campaign.id, ANALYSIS, PhaseStatus.COMPLETED)
    second = await value(database, "SELECT dns_set_id FROM campaigns")
    assert first != second
    await sweep_everything(database)
    for table, phase in (("dns_results", DNS), ("http_results", HTTP), ("scores", ANALYSIS)):
        assert await value(database, f"SELECT count(DISTINCT set_id) FROM {table}") == 1
        assert await value(database, "SELECT count(*) FROM phase_runs WHERE phase = $1", phase) == 1
    assert await value(database, "SELECT count(*) FROM names") == 300, "what is not done again stays"
    async with database.pool.acquire() as connection:
        await audit_everything(connection)


async def test_a_rerun_that_was_given_up_leaves_nothing(database: Database, principal: Principal) -> None:
    """Cancelled halfway, then begun anew: the half set goes, the one that is read stays until it is replaced."""
    again = TransitionCampaign(target_phase=DNS, rerun=Rerun(scope=RerunScope.ALL))
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        campaign = await start(database, principal, a_campaign(400, advance=Advance.MANUAL))
        await until(database, principal, campaign.id, GENERATION, PhaseStatus.COMPLETED)
        await transition(database, principal, campaign.id, DNS)
        await until(database, principal, campaign.id, DNS, PhaseStatus.COMPLETED)
        read = await value(database, "SELECT dns_set_id FROM campaigns")
        async with database.transaction() as tx:
            await commands.transition_campaign(tx, principal, campaign.id, again, None)
        async with database.transaction() as tx:
            await commands.cancel_campaign(tx, principal, campaign.id, "", None)
        await sweep_everything(database)
        assert await value(database, "SELECT count(*) FROM dns_results WHERE set_id = $1", read) == 400
        async with database.transaction() as tx:
            await commands.transition_campaign(tx, principal, campaign.id, again, None)
        await until(database, principal, campaign.id, DNS, PhaseStatus.COMPLETED)
    await sweep_everything(database)
    assert await value(database, "SELECT count(*) FROM phase_runs WHERE phase = $1", DNS) == 1
    assert await value(database, "SELECT count(*) FROM dns_results") == 400


async def test_who_deletes_what_has_changed_meanwhile_is_told_so(database: Database, principal: Principal) -> None:
    async with database.transaction() as tx:
        campaign = await commands.create_campaign(tx, principal, a_campaign(10))
    with pytest.raises(PreconditionFailed):
        async with database.transaction() as tx:
            await commands.delete_campaign(tx, principal, campaign.id, 7)
    assert await value(database, "SELECT deleted_at FROM campaigns") is None


async def test_an_import_into_a_deleted_campaign_is_refused_and_leaves_nothing(
    database: Database, principal: Principal
) -> None:
    async with database.transaction() as tx:
        request = msgspec.structs.replace(a_campaign(10), initial_phase=DNS)
        campaign = await commands.create_campaign(tx, principal, request)

    async def sent() -> AsyncIterator[bytes]:
        yield b"a.com\n"
        await delete(database, principal, campaign.id)
        yield b"b.com\n"

    rows = rows_of(ListFormat.TEXT, column=None, field=None)
    with pytest.raises(NotFound):
        await import_domains(database, principal, campaign.id, source=sent(), rows=rows, gunzip=None)
    await sweep_everything(database)
    assert await value(database, "SELECT count(*) FROM names") == 0
    assert await value(database, "SELECT count(*) FROM campaigns") == 0


async def test_rejected_lines_of_a_deleted_campaign_go_too(
    database: Database, principal: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There can be more of them than names: they go in steps, before the campaign's own row."""
    monkeypatch.setattr(sweeping, "LINES_AT_A_TIME", 100)
    async with database.transaction() as tx:
        campaign = await commands.create_campaign(
            tx, principal, msgspec.structs.replace(a_campaign(10), initial_phase=DNS)
        )

    async def sent() -> AsyncIterator[bytes]:
        yield b"good.com\n" + b"not a name\n\n" * 350

    for _ in range(2):
        rows = rows_of(ListFormat.TEXT, column=None, field=None)
        await import_domains(database, principal, campaign.id, source=sent(), rows=rows, gunzip=None)
    assert await value(database, "SELECT count(*) FROM import_rejects") == 700
    await delete(database, principal, campaign.id)
    assert await sweep_everything(database) > 14
    for table in ("import_rejects", "imports", "names", "campaigns"):
        assert await value(database, f"SELECT count(*) FROM {table}") == 0
