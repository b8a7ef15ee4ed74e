"""`python -m loadtest.scenarios`: load a whole installation, judge it, and keep what was seen (`make loadtest`)."""

import argparse
import asyncio
import sys
import time
from pathlib import Path

from loadtest.bench import machine
from loadtest.bench.__main__ import RESULTS, open_folder
from loadtest.bench.processes import ROOT, ProgramFailed
from loadtest.bench.sections import write_section
from loadtest.scenarios import judging
from loadtest.scenarios.plan import SECONDS_MIN, Plan, plan_of
from loadtest.scenarios.plot import write_plot
from loadtest.scenarios.reports import SECTION, LoadReport, read_report, render, report_of, section_of, write_report
from loadtest.scenarios.running import Evidence, run

WHOLE = 2_000_000
SECONDS = 240
TIMES = 10
LINE_SECONDS = 10.0  # where lines are kept, one is told so often; a terminal shows every second


def main() -> int:
    asked = parse_arguments()
    if asked.show:
        report = read_report(asked.results / "load.json")
        sys.stdout.write(f"{render(report)}\n")
        show_in_readme(asked, report)
        return 0
    try:
        report = asyncio.run(measure(plan_of(asked.domains, asked.seconds, asked.times)))
    except (ProgramFailed, BaseExceptionGroup) as failure:
        cause = innermost(failure)
        if not isinstance(cause, ProgramFailed):
            raise
        sys.stderr.write(f"\n{cause}\n")
        return 2
    write_report(asked.results / "load.json", report)
    write_plot(asked.results / "load.svg", report)
    sys.stdout.write(f"\n{render(report)}\n")
    show_in_readme(asked, report)
    return 0 if report.holds else 1


def show_in_readme(asked: argparse.Namespace, report: LoadReport) -> None:
    """If it was a whole run: a small one tells whether everything works, not how fast."""
    if asked.readme and not asked.is_small:
        write_section(ROOT / "README.md", SECTION, section_of(report))


def innermost(failure: BaseException) -> BaseException:
    """Task groups wrap what went wrong, one in another."""
    return innermost(failure.exceptions[0]) if isinstance(failure, BaseExceptionGroup) else failure


async def measure(plan: Plan) -> LoadReport:
    here, teller = machine.this_machine(), Teller()
    with open_folder() as folder:
        evidence = await run(plan, folder, teller.tell, teller.progress)
        return report_of(evidence, here, teller.elapsed)


class Teller:
    """What is going on, in one line."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._told = 0.0
        self._is_live = sys.stdout.isatty()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._begun

    def tell(self, text: str) -> None:
        sys.stdout.write(f"{self.elapsed:6.0f} s  {text}\n")
        sys.stdout.flush()

    def progress(self, stage: str, left: float, evidence: Evidence) -> None:
        text = f"{stage}, {left:.0f} s left: {judging.summary(evidence)}"
        if self._is_live:
            sys.stdout.write(f"\r\x1b[K{self.elapsed:6.0f} s  {text}")
            sys.stdout.write("" if left else "\n")
            sys.stdout.flush()
        elif left == 0 or self.elapsed - self._told >= LINE_SECONDS:
            self._told = self.elapsed
            self.tell(text)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.scenarios", description=__doc__)
    parser.add_argument("--domains", type=int, default=WHOLE, help="of a campaign; another one has five times as many")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="how long the load lasts, all stages together")
    parser.add_argument("--times", type=int, default=TIMES, help="how much more is offered beyond capacity")
    parser.add_argument("--results", type=Path, help="where results are written; those of a small run are kept apart")
    parser.add_argument("--show", action="store_true", help="measure nothing; show what was measured")
    parser.add_argument("--readme", action="store_true", help="write what a whole run measured into README.md")
    asked = parser.parse_args()
    if asked.domains < 1 or asked.seconds < SECONDS_MIN or asked.times < 2:
        parser.error(f"--domains needs 1 or more, --seconds {SECONDS_MIN} or more, --times 2 or more")
    asked.is_small = not asked.show and (asked.domains < WHOLE or asked.seconds < SECONDS)
    asked.results = asked.results or (RESULTS / "quick" if asked.is_small else RESULTS)
    return asked


if __name__ == "__main__":
    sys.exit(main())
