"""The statements of reading. Nothing is decided here, and nothing written."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec

from service.campaigns.model import Analysis, DomainGeneration, HttpValidation
from service.domains.reading.model import NOBODY, POSITION_MAX, Filters, Reading, Sets
from service.domains.reading.rows import DomainRow, FewScored, Key, Scoring, SetCounts, StretchEnd, Tally, Window
from service.generating.ranges import OffsetRange
from service.postgres.database import Tx
from service.postgres.queries import Query, load_queries
from service.progress.events import CampaignPhase

SQL = load_queries("service.domains.reading")
FIND_READING = SQL["find_reading"]
COUNT_SETS = SQL["count_sets"]
FIND_LAST_POSITION = SQL["find_last_position"]
GET_GENERATION = SQL["get_generation"]
LIST_GENERATION_RANGES = SQL["list_generation_ranges"]
LIST_POSITIONS = SQL["list_positions"]
LIST_DNS_POSITIONS = SQL["list_dns_positions"]
LIST_HTTP_POSITIONS = SQL["list_http_positions"]
LIST_JUDGED_POSITIONS = SQL["list_judged_positions"]
LIST_KEYWORD_POSITIONS = SQL["list_keyword_positions"]
FIND_END_OF_KEYWORDS = SQL["find_end_of_keywords"]
FIND_FEW_SCORED = SQL["find_few_scored"]
LIST_SCORED = SQL["list_scored"]
LIST_SCORED_WITH_KEYWORDS = SQL["list_scored_with_keywords"]
FIND_END_OF_SCORED_WITH_KEYWORDS = SQL["find_end_of_scored_with_keywords"]
LIST_UNSCORED = SQL["list_unscored"]
FIND_END_OF_UNSCORED = SQL["find_end_of_unscored"]
LIST_UNSCORED_JUDGED = SQL["list_unscored_judged"]
FIND_END_OF_UNSCORED_JUDGED = SQL["find_end_of_unscored_judged"]
READ_ROWS = SQL["read_rows"]
FIND_SCORING = SQL["find_scoring"]
LIST_SET_COUNTS = SQL["list_set_counts"]

DOMAIN_GENERATION = msgspec.json.Decoder(DomainGeneration)
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
    await tx.join_linearly()
    searched = row["http_configuration"]
    stale = tuple(phase for phase, column in STALE_COLUMNS.items() if row[column])
    return Reading(
        campaign_id=campaign_id,
        sets=Sets(row["name_set_id"], row["dns_set_id"], row["http_set_id"], row["score_set_id"]),
        keywords=tuple(rule.text for rule in HTTP_VALIDATION.decode(searched).keywords) if searched else (),
        stale=stale,
        coherent=row["coherent"] and not stale,
        dns=tally_of(row, "dns"),
        http=tally_of(row, "http"),
        scores=tally_of(row, "score"),
        keyword_pages=row["keyword_page_count"],
    )


async def are_sets_there(tx: Tx, sets: Sets) -> bool:
    """Asked after a read: were all its sets whole?"""
    return bool(await tx.value(COUNT_SETS, list(sets.present)) == len(sets.present))


async def find_last_position(tx: Tx, sets: Sets) -> int:
    return int(await tx.value(FIND_LAST_POSITION, sets.names))


async def get_generation(tx: Tx, sets: Sets) -> DomainGeneration:
    """What the names were made from, where they have ranges of offsets."""
    return DOMAIN_GENERATION.decode(await tx.value(GET_GENERATION, sets.names))


async def list_generation_ranges(tx: Tx, sets: Sets) -> list[OffsetRange]:
    """In the order of their positions; none where the names were imported."""
    rows = await tx.fetch(LIST_GENERATION_RANGES, sets.names)
    return [OffsetRange(row["tld"], row["first_offset"], row["first_position"], row["end_position"]) for row in rows]


async def list_positions(tx: Tx, sets: Sets, filters: Filters, window: Window, limit: int) -> list[int]:
    """The first domains of a window that pass."""
    rows = await tx.fetch(LIST_POSITIONS, *bounds_of(sets, window), *conditions_of(filters), limit, None)
    return [row["position"] for row in rows]


async def list_positions_among(tx: Tx, sets: Sets, filters: Filters, positions: Sequence[int], limit: int) -> list[int]:
    """The first of these positions that pass."""
    if not positions:
        return []
    window, some = Window(min(positions), max(positions) + 1), sorted(positions)
    rows = await tx.fetch(LIST_POSITIONS, *bounds_of(sets, window), *conditions_of(filters), limit, some)
    return [row["position"] for row in rows]


async def list_positions_with_outcomes(
    tx: Tx, query: Query, set_id: int | None, outcomes: Sequence[int], window: Window, limit: int
) -> list[int]:
    """The first positions of a window with any of these outcomes; `query` is one of those that walk by outcome."""
    rows = await tx.fetch(query, set_id, outcomes, *window, limit)
    return [row["position"] for row in rows]


async def list_keyword_positions(
    tx: Tx, sets: Sets, filters: Filters, window: Window, inspect: int, limit: int
) -> list[int]:
    rows = await tx.fetch(
        LIST_KEYWORD_POSITIONS, sets.http, *window, filters.keyword_bits, filters.http_outcomes, inspect, limit
    )
    return [row["position"] for row in rows]


async def find_end_of_keywords(tx: Tx, sets: Sets, window: Window, inspect: int) -> StretchEnd | None:
    return stretch_end(await tx.find(FIND_END_OF_KEYWORDS, sets.http, *window, inspect))


async def find_few_scored(tx: Tx, sets: Sets, filters: Filters, window: Window, few: int, limit: int) -> FewScored:
    row = await tx.find(FIND_FEW_SCORED, sets.scores, filters.score_min, filters.score_max, *window, few, limit)
    assert row is not None
    return FewScored(row["amount"], row["positions"])


async def list_scored(tx: Tx, sets: Sets, filters: Filters, below: Key, limit: int) -> list[Key]:
    """Filters by keyword are not looked at."""
    rows = await tx.fetch(
        LIST_SCORED, sets.scores, *below, filters.score_min or 0.0, *repeated_conditions_of(filters), limit
    )
    return [Key(row["score"], row["position"]) for row in rows]


async def list_scored_with_keywords(
    tx: Tx, sets: Sets, filters: Filters, below: Key, inspect: int, limit: int
) -> list[Key]:
    rows = await tx.fetch(
        LIST_SCORED_WITH_KEYWORDS,
        sets.scores,
        *below,
        filters.score_min or 0.0,
        *repeated_conditions_of(filters),
        filters.keyword_bits,
        inspect,
        limit,
    )
    return [Key(row["score"], row["position"]) for row in rows]


async def find_end_of_scored_with_keywords(
    tx: Tx, sets: Sets, filters: Filters, below: Key, inspect: int
) -> StretchEnd | None:
    row = await tx.find(FIND_END_OF_SCORED_WITH_KEYWORDS, sets.scores, *below, filters.score_min or 0.0, inspect)
    assert row is not None
    return None if row["last"] is None else StretchEnd(Key(*row["last"]), row["inspected"])


async def list_unscored(tx: Tx, sets: Sets, filters: Filters, below: int, inspect: int, limit: int) -> list[int]:
    """Filters by keyword are not looked at."""
    rows = await tx.fetch(LIST_UNSCORED, sets.scores, below, *repeated_conditions_of(filters), inspect, limit)
    return [row["position"] for row in rows]


async def find_end_of_unscored(tx: Tx, sets: Sets, below: int, inspect: int) -> StretchEnd | None:
    return stretch_end(await tx.find(FIND_END_OF_UNSCORED, sets.scores, below, inspect))


async def list_unscored_judged(
    tx: Tx, sets: Sets, outcomes: Sequence[int], below: int, inspect: int, limit: int
) -> list[int]:
    rows = await tx.fetch(LIST_UNSCORED_JUDGED, sets.scores, below, outcomes, inspect, limit)
    return [row["position"] for row in rows]


async def find_end_of_unscored_judged(
    tx: Tx, sets: Sets, outcomes: Sequence[int], below: int, inspect: int
) -> StretchEnd | None:
    return stretch_end(await tx.find(FIND_END_OF_UNSCORED_JUDGED, sets.scores, below, outcomes, inspect))


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
    return {
        row["set_id"]: SetCounts(
            row["ended"], row["total_count"], tuple(row["outcome_counts"]), row["keyword_page_count"]
        )
        for row in rows
    }


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


def repeated_conditions_of(filters: Filters) -> tuple[object, ...]:
    """What score rows say themselves, but for keywords."""
    return (filters.analysis_outcomes, filters.dns_outcomes, filters.http_outcomes)


def stretch_end(row: asyncpg.Record | None) -> StretchEnd | None:
    """`None` for a stretch without an entry."""
    assert row is not None
    return None if row["position"] is None else StretchEnd(Key(0.0, row["position"]), row["inspected"])


def tally_of(row: asyncpg.Record, kind: str) -> Tally:
    """Where there is no run, there is no set either, and nobody has an outcome."""
    counts = row[f"{kind}_counts"]
    return NOBODY if counts is None else Tally(row[f"{kind}_whole"], tuple(counts))


def domain_row(row: asyncpg.Record) -> DomainRow:
    return DomainRow(**row)
