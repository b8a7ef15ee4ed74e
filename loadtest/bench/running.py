"""Runs that alternate, ratios with their spread, and what is kept of them."""

import statistics
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

import msgspec


class Work(msgspec.Struct, frozen=True):
    """One run: `items` were done in so many seconds; `found` is what they held, the same for everybody.

    `queries`: how many arrived where they were asked for, if anybody counted.
    """

    items: int
    seconds: float
    found: int
    queries: int = 0

    @property
    def rate(self) -> float:
        return self.items / self.seconds


class Series(msgspec.Struct, frozen=True):
    """The runs of one contender, in the order of the rounds."""

    name: str
    runs: tuple[Work, ...]

    @property
    def median_rate(self) -> float:
        return statistics.median(run.rate for run in self.runs)


class Sense(StrEnum):
    """What a ratio counts: speeds should be at least so much of the peer's, times and numbers at most."""

    SPEED = "speed"
    TIME = "time"
    QUERIES = "queries"
    MESSAGES = "messages"
    BYTES = "bytes"
    MEMORY = "memory"


class Target(msgspec.Struct, frozen=True):
    sense: Sense
    bound: float


class Ratio(msgspec.Struct, frozen=True):
    """How one contender compares with another: round by round, then the median, the least and the greatest."""

    ours: str
    peer: str
    sense: Sense
    median: float
    low: float
    high: float
    target: Target | None

    @property
    def holds(self) -> bool:
        """Whether the target, if there is one, is met."""
        if self.target is None:
            return True
        return self.median >= self.target.bound if self.sense is Sense.SPEED else self.median <= self.target.bound


class Missing(msgspec.Struct, frozen=True):
    """A peer that is not there, and how to get it."""

    name: str
    remedy: str


class Cost(msgspec.Struct, frozen=True):
    """A figure beside the ratios: what something costs, with its unit."""

    name: str
    value: float
    unit: str
    size: int = 0  # domains; 0 where that has no meaning


class Latency(msgspec.Struct, frozen=True):
    """How long requests of one kind take where they are answered, in milliseconds; `bound_ms` is for `p99_ms`.

    `statements_ms`: how much of it is spent on statements, on average. `inspected_most`: rows that one of them looked
    at for its page.
    """

    name: str
    asked: int
    p50_ms: float
    p99_ms: float
    statements_ms: float
    inspected_most: int
    bound_ms: float

    @property
    def holds(self) -> bool:
        return self.p99_ms <= self.bound_ms


class Findings(msgspec.Struct, frozen=True):
    """What a comparison measured."""

    series: tuple[Series, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    costs: tuple[Cost, ...] = ()
    latencies: tuple[Latency, ...] = ()
    missing: tuple[Missing, ...] = ()
    failure: str = ""  # why there is nothing else

    @property
    def holds(self) -> bool:
        """Whether everything that has a target or a bound is within it."""
        return all(ratio.holds for ratio in self.ratios) and all(latency.holds for latency in self.latencies)


class Mismatch(Exception):
    """Contenders did not do the same work."""


T = TypeVar("T")
Contender = Callable[[], Awaitable[Work]]


async def take_turns(contenders: Mapping[str, Callable[[], Awaitable[T]]], rounds: int) -> dict[str, list[T]]:
    """Everybody once a round; whoever was first is last in the next one. What each came to, round by round."""
    order = deque(contenders)
    turns: dict[str, list[T]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name in order:
            turns[name].append(await contenders[name]())
        order.rotate(-1)
    return turns


async def alternate(contenders: Mapping[str, Contender], rounds: int) -> tuple[Series, ...]:
    turns = await take_turns(contenders, rounds)
    return tuple(Series(name, tuple(works)) for name, works in turns.items())


def ratio_of(
    series: Sequence[Series], ours: str, peer: str, sense: Sense = Sense.SPEED, bound: float | None = None
) -> Ratio | None:
    """One contender against another; None where either is missing."""
    by_name = {each.name: each for each in series}
    if ours not in by_name or peer not in by_name:
        return None
    pairs = zip(by_name[ours].runs, by_name[peer].runs, strict=True)
    speeds = [mine.rate / theirs.rate for mine, theirs in pairs]
    values = speeds if sense is Sense.SPEED else [1 / speed for speed in speeds]
    return spread_of(ours, peer, sense, values, bound)


def spread_of(ours: str, peer: str, sense: Sense, values: Sequence[float], bound: float | None = None) -> Ratio:
    """The ratio of each round, together."""
    target = None if bound is None else Target(sense, bound)
    return Ratio(ours, peer, sense, statistics.median(values), min(values), max(values), target)


def ratios_of(*found: Ratio | None) -> tuple[Ratio, ...]:
    return tuple(ratio for ratio in found if ratio is not None)


def check_found(series: Sequence[Series], expected_share: Callable[[Work], int]) -> None:
    """Every run must have found what its items hold."""
    for each in series:
        for run in each.runs:
            if run.found != expected_share(run):
                raise Mismatch(f"{each.name} found {run.found} in {run.items} items; {expected_share(run)} are there.")
