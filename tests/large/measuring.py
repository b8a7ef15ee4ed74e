"""Memory of this process, and times side by side: what the large tests hold the service to."""

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import psutil

FIGURES: list[str] = []  # printed at the end of the run
SAMPLE_SECONDS = 0.05
MIB = 1024**2


class Memory:
    """The resident memory of this process, sampled while something is done."""

    def __init__(self) -> None:
        self.samples: list[float] = []

    @property
    def growth(self) -> float:
        """MiB at the worst, above what it was when the first tenth was done: buffers and caches are filled by then."""
        settled = max(self.samples[: max(1, len(self.samples) // 10)])
        return max(self.samples) - settled


@contextlib.asynccontextmanager
async def sampled_memory() -> AsyncIterator[Memory]:
    memory = Memory()

    async def sample() -> None:
        process = psutil.Process()
        while True:
            memory.samples.append(process.memory_info().rss / MIB)
            await asyncio.sleep(SAMPLE_SECONDS)

    sampling = asyncio.create_task(sample())
    try:
        yield memory
    finally:
        sampling.cancel()


async def quick_seconds(work: Callable[[], Awaitable[object]], times: int) -> float:
    """How long it takes when nobody else is in the way: a fifth of the times are quicker.

    The first time, which fills caches, is left out.
    """
    taken = []
    for _ in range(times + 1):
        started = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - started)
    return statistics.quantiles(taken[1:], n=5)[0]


def told(figure: str) -> None:
    """Remember a figure for the end of the run."""
    FIGURES.append(figure)
