"""What was done, day by day: tallied once a minute while workers live, and kept when runs and campaigns are gone.

A run's counts are its own, and grow; what they grew by since the last tally is the day's (UTC). Whoever sweeps a run
away tallies it first.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import asyncpg
import msgspec

from service.pipelines.store import SQL
from service.postgres.database import Database, Tx
from service.progress.events import CampaignPhase

TRY_TALLY_LOCK = SQL["try_tally_lock"]
TALLY_RUNS = SQL["tally_runs"]
DELETE_OLD_RUN_DAYS = SQL["delete_old_run_days"]
LIST_WORK = SQL["list_work"]
LIST_CAMPAIGN_ACTS = SQL["list_campaign_acts"]

TALLY_SECONDS = 60.0
BUSY_SECONDS_MAX = 1.5 * TALLY_SECONDS  # between two tallies; more than that, nobody was there
DAYS_DELETED_MAX = 1_000  # rows in one clean-up


class Unit(StrEnum):
    """By what a report is divided; weeks begin on Mondays."""

    DAY = "day"
    WEEK = "week"


class Work(msgspec.Struct, frozen=True, rename="camel"):
    """What one phase did in one period: domains by how they came out, and runs by how they stood at its end.

    `rate_per_second` is over the time in which its runs were running; runs beside each other count as often.
    """

    begins: date
    phase: CampaignPhase
    campaigns: int
    succeeded: int
    negative: int
    failed: int
    busy_seconds: float
    rate_per_second: float
    runs_completed: int
    runs_failed: int
    runs_cancelled: int


class Period(msgspec.Struct, frozen=True, rename="camel"):
    """Campaigns that came and went in one period, leads that were found, and domains that came through any phase.

    `change` is of the domains, as a part of those in the period before; None where that had none.
    """

    begins: date
    campaigns_created: int
    campaigns_deleted: int
    domains: int
    failed: int
    leads: int
    change: float | None


class Report(msgspec.Struct, frozen=True, rename="camel"):
    """From a day (UTC) on, in days or weeks; those without work are left out."""

    unit: Unit
    periods: tuple[Period, ...]
    work: tuple[Work, ...]


async def tally_tick(database: Database) -> int:
    """Once for everybody: what runs found since the last time."""
    async with database.transaction() as tx:
        if await tx.begin() and await tx.value(TRY_TALLY_LOCK):
            await tally(tx, None)
    return 0


async def tally(tx: Tx, run_id: int | None) -> None:
    """All runs of late, or one that is about to go."""
    await tx.begin()
    await tx.execute(TALLY_RUNS, tx.now, run_id, timedelta(seconds=BUSY_SECONDS_MAX))


async def delete_old_days(tx: Tx, days: int) -> int:
    """Forget what was done so many days ago, a bounded number of rows at a time; 0 keeps all."""
    await tx.begin()
    return await tx.execute(DELETE_OLD_RUN_DAYS, tx.now - timedelta(days=days), DAYS_DELETED_MAX) if days else 0


async def report_work(tx: Tx, since: datetime, tenant_id: UUID | None, unit: Unit) -> Report:
    """Whole periods, from the one in which `since` lies; of one tenant, or of all."""
    await tx.begin()
    rows = await tx.fetch(LIST_WORK, since, tenant_id, unit)
    work = tuple(work_of(row) for row in rows)
    acts = {
        row["begins"]: (row["created_count"], row["deleted_count"])
        for row in await tx.fetch(LIST_CAMPAIGN_ACTS, since, tenant_id, unit)
    }
    return Report(unit, periods_of(work, acts), work)


def work_of(row: asyncpg.Record) -> Work:
    done, seconds = row["succeeded"] + row["negative"] + row["failed"], row["busy_seconds"]
    return Work(
        begins=row["begins"],
        phase=CampaignPhase(row["phase"]),
        campaigns=row["campaign_count"],
        succeeded=row["succeeded"],
        negative=row["negative"],
        failed=row["failed"],
        busy_seconds=seconds,
        rate_per_second=done / seconds if seconds > 0 else 0.0,
        runs_completed=row["completed_count"],
        runs_failed=row["failed_run_count"],
        runs_cancelled=row["cancelled_count"],
    )


def periods_of(work: Sequence[Work], acts: Mapping[date, tuple[int, int]]) -> tuple[Period, ...]:
    """Each with its change from the one before it in the list."""
    periods: list[Period] = []
    for begins in sorted({each.begins for each in work} | acts.keys()):
        here = [each for each in work if each.begins == begins]
        domains = sum(each.succeeded + each.negative + each.failed for each in here)
        before = periods[-1].domains if periods else 0
        created, deleted = acts.get(begins, (0, 0))
        periods.append(
            Period(
                begins=begins,
                campaigns_created=created,
                campaigns_deleted=deleted,
                domains=domains,
                failed=sum(each.failed for each in here),
                leads=sum(each.succeeded for each in here if each.phase is CampaignPhase.ANALYSIS),
                change=domains / before - 1 if before > 0 else None,
            )
        )
    return tuple(periods)
