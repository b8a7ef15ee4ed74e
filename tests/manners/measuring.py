"""What the receiving end saw, in windows of a second."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from tests.manners.resolver import ARRIVAL, DELAY_SECONDS

START_SECONDS_MAX = 20.0
STOP_SECONDS_MAX = 20.0

Times = npt.NDArray[np.float64]
Arrivals = npt.NDArray[np.void]  # of resolver.ARRIVAL


class Receiver:
    """The resolvers' process. `arrivals` are there when it has ended."""

    def __init__(self, process: asyncio.subprocess.Process, addresses: tuple[str, ...]) -> None:
        self.process = process
        self.addresses = addresses
        self.arrivals: Arrivals = np.zeros(0, dtype=ARRIVAL)

    def lose(self, fraction: float) -> None:
        """From now on it says nothing to so many questions, by chance."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{fraction}\n".encode())


@contextlib.asynccontextmanager
async def receiving(folder: Path, *, delay_seconds: float = DELAY_SECONDS) -> AsyncIterator[Receiver]:
    """Two resolvers that take so long for each answer."""
    file = folder / "arrivals.npy"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.manners.resolver", str(file), str(delay_seconds)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS_MAX):
            addresses = (await process.stdout.readline()).decode().split()
        receiver = Receiver(process, tuple(addresses))
        yield receiver
        process.stdin.close()
        async with asyncio.timeout(STOP_SECONDS_MAX):
            await process.wait()
        receiver.arrivals = np.load(file)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class Rates(msgspec.Struct, frozen=True):
    """Questions in a second: the most in any window, wherever it begins, and on average."""

    most: int
    mean: float


def rates(times: Times) -> Rates:
    ordered = np.sort(times)
    ends = np.searchsorted(ordered, ordered + 1.0, side="left")
    span = ordered[-1] - ordered[0]
    return Rates(most=int((ends - np.arange(len(ordered))).max()), mean=float((len(ordered) - 1) / span))


def between(arrivals: Arrivals, first: float, end: float) -> Arrivals:
    """Those from `first` up to `end`, in seconds of the wall's clock."""
    found: Arrivals = arrivals[(arrivals["at"] >= first) & (arrivals["at"] < end)]
    return found


def of_resolver(arrivals: Arrivals, index: int) -> Arrivals:
    found: Arrivals = arrivals[arrivals["resolver"] == index]
    return found


def told(figure: str) -> None:
    """For whoever asks pytest for what passed tests have said (-rP)."""
    sys.stdout.write(f"{figure}\n")
