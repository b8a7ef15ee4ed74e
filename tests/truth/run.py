"""One campaign through all four phases, and each outcome of each name beside the sandbox's truth: `make truth`.

Two workers, PostgreSQL and the sandbox share the machine, as under `phaseline run`. What was measured is written to
`loadtest/results/truth.json`: seconds for each phase, outcomes that were not true, and the most memory of a worker.
"""

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from loadtest.bench import machine
from loadtest.bench.memory import MIB, pss_bytes
from loadtest.bench.processes import ROOT
from loadtest.bench.reports import now
from service.campaigns.model import PHASES, Configuration, CreateCampaign
from service.postgres.database import open_database
from service.sandbox.truth import DEFAULT_SEED
from tests.audit import audit_everything
from tests.conftest import key_of, principal_of
from tests.crashes.installation import WORK, Installation, installation, internet
from tests.crashes.processes import command_line
from tests.crashes.scenario import DNS_TIMEOUT_SECONDS, Moment, connection_to, moment_of, patient_sample
from tests.expected import Internet, list_outcomes, list_untrue
from tests.world import start

COUNT = 2_000_000
VARIABLE_LENGTH = 5  # as many letters have names enough
HTTP_TIMEOUT_SECONDS = 10.0
HTTP_CONCURRENCY = 64  # of each worker; with 256 at a sandbox of one process, hosts that redirect took longer than that
LOOK_SECONDS = 0.1
CAMPAIGN_SECONDS_MAX = 7_200.0
UNTRUE_KEPT = 20
RESULTS = ROOT / "loadtest" / "results"


class Phase(msgspec.Struct, frozen=True):
    """From the end of the phase before to its own."""

    name: str
    names: int
    seconds: float


class Findings(msgspec.Struct, frozen=True):
    """`untrue_count` sentences say which outcome was not the truth; some of them are kept."""

    taken_at: datetime
    commit: str
    machine: machine.Machine
    names: int
    phases: tuple[Phase, ...]
    untrue_count: int
    untrue: tuple[str, ...]
    worker_pss_mib: float


def large_sample(count: int) -> CreateCampaign:
    """The sample with names of one letter more, and time for hosts that redirect while the sandbox is busy."""
    sample = patient_sample(count)
    generation = sample.configuration.domain_generation
    assert generation is not None
    configuration: Configuration = msgspec.structs.replace(
        sample.configuration,
        domain_generation=msgspec.structs.replace(generation, variable_length=VARIABLE_LENGTH),
        http_validation=msgspec.structs.replace(
            sample.configuration.http_validation, timeout_seconds=HTTP_TIMEOUT_SECONDS, concurrency=HTTP_CONCURRENCY
        ),
    )
    return msgspec.structs.replace(sample, configuration=configuration)


class Footprints:
    """The most memory that one worker process had so far."""

    def __init__(self, here: Installation) -> None:
        self.here = here
        self.peak_bytes = 0

    async def watch(self) -> None:
        while True:
            workers = [pid for pid in self.here.children() if "work" in command_line(pid)]
            self.peak_bytes = max([self.peak_bytes, *map(pss_bytes, workers)])
            await asyncio.sleep(1.0)


@contextlib.asynccontextmanager
async def watched(here: Installation) -> AsyncIterator[Footprints]:
    footprints = Footprints(here)
    watching = asyncio.create_task(footprints.watch())
    try:
        yield footprints
    finally:
        watching.cancel()


async def begin(here: Installation, count: int) -> UUID:
    async with open_database(here.database_url, connections_max=1) as database:
        principal = await principal_of(database, await key_of(database, "truth"))
        return (await start(database, principal, large_sample(count))).id


async def time_phases(here: Installation, campaign_id: UUID) -> tuple[Phase, ...]:
    """Wait for the end of each phase, and tell of it; looks ten times a second."""
    phases: list[Phase] = []
    async with connection_to(here) as connection, asyncio.timeout(CAMPAIGN_SECONDS_MAX):
        for index, phase in enumerate(PHASES):
            begun = time.monotonic()
            while await moment_of(connection, campaign_id) < Moment(index + 1, 0):
                await asyncio.sleep(LOOK_SECONDS)
            seconds = time.monotonic() - begun
            names = await connection.fetchval(
                "SELECT total_count FROM phase_runs WHERE campaign_id = $1 AND phase = $2", campaign_id, phase
            )
            phases.append(Phase(phase, int(names), round(seconds, 1)))
            tell(f"{phase}: {names:,} in {seconds:.1f} s, {names / seconds:,.0f}/s")
    return tuple(phases)


async def carry(home: Path, count: int) -> Findings:
    async with internet() as sandbox, installation(home, WORK, sandbox.variables) as here, watched(here) as footprints:
        campaign_id = await begin(here, count)
        phases = await time_phases(here, campaign_id)
        async with connection_to(here) as connection:
            await audit_everything(connection)
            outcomes = await list_outcomes(connection, campaign_id)
    untrue = list_untrue(Internet(DEFAULT_SEED, DNS_TIMEOUT_SECONDS), outcomes)
    return Findings(
        taken_at=now(),
        commit=machine.commit(),
        machine=machine.this_machine(),
        names=len(outcomes),
        phases=phases,
        untrue_count=len(untrue),
        untrue=tuple(untrue[:UNTRUE_KEPT]),
        worker_pss_mib=round(footprints.peak_bytes / MIB, 1),
    )


def write(file: Path, findings: Findings) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(findings), indent=1) + b"\n")


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.truth.run", description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help="how many names")
    parser.add_argument("--result", type=Path, default=RESULTS / "truth.json", help="where to write what was measured")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="phaseline-truth-") as home:
        findings = asyncio.run(carry(Path(home), asked.count))
    write(asked.result, findings)
    tell(f"{findings.names:,} names, {findings.untrue_count} outcomes not true, {findings.worker_pss_mib} MiB a worker")
    for sentence in findings.untrue:
        tell(sentence)
    return 1 if findings.untrue_count else 0


if __name__ == "__main__":
    sys.exit(main())
