"""From turns to ratios: ours as a share of theirs, round by round."""

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from loadtest.bench.memory import MIB
from loadtest.bench.running import Cost, Findings, Mismatch, Ratio, Sense, spread_of
from loadtest.legacy.turns import Query, Turn

OURS, DUAL, STREAMED = "phaseline", "dual architecture", "dual, streamed"
ONE_FORMAT = "dual, one of its formats"
MESSAGES_MAX = 0.05
MEMORY_MAX = 0.5
QUERY_MAX = 0.6
QUERIES_MAX = 0.2  # the geometric mean

Turns = Mapping[str, Sequence[Turn]]
Value = Callable[[Turn], float]


class Measure(msgspec.Struct, frozen=True):
    """What is compared, and shown in a unit; `bound`: the most that ours may be of theirs."""

    name: str
    unit: str
    sense: Sense
    value: Value
    bound: float | None = None


def of_query(query: Query) -> Value:
    """Milliseconds for each: a page, a thousand names, a campaign."""
    scale = 1e6 if query in {Query.BATCH, Query.WRITE} else 1e3
    return lambda turn: turn.queries[query].seconds / turn.queries[query].items * scale


def query_mean(turn: Turn) -> float:
    return math.exp(statistics.fmean(math.log(of_query(query)(turn)) for query in Query))


def one_format(turn: Turn) -> float:
    """Messages of progress in the format that stays."""
    return turn.traffic["campaign.progress"].messages


MEASURES: Sequence[Measure] = (
    Measure("websocket messages", "", Sense.MESSAGES, lambda turn: turn.messages, MESSAGES_MAX),
    Measure("websocket bytes", "kB", Sense.BYTES, lambda turn: turn.payload_bytes / 1e3, MESSAGES_MAX),
    *(Measure(query, "ms", Sense.TIME, of_query(query), QUERY_MAX) for query in Query),
    Measure("the eight, geometric mean", "ms", Sense.TIME, query_mean, QUERIES_MAX),
    Measure("memory at its peak", "MiB", Sense.MEMORY, lambda turn: turn.memory.together / MIB, MEMORY_MAX),
    Measure("wall time", "s", Sense.TIME, lambda turn: turn.seconds),
    Measure("database", "MB", Sense.BYTES, lambda turn: turn.database_bytes / 1e6),
)
# Beside the leaner variant, what it changes.
OF_STREAMED = ("memory at its peak", "wall time")


def findings_of(turns: Turns) -> Findings:
    check_alike(turns)
    return Findings(ratios=tuple(ratios_of(turns)), costs=tuple(costs_of(turns)))


def ratios_of(turns: Turns) -> Iterator[Ratio]:
    if OURS not in turns:
        return
    ours, dual = turns[OURS], turns[DUAL]
    for measure in MEASURES:
        yield spread_of(measure.name, DUAL, measure.sense, shares(measure.value, ours, dual), measure.bound)
    factors = {
        "messages in one format of two": (shares(one_format, dual, dual, messages), DUAL),
        "messages told together": (shares(messages, ours, dual, one_format), ONE_FORMAT),
    }
    for name, (values, peer) in factors.items():
        yield spread_of(name, peer, Sense.MESSAGES, values)
    for measure in MEASURES:
        if measure.name in OF_STREAMED:
            yield spread_of(measure.name, STREAMED, measure.sense, shares(measure.value, ours, turns[STREAMED]))


def messages(turn: Turn) -> float:
    return turn.messages


def shares(value: Value, ours: Sequence[Turn], theirs: Sequence[Turn], their_value: Value | None = None) -> list[float]:
    return [value(mine) / (their_value or value)(other) for mine, other in zip(ours, theirs, strict=True)]


def costs_of(turns: Turns) -> Iterator[Cost]:
    """The medians behind the ratios; then for how long ours could tell before it sends as much as it may."""
    for name, taken in turns.items():
        for measure in MEASURES:
            median = statistics.median(map(measure.value, taken))
            yield Cost(f"{measure.name}, {name}", median, measure.unit, taken[0].domains)
        for phase in taken[0].phases:
            seconds = statistics.median(turn.phases[phase] for turn in taken)
            yield Cost(f"{phase}, {name}", seconds, "s", taken[0].domains)
    if OURS in turns:
        a_second = statistics.median(turn.messages / turn.seconds for turn in turns[OURS])
        theirs = statistics.median(map(messages, turns[DUAL]))
        yield Cost("a campaign's seconds before messages miss their aim", MESSAGES_MAX * theirs / a_second, "s")


def check_alike(turns: Turns) -> None:
    """Everybody found the same, and every query gave the same."""
    told = {
        (turn.found, tuple(turn.queries[query].found for query in Query)) for each in turns.values() for turn in each
    }
    if len(told) > 1:
        raise Mismatch(f"the systems do not agree: {sorted(map(str, told))}")
