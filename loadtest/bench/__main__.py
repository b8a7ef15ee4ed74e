"""`python -m loadtest.bench`: measure, keep every run, and show one table of ratios."""

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

from loadtest.bench import (
    analysis,
    channel,
    dns_engine,
    dns_phase,
    generation,
    http_engine,
    http_phase,
    machine,
    pages,
    scaling,
    wildcards,
)
from loadtest.bench.carrying import Installation, installed
from loadtest.bench.functions import running as functions
from loadtest.bench.plot import write_plot
from loadtest.bench.processes import ROOT, ProgramFailed
from loadtest.bench.reports import Report, now, read_reports, write_report
from loadtest.bench.running import Findings, Mismatch
from loadtest.bench.setting import PEERS_PYTHON, Setting
from loadtest.bench.sizes import QUICK, ROUNDS, WHOLE
from loadtest.bench.table import render_last_line, render_table

RESULTS = ROOT / "loadtest" / "results"

Compare = Callable[[Setting], Awaitable[Findings]]

COMPARISONS: dict[str, Compare] = {
    "generation": generation.compare,
    "dns_engine": dns_engine.compare,
    "dns_phase": dns_phase.compare,
    "wildcards": wildcards.compare,
    "http_engine": http_engine.compare,
    "http_phase": http_phase.compare,
    "analysis": analysis.compare,
    "pages": pages.compare,
    "channel": channel.compare,
    "functions": functions.compare,
    "scaling": scaling.compare,
}
NOT_QUICK = frozenset({"scaling"})


def main() -> int:
    asked = parse_arguments()
    if asked.show:
        tell(render_table(read_reports(asked.results)))
        return 0
    reports = asyncio.run(measure(asked))
    for report in reports:
        if report.comparison == "scaling" and report.findings.series:
            write_plot(asked.results / "cost.svg", report)
    tell(f"\n{render_table(reports)}\n\n{render_last_line(reports)}")
    is_broken = any(report.findings.failure for report in reports)
    is_short = any(not report.findings.holds for report in reports)
    return 1 if is_broken or (asked.strict and is_short) else 0


async def measure(asked: argparse.Namespace) -> list[Report]:
    """One comparison after the other; each is written down as soon as it is done."""
    wanted = asked.only or [name for name in COMPARISONS if not (asked.quick and name in NOT_QUICK)]
    reports = []
    with open_folder() as folder:
        async with installed(folder / "postgres") as installation:
            for name in wanted:
                report = await measure_one(name, asked, make_folder(folder / name), installation)
                write_report(asked.results, report)
                reports.append(report)
                tell(f"{name}: {report.seconds:.0f} s")
    return reports


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that goes in the end, and that PostgreSQL may enter, which may run as somebody else."""
    with tempfile.TemporaryDirectory(prefix="phaseline-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def make_folder(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def measure_one(name: str, asked: argparse.Namespace, folder: Path, installation: Installation) -> Report:
    setting = Setting(
        sizes=QUICK if asked.quick else WHOLE,
        rounds=asked.rounds,
        is_quick=asked.quick,
        folder=folder,
        peers_python=asked.peers_python,
        installation=installation,
    )
    here = machine.this_machine()
    begun = time.perf_counter()
    findings = await compare_or_tell(COMPARISONS[name], setting)
    return Report(
        comparison=name,
        is_quick=asked.quick,
        taken_at=now(),
        seconds=round(time.perf_counter() - begun, 1),
        commit=machine.commit(),
        machine=here,
        versions=machine.versions(asked.peers_python),
        findings=findings,
    )


async def compare_or_tell(compare: Compare, setting: Setting) -> Findings:
    """A comparison that breaks down says why, and the others go on."""
    try:
        return await compare(setting)
    except (ProgramFailed, Mismatch) as error:
        return Findings(failure=str(error))


def parse_arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small inputs, less than three minutes; not committed")
    parser.add_argument("--only", action="append", choices=sorted(COMPARISONS), help="this comparison, and no other")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="alternating runs of each contender")
    parser.add_argument("--strict", action="store_true", help="fail where a target does not hold")
    parser.add_argument("--show", action="store_true", help="measure nothing; show the table of what was measured")
    parser.add_argument("--peers-python", type=Path, default=PEERS_PYTHON, help="the Python that has the peers")
    parser.add_argument("--results", type=Path, help="where results are written; a quick run's are kept apart")
    asked = parser.parse_args(given)
    asked.results = asked.results or (RESULTS / "quick" if asked.quick else RESULTS)
    return asked


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
