"""Walk through a campaign in the order asked for, a bounded way, until there are as many domains as wanted.

Each step looks at a stretch: a window of positions, or so many entries of an index. A stretch that gives too little is
followed by a longer one, up to a bound; the walk as a whole has a bound as well, and can be gone on with from its end.
Which way is taken follows from what the runs have counted: along the rarest outcome that is wanted, as long as an index
has it.
"""

from typing import NamedTuple

from service.domains.reading import store
from service.domains.reading.ground import Ground, ground_of
from service.domains.reading.model import Filters, Reading, Sort
from service.domains.reading.ranking import from_the_best
from service.domains.reading.rows import DomainRow, Key, Look, Tally
from service.domains.reading.ways import (
    DNS_INDEXED,
    JUDGED_INDEXED,
    LOOKED_UP_MAX,
    NO_FILTERS,
    Way,
    along_keywords,
    along_outcomes,
    through_scores,
    through_windows,
    without,
)
from service.postgres.database import Tx
from service.postgres.queries import Query

INSPECT_FIRST = 1_000  # domains in the first stretch
INSPECT_GROWTH = 5
INSPECT_MAX = 25_000  # in one stretch
INSPECT_TOTAL_MAX = 200_000  # in one page
PASSED_OVER_OF = 20  # so many entries are passed over in an index in the time that one row is looked up elsewhere
COMMON_OF = 10  # what one of so many domains has is found as soon in a window, where all filters are applied at once


class Walk(NamedTuple):
    """Rows in order; `end` is where to go on, `None` at the end of the list."""

    rows: list[DomainRow]
    end: Key | None
    inspected: int


async def walk(tx: Tx, reading: Reading, filters: Filters, sort: Sort, start: Key | None, limit: int) -> Walk:
    """Up to `limit` rows behind `start`."""
    if has_nobody(reading, filters):
        return Walk([], None, 0)
    way = await way_of(tx, reading, filters, sort)
    key = start or way.first
    rows: list[DomainRow] = []
    inspect, inspected = INSPECT_FIRST, 0
    while inspected < INSPECT_TOTAL_MAX:
        look = await look_along(tx, reading, way, key, inspect, limit + 1 - len(rows))
        inspected += look.inspected
        rows += await rows_in_order(tx, reading, filters, look.keys)
        if len(rows) > limit:
            return Walk(rows[:limit], key_of(rows[limit - 1], sort), inspected)
        if look.end is None:
            return Walk(rows, None, inspected)
        key = look.end
        inspect = min(INSPECT_MAX, inspect * INSPECT_GROWTH)
    return Walk(rows, key, inspected)


def has_nobody(reading: Reading, filters: Filters) -> bool:
    """Whether no domain passes, by what was counted of sets that are whole, or for lack of a set."""
    by_outcome = (
        (reading.dns, filters.dns_outcomes),
        (reading.http, filters.http_outcomes),
        (reading.scores, filters.analysis_outcomes),
    )
    if any(tally.is_whole and codes is not None and tally.count(codes) == 0 for tally, codes in by_outcome):
        return True
    return reading.sets.scores is None and (filters.score_min is not None or filters.score_max is not None)


async def way_of(tx: Tx, reading: Reading, filters: Filters, sort: Sort) -> Way:
    if sort is Sort.SCORE:
        return from_the_best(tx, reading, filters)
    ground = await ground_of(tx, reading, filters)
    if has_score_floor_only(filters):
        return through_scores(tx, reading, filters, ground)
    ways = ways_along_indexes(tx, reading, filters, ground)
    if ways:
        amount, way = min(ways, key=lambda pair: pair[0])
        if way.rest == NO_FILTERS or amount * COMMON_OF < ground.size:
            return way
    return through_windows(tx, reading, filters, ground)


def has_score_floor_only(filters: Filters) -> bool:
    return (filters.score_min or 0.0) > 0 and without(filters, "score_min", "score_max") == NO_FILTERS


def ways_along_indexes(tx: Tx, reading: Reading, filters: Filters, ground: Ground) -> list[tuple[int, Way]]:
    """The ways that an index offers, each with how many domains lie on it, as far as they are counted."""
    sets, ways = reading.sets, []

    def add(tally: Tally, field: str, query: Query, set_id: int | None, codes: tuple[int, ...]) -> None:
        way = along_outcomes(tx, query, set_id, codes, ground, without(filters, field))
        ways.append((tally.count(codes), way))

    if (codes := filters.dns_outcomes) and DNS_INDEXED.issuperset(codes):
        add(reading.dns, "dns_outcomes", store.LIST_DNS_POSITIONS, sets.dns, codes)
    if codes := filters.http_outcomes:
        add(reading.http, "http_outcomes", store.LIST_HTTP_POSITIONS, sets.http, codes)
    if (codes := filters.analysis_outcomes) and JUDGED_INDEXED.issuperset(codes):
        add(reading.scores, "analysis_outcomes", store.LIST_JUDGED_POSITIONS, sets.scores, codes)
    if filters.keyword_bits:  # whoever has another keyword is passed over within the index
        ways.append((reading.keyword_pages // PASSED_OVER_OF, along_keywords(tx, reading, filters, ground)))
    return ways


async def look_along(tx: Tx, reading: Reading, way: Way, key: Key, inspect: int, wanted: int) -> Look:
    """Look, and apply what the way leaves open, at most as many keys as are wanted."""
    if way.rest == NO_FILTERS:
        return await way.look(key, inspect, wanted)
    look = await way.look(key, inspect, min(inspect, LOOKED_UP_MAX))
    positions = [key.position for key in look.keys]
    passing = set(await store.list_positions_among(tx, reading.sets, way.rest, positions, len(positions)))
    keys = [key for key in look.keys if key.position in passing]
    if len(keys) > wanted:
        return Look(keys[:wanted], keys[wanted - 1], look.inspected)
    return look._replace(keys=keys)


async def rows_in_order(tx: Tx, reading: Reading, filters: Filters, keys: list[Key]) -> list[DomainRow]:
    rows = await store.read_rows_at(tx, reading.sets, filters, [key.position for key in keys])
    by_position = {row.position: row for row in rows}
    return [by_position[key.position] for key in keys if key.position in by_position]


def key_of(row: DomainRow, sort: Sort) -> Key:
    return Key(row.score if sort is Sort.SCORE else 0.0, row.position)
