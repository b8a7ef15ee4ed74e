"""`python -m loadtest.legacy`: one campaign through both systems, alternating; keep every turn, and show the ratios."""

import argparse
import asyncio
import functools
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from loadtest.bench import machine
from loadtest.bench.__main__ import RESULTS, open_folder, tell
from loadtest.bench.carrying import installed
from loadtest.bench.processes import ROOT
from loadtest.bench.reports import now, write_report
from loadtest.bench.running import take_turns
from loadtest.bench.sections import write_section
from loadtest.bench.setting import PEERS_PYTHON
from loadtest.legacy import dual, ours
from loadtest.legacy.comparing import DUAL, OURS, STREAMED, findings_of
from loadtest.legacy.plot import write_plot
from loadtest.legacy.reporting import SECTION, LegacyReport, baseline_of, read_report, render, section_of
from loadtest.legacy.turns import Contest, Turn

DOMAINS = 2_000_000
ROUNDS = 3
OTHERS = 1_000
PENDING_OF, PENDING_MIN = 10, 5_000
QUICK_DOMAINS_MAX = 1_000_000

Contenders = Mapping[str, Callable[[], Awaitable[Turn]]]


def main() -> int:
    asked = parse_arguments()
    name = "baseline" if asked.alone else "legacy"
    if not asked.show:
        report = asyncio.run(measure(name, asked))
        write_report(asked.results, report)
        if not asked.alone:
            write_report(asked.results, baseline_of(report))
            write_plot(asked.results / "legacy.svg", report)
    report = read_report(asked.results / f"{name}.json")
    tell(render(report))
    if asked.readme:
        write_section(ROOT / "README.md", SECTION, section_of(report))
    return 1 if asked.strict and not report.findings.holds else 0


async def measure(name: str, asked: argparse.Namespace) -> LegacyReport:
    here, begun = machine.this_machine(), time.perf_counter()
    with open_folder() as folder:
        async with installed(folder / "postgres") as installation:
            pending = max(asked.domains // PENDING_OF, PENDING_MIN)
            contest = Contest(installation, asked.domains, pending, asked.others)
            contenders = await prepare(contest, alone=asked.alone)
            turns = await take_turns(contenders, asked.rounds)
    return LegacyReport(
        comparison=name,
        is_quick=asked.domains < QUICK_DOMAINS_MAX,
        taken_at=now(),
        seconds=round(time.perf_counter() - begun, 1),
        commit=machine.commit(),
        machine=here,
        versions=machine.versions(PEERS_PYTHON),
        findings=findings_of(turns),
        domains=asked.domains,
        turns={contender: tuple(taken) for contender, taken in turns.items()},
    )


async def prepare(contest: Contest, *, alone: bool) -> Contenders:
    """The databases that are copied, and who takes turns in copies of them."""
    await dual.prepare(contest)
    theirs: Contenders = {
        DUAL: announced(DUAL, functools.partial(dual.take_turn, contest, streamed=False)),
        STREAMED: announced(STREAMED, functools.partial(dual.take_turn, contest, streamed=True)),
    }
    if alone:
        return theirs
    prepared = await contest.installation.prepare(ours.OtherCampaigns(contest.others))
    return {OURS: announced(OURS, functools.partial(ours.take_turn, contest, prepared.template)), **theirs}


def announced(name: str, take_turn: Callable[[], Awaitable[Turn]]) -> Callable[[], Awaitable[Turn]]:
    """The same, told of: a turn takes minutes."""

    async def take() -> Turn:
        turn = await take_turn()
        tell(f"{name}: {turn.seconds:.1f} s, {turn.messages:,} messages, {turn.memory.together / 2**20:.0f} MiB")
        return turn

    return take


def parse_arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.legacy", description=__doc__)
    parser.add_argument("--domains", type=int, default=DOMAINS, help="in the campaign that is carried")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="alternating turns of each system")
    parser.add_argument("--others", type=int, default=OTHERS, help="campaigns beside it that nobody started")
    parser.add_argument("--alone", action="store_true", help="the dual architecture's own figures (baseline.json)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where results are written")
    parser.add_argument("--show", action="store_true", help="measure nothing; show what was measured")
    parser.add_argument("--readme", action="store_true", help="write the table into README.md")
    parser.add_argument("--strict", action="store_true", help="fail where an aim is missed")
    return parser.parse_args(given)


if __name__ == "__main__":
    sys.exit(main())
