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
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * KIB for line in lines if line.startswith("Pss:")), 0)
