"""A whole installation that is ours to harm: PostgreSQL, the API, workers, the internet, and wires between all of them.

    client --client wire--> API --server wire--> PostgreSQL <--worker wire-- workers --wires, relays--> sandbox

The database, the API and the workers are used by several runs, each of which adds campaigns of a tenant of its own.
"""

import asyncio
import contextlib
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import msgspec

from phaseline_client import AsyncPhaseline, Repeating
from service.postgres.configuration import USER
from service.postgres.database import open_database
from tests.chaos.logs import Log
from tests.chaos.neighbourhood import Neighbourhood, neighbourhood
from tests.chaos.postgres import Postgres, own_disk
from tests.conftest import key_of
from tests.crashes.installation import WORK, WORKERS, Command, EndedAtOnce, Installation
from tests.crashes.processes import is_alive
from tests.link import Link, linked_to

LEASE_SECONDS = 1
DAYS_KEPT = 1  # records that would stay for ever: longer than any run here takes
STOP_SECONDS_MAX = 10.0
WELL_SECONDS_MAX = 60.0
RAISE_PAUSE_SECONDS = 0.3
# The client is as patient as a person who knows that something is wrong.
PATIENT = Repeating(attempts_max=60, seconds_max=120.0, unheard_max=60)


class Needs(msgspec.Struct, frozen=True):
    """How workers have to be started for a fault: through relays, or with a clock that can be set."""

    relays: bool = False
    clock: bool = False


class Rig:
    """Everything that runs. `wires` are those to PostgreSQL and to the API."""

    def __init__(self, folder: Path, postgres: Postgres, around: Neighbourhood, wires: "Wires", clock: "Clock") -> None:
        self.postgres = postgres
        self.around = around
        self.wires = wires
        self.clock = clock
        self.log = Log(folder / "log")
        self.folder = folder
        self._needs = Needs()
        self.server = Installation(folder / "api", Command(("serve",), "Serving on http"), {}, self.log.file)
        self.workers = Installation(folder / "workers", WORK, {}, self.log.file)

    @property
    def parts(self) -> tuple[Installation, Installation]:
        return self.server, self.workers

    async def begin(self, number: int) -> None:
        """An empty database, and everything started on it, whatever the run before has left."""
        await self.postgres.start()
        await self.postgres.renew(number)
        self.log.forget()
        await self._start()

    async def fit(self, needs: Needs) -> None:
        """Start workers anew where a fault needs others than there are."""
        if needs != self._needs:
            await stop_in_time(self.workers)
            self._needs = needs
            self.workers.variables = self._worker_variables()
            await self.workers.start()
            await self.workers.until_children(WORKERS)

    async def _start(self) -> None:
        for part in self.parts:
            part.home.mkdir(exist_ok=True)
        self.server.variables = self._variables(self.wires.server_url(self.postgres.database))
        self.workers.variables = self._worker_variables()
        await asyncio.gather(self.server.start(), self.workers.start())
        await self.workers.until_children(WORKERS)

    def _worker_variables(self) -> dict[str, str]:
        around = self.around.relayed if self._needs.relays else self.around.direct
        clock = self.clock.variables if self._needs.clock else {}
        return {**self._variables(self.wires.worker_url(self.postgres.database)), **around, **clock}

    def _variables(self, url: str) -> dict[str, str]:
        return {
            "DATABASE_URL": url,
            "PHASELINE_PORT": str(self.wires.server_port),
            "PHASELINE_LEASE_SECONDS": str(LEASE_SECONDS),
            "PHASELINE_LOG_JSON": "true",
            "PHASELINE_ACTS_DAYS": str(DAYS_KEPT),
            "PHASELINE_REPORT_DAYS": str(DAYS_KEPT),
        }

    async def raise_up(self, part: Installation) -> None:
        """Start it, again and again while something else keeps it from starting: what a system's supervisor does."""
        async with asyncio.timeout(WELL_SECONDS_MAX):
            while True:
                try:
                    return await part.start()
                except EndedAtOnce:
                    await asyncio.sleep(RAISE_PAUSE_SECONDS)

    async def new_key(self, tenant: str) -> str:
        async with open_database(self.postgres.url_of(self.postgres.database), connections_max=1) as database:
            return (await key_of(database, tenant)).secret

    def client(self, key: str) -> AsyncPhaseline:
        return AsyncPhaseline(f"http://127.0.0.1:{self.wires.client_port}", key, repeating=PATIENT)

    async def until_well(self) -> None:
        """Everything runs again, without our help. What died although nobody had killed it stays dead."""
        for part in self.parts:
            assert part.process is not None
            assert is_alive(part.process.pid), f"`phaseline {part.command.arguments[0]}` ended by itself"
        await self.workers.until_children(WORKERS)

    async def end(self) -> None:
        """Stop in order; nothing is left behind."""
        await asyncio.gather(*(stop_in_time(part) for part in self.parts))

    def clear(self) -> None:
        """Whatever is left of a run that failed; the next one begins anew."""
        for wire in (*self.wires.all, *self.around.webs):
            wire.mend()
        for part in self.parts:
            part.kill_all()
            part.process = None


class Wires(msgspec.Struct, frozen=True):
    """From workers and the API to PostgreSQL, and from clients to the API."""

    worker: Link
    server: Link
    client: Link
    worker_port: int
    server_wire_port: int
    client_port: int
    server_port: int  # the API's own

    def worker_url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.worker_port}/{database}?sslmode=disable"

    def server_url(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.server_wire_port}/{database}?sslmode=disable"

    @property
    def all(self) -> tuple[Link, Link, Link]:
        return self.worker, self.server, self.client


class Clock:
    """What workers believe that the time is, by way of libfaketime: real time, moved."""

    def __init__(self, library: Path | None, file: Path) -> None:
        self.is_there = library is not None
        self._library = library
        self._file = file
        self.move(0)

    def move(self, seconds: float) -> None:
        self._file.write_text(f"{seconds:+.3f}\n")

    @property
    def variables(self) -> Mapping[str, str]:
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


LIBRARIES = "faketime/libfaketime.so.1"


def find_faketime() -> Path | None:
    """Debian's package `libfaketime`."""
    return next(iter(sorted(Path("/usr/lib").glob(f"*/{LIBRARIES}"))), None)


async def stop_in_time(part: Installation) -> None:
    """Asked to stop, it ends in order, and soon."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await part.stop() == 0, f"`phaseline {part.command.arguments[0]}` did not end in order"
    seconds = loop.time() - began
    assert seconds < STOP_SECONDS_MAX, f"`phaseline {part.command.arguments[0]}` took {seconds:.1f} s to stop"
    assert part.left_behind() == [], f"`phaseline {part.command.arguments[0]}` left processes behind"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def open_rig() -> AsyncIterator[Rig]:
    """PostgreSQL, the internet and the wires; the rest starts with `begin`."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="phaseline-chaos-")))
        disk = await stack.enter_async_context(own_disk())
        postgres = Postgres(disk or folder / "database", has_own_disk=disk is not None)
        await postgres.start()
        stack.push_async_callback(postgres.stop)
        await postgres.configure()
        around = await stack.enter_async_context(neighbourhood())
        server_port = free_port()
        worker, worker_port = await stack.enter_async_context(linked_to(postgres.socket_path))
        server, server_wire_port = await stack.enter_async_context(linked_to(postgres.socket_path))
        client, client_port = await stack.enter_async_context(linked_to(("127.0.0.1", server_port)))
        wires = Wires(worker, server, client, worker_port, server_wire_port, client_port, server_port)
        rig = Rig(folder, postgres, around, wires, Clock(find_faketime(), folder / "clock"))
        stack.callback(rig.clear)
        yield rig
