"""The statements of reading. Nothing is decided here, and nothing written."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec

from service.campaigns.model import Analysis, HttpValidation
from service.domains.reading.model import POSITION_MAX, Filters, Reading, Sets
from service.domains.reading.rows import DomainRow, Hits, Key, Scoring, SetCounts, Window
from service.postgres.database import Tx
from service.postgres.queries import load_queries
from service.progress.events import CampaignPhase

SQL = load_queries("service.domains.reading")
FIND_READING = SQL["find_reading"]
COUNT_SETS = SQL["count_sets"]
JOIN_LINEARLY = SQL["join_linearly"]
FIND_LAST_POSITION = SQL["find_last_position"]
LIST_POSITIONS = SQL["list_positions"]
LIST_KEYWORD_POSITIONS = SQL["list_keyword_positions"]
LIST_SCORED = SQL["list_scored"]
LIST_UNSCORED = SQL["list_unscored"]
READ_ROWS = SQL["read_rows"]
FIND_SCORING = SQL["find_scoring"]
LIST_SET_COUNTS = SQL["list_set_counts"]
COUNT_KEYWORD_HITS = SQL["count_keyword_hits"]

HTTP_VALIDATION = msgspec.json.Decoder(HttpValidation)
ANALYSIS = msgspec.json.Decoder(Analysis)
STALE_COLUMNS = {
    CampaignPhase.DNS_VALIDATION: "dns_stale",
    CampaignPhase.HTTP_VALIDATION: "http_stale",
    CampaignPhase.ANALYSIS: "score_stale",
}


async def find_reading(tx: Tx, tenant_id: UUID, campaign_id: UUID) -> Reading | None:
    row = await tx.find(FIND_READING, campaign_id, tenant_id)
    if row is None:
        return None
    await join_linearly(tx)
    searched = row["http_configuration"]
    stale = tuple(phase for phase, column in STALE_COLUMNS.items() if row[column])
    return Reading(
        campaign_id=campaign_id,
        sets=Sets(row["name_set_id"], row["dns_set_id"], row["http_set_id"], row["score_set_id"]),
        keywords=tuple(rule.text for rule in HTTP_VALIDATION.decode(searched).keywords) if searched else (),
        stale=stale,
        coherent=row["coherent"] and not stale,
    )


async def join_linearly(tx: Tx) -> None:
    """For the rest of this transaction; `find_reading` does it too."""
    await tx.execute(JOIN_LINEARLY)


async def are_sets_there(tx: Tx, sets: Sets) -> bool:
    """Asked after a read: were all its sets whole?"""
    return bool(await tx.value(COUNT_SETS, list(sets.present)) == len(sets.present))


async def find_last_position(tx: Tx, sets: Sets) -> int:
    return int(await tx.value(FIND_LAST_POSITION, sets.names))


async def list_positions(tx: Tx, sets: Sets, filters: Filters, window: Window, limit: int) -> list[int]:
    rows = await tx.fetch(LIST_POSITIONS, *bounds_of(sets, window), *conditions_of(filters), limit)
    return [row["position"] for row in rows]


async def list_keyword_positions(tx: Tx, sets: Sets, filters: Filters, after: int, inspect: int) -> Hits:
    rows = await tx.fetch(LIST_KEYWORD_POSITIONS, sets.http, after + 1, filters.keyword_bits, inspect)
    return hits_of([(Key(0.0, row["position"]), row["matches"], row["number"]) for row in rows])


async def list_scored(tx: Tx, sets: Sets, filters: Filters, below: Key, inspect: int) -> Hits:
    rows = await tx.fetch(
        LIST_SCORED,
        sets.scores,
        below.score,
        below.position,
        filters.score_min or 0.0,
        filters.analysis_outcomes,
        filters.dns_outcomes,
        filters.http_outcomes,
        filters.keyword_bits,
        inspect,
    )
    return hits_of([(Key(row["score"], row["position"]), row["matches"], row["number"]) for row in rows])


async def list_unscored(tx: Tx, sets: Sets, filters: Filters, below: Key, inspect: int) -> Hits:
    rows = await tx.fetch(
        LIST_UNSCORED,
        sets.scores,
        below.position,
        filters.analysis_outcomes,
        filters.dns_outcomes,
        filters.http_outcomes,
        filters.keyword_bits,
        inspect,
    )
    return hits_of([(Key(0.0, row["position"]), row["matches"], row["number"]) for row in rows])


async def read_rows_at(tx: Tx, sets: Sets, filters: Filters, positions: Sequence[int]) -> list[DomainRow]:
    """Rows at some positions, as far as they pass, by position."""
    if not positions:
        return []
    window = Window(min(positions), max(positions) + 1)
    rows = await tx.fetch(
        READ_ROWS, *bounds_of(sets, window), *conditions_of(filters), len(positions), sorted(positions)
    )
    return [domain_row(row) for row in rows]


async def read_rows_within(tx: Tx, sets: Sets, filters: Filters, window: Window, limit: int) -> list[DomainRow]:
    """The first rows of a window that pass, by position."""
    rows = await tx.fetch(READ_ROWS, *bounds_of(sets, window), *conditions_of(filters), limit, None)
    return [domain_row(row) for row in rows]


async def find_scoring(tx: Tx, set_id: int) -> Scoring | None:
    row = await tx.find(FIND_SCORING, set_id)
    return None if row is None else Scoring(ANALYSIS.decode(row["configuration"]), row["age"])


async def list_set_counts(tx: Tx, sets: Sets) -> dict[int, SetCounts]:
    rows = await tx.fetch(LIST_SET_COUNTS, list(sets.present))
    return {row["set_id"]: SetCounts(row["ended"], row["total_count"], tuple(row["outcome_counts"])) for row in rows}


async def count_keyword_hits(tx: Tx, set_id: int, http_outcome: int) -> int:
    return int(await tx.value(COUNT_KEYWORD_HITS, set_id, http_outcome))


def bounds_of(sets: Sets, window: Window) -> tuple[int | None, ...]:
    assert 0 <= window.first_position <= window.end_position <= POSITION_MAX + 1
    return (sets.names, sets.dns, sets.http, sets.scores, *window)


def conditions_of(filters: Filters) -> tuple[object, ...]:
    return (
        filters.dns_outcomes,
        filters.http_outcomes,
        filters.analysis_outcomes,
        filters.keyword_bits,
        filters.score_min,
        filters.score_max,
        filters.prefix,
    )


def hits_of(entries: list[tuple[Key, bool, int]]) -> Hits:
    """The last entry is the last one looked at, whether it passes or not; its number is how many were."""
    if not entries:
        return Hits([], None, 0)
    last, _, inspected = entries[-1]
    return Hits([key for key, matches, _ in entries if matches], last, inspected)


def domain_row(row: asyncpg.Record) -> DomainRow:
    return DomainRow(**row)
