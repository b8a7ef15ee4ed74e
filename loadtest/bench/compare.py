"""`python -m loadtest.bench.compare --base REV`: our functions beside another revision's; 20 % worse fails."""

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from loadtest.bench.functions.running import measure_functions
from loadtest.bench.processes import ROOT, run_program
from loadtest.bench.sizes import ROUNDS

WORSE_MAX = 0.2
GIT_SECONDS_MAX = 60.0

Medians = Sequence[dict[str, float]]  # a round each: function -> seconds a call


class Change(msgspec.Struct, frozen=True):
    """How many times longer a function takes than it did: the median, the least and the greatest over the rounds."""

    name: str
    median: float
    low: float
    high: float

    def is_worse(self, limit: float) -> bool:
        return self.median > 1 + limit


async def compare(base: str, rounds: int, limit: float) -> int:
    """Zero if nothing got worse than the limit."""
    with tempfile.TemporaryDirectory(prefix="phaseline-compare-") as folder:
        async with checked_out(base, Path(folder) / "base") as before:
            here, there = await take_turns(ROOT, before, Path(folder), rounds)
    changes = changes_of(here, there)
    for change in changes:
        tell(describe(change, limit))
    for name in sorted(here[0].keys() ^ there[0].keys()):
        tell(f"{name:<20} only in {'this revision' if name in here[0] else base}")
    return 1 if any(change.is_worse(limit) for change in changes) else 0


@contextlib.asynccontextmanager
async def checked_out(revision: str, folder: Path) -> AsyncIterator[Path]:
    """A work tree of its own, gone afterwards."""
    git = ("git", "-C", str(ROOT), "worktree")
    await run_program((*git, "add", "--detach", str(folder), revision), seconds_max=GIT_SECONDS_MAX)
    try:
        yield folder
    finally:
        await run_program((*git, "remove", "--force", str(folder)), seconds_max=GIT_SECONDS_MAX)


async def take_turns(ours: Path, base: Path, folder: Path, rounds: int) -> tuple[Medians, Medians]:
    """Each tree once a round; whoever was first is second in the next."""
    trees = {ours: folder / "ours", base: folder / "theirs"}
    medians: dict[Path, list[dict[str, float]]] = {tree: [] for tree in trees}
    for own in trees.values():
        own.mkdir()
    for number in range(rounds):
        for tree in (ours, base) if number % 2 == 0 else (base, ours):
            medians[tree].append(await measure_functions(tree, trees[tree]))
    return medians[ours], medians[base]


def changes_of(here: Medians, there: Medians) -> list[Change]:
    """Of what both have, round by round."""
    changes = []
    for name in here[0].keys() & there[0].keys():
        ratios = [mine[name] / theirs[name] for mine, theirs in zip(here, there, strict=True)]
        changes.append(Change(name, statistics.median(ratios), min(ratios), max(ratios)))
    return sorted(changes, key=lambda change: -change.median)


def describe(change: Change, limit: float) -> str:
    verdict = f"  WORSE by more than {limit:.0%}" if change.is_worse(limit) else ""
    return f"{change.name:<20} {change.median:.2f} x the time ({change.low:.2f} to {change.high:.2f}){verdict}"


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m loadtest.bench.compare", description=__doc__)
    parser.add_argument("--base", required=True, help="the revision to compare with")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="alternating runs of each")
    parser.add_argument("--limit", type=float, default=WORSE_MAX, help="how much worse fails: 0.2 is 20 %%")
    asked = parser.parse_args()
    return asyncio.run(compare(asked.base, asked.rounds, asked.limit))


if __name__ == "__main__":
    sys.exit(main())
