"""Other people's servers as our children: found, given a free port, started in the foreground, and ended by us."""

import asyncio
import contextlib
import os
import shutil
import socket
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from loadtest.bench.processes import ROOT, ProgramFailed, end

SERVERS_PATH = "/usr/sbin:/usr/local/sbin:/sbin"  # not every user's PATH has them
START_SECONDS_MAX = 120.0  # a name server reads a million records
LINES_KEPT = 50
PORTS_TRIED_MAX = 20


def find_program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SERVERS_PATH}")


@contextlib.asynccontextmanager
async def running_daemon(
    command: Sequence[str], *, folder: Path, ready: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[str]:
    """A server that runs until the end of the block, from the line on with which it says that it is `ready`: that line.

    ProgramFailed if it does not start, and if it has ended by itself before the end.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env={**(os.environ if environment is None else environment), "PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # its own children end with it
    )
    assert process.stdout is not None
    said: deque[str] = deque(maxlen=LINES_KEPT)
    is_ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    listening = asyncio.create_task(listen(process.stdout, said, ready, is_ready))
    try:
        both: set[asyncio.Future[Any]] = {is_ready, listening}
        await asyncio.wait(both, timeout=START_SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED)
        if not is_ready.done():
            raise ProgramFailed(f"{' '.join(command)} did not start: {' | '.join(said)}")
        yield is_ready.result()
        if process.returncode is not None:
            raise ProgramFailed(f"{' '.join(command)} ended by itself: {' | '.join(said)}")
    finally:
        await end(process)
        await listening


async def listen(stream: asyncio.StreamReader, said: deque[str], ready: str, is_ready: "asyncio.Future[str]") -> None:
    """Keep what a server says last, until it is gone."""
    while line := await stream.readline():
        said.append(line.decode(errors="replace").rstrip())
        if ready in said[-1] and not is_ready.done():
            is_ready.set_result(said[-1])


def find_free_ports(count: int, addresses: Sequence[str], *kinds: socket.SocketKind) -> tuple[int, ...]:
    """Different ports, each of them free at all of these addresses, for all of these kinds, at this moment."""
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
                        port = int(opened.getsockname()[1])
            except OSError:
                continue
            held.push(tried.pop_all())
            return port
    raise ProgramFailed(f"no port is free at {', '.join(addresses)}")
