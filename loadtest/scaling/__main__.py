"""`python -m loadtest.scaling`: measures, keeps every run in loadtest/results/processes.json, and prints a table."""

import argparse
import asyncio
import contextlib
import sys
import time
from pathlib import Path

from loadtest.bench import machine
from loadtest.bench.__main__ import RESULTS, open_folder, tell
from loadtest.bench.campaigns import DNS, HTTP
from loadtest.bench.carrying import installed
from loadtest.bench.processes import ROOT
from loadtest.bench.reports import now
from loadtest.bench.sections import write_section
from loadtest.bench.setting import PEERS_PYTHON
from loadtest.scaling.counted_sandbox import CountedSandbox, counted_sandbox
from loadtest.scaling.measuring import Run, Stage, Times, measure
from loadtest.scaling.reporting import Report, read_report, render, write_report
from loadtest.scaling.wal import Logged, measure_logging
from loadtest.scaling.worlds import WORLDS, Named, Resolved

FILE = "processes.json"
SECTION = "processes"  # of README
PROCESSES = (1, 2, 3, 4)
WARM_UP_SECONDS = 4.0  # by then all have their share of what may be under way: it is given back within heartbeats


def main() -> int:
    asked = parse_arguments()
    file = asked.results / FILE
    if not asked.show:
        write_report(file, asyncio.run(measure_everything(asked)))
    report = read_report(file)
    tell(render(report))
    if asked.readme:
        write_section(ROOT / "README.md", SECTION, render(report))
    return 0


async def measure_everything(asked: argparse.Namespace) -> Report:
    here = machine.this_machine()
    began = time.perf_counter()
    times = Times(WARM_UP_SECONDS, asked.window)
    with open_folder() as folder:
        logged = await measure_wal(folder / "logged", asked)
        runs = await measure_runs(folder / "postgres", asked, times)
    return Report(
        taken_at=now(),
        seconds=round(time.perf_counter() - began, 1),
        commit=machine.commit(),
        machine=here,
        versions=machine.versions(PEERS_PYTHON),
        times=times,
        worlds=WORLDS,
        runs=tuple(runs),
        logged=logged,
    )


async def measure_wal(folder: Path, asked: argparse.Namespace) -> tuple[Logged, ...]:
    async with counted_sandbox(delay_ms=0) as sandbox:
        logged = await measure_logging(folder, asked.hosts, sandbox.settings)
    for each in logged:
        tell(f"{each.phase}: {each.bytes_each:,.0f} bytes of WAL for each of {each.domains:,} domains")
    return logged


async def measure_runs(folder: Path, asked: argparse.Namespace, times: Times) -> list[Run]:
    """One after the other: up from one process to the most, and down again in the next round."""
    runs = []
    async with installed(folder) as installation, contextlib.AsyncExitStack() as stack:
        sandboxes: dict[str, CountedSandbox] = {}
        for world in WORLDS:
            sandboxes[world.name] = await stack.enter_async_context(counted_sandbox(world.delay_ms))
        named = await installation.prepare(Named(asked.names))
        near = next(world for world in WORLDS if not world.delay_ms)
        resolved = await installation.prepare(Resolved(asked.hosts, sandboxes[near.name].settings))
        stages = [
            Stage(world, phase, prepared, names)
            for world in WORLDS
            for phase, prepared, names in ((DNS, named, asked.names), (HTTP, resolved, asked.hosts))
        ]
        for turn in range(asked.rounds):
            for processes in PROCESSES if turn % 2 == 0 else reversed(PROCESSES):
                for stage in stages:
                    run = await measure(installation, stage, processes, sandboxes[stage.world.name], times)
                    tell(f"{turn + 1}: {run.world} {run.phase}, {run.processes}: {run.per_second:,.0f} a second")
                    runs.append(run)
    return runs


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.scaling", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of all that is measured")
    parser.add_argument("--names", type=int, default=600_000, help="to be asked for: more than a window needs")
    parser.add_argument(
        "--hosts", type=int, default=50_000, help="names of which there are hosts, and whose WAL counts"
    )
    parser.add_argument("--window", type=float, default=3.0, help="seconds in which is counted")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    parser.add_argument("--show", action="store_true", help="print what was kept, and measure nothing")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
