"""Carries a campaign's phases: each run of one is started, counted, and ended; under `automatic` the next one begins.

The data plane calls `record_progress`, `finish_run` and `fail_run`; commands start, redo, continue, pause and cancel.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from service.campaigns import rules, store
from service.campaigns.configuration import checked_pattern, phase_configuration
from service.campaigns.model import PHASES, Advance, ChunkCounts, DomainGeneration, TransitionCause
from service.campaigns.moving import CHUNKS_BELL, SYSTEM_ACTOR, Cause, announce_state, audit, move, state_of
from service.campaigns.outcomes import count_retryable
from service.campaigns.store import KeptSet, NewRun, Run, StoredCampaign
from service.errors import Conflict
from service.generating.pattern import pattern_key, space_size
from service.generating.ranges import FreeSpace, OffsetRange, share_offsets
from service.postgres.database import Tx
from service.progress.events import CampaignPhase, PhaseCounts, PhaseStatus
from service.resolving.outcomes import DnsOutcome
from service.runtime.tracing import span, trace_parent

# How fast the shown rate follows the real one: the weight of the newest second.
RATE_SMOOTHING_PER_SECOND = 0.3


async def lock_run(tx: Tx, run_id: int) -> None:
    """Hold a run, and its campaign, until the transaction ends; in the order in which commands take them."""
    await store.lock_campaign_of_run(tx, run_id)
    await store.lock_run(tx, run_id)


async def record_progress(tx: Tx, run_id: int, counts: ChunkCounts) -> None:
    """What the run's chunks add up to now: written, and told to watchers where the phase is the current one."""
    campaign = await store.lock_campaign_of_run(tx, run_id)
    run = await store.lock_run(tx, run_id)
    if campaign is None or run is None:
        return
    await write_counts(tx, campaign, run, counts)


async def finish_run(tx: Tx, run_id: int, counts: ChunkCounts) -> None:
    """The last chunk is done: the phase completes and, under `automatic`, the next one starts.

    The caller holds the run's chunks still: none is unfinished. Nothing happens unless the run is running.
    """
    campaign = await store.lock_campaign_of_run(tx, run_id)
    run = await store.lock_run(tx, run_id)
    if campaign is None or run is None or run.status is not PhaseStatus.RUNNING:
        return
    run = await write_counts(tx, campaign, run, counts)
    await complete_phase(tx, campaign, run)


async def fail_run(tx: Tx, run_id: int, code: str, message: str) -> None:
    """The run cannot go on, for a reason that is no domain's fault."""
    campaign = await store.lock_campaign_of_run(tx, run_id)
    run = await store.lock_run(tx, run_id)
    if campaign is None or run is None or run.status is not PhaseStatus.RUNNING:
        return
    await store.update_run_status(tx, run.id, PhaseStatus.FAILED, code, message)
    cause = Cause("fail", TransitionCause.FAILURE, message, SYSTEM_ACTOR)
    await move(tx, campaign, run.phase, PhaseStatus.FAILED, cause)
    await announce_state(tx, campaign, run.phase, PhaseStatus.FAILED, counts=run.counts)
    await tx.ring(CHUNKS_BELL)


async def start_phase(
    tx: Tx, campaign: StoredCampaign, phase: CampaignPhase, cause: Cause, kept: KeptSet | None = None
) -> None:
    """A new run: its configuration is copied, its input bound, its total known.

    Sets of runs that came to nothing, because they were ended and begun anew, are of no use to anybody any more.
    """
    configuration = phase_configuration(campaign.configuration, phase)
    ranges, total, shortfall = await measure_input(tx, campaign, phase)
    new = NewRun(
        campaign.id,
        phase,
        configuration,
        campaign.configuration.network,
        campaign.sets,
        total=total,
        shortfall=shortfall,
        kept=kept,
        trace_parent=trace_parent(),
    )
    await store.retire_runs(tx, campaign.id, phase, spared=campaign.sets.present)
    run_id = await store.insert_run(tx, new)
    if ranges:
        await store.insert_generation_ranges(tx, run_id, ranges)
    if current_set(campaign, phase) is None:
        await store.update_campaign_set(tx, campaign.id, phase, run_id)
    started = await move(tx, campaign, phase, PhaseStatus.RUNNING, cause)
    run = await store.lock_run(tx, run_id)
    assert run is not None
    if total == 0:
        await complete_phase(tx, started, run)
        return
    await announce_state(tx, campaign, phase, PhaseStatus.RUNNING, counts=run.counts)
    await tx.ring(CHUNKS_BELL)


async def redo_phase(
    tx: Tx, campaign: StoredCampaign, phase: CampaignPhase, cause: Cause, kept_since: datetime | None
) -> None:
    """Once more, into a new set; readers see the old one until this run completes."""
    kept = None if kept_since is None else await find_kept_set(tx, campaign, phase, kept_since)
    later = PHASES[PHASES.index(phase) + 1 :]
    await store.mark_runs_stale(tx, campaign.id, later)
    await start_phase(tx, campaign, phase, cause, kept)


async def find_kept_set(tx: Tx, campaign: StoredCampaign, phase: CampaignPhase, since: datetime) -> KeptSet | None:
    """What a re-run takes over from the set that is read now; None where it does everything again.

    Conflict where nothing is older. Scores have no age of their own: they are all made anew, which takes moments.
    """
    set_id = current_set(campaign, phase)
    run = None if set_id is None else await store.lock_run(tx, set_id)
    if run is None:
        return None
    if phase is CampaignPhase.ANALYSIS:
        if run.started_at >= since:
            raise rules.nothing_older(state_of(campaign), phase, since)
        return None
    if not await store.has_older_results(tx, run, since):
        raise rules.nothing_older(state_of(campaign), phase, since)
    return KeptSet(run.id, since)


async def continue_phase(
    tx: Tx, campaign: StoredCampaign, phase: CampaignPhase, cause: Cause, *, retry_failed: bool
) -> None:
    """The newest run of a phase goes on: with its unfinished chunks, and new ones for what can be retried."""
    run = await store.lock_newest_run(tx, campaign.id, phase)
    if run is None:
        raise Conflict("nothing_to_retry", f"{phase} was never started.")
    retrying = count_retryable(phase, run.outcomes) - run.retrying if retry_failed else 0
    if run.status is PhaseStatus.COMPLETED and retrying == 0:
        raise rules.nothing_to_retry(state_of(campaign), phase)
    later = PHASES[PHASES.index(phase) + 1 :]
    await store.mark_runs_stale(tx, campaign.id, later)
    await store.update_run_to_continue(tx, run.id, retrying, trace_parent())
    await move(tx, campaign, phase, PhaseStatus.RUNNING, cause)
    continued = await store.lock_run(tx, run.id)
    assert continued is not None
    await announce_state(tx, campaign, phase, PhaseStatus.RUNNING, counts=continued.counts)
    await tx.ring(CHUNKS_BELL)


async def become(tx: Tx, campaign: StoredCampaign, status: PhaseStatus, cause: Cause) -> None:
    """Pause, resume, cancel: the current phase's status, and its run's."""
    run = None
    if campaign.status is not PhaseStatus.PENDING:
        run = await store.lock_newest_run(tx, campaign.id, campaign.phase)
    counts = run.counts if run else PhaseCounts()
    if run is not None:
        await store.update_run_status(tx, run.id, status)
    await move(tx, campaign, campaign.phase, status, cause)
    await announce_state(tx, campaign, campaign.phase, status, counts=counts)
    await tx.ring(CHUNKS_BELL)


async def complete_phase(tx: Tx, campaign: StoredCampaign, run: Run) -> None:
    """The run's set becomes the campaign's; under `automatic` the next phase starts in this same transaction."""
    await store.update_run_status(tx, run.id, PhaseStatus.COMPLETED)
    await store.update_campaign_set(tx, campaign.id, run.phase, run.id)
    await store.retire_runs(tx, campaign.id, run.phase, spared=(run.id,))
    cause = Cause("complete", TransitionCause.AUTOMATIC, "all domains have an outcome", SYSTEM_ACTOR)
    await move(tx, campaign, run.phase, PhaseStatus.COMPLETED, cause)
    await announce_state(tx, campaign, run.phase, PhaseStatus.COMPLETED, counts=run.counts, rate=average_rate(tx, run))
    following = rules.phase_after(run.phase)
    if campaign.configuration.advance is Advance.AUTOMATIC and following is not None:
        completed = await store.lock_campaign_of_run(tx, run.id)
        assert completed is not None
        advance = Cause("advance", TransitionCause.AUTOMATIC, f"{run.phase} is completed", SYSTEM_ACTOR)
        with span(f"start {following}", parent=run.trace_parent, campaign_id=str(campaign.id)):
            await start_next_phase(tx, completed, following, advance)


async def start_next_phase(tx: Tx, campaign: StoredCampaign, phase: CampaignPhase, cause: Cause) -> None:
    """Start the next phase by itself; one that is not configured waits for a person, and the audit says so."""
    try:
        phase_configuration(campaign.configuration, phase)
    except Conflict as refusal:
        waiting = Cause("advance", TransitionCause.FAILURE, f"{phase} did not start: {refusal.message}", SYSTEM_ACTOR)
        await audit(tx, campaign, campaign.phase, campaign.status, waiting)
        return
    await start_phase(tx, campaign, phase, cause)


async def measure_input(tx: Tx, campaign: StoredCampaign, phase: CampaignPhase) -> tuple[list[OffsetRange], int, int]:
    """What a run of this phase will work on: leased ranges (generation only), how many domains, and what is missing."""
    if phase is CampaignPhase.DOMAIN_GENERATION:
        generation = campaign.configuration.domain_generation
        assert generation is not None, "phase_configuration refuses a campaign without"
        ranges = await lease_names(tx, campaign.tenant_id, generation)
        total = ranges[-1].end_position if ranges else 0
        return ranges, total, generation.count - total
    looks_up = phase is CampaignPhase.HTTP_VALIDATION and campaign.initial_phase is phase
    if looks_up:  # with the resolvers of a DNS phase, which are asked for here as they are there
        phase_configuration(campaign.configuration, CampaignPhase.DNS_VALIDATION)
    resolved_only = phase is CampaignPhase.HTTP_VALIDATION and not looks_up
    source = campaign.sets.dns if resolved_only else campaign.sets.names
    counts = await store.find_set_counts(tx, source) if source is not None else None
    if counts is None:
        raise Conflict("input_missing", f"{phase} has no domains to work on yet: import some first.")
    rows, outcomes = counts
    if resolved_only:
        rows = outcomes[DnsOutcome.RESOLVED - 1] if len(outcomes) >= DnsOutcome.RESOLVED else 0
    return [], rows, 0


async def lease_names(tx: Tx, tenant_id: UUID, generation: DomainGeneration) -> list[OffsetRange]:
    """Take the next offsets of the pattern under each TLD, so that no two campaigns of a tenant get the same name."""
    pattern, tlds = checked_pattern(generation)
    key = pattern_key(pattern)
    free = await store.lock_free_spaces(tx, tenant_id, key, tlds, space_size(pattern))
    spaces = [FreeSpace(tld, max(free[tld].first_offset, generation.offset), free[tld].offset_count) for tld in tlds]
    ranges = share_offsets(generation.count, spaces)
    await store.lease_ranges(tx, tenant_id, key, ranges)
    return ranges


async def write_counts(tx: Tx, campaign: StoredCampaign, run: Run, counts: ChunkCounts) -> Run:
    """Write a run's counts and its rate; announce them where this is the campaign's current phase."""
    now_counts = PhaseCounts(run.counts.total, counts.succeeded, counts.negative, counts.failed)
    seconds = (tx.now - run.counted_at).total_seconds()
    gained = max(0, now_counts.processed - run.counts.processed)
    rate = next_rate(run.rate_per_second, gained, seconds) if run.status is PhaseStatus.RUNNING else 0.0
    await store.update_run_counts(tx, run.id, counts, rate)
    if campaign.phase is run.phase:
        await announce_state(tx, campaign, run.phase, campaign.status, counts=now_counts, rate=rate)
    return msgspec.structs.replace(run, counts=now_counts, outcomes=counts.outcomes, retrying=counts.retrying)


def next_rate(rate_per_second: float, gained: int, seconds: float) -> float:
    """The shown rate follows what was gained since it was last told; the first measure is taken as it is."""
    if seconds <= 0:
        return rate_per_second
    measured = gained / seconds
    if rate_per_second == 0:
        return round(measured, 1)
    weight = min(1.0, RATE_SMOOTHING_PER_SECOND * max(seconds, 0.2))
    return round(rate_per_second + weight * (measured - rate_per_second), 1)


def average_rate(tx: Tx, run: Run) -> float:
    seconds = (tx.now - run.started_at).total_seconds()
    return round(run.counts.processed / seconds, 1) if seconds > 0 else 0.0


def current_set(campaign: StoredCampaign, phase: CampaignPhase) -> int | None:
    sets = campaign.sets
    return {
        CampaignPhase.DOMAIN_GENERATION: sets.names,
        CampaignPhase.DNS_VALIDATION: sets.dns,
        CampaignPhase.HTTP_VALIDATION: sets.http,
        CampaignPhase.ANALYSIS: sets.scores,
    }[phase]
