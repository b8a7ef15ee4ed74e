"""Campaigns, runs, leased ranges and the audit trail in the database. Writes and locks; nothing is decided here."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from service.campaigns.model import (
    Campaign,
    ChunkCounts,
    Configuration,
    CreateCampaign,
    Network,
    PhaseConfiguration,
    Transition,
    TransitionCause,
)
from service.generating.ranges import FreeSpace, OffsetRange
from service.postgres.database import Tx
from service.postgres.queries import load_queries
from service.progress.events import CampaignPhase, PhaseCounts, PhaseStatus

SQL = load_queries("service.campaigns")
INSERT_CAMPAIGN = SQL["insert_campaign"]
FIND_CAMPAIGN = SQL["find_campaign"]
LIST_CAMPAIGNS = SQL["list_campaigns"]
LOCK_CAMPAIGN = SQL["lock_campaign"]
LOCK_RESTED_CAMPAIGNS = SQL["lock_rested_campaigns"]
LOCK_CAMPAIGN_OF_RUN = SQL["lock_campaign_of_run"]
UPDATE_CAMPAIGN_STATE = SQL["update_campaign_state"]
UPDATE_CAMPAIGN = SQL["update_campaign"]
HIDE_CAMPAIGN = SQL["hide_campaign"]
CANCEL_RUNS = SQL["cancel_runs"]
RETIRE_RUNS = SQL["retire_runs"]
RETIRE_NAME_SETS = SQL["retire_name_sets"]
DELETE_RETIRED_CHUNKS = SQL["delete_retired_chunks"]
HAS_OLDER_RESULTS = SQL["has_older_results"]
UPDATE_CAMPAIGN_SET = SQL["update_campaign_set"]
NEXT_SMALL_SET_ID = SQL["next_small_set_id"]
NEXT_LARGE_SET_ID = SQL["next_large_set_id"]
FIND_NAME_SET = SQL["find_name_set"]
INSERT_NAME_SET = SQL["insert_name_set"]
INSERT_RUN = SQL["insert_run"]
LOCK_RUN = SQL["lock_run"]
LOCK_NEWEST_RUN = SQL["lock_newest_run"]
LIST_NEWEST_RUNS = SQL["list_newest_runs"]
FIND_SET_COUNTS = SQL["find_set_counts"]
UPDATE_RUN_STATUS = SQL["update_run_status"]
UPDATE_RUN_COUNTS = SQL["update_run_counts"]
UPDATE_RUN_TO_CONTINUE = SQL["update_run_to_continue"]
MARK_RUNS_STALE = SQL["mark_runs_stale"]
INSERT_PATTERN_SPACES = SQL["insert_pattern_spaces"]
LOCK_PATTERN_SPACES = SQL["lock_pattern_spaces"]
UPDATE_PATTERN_SPACES = SQL["update_pattern_spaces"]
INSERT_GENERATION_RANGES = SQL["insert_generation_ranges"]
INSERT_TRANSITION = SQL["insert_transition"]
LIST_TRANSITIONS = SQL["list_transitions"]

# Sets of more rows than this get a partition of their own (judgement; background: storage measurements).
SHARED_SET_ROWS_MAX = 200_000

CONFIGURATION = msgspec.json.Decoder(Configuration)


class Sets(msgspec.Struct, frozen=True):
    """Which set of each kind is the campaign's current one."""

    names: int | None
    dns: int | None
    http: int | None
    scores: int | None

    @property
    def present(self) -> list[int]:
        return [part for part in (self.names, self.dns, self.http, self.scores) if part is not None]


class StoredCampaign(msgspec.Struct, frozen=True):
    """A campaign as commands see it."""

    id: UUID
    tenant_id: UUID
    name: str
    initial_phase: CampaignPhase
    phase: CampaignPhase
    status: PhaseStatus
    configuration: Configuration
    version: int
    sets: Sets
    created_at: datetime
    updated_at: datetime


class Run(msgspec.Struct, frozen=True):
    """One run of a phase; its id is also the id of the set that it fills."""

    id: int
    campaign_id: UUID
    phase: CampaignPhase
    number: int
    status: PhaseStatus
    stale: bool
    counts: PhaseCounts
    retrying: int
    shortfall: int
    outcomes: tuple[int, ...]
    rate_per_second: float
    counted_at: datetime
    plan: str
    started_at: datetime
    finished_at: datetime | None
    error_code: str | None
    error_message: str | None
    trace_parent: str | None


class NewRun(msgspec.Struct, frozen=True):
    """What a run is started with."""

    campaign_id: UUID
    phase: CampaignPhase
    configuration: PhaseConfiguration
    network: Network
    sets: Sets
    total: int
    shortfall: int
    kept: "KeptSet | None" = None
    trace_parent: str | None = None


class KeptSet(msgspec.Struct, frozen=True):
    """Results of an earlier run that a new one takes over: what was found at or after an instant."""

    set_id: int
    since: datetime


async def insert_campaign(tx: Tx, tenant_id: UUID, request: CreateCampaign) -> StoredCampaign:
    await tx.begin()
    row = await tx.find(
        INSERT_CAMPAIGN,
        tenant_id,
        request.name.strip(),
        request.initial_phase,
        msgspec.json.encode(request.configuration).decode(),
        tx.now,
    )
    assert row is not None
    return campaign_of(row)


async def find_campaign(tx: Tx, tenant_id: UUID, campaign_id: UUID) -> Campaign | None:
    row = await tx.find(FIND_CAMPAIGN, campaign_id, tenant_id)
    return None if row is None else shown_campaign(row)


async def list_campaigns(
    tx: Tx,
    tenant_id: UUID,
    *,
    before: UUID | None,
    phase: CampaignPhase | None,
    status: PhaseStatus | None,
    limit: int,
) -> list[Campaign]:
    rows = await tx.fetch(LIST_CAMPAIGNS, tenant_id, before, phase, status, limit)
    return [shown_campaign(row) for row in rows]


async def lock_campaign(tx: Tx, tenant_id: UUID, campaign_id: UUID) -> StoredCampaign | None:
    row = await tx.find(LOCK_CAMPAIGN, campaign_id, tenant_id)
    return None if row is None else campaign_of(row)


async def lock_rested_campaigns(tx: Tx, since: datetime, limit: int) -> list[StoredCampaign]:
    """Campaigns that ended, and were not touched since then."""
    return [campaign_of(row) for row in await tx.fetch(LOCK_RESTED_CAMPAIGNS, since, limit)]


async def lock_campaign_of_run(tx: Tx, run_id: int) -> StoredCampaign | None:
    row = await tx.find(LOCK_CAMPAIGN_OF_RUN, run_id)
    return None if row is None else campaign_of(row)


async def update_campaign_state(tx: Tx, campaign_id: UUID, phase: CampaignPhase, status: PhaseStatus) -> None:
    await tx.execute(UPDATE_CAMPAIGN_STATE, campaign_id, phase, status, tx.now)


async def update_campaign(tx: Tx, campaign_id: UUID, name: str, configuration: Configuration) -> None:
    await tx.execute(UPDATE_CAMPAIGN, campaign_id, name, msgspec.json.encode(configuration).decode())


async def hide_campaign(tx: Tx, campaign_id: UUID) -> None:
    """Nobody finds it from now on, and nothing of it runs."""
    await tx.execute(CANCEL_RUNS, campaign_id, tx.now)
    await tx.execute(HIDE_CAMPAIGN, campaign_id, tx.now)


async def retire_runs(tx: Tx, campaign_id: UUID, phase: CampaignPhase | None, spared: Sequence[int]) -> None:
    """Runs of a phase (None: of all) whose sets go in the background; whoever still writes into one is fenced off."""
    if await tx.execute(RETIRE_RUNS, campaign_id, phase, list(spared), tx.now):
        await tx.execute(DELETE_RETIRED_CHUNKS, campaign_id)


async def retire_name_sets(tx: Tx, campaign_id: UUID, spared: Sequence[int]) -> None:
    """The same for imported names."""
    await tx.execute(RETIRE_NAME_SETS, campaign_id, list(spared), tx.now)


async def has_older_results(tx: Tx, run: "Run", instant: datetime) -> bool:
    """Whether a run of DNS or HTTP found anything before an instant."""
    return bool(await tx.value(HAS_OLDER_RESULTS, run.id, instant, run.started_at))


async def update_campaign_set(tx: Tx, campaign_id: UUID, phase: CampaignPhase, set_id: int) -> None:
    await tx.execute(UPDATE_CAMPAIGN_SET, campaign_id, phase, set_id)


async def insert_run(tx: Tx, new: NewRun) -> int:
    """The new run's id, from the sequence that fits the size of its set."""
    run_id = await next_set_id(tx, new.total)
    await tx.execute(
        INSERT_RUN,
        run_id,
        new.campaign_id,
        new.phase,
        msgspec.json.encode(new.configuration).decode(),
        new.network,
        new.sets.names,
        new.sets.dns,
        new.sets.http,
        new.total,
        new.shortfall,
        tx.now,
        new.kept and new.kept.set_id,
        new.kept and new.kept.since,
        new.trace_parent,
    )
    return run_id


async def next_set_id(tx: Tx, count: int) -> int:
    """An id from the sequence that fits a set of so many rows."""
    return int(await tx.value(NEXT_LARGE_SET_ID if count > SHARED_SET_ROWS_MAX else NEXT_SMALL_SET_ID))


async def find_name_set(tx: Tx, tenant_id: UUID, campaign_id: UUID) -> int | None:
    found = await tx.value(FIND_NAME_SET, campaign_id, tenant_id)
    return None if found is None else int(found)


async def insert_name_set(tx: Tx, set_id: int, campaign_id: UUID, count: int) -> None:
    await tx.execute(INSERT_NAME_SET, set_id, campaign_id, count)


async def lock_run(tx: Tx, run_id: int) -> Run | None:
    row = await tx.find(LOCK_RUN, run_id)
    return None if row is None else run_of(row)


async def lock_newest_run(tx: Tx, campaign_id: UUID, phase: CampaignPhase) -> Run | None:
    row = await tx.find(LOCK_NEWEST_RUN, campaign_id, phase)
    return None if row is None else run_of(row)


async def list_newest_runs(tx: Tx, campaign_id: UUID) -> dict[CampaignPhase, Run]:
    rows = await tx.fetch(LIST_NEWEST_RUNS, campaign_id)
    return {run.phase: run for run in map(run_of, rows)}


async def find_set_counts(tx: Tx, set_id: int) -> tuple[int, tuple[int, ...]] | None:
    """How many rows a set holds, and how many of each outcome."""
    row = await tx.find(FIND_SET_COUNTS, set_id)
    return None if row is None else (row["succeeded_count"], tuple(row["outcome_counts"]))


async def update_run_status(
    tx: Tx, run_id: int, status: PhaseStatus, error_code: str | None = None, error_message: str | None = None
) -> None:
    await tx.execute(UPDATE_RUN_STATUS, run_id, status, tx.now, error_code, error_message)


async def update_run_counts(tx: Tx, run_id: int, counts: ChunkCounts, rate_per_second: float) -> None:
    await tx.execute(
        UPDATE_RUN_COUNTS,
        run_id,
        counts.succeeded,
        counts.negative,
        counts.failed,
        counts.retrying,
        list(counts.outcomes),
        counts.keyword_pages,
        rate_per_second,
        tx.now,
    )


async def update_run_to_continue(tx: Tx, run_id: int, retrying: int, trace_parent: str | None) -> None:
    await tx.execute(UPDATE_RUN_TO_CONTINUE, run_id, tx.now, retrying, trace_parent)


async def mark_runs_stale(tx: Tx, campaign_id: UUID, phases: Sequence[CampaignPhase]) -> None:
    await tx.execute(MARK_RUNS_STALE, campaign_id, list(phases))


async def lock_free_spaces(
    tx: Tx, tenant_id: UUID, pattern_key: bytes, tlds: Sequence[str], offset_count: int
) -> dict[str, FreeSpace]:
    """What is left of a pattern under each TLD; locked until the transaction ends."""
    await tx.execute(INSERT_PATTERN_SPACES, tenant_id, pattern_key, list(tlds), offset_count)
    rows = await tx.fetch(LOCK_PATTERN_SPACES, tenant_id, pattern_key, list(tlds))
    return {row["tld"]: FreeSpace(row["tld"], row["next_offset"], row["offset_count"]) for row in rows}


async def lease_ranges(tx: Tx, tenant_id: UUID, pattern_key: bytes, ranges: Sequence[OffsetRange]) -> None:
    """Take these ranges for good."""
    tlds, ends = [part.tld for part in ranges], [part.end_offset for part in ranges]
    await tx.execute(UPDATE_PATTERN_SPACES, tenant_id, pattern_key, tlds, ends)


async def insert_generation_ranges(tx: Tx, run_id: int, ranges: Sequence[OffsetRange]) -> None:
    await tx.execute(
        INSERT_GENERATION_RANGES,
        run_id,
        [part.first_position for part in ranges],
        [part.end_position for part in ranges],
        [part.tld for part in ranges],
        [part.first_offset for part in ranges],
    )


async def insert_transition(
    tx: Tx,
    before: StoredCampaign,
    *,
    command: str,
    phase: CampaignPhase,
    status: PhaseStatus,
    cause: TransitionCause,
    reason: str,
    actor: str,
) -> None:
    await tx.execute(
        INSERT_TRANSITION,
        before.id,
        command,
        before.phase,
        before.status,
        phase,
        status,
        cause,
        reason,
        actor,
        tx.now,
    )


async def list_transitions(tx: Tx, campaign_id: UUID, before: int | None, limit: int) -> list[Transition]:
    rows = await tx.fetch(LIST_TRANSITIONS, campaign_id, before, limit)
    return [transition_of(row) for row in rows]


def campaign_of(row: asyncpg.Record) -> StoredCampaign:
    return StoredCampaign(
        id=row["campaign_id"],
        tenant_id=row["tenant_id"],
        name=row["name"],
        initial_phase=CampaignPhase(row["initial_phase"]),
        phase=CampaignPhase(row["current_phase"]),
        status=PhaseStatus(row["phase_status"]),
        configuration=CONFIGURATION.decode(row["configuration"]),
        version=row["version"],
        sets=Sets(row["name_set_id"], row["dns_set_id"], row["http_set_id"], row["score_set_id"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def shown_campaign(row: asyncpg.Record) -> Campaign:
    stored = campaign_of(row)
    counts = PhaseCounts(total=row["total_count"], succeeded=row["processed_count"])
    pending = stored.status is PhaseStatus.PENDING
    return shown(stored, 0.0 if pending else counts.percent)


def shown(stored: StoredCampaign, progress: float) -> Campaign:
    return Campaign(
        id=stored.id,
        name=stored.name,
        initial_phase=stored.initial_phase,
        current_phase=stored.phase,
        phase_status=stored.status,
        progress=progress,
        configuration=stored.configuration,
        version=stored.version,
        created_at=stored.created_at,
        updated_at=stored.updated_at,
    )


def run_of(row: asyncpg.Record) -> Run:
    return Run(
        id=row["run_id"],
        campaign_id=row["campaign_id"],
        phase=CampaignPhase(row["phase"]),
        number=row["number"],
        status=PhaseStatus(row["phase_status"]),
        stale=row["stale"],
        counts=PhaseCounts(row["total_count"], row["succeeded_count"], row["negative_count"], row["failed_count"]),
        retrying=row["retrying_count"],
        shortfall=row["shortfall_count"],
        outcomes=tuple(row["outcome_counts"]),
        rate_per_second=row["rate_per_second"],
        counted_at=row["counted_at"],
        plan=row["plan"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        error_code=row["error_code"],
        error_message=row["error_message"],
        trace_parent=row["trace_parent"],
    )


def transition_of(row: asyncpg.Record) -> Transition:
    return Transition(
        id=row["transition_id"],
        command=row["command"],
        from_phase=CampaignPhase(row["from_phase"]),
        from_phase_status=PhaseStatus(row["from_phase_status"]),
        to_phase=CampaignPhase(row["to_phase"]),
        to_phase_status=PhaseStatus(row["to_phase_status"]),
        cause=TransitionCause(row["cause"]),
        reason=row["reason"],
        actor=row["actor"],
        at=row["occurred_at"],
    )
