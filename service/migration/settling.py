"""Settle a campaign whose rows are here: its runs with their counts and totals, what is left to do, its trail.

Before the switch nothing of it runs: what is under way there is paused here. A phase that is unfinished gets chunks for
the domains that have no outcome; one that is done anew is planned by whoever works on it first.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from service.access.commands import OPERATOR
from service.campaigns import adopting
from service.campaigns.adopting import Adopted, AdoptedLine, AdoptedRun
from service.campaigns.model import ChunkCounts, TransitionCause
from service.generating.ranges import OffsetRange
from service.migration import store
from service.migration.carrying import GENERATION, Carrying
from service.migration.model import CarriedCampaign
from service.migration.prospects import Prospect, RunProspect
from service.pipelines.keeping import BoundRun, Positions, plan_rest
from service.pipelines.planner import CHUNK_ITEMS, plan_fresh
from service.pipelines.store import sum_chunks
from service.postgres.database import Tx
from service.progress.events import CampaignPhase, PhaseStatus
from service.resolving.outcomes import DnsOutcome

DNS, HTTP, ANALYSIS = list(CampaignPhase)[1:]
OLD_SYSTEM = "old system"  # the actor of what happened there
FAILED_THERE = "failed_in_the_old_system"
ENDS = {PhaseStatus.COMPLETED, PhaseStatus.FAILED, PhaseStatus.CANCELLED}

Counts = Mapping[CampaignPhase, ChunkCounts]


async def settle_campaign(carrying: Carrying, prospect: Prospect, carried: CarriedCampaign) -> None:
    async with carrying.target.transaction() as tx:
        await settle_in(tx, carrying, prospect, carried, None)


async def settle_in(
    tx: Tx, carrying: Carrying, prospect: Prospect, carried: CarriedCampaign, ranges: Sequence[OffsetRange] | None
) -> None:
    """In one transaction. `ranges`: what a campaign that still makes names is to make them of; None: not known yet."""
    await tx.begin()
    await store.delete_planned_chunks(tx, carried.sets)
    names = end_position = 0
    if GENERATION in carried.sets:
        names, end_position = await store.count_names(tx, carried.sets[GENERATION])
        if not prospect.generates:
            await adopting.settle_names(tx, carried.sets[GENERATION], names)
    counts = {run.phase: await sum_chunks(tx, carried.sets[run.phase]) for run in prospect.runs}
    for run in prospect.runs:
        total = total_of(run, prospect, names, counts, ranges)
        await adopting.settle_run(tx, settled_run(run, prospect, carried, counts[run.phase], total, ranges))
        await plan_what_is_left(tx, run, carried, end_position, ranges)
    adopted = adopted_of(prospect, tx.now)
    await adopting.settle_campaign(tx, carrying.holder, carried.campaign_id, adopted)
    await store.mark_settled(tx, carrying.source_id, prospect.old_id, is_settled=True)


def total_of(
    run: RunProspect, prospect: Prospect, names: int, counts: Counts, ranges: Sequence[OffsetRange] | None
) -> int:
    """How many domains a run is of."""
    counted = sum(counts[run.phase].outcomes)
    match run.phase:
        case CampaignPhase.DOMAIN_GENERATION:
            if ranges is None and not run.has_ended:
                return max(counted, asked_of(prospect))
            return counted + sum(part.end_position - part.first_position for part in ranges or ())
        case CampaignPhase.HTTP_VALIDATION if prospect.has_dns:
            resolved = counts[DNS].outcomes[DnsOutcome.RESOLVED - 1 : DnsOutcome.RESOLVED]
            return max(counted, sum(resolved))
        case _:
            return max(counted, names)


def asked_of(prospect: Prospect) -> int:
    generation = prospect.configuration.domain_generation
    return 0 if generation is None else generation.count


def settled_run(
    run: RunProspect,
    prospect: Prospect,
    carried: CarriedCampaign,
    counts: ChunkCounts,
    total: int,
    ranges: Sequence[OffsetRange] | None,
) -> AdoptedRun:
    status = held(run.status)
    has_failed = status is PhaseStatus.FAILED
    missing = asked_of(prospect) - total if run.phase is GENERATION and ranges is not None else 0
    return AdoptedRun(
        run_id=carried.sets[run.phase],
        status=status,
        counts=counts,
        total=total,
        finished_at=ended_at(run, prospect) if status in ENDS else None,
        is_stale=run.is_stale,
        shortfall=max(0, missing),
        plan="planned" if run.is_carried else "fresh",
        error_code=FAILED_THERE if has_failed else None,
        error_message=(prospect.error_message or "The old system tells no reason.") if has_failed else None,
    )


def held(status: PhaseStatus) -> PhaseStatus:
    """What is under way there waits here until the switch."""
    return PhaseStatus.PAUSED if status is PhaseStatus.RUNNING else status


def ended_at(run: RunProspect, prospect: Prospect) -> datetime:
    """When the trail says; at the earliest when it began."""
    return max((line.at for line in prospect.trail if line.phase is run.phase), default=run.started_at)


async def plan_what_is_left(
    tx: Tx, run: RunProspect, carried: CarriedCampaign, end_position: int, ranges: Sequence[OffsetRange] | None
) -> None:
    """Chunks of a run that has not ended; a stale one is never gone on with, and one done anew is planned later."""
    if run.has_ended or run.is_stale or not run.is_carried:
        return
    run_id, items = carried.sets[run.phase], CHUNK_ITEMS[run.phase]
    if run.phase is GENERATION:
        await adopting.adopt_ranges(tx, run_id, ranges or ())
        await plan_fresh(tx, run_id, run.phase, name_set_id=None, dns_set_id=None)
    elif end_position:
        bound = BoundRun(run_id, run.phase, carried.sets[GENERATION], carried.sets.get(DNS))
        await plan_rest(tx, bound, Positions(0, end_position), items)


def adopted_of(prospect: Prospect, now: datetime) -> Adopted:
    """The campaign with its trail, whose last line says that it was carried."""
    status = held(prospect.status)
    lines = [
        AdoptedLine(line.command, line.phase, line.status, line.cause, line.reason, OLD_SYSTEM, line.at)
        for line in prospect.trail
    ]
    command = "carry" if status is prospect.status else "pause"
    reason = f"carried from the old campaign {prospect.old_id}"
    end = AdoptedLine(command, prospect.phase, status, TransitionCause.USER, reason, OPERATOR, now)
    return Adopted(prospect.name, prospect.configuration, prospect.phase, status, (*lines, end))
