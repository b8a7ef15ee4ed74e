"""The memory of a whole system: its processes, and its backends of PostgreSQL without what they share."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import asyncpg
import psutil

from loadtest.bench.memory import pss_beside_shared_memory, pss_bytes
from loadtest.legacy.turns import OBSERVER, Memory, observing

SAMPLE_SECONDS_MIN: Final = 0.2
# The kernel walks a backend's share of the shared buffers page by page: looking must not slow down what is looked at.
REST_FACTOR: Final = 20
LIST_BACKENDS: Final = f"""
    SELECT pid
    FROM pg_stat_activity
    WHERE datname = current_database()
        AND backend_type IN ('client backend', 'parallel worker')
        AND application_name <> '{OBSERVER}'
"""


class Footprint:
    """The most that was seen so far."""

    def __init__(self) -> None:
        self.peak = Memory(0, 0)


@contextlib.asynccontextmanager
async def sampled_system(url: str) -> AsyncIterator[Footprint]:
    """Look at our children that run Python, and at all backends of the database but our own."""
    footprint = Footprint()

    async def sample(observer: asyncpg.Connection) -> None:
        while True:
            begun = time.perf_counter()
            backends = await observer.fetch(LIST_BACKENDS)
            seen = Memory(
                processes=sum(map(pss_bytes, list_programs())),
                backends=sum(pss_beside_shared_memory(row["pid"]) for row in backends),
            )
            footprint.peak = max(footprint.peak, seen, key=lambda each: each.together)
            await asyncio.sleep(max(SAMPLE_SECONDS_MIN, REST_FACTOR * (time.perf_counter() - begun)))

    async with observing(url) as observer:
        sampling = asyncio.create_task(sample(observer))
        try:
            yield footprint
        finally:
            sampling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sampling


def list_programs() -> list[int]:
    """PostgreSQL is our child, too."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if Path(child.exe()).name.startswith("python"):
                found.append(child.pid)
    return found
