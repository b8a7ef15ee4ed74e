"""One run: so many workers, a warm-up, and what arrives at the sandbox within a window."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from loadtest.bench import carrying
from loadtest.bench.campaigns import DNS
from loadtest.bench.carrying import COUNT_WORKERS, FIND_STATUS, LOOK_SECONDS, READY_SECONDS_MAX, Installation, Prepared
from loadtest.bench.daemons import running_daemon
from loadtest.bench.processes import ROOT, ProgramFailed
from loadtest.scaling.counted_sandbox import CountedSandbox
from loadtest.scaling.worlds import World, configuration_in
from service import assembly
from service.campaigns import commands
from service.campaigns.model import ConfigurationUpdate, UpdateCampaign
from service.postgres.database import Database, open_database
from service.progress.events import CampaignPhase

LIST_PROCESSES = "SELECT process_id FROM workers"
TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
USER_TICKS, SYSTEM_TICKS = 11, 12  # of what stands behind the name, in proc_pid_stat(5)


class Times(msgspec.Struct, frozen=True):
    """How long is waited, and then measured, in seconds."""

    warm_up: float
    window: float


class Run(msgspec.Struct, frozen=True):
    """`per_second`: questions or requests that arrived. How many cores the workers took, and the sandbox of one."""

    world: str
    phase: CampaignPhase
    processes: int
    per_second: float
    worker_cores: float
    sandbox_cores: float


class Stage(msgspec.Struct, frozen=True):
    """A phase in a world, and a database that is ready for it, with so many names."""

    world: World
    phase: CampaignPhase
    prepared: Prepared
    names: int


async def measure(
    installation: Installation, stage: Stage, processes: int, sandbox: CountedSandbox, times: Times
) -> Run:
    """ProgramFailed where the phase was over before the window was."""
    principal, campaign_id = installation.principal, stage.prepared.campaign_id
    async with (
        installation.copy(stage.prepared.template) as url,
        open_database(url, connections_max=carrying.CONNECTIONS_MAX) as database,
    ):
        changes = UpdateCampaign(configuration=changes_for(stage, processes))
        async with database.transaction() as tx:
            await commands.update_campaign(tx, principal, campaign_id, changes, None)
        async with running_workers(database, sandbox, processes):
            await carrying.transition(database, principal, campaign_id, stage.phase)
            await asyncio.sleep(times.warm_up)
            pids = [row["process_id"] for row in await database.pool.fetch(LIST_PROCESSES)]
            before, cpu_before = await sandbox.look(), cpu_seconds(pids)
            await asyncio.sleep(times.window)
            after, cpu_after = await sandbox.look(), cpu_seconds(pids)
            await check_runs(database.pool, stage)
    seconds = after.at - before.at
    arrived = after.questions - before.questions if stage.phase is DNS else after.requests - before.requests
    return Run(
        world=stage.world.name,
        phase=stage.phase,
        processes=processes,
        per_second=round(arrived / seconds, 1),
        worker_cores=round((cpu_after - cpu_before) / seconds, 2),
        sandbox_cores=round((after.cpu_seconds - before.cpu_seconds) / seconds, 2),
    )


def changes_for(stage: Stage, processes: int) -> ConfigurationUpdate:
    wanted = configuration_in(stage.world, processes, stage.names)
    if stage.phase is DNS:
        return ConfigurationUpdate(dns_validation=wanted.dns_validation)
    return ConfigurationUpdate(http_validation=wanted.http_validation)


async def check_runs(pool: asyncpg.Pool, stage: Stage) -> None:
    status, complaint = await pool.fetchrow(FIND_STATUS, stage.prepared.campaign_id, stage.phase)
    if status != "running":
        raise ProgramFailed(f"{stage.phase} is {status} before the window is over ({complaint}): give it more names")


@contextlib.asynccontextmanager
async def running_workers(database: Database, sandbox: CountedSandbox, processes: int) -> AsyncIterator[None]:
    """As `phaseline work` starts them, on any of our cores, once all have signed on."""
    command = (sys.executable, "-m", "service", "work", "--processes", str(processes))
    environment = assembly.child_environment(sandbox.settings, database.url)
    async with running_daemon(command, folder=ROOT, ready="worker processes", environment=environment):
        async with asyncio.timeout(READY_SECONDS_MAX):
            await until_signed_on(database, processes)
        yield


async def until_signed_on(database: Database, processes: int) -> None:
    """Looks a hundred times a second."""
    while True:
        if await database.pool.fetchval(COUNT_WORKERS) >= processes:
            return
        await asyncio.sleep(LOOK_SECONDS)


def cpu_seconds(pids: list[int]) -> float:
    """What these processes took so far."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[USER_TICKS]) + int(fields[SYSTEM_TICKS])
    return ticks / TICKS_PER_SECOND
