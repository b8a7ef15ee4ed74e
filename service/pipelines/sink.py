"""Write what was found: rows by COPY and the chunk's counts, in the transaction that locked the chunk by its lease."""

from enum import StrEnum
from typing import assert_never

import numpy as np
import numpy.typing as npt

from service.campaigns.outcomes import INTERNAL_ERROR, LABELS
from service.fetching.outcomes import HttpOutcome
from service.pipelines import store
from service.pipelines.model import (
    ChunkKind,
    Counted,
    DnsColumns,
    Lease,
    NameBlocks,
    Positions,
    Receipt,
    Record,
    Results,
    RowResults,
    ScoreColumns,
    count_outcomes,
)
from service.pipelines.store import SQL, TABLES, ChunkProgress, LockedChunk
from service.postgres.copying import Column, binary_stream, lay_out_columns, lay_out_names
from service.postgres.database import Tx
from service.progress.events import CampaignPhase

DELETE_TO_RETRY = {
    CampaignPhase.DNS_VALIDATION: SQL["delete_dns_to_retry"],
    CampaignPhase.HTTP_VALIDATION: SQL["delete_http_to_retry"],
    CampaignPhase.ANALYSIS: SQL["delete_scores_to_retry"],
}

COLUMNS = {
    CampaignPhase.DOMAIN_GENERATION: ("set_id", "position", "name"),
    CampaignPhase.DNS_VALIDATION: (
        "set_id",
        "position",
        "outcome",
        "resolver",
        "duration_ms",
        "addresses",
        "addresses_v6",
        "canonical_name",
        "found_after",
    ),
    CampaignPhase.HTTP_VALIDATION: (
        "set_id",
        "position",
        "outcome",
        "status_code",
        "title_hit",
        "unique_keywords",
        "keyword_hits",
        "duration_ms",
        "body_bytes",
        "parked_confidence",
        "keyword_bits",
        "content_hash",
        "title",
        "final_url",
        "near_hash",
        "keyword_contexts",
        "tls_fault",
        "found_after",
    ),
    CampaignPhase.ANALYSIS: (
        "set_id",
        "position",
        "score",
        "outcome",
        "dns_outcome",
        "http_outcome",
        "keyword_bits",
    ),
}

# Where these stand in a record, which has no set's id.
OUTCOME, KEYWORD_BITS = (
    COLUMNS[CampaignPhase.HTTP_VALIDATION].index(column) - 1 for column in ("outcome", "keyword_bits")
)
REACHED = int(HttpOutcome.REACHED)

# Results that tell when they were found; scores are made anew as a whole.
AGED = frozenset({CampaignPhase.DNS_VALIDATION, CampaignPhase.HTTP_VALIDATION})


class Ending(StrEnum):
    """What happens to a chunk of which some items have no outcome yet: kept by this worker, or given back."""

    KEEP = "keep"
    GIVE_BACK = "give_back"


async def write_results(tx: Tx, lease: Lease, chunk: LockedChunk, results: Results, ending: Ending) -> Receipt:
    """Write the finished items of a chunk that this transaction has locked by its lease."""
    phase = lease.run.phase
    replaced = await delete_replaced(tx, lease, results)
    await copy_rows(tx, lease, results)
    written = Counted(count_outcomes(results.outcomes, len(LABELS[phase])), count_keyword_pages(phase, results))
    gained = written.less(replaced)
    unfinished = int((results.outcomes == 0).sum())
    await store.update_chunk_progress(tx, lease, next_progress(chunk, results, gained, ending))
    return Receipt(gained.outcomes, unfinished)


def next_progress(chunk: LockedChunk, results: Results, gained: Counted, ending: Ending) -> ChunkProgress:
    """Done if every item has an outcome; else what is left of it, from its first unfinished position on."""
    counted = chunk.counted.plus(gained)
    left = np.flatnonzero(results.outcomes == 0)
    if len(left) == 0:
        return ChunkProgress("done", chunk.kind, chunk.first_position, chunk.item_count, counted)
    return ChunkProgress(
        state="leased" if ending is Ending.KEEP else "pending",
        kind=ChunkKind.RETRY if chunk.kind is ChunkKind.RETRY else ChunkKind.REMAINDER,
        first_position=int(results.positions[left[0]]),
        item_count=len(left),
        counted=counted,
    )


async def delete_replaced(tx: Tx, lease: Lease, results: Results) -> Counted:
    """A retry's old rows go; what was counted of them."""
    codes = len(LABELS[lease.run.phase])
    if lease.kind is not ChunkKind.RETRY:
        return Counted((0,) * codes)
    finished = results.positions[results.outcomes != 0].tolist()
    rows = await tx.fetch(DELETE_TO_RETRY[lease.run.phase], lease.run.run_id, finished)
    outcomes = count_outcomes(np.array([row["outcome"] for row in rows], dtype=np.uint8), codes)
    return Counted(outcomes, sum(row["has_keyword"] and row["outcome"] == REACHED for row in rows))


def count_keyword_pages(phase: CampaignPhase, results: Results) -> int:
    """Pages that were reached and hold a keyword."""
    if phase is not CampaignPhase.HTTP_VALIDATION:
        return 0
    return sum(record[OUTCOME] == REACHED and record[KEYWORD_BITS] != 0 for record in results.records())


async def copy_rows(tx: Tx, lease: Lease, results: Results) -> None:
    set_id, phase = lease.run.run_id, lease.run.phase
    if isinstance(results, NameBlocks):
        block = lay_out_names(set_id, results.generated_positions, results.generated)
        await tx.copy_binary(TABLES[phase], COLUMNS[phase], binary_stream([block]))
        return
    if isinstance(results, ScoreColumns):
        await tx.copy_binary(TABLES[phase], COLUMNS[phase], binary_stream([lay_out_scores(set_id, results)]))
        return
    if isinstance(results, DnsColumns):
        await copy_answers(tx, lease, results)
        return
    age = (found_after(tx, lease),) if phase in AGED else ()
    records = [(set_id, *record, *age) for record in results.records()]
    if records:
        await tx.copy_records(TABLES[phase], COLUMNS[phase], records)


async def copy_answers(tx: Tx, lease: Lease, results: DnsColumns) -> None:
    """Nearly all names have one address or none: those are laid out; the others are rows of all widths."""
    set_id, phase, age = lease.run.run_id, lease.run.phase, found_after(tx, lease)
    finished, plain = results.outcomes != 0, results.are_plain
    laid_out = lay_out_answers(set_id, age, results, finished & plain)
    await tx.copy_binary(TABLES[phase], COLUMNS[phase], binary_stream([laid_out]))
    others = np.flatnonzero(finished & ~plain).tolist()
    if others:
        records = [(set_id, *record, age) for record in results.records_of(others)]
        await tx.copy_records(TABLES[phase], COLUMNS[phase], records)


def lay_out_answers(set_id: int, age: int, results: DnsColumns, rows: npt.NDArray[np.bool_]) -> bytes:
    count = int(rows.sum())
    packed = [results.addresses[index] for index in np.flatnonzero(rows).tolist()]
    has_address = np.fromiter(map(bool, packed), np.bool_, count)
    addresses = np.zeros(count, dtype="S4")
    addresses[has_address] = np.frombuffer(b"".join(packed), dtype="S4")
    nothing, nulls = np.zeros(count, dtype="S1"), np.ones(count, dtype=np.bool_)
    return lay_out_columns(
        [
            Column(np.full(count, set_id), ">i4"),
            Column(results.positions[rows], ">i4"),
            Column(results.outcomes[rows], ">i2"),
            Column(results.resolver[rows], ">i2"),
            Column(results.duration_ms[rows], ">i4"),
            Column(addresses, "S4", is_null=~has_address),
            Column(nothing, "S1", is_null=nulls),
            Column(nothing, "S1", is_null=nulls),
            Column(np.full(count, age), ">i4"),
        ]
    )


def lay_out_scores(set_id: int, results: ScoreColumns) -> bytes:
    return lay_out_columns(
        [
            Column(np.full(len(results.positions), set_id), ">i4"),
            Column(results.positions, ">i4"),
            Column(results.score, ">f4"),
            Column(results.outcomes, ">i2"),
            Column(results.dns_outcome, ">i2"),
            Column(results.http_outcome, ">i2", is_null=results.http_outcome == 0),
            Column(results.keyword_bits, ">i8"),
        ]
    )


def found_after(tx: Tx, lease: Lease) -> int:
    """When these are found, in seconds since their run began; a clock that was set back does not make them younger."""
    return int((tx.now - lease.run.started_at).total_seconds())


def failed_results(lease: Lease, positions: Positions) -> Results:
    """The outcome of items that fail again and again, whatever it does to their workers."""
    phase = lease.run.phase
    code = INTERNAL_ERROR[phase]
    outcomes = np.full(len(positions), code, dtype=np.uint8)
    match phase:
        case CampaignPhase.DOMAIN_GENERATION:
            return NameBlocks(positions, outcomes, np.zeros((len(positions), 1), dtype=np.uint8))
        case CampaignPhase.DNS_VALIDATION:
            row: Record = (code, -1, 0, None, None, None)
        case CampaignPhase.HTTP_VALIDATION:
            row = (code, None, False, 0, 0, 0, 0, 0.0, 0, *(None,) * 6)
        case CampaignPhase.ANALYSIS:
            row = (0.0, code, 0, None, 0)
        case _:
            assert_never(phase)
    return RowResults(positions, outcomes, [(position, *row) for position in positions.tolist()])
