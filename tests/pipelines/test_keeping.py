"""Re-runs of what is old: the rest is taken over as it is, and counted; later phases are done on what is there then."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
import pytest

from service.access.model import Principal
from service.campaigns import commands
from service.campaigns.model import CreateCampaign, Rerun, RerunScope, TransitionCampaign
from service.campaigns.views import get_phases
from service.domains.importing.commands import import_domains
from service.domains.importing.formats import ListFormat, rows_of
from service.errors import Conflict
from service.pipelines import keeping
from service.pipelines.planner import plan_run
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from tests.audit import audit_everything
from tests.world import a_campaign, running_sandbox, running_worker, start, sweep_everything, transition, until

GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase
AGE = "UPDATE {table} SET found_after = found_after - 3600 WHERE position % 3 = 0"
ROWS = "SELECT position, to_jsonb(r) - 'set_id' - 'found_after' AS facts, found_after FROM {table} r ORDER BY position"

# One resolved name is absent.
ONE_LESS = (
    "outcome_counts[1] = outcome_counts[1] - 1, outcome_counts[3] = outcome_counts[3] + 1,"
    " succeeded_count = succeeded_count - 1, negative_count = negative_count + 1"
)


class Found(NamedTuple):
    """A result, and when it was found."""

    facts: str
    at: datetime


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "STRETCH_POSITIONS", 130)


@pytest.fixture
async def at_work(database: Database) -> AsyncIterator[None]:
    """A worker and its sandbox."""
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        yield


async def run_again(database: Database, principal: Principal, campaign_id: UUID, phase: CampaignPhase) -> None:
    """Whatever is older than ten minutes."""
    async with database.transaction() as tx:
        await tx.begin()
        rerun = Rerun(RerunScope.OLDER_THAN, tx.now - timedelta(minutes=10))
        request = TransitionCampaign(target_phase=phase, rerun=rerun)
        await commands.transition_campaign(tx, principal, campaign_id, request, None)


async def found(database: Database, table: str, phase: CampaignPhase) -> dict[int, Found]:
    """What the set that is read now holds, by position."""
    async with database.pool.acquire() as connection:
        begun = await connection.fetchval(
            "SELECT started_at FROM phase_runs WHERE phase = $1 ORDER BY number DESC LIMIT 1", phase
        )
        rows = await connection.fetch(ROWS.format(table=table))
    return {row["position"]: Found(row["facts"], begun + timedelta(seconds=row["found_after"])) for row in rows}


async def age(database: Database, table: str) -> None:
    """Every third result is an hour older than it is."""
    async with database.pool.acquire() as connection:
        await connection.execute(AGE.format(table=table))


async def completed(database: Database, principal: Principal, request: CreateCampaign) -> UUID:
    campaign = await start(database, principal, request)
    await until(database, principal, campaign.id, ANALYSIS, PhaseStatus.COMPLETED)
    return campaign.id


@pytest.mark.usefixtures("at_work")
@pytest.mark.parametrize(("phase", "table"), [(DNS, "dns_results"), (HTTP, "http_results")])
async def test_what_is_old_is_done_again_and_the_rest_is_kept(
    database: Database, principal: Principal, phase: CampaignPhase, table: str
) -> None:
    campaign_id = await completed(database, principal, a_campaign(600))
    await age(database, table)
    before = await found(database, table, phase)
    await run_again(database, principal, campaign_id, phase)
    await until(database, principal, campaign_id, ANALYSIS, PhaseStatus.COMPLETED)
    await sweep_everything(database)
    after = await found(database, table, phase)
    assert set(after) == set(before)
    old = {position for position in before if position % 3 == 0}
    for position, result in before.items():
        if position in old:
            assert after[position].at > result.at + timedelta(minutes=50), "it was found anew"
        else:
            assert after[position].facts == result.facts, "it is as it was"
            assert abs(after[position].at - result.at) < timedelta(seconds=3), "and as old as it was"
    async with database.transaction() as tx:
        runs = {run.phase: run for run in (await get_phases(tx, principal, campaign_id)).phases}
    assert runs[phase].number == 2
    assert runs[phase].processed == runs[phase].total == len(before)
    async with database.pool.acquire() as connection:
        await audit_everything(connection)
        kept = await connection.fetchval("SELECT sum(item_count) FROM chunks WHERE kind = 'kept'")
    assert kept == len(before) - len(old)


@pytest.mark.usefixtures("at_work")
async def test_a_second_time_only_what_has_become_old_since(database: Database, principal: Principal) -> None:
    """What a re-run of old results found is young: the next one leaves it alone."""
    campaign_id = await completed(database, principal, a_campaign(300))
    await age(database, "dns_results")
    await run_again(database, principal, campaign_id, DNS)
    await until(database, principal, campaign_id, ANALYSIS, PhaseStatus.COMPLETED)
    await sweep_everything(database)
    with pytest.raises(Conflict) as refused:
        await run_again(database, principal, campaign_id, DNS)
    assert refused.value.code == "nothing_older"


@pytest.mark.usefixtures("at_work")
async def test_hosts_that_resolve_no_more_are_not_kept(database: Database, principal: Principal) -> None:
    """DNS was run again and says something else: pages are kept only of hosts that are still asked."""
    campaign_id = await completed(database, principal, a_campaign(300))
    await age(database, "http_results")
    async with database.pool.acquire() as connection:
        gone = await connection.fetchval(
            "SELECT min(position) FROM dns_results WHERE outcome = 1 AND position % 3 <> 0"
        )
        # As if another run of DNS had said so; its counts follow.
        await connection.execute("UPDATE dns_results SET outcome = 3 WHERE position = $1", gone)
        await connection.execute(
            f"UPDATE phase_runs SET {ONE_LESS} WHERE phase = $1",
            DNS,
        )
        await connection.execute(
            f"UPDATE chunks SET {ONE_LESS}"
            " WHERE run_id = (SELECT run_id FROM phase_runs WHERE phase = $1) AND first_position <= $2"
            " AND end_position > $2",
            DNS,
            gone,
        )
    await run_again(database, principal, campaign_id, HTTP)
    await until(database, principal, campaign_id, ANALYSIS, PhaseStatus.COMPLETED)
    await sweep_everything(database)
    assert gone not in await found(database, "http_results", HTTP)
    async with database.pool.acquire() as connection:
        await audit_everything(connection)


@pytest.mark.usefixtures("at_work")
async def test_a_campaign_that_begins_with_http_keeps_pages_too(database: Database, principal: Principal) -> None:
    request = msgspec.structs.replace(a_campaign(), initial_phase=HTTP)
    async with database.transaction() as tx:
        campaign = await commands.create_campaign(tx, principal, request)
    names = "\n".join(f"name{number}shop.com" for number in range(200)).encode()

    async def sent() -> AsyncIterator[bytes]:
        yield names

    rows = rows_of(ListFormat.TEXT, column=None, field=None)
    await import_domains(database, principal, campaign.id, source=sent(), rows=rows, gunzip=None)
    await transition(database, principal, campaign.id, HTTP)
    await until(database, principal, campaign.id, ANALYSIS, PhaseStatus.COMPLETED)
    await age(database, "http_results")
    before = await found(database, "http_results", HTTP)
    await run_again(database, principal, campaign.id, HTTP)
    await until(database, principal, campaign.id, ANALYSIS, PhaseStatus.COMPLETED)
    await sweep_everything(database)
    after = await found(database, "http_results", HTTP)
    assert set(after) == set(before)
    assert {position for position in before if after[position].at > before[position].at + timedelta(minutes=50)} == {
        position for position in before if position % 3 == 0
    }


@pytest.mark.usefixtures("at_work")
async def test_scores_have_one_age(database: Database, principal: Principal) -> None:
    """They are made anew as a whole if they were made before the instant, and otherwise not at all."""
    campaign_id = await completed(database, principal, a_campaign(200))
    with pytest.raises(Conflict) as refused:
        await run_again(database, principal, campaign_id, ANALYSIS)
    assert refused.value.code == "nothing_older"
    database.clock_offset += timedelta(hours=1)
    await run_again(database, principal, campaign_id, ANALYSIS)
    await until(database, principal, campaign_id, ANALYSIS, PhaseStatus.COMPLETED)
    async with database.transaction() as tx:
        assert (await get_phases(tx, principal, campaign_id)).phases[3].number == 2


async def test_planning_goes_on_where_it_was_cut_off(database: Database, principal: Principal) -> None:
    """A planner that dies between two stretches is followed by another; a cancelled run goes on with its own."""
    async with running_sandbox() as (_, settings):
        async with running_worker(database, settings):
            campaign_id = await completed(database, principal, a_campaign(600))
        await age(database, "dns_results")
        await run_again(database, principal, campaign_id, DNS)
        async with database.transaction() as tx:
            assert await plan_run(tx) is not None
        async with database.transaction() as tx:
            await commands.cancel_campaign(tx, principal, campaign_id, "", None)
        async with database.transaction() as tx:
            assert await plan_run(tx) is None, "a cancelled run is not planned"
        async with database.transaction() as tx:
            await commands.retry_campaign(tx, principal, campaign_id, "", None)
        async with running_worker(database, settings):
            await until(database, principal, campaign_id, ANALYSIS, PhaseStatus.COMPLETED)
        await sweep_everything(database)
        async with database.pool.acquire() as connection:
            await audit_everything(connection)
            stretches = await connection.fetch("SELECT first_position FROM chunks WHERE kind = 'kept' ORDER BY 1")
        assert [row["first_position"] for row in stretches] == [0, 130, 260, 390, 520]
