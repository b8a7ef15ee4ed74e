"""Walk through a campaign in the order asked for, a bounded way, until there are as many domains as wanted.

Each step looks at a stretch: a window of positions, or so many entries of an index. A stretch that gives too little is
followed by a longer one, up to a bound; the walk as a whole has a bound as well, and can be gone on with from its end.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec

from service.domains.reading import store
from service.domains.reading.model import POSITION_MAX, Filters, Reading, Sort
from service.domains.reading.rows import DomainRow, Hits, Key, Window
from service.postgres.database import Tx

INSPECT_FIRST = 1_000  # domains in the first stretch
INSPECT_GROWTH = 5
INSPECT_MAX = 25_000  # in one stretch
INSPECT_TOTAL_MAX = 200_000  # in one page

START = Key(0.0, -1)
BEST_SCORE = 1.0


class Stretch(NamedTuple):
    """One step: the keys that may pass, where it ended, how many domains it looked at, and whether more lie beyond."""

    keys: list[Key]
    end: Key
    inspected: int
    is_last: bool


class Walk(NamedTuple):
    """Rows in order; `end` is where to go on, `None` at the end of the list."""

    rows: list[DomainRow]
    end: Key | None
    inspected: int


# Where to go on, how many to inspect, how many are still wanted.
Step = Callable[[Key, int, int], Awaitable[Stretch]]


async def walk(tx: Tx, reading: Reading, filters: Filters, sort: Sort, start: Key | None, limit: int) -> Walk:
    """Up to `limit` rows behind `start`."""
    step, first = step_of(tx, reading, filters, sort, await store.find_last_position(tx, reading.sets))
    key = start or first
    rows: list[DomainRow] = []
    inspect, inspected = INSPECT_FIRST, 0
    while inspected < INSPECT_TOTAL_MAX:
        stretch = await step(key, inspect, limit + 1 - len(rows))
        inspected += stretch.inspected
        rows += await rows_in_order(tx, reading, filters, stretch.keys)
        if len(rows) > limit:
            return Walk(rows[:limit], key_of(rows[limit - 1], sort), inspected)
        key = stretch.end
        if stretch.is_last:
            return Walk(rows, None, inspected)
        inspect = min(INSPECT_MAX, inspect * INSPECT_GROWTH)
    return Walk(rows, key, inspected)


def step_of(tx: Tx, reading: Reading, filters: Filters, sort: Sort, last_position: int) -> tuple[Step, Key]:
    """How to walk, and where that begins."""
    if sort is Sort.SCORE:
        trusted = filters if reading.coherent else without_repeated(filters)
        best = BEST_SCORE if filters.score_max is None else filters.score_max
        return by_score(tx, reading, trusted), Key(best, POSITION_MAX + 1)
    if filters.keyword_bits:
        return by_keyword(tx, reading, filters), START
    return by_position(tx, reading, filters, last_position), START


def without_repeated(filters: Filters) -> Filters:
    """Without what score rows only repeat: where they are not coherent with the other sets, it may be wrong there."""
    return msgspec.structs.replace(filters, dns_outcomes=None, http_outcomes=None, keyword_bits=0)


def by_position(tx: Tx, reading: Reading, filters: Filters, last_position: int) -> Step:
    async def step(key: Key, inspect: int, wanted: int) -> Stretch:
        end = min(key.position + 1 + inspect, last_position + 1)
        window = Window(key.position + 1, max(end, key.position + 1))
        positions = await store.list_positions(tx, reading.sets, filters, window, wanted)
        last = positions[-1] if len(positions) == wanted else window.end_position - 1
        is_last = last >= last_position
        return Stretch([Key(0.0, position) for position in positions], Key(0.0, last), last - key.position, is_last)

    return step


def by_keyword(tx: Tx, reading: Reading, filters: Filters) -> Step:
    async def step(key: Key, inspect: int, wanted: int) -> Stretch:
        hits = await store.list_keyword_positions(tx, reading.sets, filters, key.position, inspect)
        return stretch_of(hits, key, inspect, wanted)

    return step


def by_score(tx: Tx, reading: Reading, filters: Filters) -> Step:
    """First what is above 0, from an index; then, unless `scoreMin` forbids it, the rest."""

    async def step(key: Key, inspect: int, wanted: int) -> Stretch:
        if key.score > 0:
            hits = await store.list_scored(tx, reading.sets, filters, key, inspect)
            stretch = stretch_of(hits, key, inspect, wanted)
            if not stretch.is_last or (filters.score_min or 0.0) > 0:
                return stretch
            return stretch._replace(end=Key(0.0, POSITION_MAX + 1), is_last=False)
        return stretch_of(await store.list_unscored(tx, reading.sets, filters, key, inspect), key, inspect, wanted)

    return step


def stretch_of(hits: Hits, begun: Key, inspect: int, wanted: int) -> Stretch:
    """What an index gave. More keys than are wanted are left for the next step."""
    if len(hits.keys) > wanted:
        return Stretch(hits.keys[:wanted], hits.keys[wanted - 1], hits.inspected, is_last=False)
    return Stretch(hits.keys, hits.last or begun, hits.inspected, is_last=hits.inspected < inspect)


async def rows_in_order(tx: Tx, reading: Reading, filters: Filters, keys: list[Key]) -> list[DomainRow]:
    rows = await store.read_rows_at(tx, reading.sets, filters, [key.position for key in keys])
    by_position = {row.position: row for row in rows}
    return [by_position[key.position] for key in keys if key.position in by_position]


def key_of(row: DomainRow, sort: Sort) -> Key:
    return Key(row.score if sort is Sort.SCORE else 0.0, row.position)
