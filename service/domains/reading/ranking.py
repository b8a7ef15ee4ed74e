"""The way through a campaign by score: first what scores above 0, best first, then the rest by position, last first.

Score rows repeat what earlier phases found. Where they are not coherent with the sets that are read, only what they say
themselves is trusted, and the other filters are left open.
"""

from service.domains.reading import store
from service.domains.reading.model import POSITION_MAX, Filters, Reading
from service.domains.reading.rows import Key, Look
from service.domains.reading.ways import JUDGED_INDEXED, NO_FILTERS, Looking, Way, keys_at, short_look, without
from service.postgres.database import Tx

BEST_SCORE = 1.0
FIRST_UNSCORED = Key(0.0, POSITION_MAX + 1)
REPEATED = ("dns_outcomes", "http_outcomes", "keyword_bits")


def from_the_best(tx: Tx, reading: Reading, filters: Filters) -> Way:
    trusted = filters if reading.coherent else without(filters, *REPEATED)
    decided = ("analysis_outcomes", "score_min", "score_max", *(REPEATED if reading.coherent else ()))
    best = BEST_SCORE if filters.score_max is None else filters.score_max
    looking = looking_at_keywords if trusted.keyword_bits else looking_at_scores
    return Way(looking(tx, reading, trusted), Key(best, POSITION_MAX + 1), without(filters, *decided))


def looking_at_keywords(tx: Tx, reading: Reading, filters: Filters) -> Looking:
    """Domains with any keyword have an index of their own, whatever they score."""

    async def look(behind: Key, inspect: int, wanted: int) -> Look:
        keys = await store.list_scored_with_keywords(tx, reading.sets, filters, behind, inspect, wanted)
        if len(keys) == wanted:
            return Look(keys, keys[-1], inspect)
        end = await store.find_end_of_scored_with_keywords(tx, reading.sets, filters, behind, inspect)
        return short_look(keys, end, inspect)

    return look


def looking_at_scores(tx: Tx, reading: Reading, filters: Filters) -> Looking:
    wants_unscored = not (filters.score_min or 0.0) > 0

    async def look(behind: Key, inspect: int, wanted: int) -> Look:
        if behind.score <= 0:
            return await look_at_unscored(tx, reading, filters, behind, inspect, wanted)
        keys = await store.list_scored(tx, reading.sets, filters, behind, wanted)
        if len(keys) == wanted:
            return Look(keys, keys[-1], len(keys))
        return Look(keys, FIRST_UNSCORED if wants_unscored else None, len(keys))

    return look


async def look_at_unscored(tx: Tx, reading: Reading, filters: Filters, behind: Key, inspect: int, wanted: int) -> Look:
    sets, below, verdicts = reading.sets, behind.position, filters.analysis_outcomes
    if verdicts and JUDGED_INDEXED.issuperset(verdicts) and has_verdicts_only(filters):
        positions = await store.list_unscored_judged(tx, sets, verdicts, below, inspect, wanted)
        if len(positions) < wanted:
            end = await store.find_end_of_unscored_judged(tx, sets, verdicts, below, inspect)
            return short_look(keys_at(positions), end, inspect)
    else:
        positions = await store.list_unscored(tx, sets, filters, below, inspect, wanted)
        if len(positions) < wanted:
            return short_look(keys_at(positions), await store.find_end_of_unscored(tx, sets, below, inspect), inspect)
    return Look(keys_at(positions), Key(0.0, positions[-1]), inspect)


def has_verdicts_only(filters: Filters) -> bool:
    """Whether, among domains of one score, verdicts alone decide as far as score rows know."""
    return without(filters, "analysis_outcomes", "score_min", "score_max", "prefix") == NO_FILTERS
