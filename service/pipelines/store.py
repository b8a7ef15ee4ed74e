"""Chunks, leases and workers in the database. Writes and locks; nothing is decided here."""

from collections.abc import Sequence
from datetime import timedelta
from typing import assert_never
from uuid import UUID

import asyncpg
import msgspec

from service.campaigns.model import (
    Analysis,
    ChunkCounts,
    DnsValidation,
    DomainGeneration,
    HttpValidation,
    Network,
    PhaseConfiguration,
)
from service.campaigns.outcomes import FAILED, RETRYABLE, SUCCEEDED
from service.pipelines.model import ChunkKind, Counted, Lease, LeaseLost, RunPlan
from service.postgres.database import Tx
from service.postgres.partitions import LARGE_SET_ID_MIN, make_partition
from service.postgres.queries import load_queries
from service.progress.events import CampaignPhase

SQL = load_queries("service.pipelines")
CLAIM_CHUNKS = SQL["claim_chunks"]
LIST_RUN_PLANS = SQL["list_run_plans"]
RENEW_LEASES = SQL["renew_leases"]
LOCK_CHUNK = SQL["lock_chunk"]
UPDATE_CHUNK_PROGRESS = SQL["update_chunk_progress"]
RELEASE_CHUNK = SQL["release_chunk"]
RELEASE_WORKER = SQL["release_worker"]
INSERT_HALF = SQL["insert_half"]
UPDATE_FIRST_HALF = SQL["update_first_half"]
LOCK_PLAN_OF_RUN = SQL["lock_plan_of_run"]
LIST_CHANGED_RUNS = SQL["list_changed_runs"]
LIST_FINISHED_RUNS = SQL["list_finished_runs"]
IS_RUN_OVER = SQL["is_run_over"]
IS_RUN_RUNNING = SQL["is_run_running"]
SUM_CHUNKS = SQL["sum_chunks"]
TRY_ACCOUNTING_LOCK = SQL["try_accounting_lock"]
CLAIM_RETIRED_SET = SQL["claim_retired_set"]
POSTPONE_RETIRED_SET = SQL["postpone_retired_set"]
DELETE_RUN = SQL["delete_run"]
DELETE_NAME_SET = SQL["delete_name_set"]
DELETE_RETIRED_SET = SQL["delete_retired_set"]
CLAIM_DELETED_CAMPAIGN = SQL["claim_deleted_campaign"]
DELETE_REJECTS_OF_CAMPAIGN = SQL["delete_rejects_of_campaign"]
DELETE_CAMPAIGN = SQL["delete_campaign"]
UPSERT_WORKER = SQL["upsert_worker"]
DELETE_WORKER = SQL["delete_worker"]
DELETE_SILENT_WORKERS = SQL["delete_silent_workers"]
LOCK_SHARES = SQL["lock_shares"]
LEASE_SHARE = SQL["lease_share"]
FIND_WILDCARD_VERDICTS = SQL["find_wildcard_verdicts"]
UPSERT_WILDCARD_VERDICTS = SQL["upsert_wildcard_verdicts"]
DELETE_OLD_WILDCARD_VERDICTS = SQL["delete_old_wildcard_verdicts"]

# Where each phase's results are.
TABLES = {
    CampaignPhase.DOMAIN_GENERATION: "names",
    CampaignPhase.DNS_VALIDATION: "dns_results",
    CampaignPhase.HTTP_VALIDATION: "http_results",
    CampaignPhase.ANALYSIS: "scores",
}

DELETE_ROWS_OF_SET = {
    CampaignPhase.DOMAIN_GENERATION: SQL["delete_names_of_set"],
    CampaignPhase.DNS_VALIDATION: SQL["delete_dns_results_of_set"],
    CampaignPhase.HTTP_VALIDATION: SQL["delete_http_results_of_set"],
    CampaignPhase.ANALYSIS: SQL["delete_scores_of_set"],
}

DNS_CONFIGURATION = msgspec.json.Decoder(DnsValidation)


class WorkerIdentity(msgspec.Struct, frozen=True):
    """One worker process."""

    worker_id: UUID
    host: str
    process_id: int
    version: str


class LockedChunk(msgspec.Struct, frozen=True):
    """A chunk under its lease's lock, with what is counted on it so far."""

    kind: ChunkKind
    first_position: int
    end_position: int
    item_count: int
    counted: Counted


class ChunkProgress(msgspec.Struct, frozen=True):
    """What a chunk becomes: `state` is done, leased (kept) or pending (given back)."""

    state: str
    kind: ChunkKind
    first_position: int
    item_count: int
    counted: Counted


class ClaimedChunk(msgspec.Struct, frozen=True):
    """A chunk just taken, before its run is known."""

    run_id: int
    number: int
    kind: ChunkKind
    first_position: int
    end_position: int
    attempt_count: int
    lease_id: UUID


class StoredVerdict(msgspec.Struct, frozen=True):
    """What a parent gave to children whom nobody can have made; addresses are packed, names separated by spaces."""

    parent: str
    addresses: bytes
    addresses_v6: bytes
    canonical_names: str
    probe_count: int
    varies: bool


class RetiredSet(msgspec.Struct, frozen=True):
    """A set whose rows are to go, and the phase whose results they are."""

    set_id: int
    phase: CampaignPhase


async def make_leaf(tx: Tx, phase: CampaignPhase, run_id: int) -> None:
    """The partition that a large set has of its own; small ones share one."""
    if run_id >= LARGE_SET_ID_MIN:
        await make_partition(tx, TABLES[phase], run_id)


async def claim_chunks(
    tx: Tx, worker_id: UUID, count: int, lease_seconds: float, *, of_one_run: int
) -> list[ClaimedChunk]:
    """At most so many, of no run more than makes `of_one_run` in this worker's hand."""
    await tx.begin()
    rows = await tx.fetch(CLAIM_CHUNKS, tx.now, count, worker_id, timedelta(seconds=lease_seconds), of_one_run)
    return [
        ClaimedChunk(
            row["run_id"],
            row["number"],
            ChunkKind(row["kind"]),
            row["first_position"],
            row["end_position"],
            row["attempt_count"],
            row["lease_id"],
        )
        for row in rows
    ]


async def list_run_plans(tx: Tx, run_ids: Sequence[int]) -> dict[int, RunPlan]:
    rows = await tx.fetch(LIST_RUN_PLANS, list(run_ids))
    return {row["run_id"]: run_plan_of(row) for row in rows}


async def renew_leases(tx: Tx, leases: Sequence[UUID], lease_seconds: float) -> dict[UUID, bool]:
    """The leases that still stand, and whether their runs still run."""
    await tx.begin()
    rows = await tx.fetch(RENEW_LEASES, list(leases), tx.now, timedelta(seconds=lease_seconds))
    return {row["lease_id"]: row["wanted"] for row in rows}


async def lock_chunk(tx: Tx, lease: Lease) -> LockedChunk:
    """Lock the chunk for whoever holds its lease; LeaseLost for anybody else."""
    row = await tx.find(LOCK_CHUNK, lease.run.run_id, lease.number, lease.lease_id)
    if row is None:
        raise LeaseLost
    return LockedChunk(
        ChunkKind(row["kind"]),
        row["first_position"],
        row["end_position"],
        row["item_count"],
        Counted(tuple(row["outcome_counts"]), row["keyword_page_count"]),
    )


async def update_chunk_progress(tx: Tx, lease: Lease, progress: ChunkProgress) -> None:
    await tx.execute(
        UPDATE_CHUNK_PROGRESS,
        lease.run.run_id,
        lease.number,
        progress.state,
        progress.kind,
        progress.first_position,
        progress.item_count,
        list(progress.counted.outcomes),
        progress.counted.keyword_pages,
        *by_group(lease.run.phase, progress.counted.outcomes),
    )


def by_group(phase: CampaignPhase, outcomes: Sequence[int]) -> tuple[int, int, int]:
    """How many of these succeeded, were negative, and failed; `outcomes[i]` counts code i + 1."""
    by_code = list(enumerate(outcomes, start=1))
    succeeded = sum(count for code, count in by_code if code in SUCCEEDED[phase])
    failed = sum(count for code, count in by_code if code in FAILED[phase])
    return succeeded, sum(outcomes) - succeeded - failed, failed


async def release_chunk(tx: Tx, lease_id: UUID, *, counts_as_attempt: bool) -> None:
    await tx.execute(RELEASE_CHUNK, lease_id, counts_as_attempt)


async def release_worker(tx: Tx, worker_id: UUID, *, counts_as_attempt: bool = True) -> int:
    """How many chunks a worker gave back: a dead one tried them in vain, one that signs off did not."""
    released = await tx.execute(RELEASE_WORKER, worker_id, counts_as_attempt)
    await tx.execute(DELETE_WORKER, worker_id)
    return released


async def halve_chunk(tx: Tx, lease: Lease, middle_position: int, second_item_count: int) -> None:
    """Two halves, each to be tried anew; somewhere in one of them lies what fails. The second begins at the middle."""
    await tx.value(LOCK_PLAN_OF_RUN, lease.run.run_id)
    chunk = await lock_chunk(tx, lease)
    run_id, second, first = lease.run.run_id, second_item_count, chunk.item_count - second_item_count
    await tx.execute(INSERT_HALF, run_id, chunk.kind, middle_position, chunk.end_position, second)
    await tx.execute(UPDATE_FIRST_HALF, run_id, lease.number, middle_position, first)


async def try_accounting_lock(tx: Tx) -> bool:
    return bool(await tx.value(TRY_ACCOUNTING_LOCK))


async def list_changed_runs(tx: Tx) -> list[int]:
    return [row["run_id"] for row in await tx.fetch(LIST_CHANGED_RUNS)]


async def list_finished_runs(tx: Tx) -> list[int]:
    return [row["run_id"] for row in await tx.fetch(LIST_FINISHED_RUNS)]


async def is_run_over(tx: Tx, run_id: int) -> bool:
    return bool(await tx.value(IS_RUN_OVER, run_id))


async def is_run_running(tx: Tx, run_id: int) -> bool:
    return bool(await tx.value(IS_RUN_RUNNING, run_id))


async def sum_chunks(tx: Tx, run_id: int) -> ChunkCounts:
    """What a run's chunks add up to."""
    sums = await tx.find(SUM_CHUNKS, run_id)
    assert sums is not None
    return ChunkCounts(
        succeeded=sums["succeeded"],
        negative=sums["negative"],
        failed=sums["failed"] - sums["retrying"],
        retrying=sums["retrying"],
        outcomes=tuple(sums["outcomes"]),
        keyword_pages=sums["keyword_pages"],
    )


async def claim_retired_set(tx: Tx, grace_seconds: float) -> RetiredSet | None:
    await tx.begin()
    row = await tx.find(CLAIM_RETIRED_SET, tx.now - timedelta(seconds=grace_seconds))
    return None if row is None else RetiredSet(row["set_id"], CampaignPhase(row["phase"]))


async def postpone_retired_set(tx: Tx, set_id: int) -> None:
    await tx.begin()
    await tx.execute(POSTPONE_RETIRED_SET, set_id, tx.now)


async def delete_rows_of_set(tx: Tx, retired: RetiredSet, positions: int) -> int:
    """How many rows the first so many positions held; zero: none is left."""
    return await tx.execute(DELETE_ROWS_OF_SET[retired.phase], retired.set_id, positions)


async def forget_set(tx: Tx, set_id: int) -> None:
    """A set without rows: whatever made it, and that it was to be removed."""
    await tx.execute(DELETE_RUN, set_id)
    await tx.execute(DELETE_NAME_SET, set_id)
    await tx.execute(DELETE_RETIRED_SET, set_id)


async def claim_deleted_campaign(tx: Tx, told_seconds: float) -> UUID | None:
    await tx.begin()
    found: UUID | None = await tx.value(CLAIM_DELETED_CAMPAIGN, tx.now - timedelta(seconds=told_seconds))
    return found


async def delete_rejects_of_campaign(tx: Tx, campaign_id: UUID, lines: int) -> int:
    return await tx.execute(DELETE_REJECTS_OF_CAMPAIGN, campaign_id, lines)


async def delete_campaign(tx: Tx, campaign_id: UUID) -> None:
    await tx.execute(DELETE_CAMPAIGN, campaign_id)


async def upsert_worker(
    tx: Tx, worker: WorkerIdentity, *, chunks_held: int, draining: bool, rate_per_second: float
) -> None:
    await tx.begin()
    await tx.execute(
        UPSERT_WORKER,
        worker.worker_id,
        worker.host,
        worker.process_id,
        worker.version,
        chunks_held,
        draining,
        tx.now,
        rate_per_second,
    )


async def delete_silent_workers(tx: Tx, silent_seconds: float) -> None:
    await tx.begin()
    await tx.execute(DELETE_SILENT_WORKERS, tx.now - timedelta(seconds=silent_seconds))


async def lease_share(tx: Tx, worker_id: UUID, live_seconds: float, *, held: float, is_wanted: bool) -> float:
    """Which part of all rates is this worker's from now on. All shares of live workers never exceed one together.

    `held` is what it has not given back yet: others get it when it is less.
    """
    await tx.execute(LOCK_SHARES)
    share = await tx.value(LEASE_SHARE, worker_id, tx.now - timedelta(seconds=live_seconds), is_wanted, held)
    return float(share or 0)


async def find_wildcard_verdicts(
    tx: Tx, view_key: bytes, parents: Sequence[str], age_seconds_max: float
) -> list[StoredVerdict]:
    await tx.begin()
    since = tx.now - timedelta(seconds=age_seconds_max)
    rows = await tx.fetch(FIND_WILDCARD_VERDICTS, view_key, list(parents), since)
    return [StoredVerdict(*row.values()) for row in rows]


async def upsert_wildcard_verdicts(tx: Tx, view_key: bytes, verdicts: Sequence[StoredVerdict]) -> None:
    """In the order of their parents, so that two workers never wait for each other in a ring."""
    await tx.begin()
    ordered = sorted(verdicts, key=lambda verdict: verdict.parent)
    columns = [[getattr(verdict, field) for verdict in ordered] for field in StoredVerdict.__struct_fields__]
    await tx.execute(UPSERT_WILDCARD_VERDICTS, view_key, tx.now, *columns)


async def delete_old_wildcard_verdicts(tx: Tx, age_seconds_max: float, count_max: int) -> int:
    await tx.begin()
    return await tx.execute(DELETE_OLD_WILDCARD_VERDICTS, tx.now - timedelta(seconds=age_seconds_max), count_max)


def run_plan_of(row: asyncpg.Record) -> RunPlan:
    phase = CampaignPhase(row["phase"])
    return RunPlan(
        run_id=row["run_id"],
        campaign_id=row["campaign_id"],
        phase=phase,
        network=Network(row["network"]),
        configuration=decode_configuration(phase, row["configuration"]),
        dns=DNS_CONFIGURATION.decode(row["dns"]),
        name_set_id=row["name_set_id"],
        dns_set_id=row["dns_set_id"],
        http_set_id=row["http_set_id"],
        started_at=row["started_at"],
        trace_parent=row["trace_parent"],
    )


def decode_configuration(phase: CampaignPhase, text: str) -> PhaseConfiguration:
    match phase:
        case CampaignPhase.DOMAIN_GENERATION:
            return msgspec.json.decode(text, type=DomainGeneration)
        case CampaignPhase.DNS_VALIDATION:
            return DNS_CONFIGURATION.decode(text)
        case CampaignPhase.HTTP_VALIDATION:
            return msgspec.json.decode(text, type=HttpValidation)
        case CampaignPhase.ANALYSIS:
            return msgspec.json.decode(text, type=Analysis)
        case _:
            assert_never(phase)


def retryable_codes(phase: CampaignPhase) -> list[int]:
    return sorted(RETRYABLE[phase])
