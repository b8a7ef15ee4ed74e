"""Phaseline's own processes over a home folder of its own: started, killed in parts, stopped in order."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from service.cli.services import SandboxPorts
from service.postgres.cluster import Site, find_running
from service.postgres.configuration import PORT, USER
from service.postgres.embedded import DATABASE
from service.sandbox.truth import DEFAULT_SEED
from tests.crashes.processes import command_line, environment, is_alive, list_children, list_pids

WORKERS = 2
LEASE_SECONDS = 2
START_SECONDS_MAX = 60.0  # includes making the cluster, or its recovery after a crash
STOP_SECONDS_MAX = 30.0
NOTICE_SECONDS_MAX = 20.0  # for children to notice that their parent is gone, and to end
LOOK_SECONDS = 0.05


class Command(msgspec.Struct, frozen=True):
    """A command that runs until it is stopped: what follows `phaseline`, and what it says when it is ready."""

    arguments: tuple[str, ...]
    ready: str


RUN = Command(("run", "--port", "0", "--no-sample"), r"Serving on http")
WORK = Command(("work",), r"worker processes")


class EndedAtOnce(Exception):
    """A command ended before it was ready."""


class Installation:
    """One home folder, and the command that runs over it: the parent of all other processes.

    `log`: the file to which they write what went wrong; without one, that is ours to read. `launcher`: what stands
    before the command, where it is to run on another host.
    """

    def __init__(
        self,
        home: Path,
        command: Command,
        variables: Mapping[str, str],
        log: Path | None = None,
        launcher: Sequence[str] = (),
    ) -> None:
        self.home = home
        self.launcher = launcher
        self.command = command
        self.variables = variables
        self.log = log
        self.process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def database_url(self) -> str:
        return f"postgresql://{USER}@/{DATABASE}?host={Site(home=self.home).socket_folder}&port={PORT}"

    async def migrate(self) -> None:
        """An empty database with our schema; PostgreSQL is stopped again afterwards."""
        process = await spawn(("migrate", "up"), self.environment())
        await process.communicate()
        assert process.returncode == 0

    async def start(self) -> None:
        """Returns when the command says that it is ready; its children may still be on their way."""
        assert self.process is None
        self.process = await spawn(self.command.arguments, self.environment(), self.log, self.launcher)
        ready = asyncio.Event()
        self._reader = asyncio.create_task(self._read(self.process, ready))
        async with asyncio.timeout(START_SECONDS_MAX):
            waiting = {asyncio.create_task(ready.wait()), asyncio.create_task(self.process.wait())}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        if not ready.is_set():
            code = await self._ended()
            raise EndedAtOnce(f"`phaseline {self.command.arguments[0]}` ended at once, with {code}")

    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PHASELINE_")}
        inherited.pop("DATABASE_URL", None)
        ours = {
            "PHASELINE_HOME": str(self.home),
            "PHASELINE_WORKERS": str(WORKERS),
            "PHASELINE_LEASE_SECONDS": str(LEASE_SECONDS),
        }
        return {**inherited, **ours, **self.variables}

    async def _read(self, process: asyncio.subprocess.Process, ready: asyncio.Event) -> None:
        """Read whatever is said, to the end, so that nobody has to wait for us."""
        assert process.stdout is not None
        async for line in process.stdout:
            if re.search(self.command.ready, line.decode()):
                ready.set()

    async def stop(self) -> int:
        """Ask everything to stop in order; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return await self._ended()

    async def _ended(self) -> int:
        assert self.process is not None
        assert self._reader is not None
        async with asyncio.timeout(STOP_SECONDS_MAX):
            code = await self.process.wait()
        self._reader.cancel()
        self.process = self._reader = None
        return code

    # Deaths

    async def kill_parent(self) -> None:
        """The parent of all dies: its children notice, and end by themselves."""
        assert self.process is not None
        children = self.children()
        self.process.kill()
        await self._ended()
        await until_gone(children)

    async def kill_worker(self) -> None:
        """The oldest of the children; its parent starts another."""
        await self.until_children(1)
        os.kill(self.children()[0], signal.SIGKILL)

    async def kill_postmaster(self) -> None:
        """PostgreSQL dies at once, without a checkpoint; everything else is then asked to stop, with no database."""
        running = find_running(Site(home=self.home))
        assert running is not None
        os.kill(running.pid, signal.SIGKILL)
        await self.stop()

    def children(self) -> list[int]:
        """The pids of workers and the sandbox; the postmaster is nobody's child."""
        assert self.process is not None
        return [pid for pid in list_children(self.process.pid) if "service" in command_line(pid)]

    async def until_children(self, count: int) -> None:
        """Wait until there are so many; looks twenty times a second."""
        async with asyncio.timeout(NOTICE_SECONDS_MAX):
            while len(self.children()) < count:
                await asyncio.sleep(LOOK_SECONDS)

    def kill_all(self) -> None:
        """Whatever is left of a test that failed."""
        for pid in self.left_behind():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def left_behind(self) -> list[int]:
        """All processes that live and whose environment or command line speaks of this home."""
        return [pid for pid in list_pids() if is_alive(pid) and self.is_ours(pid)]

    def is_ours(self, pid: int) -> bool:
        return pid != os.getpid() and any(str(self.home) in word for word in command_line(pid) + environment(pid))


async def spawn(
    arguments: Sequence[str], variables: Mapping[str, str], log: Path | None = None, launcher: Sequence[str] = ()
) -> asyncio.subprocess.Process:
    with contextlib.nullcontext() if log is None else log.open("ab") as errors:
        return await asyncio.create_subprocess_exec(
            *(*launcher, sys.executable, "-m", "service", *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env=dict(variables),
            start_new_session=True,
        )


async def until_gone(pids: Iterable[int]) -> None:
    """Wait until none of them lives; looks twenty times a second."""
    async with asyncio.timeout(NOTICE_SECONDS_MAX):
        for pid in pids:
            while is_alive(pid):
                await asyncio.sleep(LOOK_SECONDS)


@contextlib.asynccontextmanager
async def installation(
    home: Path, command: Command, variables: Mapping[str, str] | None = None
) -> AsyncIterator[Installation]:
    """Migrated and started; in the end stopped in order, with nothing left behind. A failed test's rest is killed."""
    made = Installation(home, command, variables or {})
    try:
        await made.migrate()
        await made.start()
        yield made
        assert await made.stop() == 0
        assert made.left_behind() == []
    finally:
        made.kill_all()


class Sandbox:
    """A small internet in a process of its own; `variables` are the settings that lead there."""

    def __init__(self, launcher: Sequence[str] = ()) -> None:
        self.launcher = launcher
        self.ports = SandboxPorts(DEFAULT_SEED, (), 0, 0, 0)
        self.process: asyncio.subprocess.Process | None = None

    @property
    def variables(self) -> dict[str, str]:
        return {
            "PHASELINE_SANDBOX_DNS_PORT": str(self.ports.dns_port),
            "PHASELINE_SANDBOX_HTTP_PORT": str(self.ports.http_port),
            "PHASELINE_SANDBOX_HTTPS_PORT": str(self.ports.https_port),
        }

    async def start(self) -> None:
        """On free ports at first, and then on the same ones again."""
        ports = self.ports
        places = ("--dns-port", ports.dns_port, "--http-port", ports.http_port, "--https-port", ports.https_port)
        self.process = await spawn(("sandbox", "--json", *map(str, places)), os.environ, launcher=self.launcher)
        assert self.process.stdout is not None
        async with asyncio.timeout(START_SECONDS_MAX):
            self.ports = msgspec.json.decode(await self.process.stdout.readline(), type=SandboxPorts)

    async def end(self, number: signal.Signals) -> None:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        await self.process.wait()


@contextlib.asynccontextmanager
async def internet(launcher: Sequence[str] = ()) -> AsyncIterator[Sandbox]:
    """A sandbox that does not die with us, as the internet does not; `launcher` as above."""
    sandbox = Sandbox(launcher)
    await sandbox.start()
    try:
        yield sandbox
    finally:
        await sandbox.end(signal.SIGTERM)
