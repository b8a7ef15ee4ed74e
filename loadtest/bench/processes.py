"""Programs as our children: pinned to a core, bounded in time, and ended by their own pid."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
STOP_SECONDS_MAX = 12.0
RUN_SECONDS_MAX = 600.0
STDERR_TOLD = 2_000  # characters


class ProgramFailed(Exception):
    """It ended badly, or not at all."""


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
