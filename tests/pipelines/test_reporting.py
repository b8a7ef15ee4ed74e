"""What was done each day: tallied as it happens, and known when runs and campaigns are gone."""

from datetime import UTC, datetime, timedelta

import pytest

from service import assembly
from service.access.model import Principal
from service.campaigns import commands
from service.campaigns.model import Advance
from service.campaigns.views import get_phases
from service.pipelines.reporting import BUSY_SECONDS_MAX, Report, Unit, report_work, tally_tick
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from service.settings import Settings
from tests.world import a_campaign, running_sandbox, running_worker, start, sweep_everything, transition, until

GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase


async def reported(database: Database, unit: Unit = Unit.DAY, *, principal: Principal | None = None) -> Report:
    async with database.transaction() as tx:
        await tx.begin()
        tenant_id = None if principal is None else principal.tenant_id
        return await report_work(tx, tx.now - timedelta(days=30), tenant_id, unit)


async def move_to(database: Database, instant: datetime) -> None:
    """Let the database's clock stand at this instant; it goes on from there."""
    database.clock_offset = timedelta(0)
    async with database.transaction() as tx:
        await tx.begin()
        database.clock_offset = instant - tx.now


async def a_monday(database: Database) -> datetime:
    """Noon of the Monday after next, so that what is added has its own days and weeks."""
    async with database.transaction() as tx:
        await tx.begin()
        today = tx.now.replace(hour=12, minute=0, second=0, microsecond=0)
    return today + timedelta(days=14 - today.weekday())


async def test_each_day_has_what_was_found_on_it(database: Database, principal: Principal, stranger: Principal) -> None:
    """Two days of one campaign, in one week, and a stranger's in the next."""
    monday = await a_monday(database)
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        await move_to(database, monday)
        campaign = await start(database, principal, a_campaign(400, advance=Advance.MANUAL))
        await until(database, principal, campaign.id, GENERATION, PhaseStatus.COMPLETED)
        await tally_tick(database)
        await move_to(database, monday + timedelta(days=1))
        await transition(database, principal, campaign.id, DNS)
        await until(database, principal, campaign.id, DNS, PhaseStatus.COMPLETED)
        await tally_tick(database)
        await tally_tick(database)
        await move_to(database, monday + timedelta(days=7))
        theirs = await start(database, stranger, a_campaign(300))
        await until(database, stranger, theirs.id, ANALYSIS, PhaseStatus.COMPLETED)
        await tally_tick(database)
    async with database.transaction() as tx:
        dns = (await get_phases(tx, principal, campaign.id)).phases[1]
    days = await reported(database, principal=principal)
    first, second = monday.date(), monday.date() + timedelta(days=1)
    assert [(work.begins, work.phase, work.succeeded) for work in days.work] == [
        (first, GENERATION, 400),
        (second, DNS, dns.succeeded),
    ]
    assert (days.work[1].negative, days.work[1].failed) == (dns.negative, dns.failed)
    assert [(period.begins, period.domains, period.campaigns_created) for period in days.periods] == [
        (first, 400, 1),
        (second, 400, 0),
    ]
    assert days.periods[1].change == pytest.approx(0.0)
    assert all(0 < work.busy_seconds <= BUSY_SECONDS_MAX for work in days.work)
    assert all(work.runs_completed == 1 for work in days.work)
    weeks = await reported(database, Unit.WEEK)
    assert [period.begins for period in weeks.periods] == [first, first + timedelta(days=7)]
    assert weeks.periods[0].domains == 800
    assert weeks.periods[1].leads == sum(work.succeeded for work in weeks.work if work.phase is ANALYSIS) > 0
    assert weeks.periods[1].change == weeks.periods[1].domains / 800 - 1


async def test_what_was_done_outlives_its_campaign(database: Database, principal: Principal) -> None:
    """Also where nobody had tallied it before it went."""
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        campaign = await start(database, principal, a_campaign(300, advance=Advance.MANUAL))
        await until(database, principal, campaign.id, GENERATION, PhaseStatus.COMPLETED)
    async with database.transaction() as tx:
        await commands.delete_campaign(tx, principal, campaign.id, None)
    await sweep_everything(database)
    assert await database.pool.fetchval("SELECT count(*) FROM phase_runs") == 0
    report = await reported(database)
    assert [(work.phase, work.succeeded) for work in report.work] == [(GENERATION, 300)]
    assert sum(period.campaigns_deleted for period in report.periods) == 1
    assert await assembly.forget_what_is_old(database, Settings(report_days=0)) == 0
    database.clock_offset += timedelta(days=10)
    assert await assembly.forget_what_is_old(database, Settings(report_days=11)) == 0
    assert await assembly.forget_what_is_old(database, Settings(report_days=9)) == 1
    assert (await reported(database)).work == ()


async def test_a_retry_takes_back_what_it_replaces(database: Database, principal: Principal) -> None:
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        campaign = await start(database, principal, a_campaign(1_500, advance=Advance.MANUAL))
        await until(database, principal, campaign.id, GENERATION, PhaseStatus.COMPLETED)
        await transition(database, principal, campaign.id, DNS)
        await until(database, principal, campaign.id, DNS, PhaseStatus.COMPLETED)
        await tally_tick(database)
        async with database.transaction() as tx:
            await commands.retry_campaign(tx, principal, campaign.id, "again", None)
        await tally_tick(database)
        await until(database, principal, campaign.id, DNS, PhaseStatus.COMPLETED)
        await tally_tick(database)
    async with database.transaction() as tx:
        dns = (await get_phases(tx, principal, campaign.id)).phases[1]
    (work,) = [each for each in (await reported(database)).work if each.phase is DNS]
    assert (work.succeeded, work.negative, work.failed) == (dns.succeeded, dns.negative, dns.failed)
    assert dns.failed > 0


async def test_reports_are_told_by_the_command_line(database: Database, principal: Principal) -> None:
    await start(database, principal, a_campaign(300))
    await tally_tick(database)
    since = datetime.now(UTC) - timedelta(days=1)
    days, weeks = await assembly.make_reports(database.url, since=since, tenant="default")
    assert [(period.campaigns_created, period.domains) for period in days.periods] == [(1, 0)]
    assert [work.phase for work in weeks.work] == [GENERATION]
    of_all, _ = await assembly.make_reports(database.url, since=since, tenant=None)
    assert of_all.periods == days.periods
