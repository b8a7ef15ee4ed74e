"""What is kept of a run, and its tables."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import msgspec

from loadtest.bench import machine
from loadtest.bench.machine import Machine, Version
from loadtest.bench.table import lined_up
from loadtest.scenarios import judging
from loadtest.scenarios.capped import Cap
from loadtest.scenarios.crowds import seconds_of
from loadtest.scenarios.finals import Finals
from loadtest.scenarios.judging import Operation, Trouble, Verdict
from loadtest.scenarios.plan import LARGER, Plan
from loadtest.scenarios.running import Evidence, Stages
from loadtest.scenarios.sampling import Look, Memory, Processors

SECTION = "load"  # of README
PLOT = "![Latency, throughput, watchers' delay and memory, second by second](loadtest/results/load.svg)"
OPERATION_HEAD = ("operation", "answered", "p50 ms", "p99 ms", "p50 ms, server", "p99 ms, server")
PACKAGES = ("asyncpg", "gevent", "geventhttpclient", "litestar", "locust", "msgspec", "uvicorn", "uvloop", "websockets")


class Moment(msgspec.Struct, frozen=True):
    """One second; `at` counts from the beginning of the steady stage. Latencies are of the users that always ask."""

    at: float
    answered: int
    p50_ms: float
    p99_ms: float
    turned_away: int
    failed: int
    states: int
    delay_p50_ms: float
    delay_p99_ms: float
    queries_per_second: float


class Sample(msgspec.Struct, frozen=True):
    """`server_p99_ms`: of all operations but transfers, since the sample before."""

    at: float
    memory: Memory
    server_p99_ms: float


class LoadReport(msgspec.Struct, frozen=True):
    taken_at: datetime
    seconds: float
    commit: str
    machine: Machine
    versions: tuple[Version, ...]
    plan: Plan
    cap: Cap
    stages: Stages
    shares: Processors
    exports: int
    finals: Finals
    verdicts: tuple[Verdict, ...]
    operations: tuple[Operation, ...]
    troubles: tuple[Trouble, ...]
    moments: tuple[Moment, ...]
    samples: tuple[Sample, ...]

    @property
    def holds(self) -> bool:
        return all(verdict.holds for verdict in self.verdicts)


def report_of(evidence: Evidence, here: Machine, seconds: float) -> LoadReport:
    assert evidence.finals is not None
    begin = evidence.stages.steady
    return LoadReport(
        taken_at=datetime.now(UTC).replace(microsecond=0),
        seconds=round(seconds, 1),
        commit=machine.commit(),
        machine=here,
        versions=versions(),
        plan=evidence.plan,
        cap=evidence.cap,
        stages=Stages(*(round(at - begin, 1) for at in msgspec.structs.astuple(evidence.stages))),
        shares=judging.shares_of(evidence.looks, begin, evidence.stages.overload),
        exports=sum(len(each.taken_ms.get("export_domains", ())) for each in seconds_of(evidence.crowds.exporting)),
        finals=evidence.finals,
        verdicts=judging.judge(evidence),
        operations=judging.operations_of(evidence),
        troubles=judging.troubles_of(evidence),
        moments=moments_of(evidence),
        samples=samples_of(evidence.looks, begin),
    )


def versions() -> tuple[Version, ...]:
    ours = tuple(Version(name, metadata.version(name)) for name in PACKAGES)
    others = [each for each in machine.program_versions() if each.name == "postgresql"]
    return (machine.python_version(), *ours, *others)


def moments_of(evidence: Evidence) -> tuple[Moment, ...]:
    begin = evidence.stages.steady
    return tuple(moment_of(evidence, at, begin) for at in range(int(begin), int(evidence.stages.end) + 1))


def moment_of(evidence: Evidence, at: int, begin: float) -> Moment:
    """The second that ends then, put together from what all crowds tell of it."""
    asking, _, watching, beyond = (seconds_of(told, at - 1, at) for told in evidence.crowds)
    times = judging.times_of(asking)
    troubles = [each for second in (*asking, *beyond) for each in second.troubles]
    shed = sum(each.count for each in troubles if judging.is_shed(each))
    delays = [delay for second in watching for delay in second.delays_ms]
    return Moment(
        at=round(at - begin, 1),
        answered=judging.count_of([*asking, *beyond]),
        p50_ms=rounded(times, 0.5),
        p99_ms=rounded(times, 0.99),
        turned_away=shed,
        failed=sum(each.count for each in troubles) - shed,
        states=sum(second.states for second in watching),
        delay_p50_ms=rounded(delays, 0.5),
        delay_p99_ms=rounded(delays, 0.99),
        queries_per_second=round(judging.arrival_rate(evidence.counted, at - 2, at), 1),
    )


def rounded(values: Sequence[float], share: float) -> float:
    return round(judging.quantile(values, share), 1)


def samples_of(looks: Sequence[Look], begin: float) -> tuple[Sample, ...]:
    found = []
    for before, now in itertools.pairwise(looks):
        taken = judging.asked_for(judging.between(looks, before.at, now.at))
        memory = Memory(*(round(value, 1) for value in msgspec.structs.astuple(now.memory)))
        found.append(Sample(round(now.at - begin, 1), memory, round(taken.quantile(0.99) * 1e3, 1)))
    return tuple(found)


def write_report(file: Path, report: LoadReport) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")


def read_report(file: Path) -> LoadReport:
    return msgspec.json.decode(file.read_bytes(), type=LoadReport)


def render(report: LoadReport) -> str:
    """As Markdown: the targets, the operations, what went wrong, and what was taken."""
    operations = lined_up(OPERATION_HEAD, [operation_row(each) for each in report.operations])
    troubles = [f"{each.stage}: {each.count:,} x {each.operation} {each.kind} {each.text}" for each in report.troubles]
    return "\n".join([setting(report), "", *targets_of(report), "", *operations, "", *troubles, "", footprint(report)])


def section_of(report: LoadReport) -> str:
    """What was measured on what, the targets, what was taken, and the plot."""
    here = report.machine
    head = f"On {here.cores} cores of {here.processor}, {here.memory_gib} GiB, shared by all, at {report.commit}."
    return "\n".join([f"{head} {setting(report)}", "", *targets_of(report), "", footprint(report), "", PLOT])


def targets_of(report: LoadReport) -> list[str]:
    return lined_up(("target", "measured", "", "bound", "holds"), [verdict_row(each) for each in report.verdicts])


def setting(report: LoadReport) -> str:
    plan, cap = report.plan, report.cap
    return (
        f"While a campaign runs at {cap.queries_per_second:,.0f} queries a second ({cap.uncapped:,.0f} without a cap),"
        f" beside finished ones of {plan.domains:,} and {LARGER * plan.domains:,} domains: {plan.requests_per_second}"
        f" requests a second for {plan.steady_seconds:.0f} s, then {plan.times} times as many for"
        f" {plan.overload_seconds:.0f} s."
    )


def footprint(report: LoadReport) -> str:
    most, finals, shares = memory_most(report.samples), report.finals, msgspec.structs.asdict(report.shares)
    return (
        f"{report.exports} exports were whole; {finals.due:,} last states were due, {finals.followed:,} of them to"
        f" followers of one campaign. The most memory (PSS): API {most.api:.0f} MiB, workers {most.workers:.0f},"
        f" PostgreSQL {most.postgres:.0f}; {most.on_disk:,.0f} MiB on the disk. Of all processors when steady:"
        f" {', '.join(f'{name} {share:.0%}' for name, share in shares.items())}."
    )


def verdict_row(verdict: Verdict) -> tuple[str, ...]:
    value = "never" if verdict.value is None else f"{verdict.value:,.3g}"
    bound = f"{'at least' if verdict.is_least else 'at most'} {verdict.bound:g}"
    return (verdict.name, value, verdict.unit, bound, "yes" if verdict.holds else "NO")


def operation_row(operation: Operation) -> tuple[str, ...]:
    times = (operation.p50_ms, operation.p99_ms, operation.server_p50_ms, operation.server_p99_ms)
    return (f"`{operation.name}`", f"{operation.answered:,}", *(f"{time:,.1f}" for time in times))


def memory_most(samples: Sequence[Sample]) -> Memory:
    values = zip(*(msgspec.structs.astuple(each.memory) for each in samples), strict=True)
    return Memory(*(max(column) for column in values))
