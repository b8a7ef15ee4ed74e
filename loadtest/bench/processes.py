"""Programs as our children: pinned to a core, bounded in time, and ended by their own pid."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SERVERS_PATH = "/usr/sbin:/usr/local/sbin:/sbin"  # not every user's PATH has them
START_SECONDS_MAX = 120.0  # a name server reads a million records
STOP_SECONDS_MAX = 12.0
RUN_SECONDS_MAX = 600.0
LINES_KEPT = 50
STDERR_TOLD = 2_000  # characters


class ProgramFailed(Exception):
    """It ended badly, or not at all."""


def find_program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SERVERS_PATH}")


def client_core() -> int:
    """Where whoever is measured runs: the last but one of our cores."""
    return our_cores()[-2:][0]


def server_core() -> int:
    """Where the server that is asked runs: the last of our cores."""
    return our_cores()[-1]


def our_cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def pinned(core: int, command: Sequence[str]) -> tuple[str, ...]:
    """The command, started on one core; it keeps the pid of what is started here."""
    return (sys.executable, "-m", "loadtest.bench.pinned", str(core), *command)


async def run_program(
    command: Sequence[str], *, environment: Mapping[str, str] | None = None, seconds_max: float = RUN_SECONDS_MAX
) -> str:
    """What a program prints; ProgramFailed with its complaint if it ends badly or takes too long."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env=None if environment is None else {**os.environ, **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds_max):
            out, complaint = await process.communicate()
    except TimeoutError as error:
        raise ProgramFailed(f"{' '.join(command)}: not done after {seconds_max:.0f} s") from error
    finally:
        await end(process)
    if process.returncode != 0:
        told = complaint.decode(errors="replace")[-STDERR_TOLD:]
        raise ProgramFailed(f"{' '.join(command)} ended with {process.returncode}: {told}")
    return out.decode()


@contextlib.asynccontextmanager
async def running_daemon(command: Sequence[str], *, folder: Path, ready: str) -> AsyncIterator[None]:
    """A server that runs, from the line with `ready` on its standard error on, until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # its own children end with it
    )
    assert process.stderr is not None
    said: deque[str] = deque(maxlen=LINES_KEPT)
    is_ready = asyncio.Event()
    listening = asyncio.create_task(listen(process.stderr, said, ready, is_ready))
    try:
        await wait_for_start(is_ready, listening)
        if not is_ready.is_set():
            raise ProgramFailed(f"{' '.join(command)} did not start: {' | '.join(said)}")
        yield
    finally:
        await end(process)
        await listening


async def listen(stream: asyncio.StreamReader, said: deque[str], ready: str, is_ready: asyncio.Event) -> None:
    """Keep what a server says last, until it is gone."""
    while line := await stream.readline():
        said.append(line.decode(errors="replace").rstrip())
        if ready in said[-1]:
            is_ready.set()


async def wait_for_start(is_ready: asyncio.Event, listening: "asyncio.Task[None]") -> None:
    """Until it is ready, or gone, or too late."""
    waiting = asyncio.create_task(is_ready.wait())
    try:
        await asyncio.wait({waiting, listening}, timeout=START_SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


async def end(process: asyncio.subprocess.Process) -> None:
    """Ask it to stop, if it still runs; whatever is left of its session after that is killed."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
