"""All runs that were recorded, in one small file: `python -m tests.chaos.summary REVISION=RECORD ...`.

Each record is a series: of which revision, which seeds, and what broke. A seed decides the same again only in its
revision; what broke in one and was mended is run again in the next.
"""

import argparse
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from loadtest.bench.machine import Machine, this_machine
from tests.chaos.runs import HELD, Run

RESULT = Path("loadtest/results/chaos.json")
VERDICT_CHARACTERS_MAX = 300


class Counts(msgspec.Struct, frozen=True):
    """How many runs, and how many of them held."""

    runs: int
    held: int


class Broken(msgspec.Struct, frozen=True):
    """A run that did not hold: `faults` as they struck, and what the audit said first."""

    seed: int
    faults: tuple[str, ...]
    verdict: str


class Series(msgspec.Struct, frozen=True):
    """Runs of one revision."""

    commit: str
    seeds: list[tuple[int, int]]  # from the first to the last, both included
    runs: int
    held: int
    broken: list[Broken]


class Summary(msgspec.Struct, frozen=True):
    """What is kept. A run with two faults counts for each of them."""

    machine: Machine
    runs: int
    held: int
    seconds_median: float
    faults: dict[str, Counts]
    phases: dict[str, Counts]  # in which something struck
    series: list[Series]


def summarise(recorded: Sequence[tuple[str, Sequence[Run]]], machine: Machine) -> Summary:
    """Of series, each with its revision."""
    runs = [run for _, each in recorded for run in each]
    return Summary(
        machine=machine,
        runs=len(runs),
        held=held_of(runs),
        seconds_median=round(statistics.median(run.seconds for run in runs), 1),
        faults=counted((strike.fault, run) for run in runs for strike in run.strikes),
        phases=counted((phase, run) for run in runs for phase in {strike.phase for strike in run.strikes}),
        series=[series_of(revision, each) for revision, each in recorded],
    )


def held_of(runs: Iterable[Run]) -> int:
    return sum(run.verdict == HELD for run in runs)


def series_of(revision: str, runs: Sequence[Run]) -> Series:
    return Series(
        commit=revision,
        seeds=ranges(sorted(run.seed for run in runs)),
        runs=len(runs),
        held=held_of(runs),
        broken=[
            Broken(run.seed, tuple(strike.fault for strike in run.strikes), run.verdict[:VERDICT_CHARACTERS_MAX])
            for run in runs
            if run.verdict != HELD
        ],
    )


def counted(pairs: Iterable[tuple[str, Run]]) -> dict[str, Counts]:
    known = list(pairs)
    runs = Counter(str(name) for name, _ in known)
    held = Counter(str(name) for name, run in known if run.verdict == HELD)
    return {name: Counts(runs[name], held[name]) for name in sorted(runs)}


def ranges(seeds: Sequence[int]) -> list[tuple[int, int]]:
    """[1, 2, 3, 7] -> [(1, 3), (7, 7)]"""
    found: list[tuple[int, int]] = []
    for seed in seeds:
        if found and found[-1][1] == seed - 1:
            found[-1] = (found[-1][0], seed)
        else:
            found.append((seed, seed))
    return found


def read_record(record: Path) -> list[Run]:
    return [msgspec.json.decode(line, type=Run) for line in record.read_text().splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.summary", description=__doc__)
    parser.add_argument("series", nargs="+", help="a revision, `=`, and the file that `--record` wrote")
    arguments = parser.parse_args()
    named = [series.partition("=") for series in arguments.series]
    summary = summarise([(revision, read_record(Path(file))) for revision, _, file in named], this_machine())
    RESULT.write_bytes(msgspec.json.format(msgspec.json.encode(summary), indent=1) + b"\n")
    sys.stdout.write(f"{summary.held} of {summary.runs} runs held; {RESULT}\n")


if __name__ == "__main__":
    main()
