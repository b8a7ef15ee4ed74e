"""`python -m loadtest.legacy.rehearsal`: a planted old database is migrated, and rolled back from each stage; timed.

Everything is in one durable PostgreSQL, by the same commands that `phaseline migrate legacy` gives. Each way back is
walked from a new beginning, and the old database is compared with how it was, by its dump.
"""

import argparse
import asyncio
import hashlib
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import asyncpg
import msgspec

from loadtest.baseline.planting import Planted, make_tables, plant
from loadtest.bench import machine
from loadtest.bench.__main__ import RESULTS, open_folder, tell
from loadtest.bench.carrying import EMPTY, Installation, installed
from loadtest.bench.machine import Machine
from loadtest.bench.processes import ROOT, run_program
from loadtest.bench.reports import now
from loadtest.bench.sections import write_section
from loadtest.bench.table import lined_up
from service.campaigns.model import Network
from service.migration import commands
from service.migration.commands import Wishes
from service.migration.planning import make_plan
from service.migration.source.store import open_source
from service.postgres.binaries import find_binaries
from service.postgres.database import Database, open_database

DOMAINS = 2_000_000
CONNECTIONS_MAX = 4
LINE_BYTES_MAX = 2**20
OLD = "rehearsal_old"
# A dump names the key by which it may be restored, which differs from dump to dump.
KEYS = (b"\\restrict ", b"\\unrestrict ")
SECTION = "migration"  # of README
T = TypeVar("T")


class Step(msgspec.Struct, frozen=True):
    """What a step took; `what` says of what, in words."""

    name: str
    seconds: float
    what: str


class WayBack(msgspec.Struct, frozen=True):
    """From a stage; `hours`: the plan's estimate for it."""

    stage: str
    seconds: float
    hours: float


class Rehearsal(msgspec.Struct, frozen=True):
    """All of it, and on what it was measured."""

    taken_at: datetime
    commit: str
    machine: Machine
    domains: int
    campaigns: int
    rows: int
    steps: tuple[Step, ...]
    ways_back: tuple[WayBack, ...]


class Timed:
    """What was taken so far."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.ways_back: list[WayBack] = []

    async def step(self, name: str, work: Callable[[], Awaitable[T]], what: Callable[[T], str]) -> T:
        began = time.perf_counter()
        result = await work()
        self.steps.append(Step(name, round(time.perf_counter() - began, 2), what(result)))
        tell(f"{name}: {self.steps[-1].seconds:,.1f} s, {self.steps[-1].what}")
        return result

    async def way_back(self, stage: str, hours: float, work: Callable[[], Awaitable[object]]) -> None:
        began = time.perf_counter()
        await work()
        self.ways_back.append(WayBack(stage, round(time.perf_counter() - began, 2), hours))
        tell(f"back from {stage}: {self.ways_back[-1].seconds:,.1f} s")


def main() -> int:
    asked = parse_arguments()
    file = asked.results / "migration.json"
    if not asked.show:
        rehearsal = asyncio.run(measure(asked.domains))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.format(msgspec.json.encode(rehearsal), indent=1) + b"\n")
    rehearsal = read_rehearsal(file)
    tell(render(rehearsal))
    if asked.readme:
        write_section(ROOT / "README.md", SECTION, section_of(rehearsal))
    return 0


def read_rehearsal(file: Path) -> Rehearsal:
    return msgspec.json.decode(file.read_bytes(), type=Rehearsal)


async def measure(domains: int) -> Rehearsal:
    here = machine.this_machine()
    with open_folder() as folder:
        async with installed(folder / "postgres") as installation:
            await installation.administer(f"CREATE DATABASE {OLD}")
            planted = await planted_at(installation.url(OLD), domains)
            timed = Timed()
            async with installation.copy(EMPTY) as url, open_database(url, connections_max=CONNECTIONS_MAX) as database:
                rows = await rehearse(installation, database, folder / "backups", timed)
    return Rehearsal(
        taken_at=now(),
        commit=machine.commit(),
        machine=here,
        domains=domains,
        campaigns=len(planted.plans),
        rows=rows,
        steps=tuple(timed.steps),
        ways_back=tuple(timed.ways_back),
    )


async def planted_at(url: str, domains: int) -> Planted:
    connection = await asyncpg.connect(url)
    try:
        await make_tables(connection)
        return await plant(connection, domains)
    finally:
        await connection.close()


async def rehearse(installation: Installation, database: Database, backups: Path, timed: Timed) -> int:
    """Each stage's way back, from the first to the last; how many rows were carried. Raises where one leaves traces."""
    url, wishes = installation.url(OLD), Wishes("default", Network.SANDBOX, backups)
    before = await fingerprint(url)

    async def run() -> commands.Carried:
        return await commands.run(database, url, wishes)

    async def back(stage: str, hours: float) -> None:
        await timed.way_back(stage, hours, lambda: commands.rollback(database, url))
        if await fingerprint(url) != before:
            raise AssertionError(f"the way back from {stage} leaves traces in the old database")

    await timed.step("plan", lambda: plan(database, url), lambda _: "reads only")
    await begin_and_break_off(database, url, wishes)
    await back("added", 4)
    carried = await timed.step("run", run, lambda done: f"{done.rows:,} rows, with the backup restored as a trial")
    await back("carried", 6)
    await run()
    await timed.step("verify", lambda: commands.prove(database, url), lambda proof: f"{proof.rows:,} rows, both sides")
    await back("verified", 6)
    await run()
    await commands.prove(database, url)
    await timed.step(
        "switch",
        lambda: commands.switch(database, url),
        lambda done: f"of which the old tables were closed before it for {done.seconds:,.1f} s",
    )
    await back("switched", 8)
    await commands.rollback(database, url, discard=True)
    await run()
    await commands.prove(database, url)
    await commands.switch(database, url)
    finished = await timed.step(
        "finish", lambda: commands.finish(database, url, backups), lambda _: "with the backup restored as a trial"
    )
    await timed.way_back("finished, by the backup", 6, lambda: restore(finished.restore))
    if await fingerprint(url) != before:
        raise AssertionError("the backup does not bring the old database back")
    return carried.rows


async def plan(database: Database, url: str) -> None:
    async with open_source(url) as source:
        made = await make_plan(database, source, Network.SANDBOX, campaigns_told_max=0)
    if not made.goes:
        raise AssertionError(f"blocked: {made.blockers}")


class BrokenOff(Exception):
    """After the first batch."""


async def begin_and_break_off(database: Database, url: str, wishes: Wishes) -> None:
    def break_off(rows: int) -> None:
        raise BrokenOff(rows)

    try:
        await commands.run(database, url, wishes, break_off)
    except BrokenOff:
        return
    raise AssertionError("there was nothing to carry")


async def restore(lines: Sequence[str]) -> None:
    """As an operator types them."""
    for line in lines:
        await run_program(("sh", "-c", line), environment={"PATH": f"{find_binaries()}:{os.environ['PATH']}"})


async def fingerprint(url: str) -> int:
    """Of the lines of the database's dump, without the keys of dumps. Rows have no order: COPY fills what is free."""
    total = 0
    process = await asyncio.create_subprocess_exec(
        find_binaries() / "pg_dump", f"--dbname={url}", stdout=asyncio.subprocess.PIPE, limit=LINE_BYTES_MAX
    )
    assert process.stdout is not None
    async for line in process.stdout:
        if not line.startswith(KEYS):
            total += int.from_bytes(hashlib.blake2b(line, digest_size=16).digest(), "big")
    if await process.wait() != 0:
        raise AssertionError("the old database cannot be dumped")
    return total


def render(rehearsal: Rehearsal) -> str:
    """As Markdown."""
    steps = [(f"`{step.name}`", f"{step.seconds:,.1f} s", step.what) for step in rehearsal.steps]
    ways = [(way.stage, f"{way.seconds:,.1f} s", f"{way.hours:g} h") for way in rehearsal.ways_back]
    return "\n".join(
        [
            *lined_up(("step", "takes", "of what"), steps),
            "",
            *lined_up(("back from", "takes", "the plan's hours"), ways),
        ]
    )


def section_of(rehearsal: Rehearsal) -> str:
    """What was measured on what, and the tables."""
    here = rehearsal.machine
    head = (
        f"{rehearsal.domains:,} domains of {rehearsal.campaigns} campaigns ({rehearsal.rows:,} rows, since some"
        f" campaigns were given the names of others), on {here.cores} cores of {here.processor} with"
        f" {here.memory_gib} GiB, both databases in one durable PostgreSQL, at {rehearsal.commit}:"
    )
    return f"{head}\n\n{render(rehearsal)}"


def parse_arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.legacy.rehearsal", description=__doc__)
    parser.add_argument("--domains", type=int, default=DOMAINS, help="rows of the old table of domains")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where results are written")
    parser.add_argument("--show", action="store_true", help="measure nothing; show what was measured")
    parser.add_argument("--readme", action="store_true", help="write the tables into README.md")
    return parser.parse_args(given)


if __name__ == "__main__":
    sys.exit(main())
