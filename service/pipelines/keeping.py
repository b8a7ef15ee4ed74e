"""A run that does again only what is old: it takes over what was found since an instant, and plans the rest.

It goes through the earlier results a stretch at a time, each in a transaction of its own, so that commands on the
campaign wait for one stretch at the most. How far it has come stands in the chunks that count what was kept.
"""

import math
from datetime import datetime

import msgspec

from service.campaigns.outcomes import LABELS
from service.fetching.outcomes import HttpOutcome
from service.pipelines.model import Counted
from service.pipelines.store import SQL, by_group, make_leaf
from service.postgres.database import Tx
from service.progress.events import CampaignPhase
from service.resolving.outcomes import DnsOutcome

FIND_KEPT_RUN = SQL["find_kept_run"]
KEEP_DNS_RESULTS = SQL["keep_dns_results"]
KEEP_HTTP_RESULTS = SQL["keep_http_results"]
INSERT_KEPT_CHUNK = SQL["insert_kept_chunk"]
PLAN_NAMES_LEFT = SQL["plan_names_left"]
PLAN_HOSTS_LEFT = SQL["plan_hosts_left"]
PLAN_UNRESOLVED_LEFT = SQL["plan_unresolved_left"]

STRETCH_POSITIONS = 500_000
RESOLVED = int(DnsOutcome.RESOLVED)
REACHED = int(HttpOutcome.REACHED)


class BoundRun(msgspec.Struct, frozen=True):
    """A run of DNS or HTTP, and the sets that it is bound to."""

    run_id: int
    phase: CampaignPhase
    name_set_id: int
    dns_set_id: int | None


class KeepingRun(BoundRun, frozen=True):
    """What a run keeps of which earlier set."""

    started_at: datetime
    kept_set_id: int
    kept_since: datetime


class Positions(msgspec.Struct, frozen=True):
    """Positions to look through, up to and without the end."""

    first_position: int
    end_position: int


class Stretch(Positions, frozen=True):
    """Positions whose earlier results are looked through; ages are in seconds since the earlier run began."""

    age_min: float  # from here on, results are kept
    shift: int  # to ages since the new run began


async def keep_stretch(tx: Tx, run: KeepingRun, items: int) -> bool:
    """Take over what is kept of the next stretch, and plan chunks of so many items for the rest; True at the end."""
    await tx.join_linearly()
    row = await tx.find(FIND_KEPT_RUN, run.kept_set_id, run.run_id, run.name_set_id)
    assert row is not None, "a set is kept until the run that takes over from it has completed"
    first, end = int(row["next_position"]), int(row["end_position"])
    if first == 0:
        await make_leaf(tx, run.phase, run.run_id)
    if first < end:
        stretch = stretch_of(run, row["started_at"], first, min(first + STRETCH_POSITIONS, end))
        await insert_kept_chunk(tx, run, stretch, await keep_results(tx, run, stretch))
        await plan_rest(tx, run, stretch, items)
    return first + STRETCH_POSITIONS >= end


def stretch_of(run: KeepingRun, kept_started_at: datetime, first: int, end: int) -> Stretch:
    age_min = (run.kept_since - kept_started_at).total_seconds()
    # Rounded down, as ages are: a result is never taken for younger than it is.
    shift = math.floor((kept_started_at - run.started_at).total_seconds())
    return Stretch(first, end, age_min, shift)


async def keep_results(tx: Tx, run: KeepingRun, stretch: Stretch) -> Counted:
    """Copy what is young enough, and count it."""
    bounds = (run.run_id, run.kept_set_id, stretch.first_position, stretch.end_position, stretch.age_min, stretch.shift)
    if run.phase is CampaignPhase.DNS_VALIDATION:
        rows = await tx.fetch(KEEP_DNS_RESULTS, *bounds)
    else:
        rows = await tx.fetch(KEEP_HTTP_RESULTS, *bounds, run.dns_set_id, RESOLVED)
    amounts = {row["outcome"]: row["amount"] for row in rows}
    keyword_pages = sum(row["with_keyword"] for row in rows if row["outcome"] == REACHED)
    return Counted(tuple(amounts.get(code, 0) for code in LABELS[run.phase]), keyword_pages)


async def insert_kept_chunk(tx: Tx, run: KeepingRun, stretch: Stretch, kept: Counted) -> None:
    await tx.execute(
        INSERT_KEPT_CHUNK,
        run.run_id,
        stretch.first_position,
        stretch.end_position,
        sum(kept.outcomes),
        list(kept.outcomes),
        kept.keyword_pages,
        *by_group(run.phase, kept.outcomes),
    )


async def plan_rest(tx: Tx, run: BoundRun, stretch: Positions, items: int) -> None:
    """Chunks of what has no outcome in the new set."""
    bounds = (stretch.first_position, stretch.end_position, items)
    if run.phase is CampaignPhase.DNS_VALIDATION:
        await tx.execute(PLAN_NAMES_LEFT, run.run_id, run.name_set_id, *bounds)
    elif run.dns_set_id is None:
        await tx.execute(PLAN_UNRESOLVED_LEFT, run.run_id, run.name_set_id, *bounds)
    else:
        await tx.execute(PLAN_HOSTS_LEFT, run.run_id, run.dns_set_id, *bounds, RESOLVED)
