"""Other people's servers as our children: started in the foreground, in a folder of ours, and ended with the test."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
from collections import deque
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

SERVERS_PATH = "/usr/sbin:/usr/local/sbin:/sbin"  # not every user's PATH has them
START_SECONDS_MAX = 20.0
STOP_SECONDS_MAX = 10.0
LINES_KEPT = 50
PORTS_TRIED_MAX = 20


def find_program(name: str) -> str:
    """Where a server's program is; a test without it must fail, not pass by being skipped."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SERVERS_PATH}")
    if found is None:
        pytest.fail(f"{name} is missing: apt-get install nsd nginx-light", pytrace=False)
    return found


@contextlib.asynccontextmanager
async def running_daemon(program: str, *arguments: str, folder: Path, ready: str) -> AsyncIterator[None]:
    """A server that runs from the line with `ready` on its standard error until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # its own children end with it
    )
    assert process.stderr is not None
    said: deque[str] = deque(maxlen=LINES_KEPT)
    is_ready = asyncio.Event()
    listening = asyncio.create_task(listen(process.stderr, said, ready, is_ready))
    try:
        await started(is_ready, listening)
        assert is_ready.is_set(), f"{program} did not start: {' | '.join(said)}"
        yield
        assert process.returncode is None, f"{program} ended by itself: {' | '.join(said)}"
    finally:
        await end(process)
        await listening


async def listen(stream: asyncio.StreamReader, said: deque[str], ready: str, is_ready: asyncio.Event) -> None:
    """Keep what a server says last, until it is gone."""
    while line := await stream.readline():
        said.append(line.decode(errors="replace").rstrip())
        if ready in said[-1]:
            is_ready.set()


async def started(is_ready: asyncio.Event, listening: "asyncio.Task[None]") -> None:
    """Wait until it is ready, or gone, or too late."""
    waiting = asyncio.create_task(is_ready.wait())
    try:
        await asyncio.wait({waiting, listening}, timeout=START_SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


async def end(process: asyncio.subprocess.Process) -> None:
    """Ask it to stop; whatever is left of its session after that is killed."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def find_free_ports(count: int, addresses: Sequence[str], *kinds: socket.SocketKind) -> tuple[int, ...]:
    """Different ports, each of them free at all of these addresses now."""
    with contextlib.ExitStack() as held:
        return tuple(hold_port(held, addresses, kinds) for _ in range(count))


def hold_port(held: contextlib.ExitStack, addresses: Sequence[str], kinds: Sequence[socket.SocketKind]) -> int:
    for _ in range(PORTS_TRIED_MAX):
        with contextlib.ExitStack() as tried:
            port = 0
            try:
                for address in addresses:
                    for kind in kinds:
                        opened = tried.enter_context(socket.socket(socket.AF_INET, kind))
                        opened.bind((address, port))
                        port = opened.getsockname()[1]
            except OSError:
                continue
            held.push(tried.pop_all())
            return port
    raise AssertionError("no port is free")
