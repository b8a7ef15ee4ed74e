"""What the processes take, and what the server's own histograms say, looked at again and again while all runs."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple

import msgspec
import psutil

from loadtest.bench.histograms import Histograms, read_histograms
from loadtest.bench.memory import MIB, pss_bytes
from loadtest.bench.serving import REQUESTS
from loadtest.scenarios.parts import Parts

DATABASE_SIZE = "SELECT pg_database_size(current_database())"


class Memory(msgspec.Struct, frozen=True):
    """PSS of the processes of each kind, and the database on the disk, in MiB."""

    api: float
    workers: float
    sandboxes: float
    postgres: float
    on_disk: float


class Processors(msgspec.Struct, frozen=True):
    """What each kind of processes has had of processors, in seconds."""

    api: float
    workers: float
    sandboxes: float
    postgres: float
    users: float


class Look(NamedTuple):
    """`at` is in seconds since 1970; `requests` are the histograms by operation, since the server began."""

    at: float
    memory: Memory
    processors: Processors
    requests: Histograms


class Roles(NamedTuple):
    """Processes by what they do."""

    api: list[psutil.Process]
    workers: list[psutil.Process]
    sandboxes: list[psutil.Process]
    postgres: list[psutil.Process]
    users: list[psutil.Process]

    @property
    def carrying(self) -> list[psutil.Process]:
        """Those that carry a campaign."""
        return [*self.workers, *self.sandboxes, *self.postgres]


def find_roles(parts: Parts) -> Roles:
    ours = [(process, " ".join(command_of(process))) for process in psutil.Process().children(recursive=True)]
    postmaster = psutil.Process(parts.postgres_pid)
    return Roles(
        api=[process for process, command in ours if "service serve" in command],
        workers=[process for process, command in ours if "--worker-id" in command],
        sandboxes=[process for process, command in ours if "sandbox" in command],
        postgres=[postmaster, *postmaster.children()],
        users=[process for process, command in ours if "locust" in command],
    )


def command_of(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []  # it has ended meanwhile


def processor_seconds(processes: Iterable[psutil.Process]) -> float:
    """What they have had so far, in user and system mode, those that they have waited for included."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += sum(process.cpu_times()[:4])
    return total


async def look(parts: Parts) -> Look:
    metrics = (await parts.api.get("/metrics")).decode()
    on_disk = await parts.database.pool.fetchval(DATABASE_SIZE)
    roles = find_roles(parts)
    # The kernel walks through all pages of shared memory for this.
    memory = await asyncio.to_thread(measure_memory, roles, on_disk)
    processors = Processors(*map(processor_seconds, roles))
    return Look(time.time(), memory, processors, read_histograms(metrics, REQUESTS, "operation"))


def measure_memory(roles: Roles, on_disk: int) -> Memory:
    api, workers, sandboxes, postgres = (sum(pss_bytes(each.pid) for each in role) / MIB for role in roles[:4])
    return Memory(api, workers, sandboxes, postgres, on_disk / MIB)


@contextlib.asynccontextmanager
async def sampled(parts: Parts, every_seconds: float) -> AsyncIterator[list[Look]]:
    """The looks so far."""
    looks = [await look(parts)]

    async def go_on() -> None:
        while True:
            await asyncio.sleep(every_seconds)
            looks.append(await look(parts))

    async with asyncio.TaskGroup() as tasks:
        going_on = tasks.create_task(go_on())
        yield looks
        going_on.cancel()
