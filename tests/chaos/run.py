"""Runs by their seeds: `python -m tests.chaos.run --seed 1 --runs 20`; one that broke is run again by its seed."""

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec

from service.runtime.shutdown import stop_on_signals
from tests.chaos.faults import FAULTS, possible_faults
from tests.chaos.rig import Rig, open_rig
from tests.chaos.runs import HELD, Run, live_through, plan_run

RUNS_PER_INSTALLATION = 10  # then everything is stopped in order, and begins anew on an empty database

LINES_TOLD = 20  # of the log, when a run broke


async def run_seeds(first: int, count: int, only: str | None, record: Path | None) -> int:
    """One after the other, until all are done or a signal comes; how many of them did not hold."""
    broken = 0
    stop = asyncio.Event()
    stop_on_signals(stop)
    async with open_rig() as rig:
        tell_lacks(rig)
        possible = possible_faults(rig, only)
        age = 0
        for number, seed in enumerate(range(first, first + count)):
            if stop.is_set():
                break
            if age == 0:
                await rig.begin(number)
            run = await live_through(rig, plan_run(seed, possible))
            tell(run, record)
            age = (age + 1) % RUNS_PER_INSTALLATION
            if run.verdict != HELD:
                broken += 1
                sys.stdout.writelines(f"    {line}\n" for line in rig.log.newest(LINES_TOLD))
                age = 0
                rig.clear()
            elif age == 0:
                await rig.end()
        if age > 0:
            await rig.end()
    return broken


def tell_lacks(rig: Rig) -> None:
    """What cannot be tried here."""
    if not rig.postgres.has_own_disk:
        sys.stdout.write("A full disk is not tried: only root may mount a small one.\n")
    if not rig.clock.is_there:
        sys.stdout.write("Jumps of the clock are not tried: Debian's package libfaketime is not here.\n")


def tell(run: Run, record: Path | None) -> None:
    strikes = ", ".join(
        f"{strike.fault} {strike.after_seconds:.2f} s into {strike.phase} for {strike.seconds:.2f} s"
        for strike in run.strikes
    )
    sys.stdout.write(f"seed {run.seed}, {run.seconds:.1f} s: {strikes}: {run.verdict}\n")
    sys.stdout.flush()
    if record is not None:
        with record.open("ab") as lines:
            lines.write(msgspec.json.encode(run) + b"\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.run", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--runs", type=int, default=20, help="how many seeds, one after the other")
    parser.add_argument(
        "--only", choices=[fault.name for fault in FAULTS], metavar="FAULT", help="one kind of fault alone, by its name"
    )
    parser.add_argument("--record", type=Path, help="a file to which each run is added as a line of JSON")
    arguments = parser.parse_args()
    if arguments.runs < 1:
        parser.error("--runs: at least one")
    broken = asyncio.run(run_seeds(arguments.seed, arguments.runs, arguments.only, arguments.record))
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
