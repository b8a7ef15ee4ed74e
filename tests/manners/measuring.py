"""What the receiving end saw, in windows of a second."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from tests.manners.resolver import DELAY_SECONDS

START_SECONDS_MAX = 20.0
STOP_SECONDS_MAX = 20.0
SETTLING_SECONDS = 3.5  # three heartbeats, in which shares are given back and taken
MEASURED_SECONDS = 2.5
OVER_MAX = 1.05
USED_MIN = 0.9
FULL_SHARE_MIN = 0.05  # of what arrives, that finds a limit nearly reached: it comes in bursts, as answers do

Times = npt.NDArray[np.float64]
Arrivals = npt.NDArray[np.void]  # of resolver.ARRIVAL or web.VISIT


class Receiver:
    """The process of resolvers or web hosts. `arrivals` are there when it has ended."""

    def __init__(self, process: asyncio.subprocess.Process, addresses: tuple[str, ...]) -> None:
        self.process = process
        self.addresses = addresses  # what it says of itself: where the resolvers are, or a resolver and a port
        self.arrivals: Arrivals = np.zeros(0, dtype=[])

    def lose(self, fraction: float) -> None:
        """From now on it says nothing to so many questions, by chance."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{fraction}\n".encode())


def receiving(
    folder: Path, *, delay_seconds: float = DELAY_SECONDS
) -> contextlib.AbstractAsyncContextManager[Receiver]:
    """Two resolvers that take so long for each answer."""
    return running("tests.manners.resolver", folder / "arrivals.npy", str(delay_seconds))


def receiving_visits(folder: Path) -> contextlib.AbstractAsyncContextManager[Receiver]:
    """Two web hosts."""
    return running("tests.manners.web", folder / "visits.npy")


@contextlib.asynccontextmanager
async def running(program: str, file: Path, *arguments: str) -> AsyncIterator[Receiver]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", program, str(file), *arguments),
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


def steady(arrivals: Arrivals) -> Arrivals:
    """Those that came once shares had settled."""
    first = arrivals["at"].min() + SETTLING_SECONDS
    return between(arrivals, first, first + MEASURED_SECONDS)


def assert_rate(times: Times, cap: float, *, used_min: float = USED_MIN) -> None:
    """Never more than the cap, in any second, and once shares have settled so much of it at least."""
    first = times.min() + SETTLING_SECONDS
    seen, used = rates(times), rates(times[(times >= first) & (times < first + MEASURED_SECONDS)])
    told(f"at most {seen.most}, {used.mean:.0f} on average, of {cap:.0f} a second")
    assert seen.most <= cap * OVER_MAX
    assert used.mean >= cap * used_min


def told(figure: str) -> None:
    """For whoever asks pytest for what passed tests have said (-rP)."""
    sys.stdout.write(f"{figure}\n")
