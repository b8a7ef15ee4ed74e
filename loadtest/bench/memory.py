"""How much memory a process has to itself: PSS, which counts shared pages by their share."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

SAMPLE_SECONDS = 0.1
KIB = 1_024
MIB = 1_024**2


class Footprint:
    """The most that was seen so far."""

    def __init__(self) -> None:
        self.peak_bytes = 0


@contextlib.asynccontextmanager
async def sampled(pid: int) -> AsyncIterator[Footprint]:
    """Look at a process ten times a second while the block runs."""
    footprint = Footprint()

    async def sample() -> None:
        while True:
            footprint.peak_bytes = max(footprint.peak_bytes, pss_bytes(pid))
            await asyncio.sleep(SAMPLE_SECONDS)

    sampling = asyncio.create_task(sample())
    try:
        yield footprint
    finally:
        sampling.cancel()


def pss_bytes(pid: int) -> int:
    """Now; 0 where the kernel does not say, or the process is gone."""
    return rollup(pid).get("Pss", 0)


def pss_beside_shared_memory(pid: int) -> int:
    """Without the process's part of shared memory, such as PostgreSQL's buffers."""
    sizes = rollup(pid)
    return sizes.get("Pss", 0) - sizes.get("Pss_Shmem", 0)


def rollup(pid: int) -> dict[str, int]:
    """What the kernel adds up of a process's mappings, in bytes, by its names."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return {}
    fields = (line.split() for line in lines[1:])
    return {name.removesuffix(":"): int(size) * KIB for name, size, *_ in fields}
