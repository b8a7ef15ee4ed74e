"""The sandbox in a process of its own: on free ports, kept alive, stopped when nobody needs it."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator

import msgspec

from service import assembly
from service.cli.services import SandboxPorts
from service.cli.stopping import unless_stopped
from service.errors import Unavailable
from service.runtime.loop import rest
from service.runtime.processes import end
from service.settings import Settings

START_SECONDS_MAX = 30.0
RESTART_SECONDS = 1.0

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def sandbox_process(settings: Settings) -> AsyncIterator[Settings]:
    """A sandbox on free ports, started again if it dies; gives the settings with its real ports."""
    stop = asyncio.Event()
    ready: asyncio.Future[Settings] = asyncio.get_running_loop().create_future()
    free = msgspec.structs.replace(settings, sandbox_dns_port=0, sandbox_http_port=0, sandbox_https_port=0)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(keep_sandbox(free, ready, stop))
        try:
            yield await ready
        finally:
            stop.set()


async def keep_sandbox(settings: Settings, ready: asyncio.Future[Settings], stop: asyncio.Event) -> None:
    """One life after the other, each on the ports of the first. Unavailable if the first one does not begin."""
    while not stop.is_set():
        try:
            await live_once(ready.result() if ready.done() else settings, ready, stop)
        except Unavailable:
            if not ready.done():
                raise
        if not stop.is_set():
            logger.warning("the sandbox has ended; it is started again")
            await rest(stop, RESTART_SECONDS)


async def live_once(settings: Settings, ready: asyncio.Future[Settings], stop: asyncio.Event) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "service", "sandbox", "--json", "--with-parent"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=assembly.child_environment(settings, ""),
        start_new_session=True,  # Ctrl-C is for us: the sandbox stops last
    )
    try:
        ports = await read_ports(process)
        if not ready.done():
            ready.set_result(with_ports(settings, ports))
        await unless_stopped(process.wait(), stop, 0)
    finally:
        await end(process)


async def read_ports(process: asyncio.subprocess.Process) -> SandboxPorts:
    """What the sandbox says first; Unavailable if it says something else, or nothing."""
    assert process.stdout is not None, "it was asked to be a pipe"
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS_MAX)
        return msgspec.json.decode(line, type=SandboxPorts)
    except (TimeoutError, ValueError):
        raise Unavailable("sandbox_not_started", "The sandbox did not start; the line above says why.") from None


def with_ports(settings: Settings, ports: SandboxPorts) -> Settings:
    return msgspec.structs.replace(
        settings,
        sandbox_dns_port=ports.dns_port,
        sandbox_http_port=ports.http_port,
        sandbox_https_port=ports.https_port,
    )
