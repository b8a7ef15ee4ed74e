"""Create, run, delete, hundreds of times: `python -m tests.chaos.cycles`. Nothing may grow with the number of cycles.

After each cycle memory, files, connections and relations are counted; over the last half, each may grow by less than a
hundredth of what it is on average: a straight line is laid through them. What was deleted goes a minute later, so that
the first half is the time until as much goes as comes. What is kept for a day (answers to commands; by this rig's
settings also who did what, and what was done each day) is made older in each cycle: it goes within minutes, too.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

import phaseline_client as wire
from loadtest.bench.machine import Machine, this_machine
from loadtest.bench.memory import pss_bytes
from tests.chaos.campaign import Began, carry, request
from tests.chaos.checking import CONNECTIONS, counted, files_of
from tests.chaos.rig import Rig, open_rig
from tests.crashes.processes import list_children

COUNT = 200
CYCLES_MIN = 4  # of which the last half is a line
CYCLE_SECONDS_MIN = 4.0  # an even pace: what was deleted in the last minute is as much at any time
GROWTH_MAX = 0.01
RESULT = Path("loadtest/results/cycles.json")
CYCLES_TOLD = 10  # a line for so many
KIB = 1_024

# Tables are small and all of their rows are new: what is dead is to be found before as much again has died.
VACUUM_OFTEN = ("ALTER SYSTEM SET autovacuum_naptime = '3s'", "SELECT pg_reload_conf()")
DAYS_LATER = (
    "UPDATE kept_answers SET kept_at = kept_at - interval '1 day' WHERE kept_at > now() - interval '1 day'",
    "UPDATE acts SET occurred_at = occurred_at - interval '2 days' WHERE occurred_at > now() - interval '2 days'",
    # Only of runs that are gone: the others' are added to.
    """UPDATE run_days SET day = day - 2
       WHERE day > current_date - 2 AND run_id NOT IN (SELECT run_id FROM phase_runs)""",
)
RELATIONS = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
RELATION_SIZES = f"""
    SELECT relname, pg_total_relation_size(oid) / {KIB} AS kib
    FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"""


class Sample(msgspec.Struct, frozen=True):
    """Once after a cycle: of the API, the workers and their parent together, and of the database."""

    memory_kib: int  # proportional set size
    files: int
    connections: int
    relations: int
    relation_kib: int


class Cycles(msgspec.Struct, frozen=True):
    """What is kept. `growth`: over the last half, as a part of the average."""

    machine: Machine
    cycles: int
    names_per_cycle: int
    seconds: float
    growth_max: float
    growth: dict[str, float]
    samples: dict[str, list[int]]
    grown: dict[str, tuple[int, int]]  # tables that are larger than they were at half time, KiB then and in the end


async def run_cycles(count: int) -> Cycles:
    machine, began = this_machine(), time.monotonic()
    samples: list[Sample] = []
    sizes: list[dict[str, int]] = []
    async with open_rig() as rig:
        watch = await rig.postgres.watch()
        for statement in VACUUM_OFTEN:
            await watch.execute(statement)
        await rig.begin(0)
        async with rig.client(await rig.new_key("cycles")) as client:
            for number in range(1, count + 1):
                ended = asyncio.create_task(asyncio.sleep(CYCLE_SECONDS_MIN))
                wanted = request(f"cycle {number}", COUNT, wire.Advance.AUTOMATIC)
                await client.campaigns.delete_campaign(await carry(client, wanted, Began()))
                for statement in DAYS_LATER:
                    await (await rig.postgres.watch()).execute(statement)
                sizes.append(await sizes_of_tables(rig))
                samples.append(await take_sample(rig, sum(sizes[-1].values())))
                await ended
                if number % CYCLES_TOLD == 0:
                    sys.stdout.write(f"{number} cycles: {samples[-1]}\n")
                    sys.stdout.flush()
        errors = rig.log.errors(())
        assert not errors, errors[0]
        await rig.end()
    series = {name: [getattr(sample, name) for sample in samples] for name in Sample.__struct_fields__}
    growth = {name: round(growth_of(values[count // 2 :]), 5) for name, values in series.items()}
    then, now = sizes[count // 2], sizes[-1]
    grown = {name: (then.get(name, 0), kib) for name, kib in sorted(now.items()) if kib > then.get(name, 0)}
    return Cycles(machine, count, COUNT, round(time.monotonic() - began, 1), GROWTH_MAX, growth, series, grown)


async def sizes_of_tables(rig: Rig) -> dict[str, int]:
    """KiB, with indexes and what is stored beside."""
    rows = await (await rig.postgres.watch()).fetch(RELATION_SIZES)
    return {row["relname"]: row["kib"] for row in rows}


async def take_sample(rig: Rig, relation_kib: int) -> Sample:
    parents = [part.process.pid for part in rig.parts if part.process is not None]
    pids = [*parents, *(child for parent in parents for child in list_children(parent))]
    watch = await rig.postgres.watch()
    return Sample(
        memory_kib=sum(map(pss_bytes, pids)) // KIB,
        files=sum([await files_of(pid) for pid in pids]),
        connections=await counted(watch, CONNECTIONS),
        relations=await counted(watch, RELATIONS),
        relation_kib=relation_kib,
    )


def growth_of(values: Sequence[int]) -> float:
    """How much a straight line through them rises from the first to the last, as a part of their average."""
    slope = statistics.linear_regression(range(len(values)), values).slope
    return slope * (len(values) - 1) / statistics.fmean(values)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.cycles", description=__doc__)
    parser.add_argument("--cycles", type=int, default=300, help="how many, one after the other")
    parser.add_argument("--keep", action="store_true", help=f"write {RESULT}")
    arguments = parser.parse_args()
    if arguments.cycles < CYCLES_MIN:
        parser.error(f"--cycles: at least {CYCLES_MIN}")
    cycles = asyncio.run(run_cycles(arguments.cycles))
    sys.stdout.writelines(f"{name} grew by {growth:+.2%} in the last half\n" for name, growth in cycles.growth.items())
    sys.stdout.writelines(f"{name}: {then} KiB at half time, {now} KiB\n" for name, (then, now) in cycles.grown.items())
    if arguments.keep:
        RESULT.write_bytes(msgspec.json.format(msgspec.json.encode(cycles), indent=1) + b"\n")
    sys.exit(1 if max(cycles.growth.values()) >= GROWTH_MAX else 0)


if __name__ == "__main__":
    main()
