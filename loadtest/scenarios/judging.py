"""What the evidence says: figures for each stage and each operation, and whether the targets hold. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from loadtest.bench.histograms import Histogram, Histograms, added
from loadtest.bench.processes import our_cores
from loadtest.scenarios.counted_sandbox import Counted
from loadtest.scenarios.crowds import seconds_of
from loadtest.scenarios.plan import DASHBOARDS, FOLLOWERS
from loadtest.scenarios.running import Evidence
from loadtest.scenarios.sampling import Look, Processors
from loadtest.users.telling import Count, Second
from loadtest.users.troubles import Shed

TRANSFERS = frozenset({"export_domains", "import_domains"})  # their time is that of what is carried
P99_MS_MAX = 150.0
OFFERED_MIN = 0.95
CAP_SHARE_MIN = 0.9
RECOVERY_SECONDS_MAX = 10.0
WELL = 0.9  # a second is well where nothing went wrong in it, and so many answers came within the bound
NOTHING = Histogram((), (), 0.0)
SERVER_FAULT = "5"  # what its statuses begin with


class Verdict(msgspec.Struct, frozen=True):
    """A target. `is_least`: the bound is the least that will do; or else it is the most. `value` None is never."""

    name: str
    value: float | None
    unit: str
    bound: float
    is_least: bool = False

    @property
    def holds(self) -> bool:
        if self.value is None:
            return False
        return self.value >= self.bound if self.is_least else self.value <= self.bound


class Trouble(msgspec.Struct, frozen=True):
    """So many requests of a stage that ended like this."""

    stage: str
    operation: str
    kind: str
    text: str
    count: int


class Operation(msgspec.Struct, frozen=True):
    """In the steady stage: as its users saw it, and as the server's own histogram has it, in milliseconds."""

    name: str
    answered: int
    p50_ms: float
    p99_ms: float
    server_p50_ms: float
    server_p99_ms: float


def judge(evidence: Evidence) -> tuple[Verdict, ...]:
    stages, plan = evidence.stages, evidence.plan
    steady = evidence.when_steady(evidence.crowds.asking)
    troubles = troubles_of(evidence)
    wrong = [each for each in troubles if not is_shed(each)]
    rate = arrival_rate(evidence.counted, stages.steady, stages.overload)
    assert evidence.finals is not None
    return (
        Verdict("API p99", quantile(times_of(steady), 0.99), "ms", P99_MS_MAX),
        at_least(
            "requests answered", count_of(steady) / plan.steady_seconds, "/s", OFFERED_MIN * plan.requests_per_second
        ),
        Verdict("5xx or turned away", sum(each.count for each in troubles if is_server_fault(each)), "when steady", 0),
        Verdict("not answered, refused or wrong", sum(each.count for each in wrong), "in all stages", 0),
        at_least("watchers", watchers_of(evidence), "", DASHBOARDS + FOLLOWERS),
        Verdict("last states missed", evidence.finals.missed, f"of {evidence.finals.due:,}", 0),
        at_least("rate of the campaign", rate / evidence.cap.queries_per_second, "of its cap", CAP_SHARE_MIN),
        at_least("turned away", sum(each.count for each in troubles if is_shed_beyond(each)), "beyond capacity", 1),
        Verdict("recovered", recovered_after(evidence), "s after it", RECOVERY_SECONDS_MAX),
    )


def at_least(name: str, value: float, unit: str, bound: float) -> Verdict:
    return Verdict(name, value, unit, bound, is_least=True)


def is_server_fault(trouble: Trouble) -> bool:
    """Turned away counts, too: there is capacity for what is offered."""
    return trouble.stage == "steady" and (trouble.text.startswith(SERVER_FAULT) or is_shed(trouble))


def is_shed_beyond(trouble: Trouble) -> bool:
    return trouble.stage == "beyond capacity" and is_shed(trouble)


def is_shed(trouble: Trouble | Count) -> bool:
    return trouble.kind == Shed.__name__


def troubles_of(evidence: Evidence) -> tuple[Trouble, ...]:
    """Of all crowds; what came while nobody judges yet is left out."""
    stages = evidence.stages
    windows = {
        "steady": (stages.steady, stages.overload),
        "beyond capacity": (stages.overload, stages.recovery),
        "recovering": (stages.recovery, stages.end),
    }
    found: Counter[tuple[str, str, str, str]] = Counter()
    for name, window in windows.items():
        for told in evidence.crowds:
            for second in seconds_of(told, *window):
                for each in second.troubles:
                    found[name, each.operation, each.kind, each.text] += each.count
    return tuple(Trouble(*what, count) for what, count in sorted(found.items()))


def times_of(seconds: Iterable[Second]) -> list[float]:
    """Of all answers but transfers, in milliseconds."""
    return [
        time for second in seconds for name, times in second.taken_ms.items() if name not in TRANSFERS for time in times
    ]


def count_of(seconds: Iterable[Second]) -> int:
    return sum(len(times) for second in seconds for times in second.taken_ms.values())


def quantile(values: Sequence[float], share: float) -> float:
    return float(np.percentile(values, 100 * share)) if values else 0.0


def watchers_of(evidence: Evidence) -> int:
    """The fewest that there were at a time."""
    seconds = evidence.when_steady(evidence.crowds.watching)
    return min((second.users for second in seconds), default=0)


def arrival_rate(counted: Sequence[Counted], begin: float, end: float) -> float:
    """Queries a second, where they arrive."""
    within = [each for each in counted if begin <= each.at <= end]
    if len(within) < 2:
        return 0.0
    return (within[-1].queries - within[0].queries) / (within[-1].at - within[0].at)


def recovered_after(evidence: Evidence) -> float | None:
    """How many seconds after the crowd has left the last second was that was not well; None where that goes on."""
    begin, end = evidence.stages.recovery, evidence.stages.end
    seconds = seconds_of(evidence.crowds.asking, begin, end)
    if not seconds or not is_well(seconds[-1]):
        return None
    return max((second.at - begin for second in seconds if not is_well(second)), default=0.0)


def is_well(second: Second) -> bool:
    return not second.troubles and quantile(times_of([second]), WELL) <= P99_MS_MAX


def operations_of(evidence: Evidence) -> tuple[Operation, ...]:
    stages = evidence.stages
    times: defaultdict[str, list[float]] = defaultdict(list)
    for told in (evidence.crowds.asking, evidence.crowds.exporting):
        for second in evidence.when_steady(told):
            for name, taken in second.taken_ms.items():
                times[name] += taken
    server = between(evidence.looks, stages.steady, stages.overload)
    return tuple(
        Operation(
            name,
            len(taken),
            quantile(taken, 0.5),
            quantile(taken, 0.99),
            server.get(name, NOTHING).quantile(0.5) * 1e3,
            server.get(name, NOTHING).quantile(0.99) * 1e3,
        )
        for name, taken in sorted(times.items())
    )


def between(looks: Sequence[Look], begin: float, end: float) -> Histograms:
    """What came to the server's histograms between the first look and the last one within."""
    within = [look for look in looks if begin <= look.at <= end]
    return added(within[0].requests, within[-1].requests) if len(within) > 1 else {}


def shares_of(looks: Sequence[Look], begin: float, end: float) -> Processors:
    """Of all processors, what each kind of processes has had between the first look and the last one within."""
    within = [look for look in looks if begin <= look.at <= end]
    first, last = within[0], within[-1]
    before, after = (msgspec.structs.astuple(look.processors) for look in (first, last))
    seconds = max(last.at - first.at, 1.0) * len(our_cores())
    return Processors(*(round((late - early) / seconds, 3) for early, late in zip(before, after, strict=True)))


def asked_for(histograms: Histograms) -> Histogram:
    """All operations but transfers, as one."""
    counted = [each for name, each in histograms.items() if name not in TRANSFERS]
    if not counted:
        return NOTHING
    counts = tuple(sum(column) for column in zip(*(each.counts for each in counted), strict=True))
    return Histogram(counted[0].bounds, counts, sum(each.total for each in counted))


def summary(evidence: Evidence) -> str:
    """The last second, in one line."""
    asking, watching = seconds_of(evidence.crowds.asking)[-1:], seconds_of(evidence.crowds.watching)[-1:]
    times = times_of(asking)
    shed = sum(each.count for second in (*asking, *seconds_of(evidence.crowds.beyond)[-1:]) for each in second.troubles)
    delays = [delay for second in watching for delay in second.delays_ms]
    memory, counted = evidence.looks[-1].memory, evidence.counted
    rate = arrival_rate(counted, counted[-1].at - 3, counted[-1].at) if counted else 0.0
    return (
        f"{count_of(asking)} answers/s, p99 {quantile(times, 0.99):.0f} ms, {shed} not |"
        f" {sum(second.users for second in watching)} watchers, p99 {quantile(delays, 0.99):.0f} ms |"
        f" {rate:,.0f} of {evidence.cap.queries_per_second:,.0f} queries/s |"
        f" API {memory.api:.0f} MiB, PostgreSQL {memory.postgres:.0f} MiB"
    )
