"""Ways through a campaign by position: each look at what comes next is bounded, and says where it ended.

A way leaves open what its index does not know: those filters are `rest`, and are still to be applied to its keys.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import msgspec

from service.domains.reading import store
from service.domains.reading.ground import Ground
from service.domains.reading.model import Filters, Reading
from service.domains.reading.rows import Key, Look, StretchEnd, Window
from service.postgres.database import Tx
from service.postgres.queries import Query
from service.resolving.outcomes import DnsOutcome
from service.scoring.score import Reason

LOOKED_UP_MAX = 5_000  # positions that are looked at one by one, in one look
FEW_MAX = 20_000  # so many scores are put in the order of their positions in the time of two stretches
FEW_AFTER = 5_000  # whatever so long a stretch does not give, few have

START = Key(0.0, -1)
NO_FILTERS = Filters()

# Of these outcomes there is an index in the order of positions; of HTTP outcomes all are in one.
DNS_INDEXED = frozenset(DnsOutcome) - {DnsOutcome.RESOLVED, DnsOutcome.ABSENT}
JUDGED_INDEXED = frozenset(Reason) - {Reason.DNS_NEGATIVE}

# Behind which key to look, how many domains to look at, how many keys are wanted; never more are given. With as many as
# are wanted, the end is the last of them.
Looking = Callable[[Key, int, int], Awaitable[Look]]


class Way(NamedTuple):
    """How to look, where that begins, and the filters that it leaves open."""

    look: Looking
    first: Key
    rest: Filters


def without(filters: Filters, *decided: str) -> Filters:
    """The filters but for these fields."""
    return msgspec.structs.replace(filters, **{field: getattr(NO_FILTERS, field) for field in decided})


def through_windows(tx: Tx, reading: Reading, filters: Filters, ground: Ground) -> Way:
    """All domains of the next positions, with all filters at once."""
    wanted_filters = without(filters, "prefix") if ground.is_prefixed else filters

    async def look(behind: Key, inspect: int, wanted: int) -> Look:
        pieces = pieces_of(ground, behind.position + 1, inspect)
        if not pieces:
            return Look([], None, 0)
        if len(pieces) == 1:
            positions = await store.list_positions(tx, reading.sets, wanted_filters, pieces[0], wanted)
        else:
            pieces = pieces_of(ground, behind.position + 1, min(inspect, LOOKED_UP_MAX))
            some = [position for piece in pieces for position in range(*piece)]
            positions = await store.list_positions_among(tx, reading.sets, wanted_filters, some, wanted)
        last = positions[-1] if len(positions) == wanted else pieces[-1].end_position - 1
        inspected = sum(min(end, last + 1) - first for first, end in pieces if first <= last)
        return Look(keys_at(positions), Key(0.0, last) if last < ground.hull.end_position - 1 else None, inspected)

    return Way(look, START, NO_FILTERS)


def pieces_of(ground: Ground, first: int, count: int) -> list[Window]:
    """The next so many positions of the ground."""
    pieces = []
    for span in ground.spans:
        begin = max(first, span.first_position)
        end = min(begin + count, span.end_position)
        if begin < end:
            pieces.append(Window(begin, end))
            count -= end - begin
    return pieces


def through_scores(tx: Tx, reading: Reading, filters: Filters, ground: Ground) -> Way:
    """Scores between bounds, the lower one above 0: through windows, until these show that few have one.

    Then all of them are taken from the index of scores, and put in the order of their positions.
    """
    windows = through_windows(tx, reading, filters, ground)
    may_be_few = True

    async def look(behind: Key, inspect: int, wanted: int) -> Look:
        nonlocal may_be_few
        if may_be_few and inspect > FEW_AFTER:
            few = await store.find_few_scored(tx, reading.sets, filters, window_behind(behind, ground), FEW_MAX, wanted)
            may_be_few = few.amount < FEW_MAX
            if may_be_few:
                keys = keys_at(few.positions)
                return Look(keys, keys[-1] if len(keys) == wanted else None, few.amount)
        return await windows.look(behind, inspect, wanted)

    return Way(look, START, without(filters, "score_min", "score_max"))


def along_outcomes(
    tx: Tx, query: Query, set_id: int | None, outcomes: Sequence[int], ground: Ground, rest: Filters
) -> Way:
    """From one domain with a wanted outcome to the next."""

    async def look(behind: Key, inspect: int, wanted: int) -> Look:
        window, most = window_behind(behind, ground), min(inspect, wanted)
        keys = keys_at(await store.list_positions_with_outcomes(tx, query, set_id, outcomes, window, most))
        return Look(keys, keys[-1] if len(keys) == most else None, len(keys))

    return Way(look, START, open_on(ground, rest))


def along_keywords(tx: Tx, reading: Reading, filters: Filters, ground: Ground) -> Way:
    """Through the pages that have any keyword."""

    async def look(behind: Key, inspect: int, wanted: int) -> Look:
        window = window_behind(behind, ground)
        positions = await store.list_keyword_positions(tx, reading.sets, filters, window, inspect, wanted)
        if len(positions) == wanted:
            return Look(keys_at(positions), Key(0.0, positions[-1]), inspect)
        end = await store.find_end_of_keywords(tx, reading.sets, window, inspect)
        return short_look(keys_at(positions), end, inspect)

    return Way(look, START, open_on(ground, without(filters, "keyword_bits", "http_outcomes")))


def open_on(ground: Ground, rest: Filters) -> Filters:
    """One span holds nothing but names with the prefix; between several there are others."""
    return without(rest, "prefix") if ground.is_prefixed and len(ground.spans) == 1 else rest


def short_look(keys: list[Key], end: StretchEnd | None, inspect: int) -> Look:
    """Fewer passed than were wanted. A stretch that is shorter than it could be is the last one."""
    if end is None:
        return Look(keys, None, len(keys))
    return Look(keys, end.last if end.inspected >= inspect else None, end.inspected)


def window_behind(key: Key, ground: Ground) -> Window:
    first = max(key.position + 1, ground.hull.first_position)
    return Window(first, max(first, ground.hull.end_position))


def keys_at(positions: Sequence[int]) -> list[Key]:
    return [Key(0.0, position) for position in positions]
