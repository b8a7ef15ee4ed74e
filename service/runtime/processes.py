"""Child processes: started, watched, started again when they die, and stopped with their parent.

A child's standard input is a pipe that its parent holds open: when the parent is gone, however it went, the pipe ends
and the child stops by itself.
"""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence

from service.runtime.loop import rest

RESTART_SECONDS_MIN = 0.2
RESTART_SECONDS_MAX = 10.0
HEALTHY_SECONDS = 30.0  # a child that lived so long starts again at once
STOP_SECONDS_MAX = 12.0

logger = logging.getLogger(__name__)

OnDeath = Callable[[str], Awaitable[None]]


class Child:
    """One kind of child: `arguments(name)` are what `python -m service` is started with."""

    def __init__(self, name: str, arguments: Callable[[str], Sequence[str]], environment: Mapping[str, str]) -> None:
        self.name = name
        self.arguments = arguments
        self.environment = environment
        self.process: asyncio.subprocess.Process | None = None


async def keep_alive(child: Child, *, new_name: Callable[[], str], on_death: OnDeath, stop: asyncio.Event) -> None:
    """Run a child until told to stop; each life has a name of its own, which `on_death` is given when it ends."""
    pause = RESTART_SECONDS_MIN
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        name, started = new_name(), loop.time()
        code = await live_once(child, name, stop)
        if stop.is_set():
            return
        logger.warning("%s ended with %s; it is started again", child.name, code, extra={"child": name})
        await on_death(name)
        pause = RESTART_SECONDS_MIN if loop.time() - started > HEALTHY_SECONDS else min(RESTART_SECONDS_MAX, pause * 2)
        await rest(stop, pause)


async def live_once(child: Child, name: str, stop: asyncio.Event) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "service",
        *child.arguments(name),
        stdin=asyncio.subprocess.PIPE,
        env=dict(child.environment),
        # Ctrl-C goes to the parent, which stops its children in order.
        start_new_session=True,
    )
    child.process = process
    ended = asyncio.create_task(process.wait())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            await end(process)
        return await ended
    finally:
        stopping.cancel()
        ended.cancel()
        child.process = None
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


async def end(process: asyncio.subprocess.Process) -> None:
    """Ask it to stop; after a bound, make it."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


async def stop_with_parent(stop: asyncio.Event) -> None:
    """In a child: when standard input ends, the parent is gone."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        while await reader.read(4_096):
            pass
        stop.set()
    finally:
        transport.close()
