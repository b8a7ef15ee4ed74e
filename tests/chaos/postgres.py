"""A PostgreSQL that is ours to harm: killed, stopped, restarted, closed to everybody, filled up, and mended again."""

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import asyncpg

from service import assembly
from service.errors import Unavailable
from service.postgres.cluster import Site, find_running, start_server, stop_server
from service.postgres.configuration import PORT, USER
from tests.crashes.processes import list_children

T = TypeVar("T")

CONNECTIONS_MAX = 60  # what is started here needs 40 at the most; whoever takes them all is soon done
# Small enough for a disk of DISK_BYTES, in which whole runs must find room.
SETTINGS = {"max_connections": CONNECTIONS_MAX, "max_wal_size": "'96MB'", "min_wal_size": "'32MB'"}
DISK_BYTES = 900 << 20
CLOSED = "local all all reject\n"
OURS = "application_name LIKE 'phaseline%'"
END_ALL = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {OURS}"
TEMPLATE = "phaseline_template"
START_ATTEMPTS_MAX = 3


class Postgres:
    """One cluster. `watch` is a connection of our own that goes round all harm, as long as the server lives."""

    def __init__(self, folder: Path, *, has_own_disk: bool) -> None:
        self.site = Site(home=folder.resolve())
        self.has_own_disk = has_own_disk
        self.database = "postgres"
        self._watch: asyncpg.Connection | None = None
        self._ballast = folder / "ballast"

    def url_of(self, database: str) -> str:
        return f"postgresql://{USER}@/{database}?host={self.site.socket_folder}&port={PORT}"

    @property
    def socket_path(self) -> str:
        return f"{self.site.socket_folder}/.s.PGSQL.{PORT}"

    async def start(self) -> None:
        """Make it answer, whatever state it is in; one that died is recovered."""
        for _ in range(1, START_ATTEMPTS_MAX):
            with contextlib.suppress(Unavailable):
                return await asyncio.to_thread(start_if_needed, self.site)
        return await asyncio.to_thread(start_if_needed, self.site)

    async def stop(self) -> None:
        await self.close_watch()
        await asyncio.to_thread(stop_server, self.site)

    async def watch(self) -> asyncpg.Connection:
        """Never read-only, whatever the server's default is."""
        if self._watch is None or self._watch.is_closed():
            self._watch = await asyncpg.connect(self.url_of(self.database))
            await self._watch.execute("SET default_transaction_read_only = off")
        return self._watch

    async def close_watch(self) -> None:
        if self._watch is not None:
            self._watch.terminate()
            self._watch = None

    # Making databases

    async def configure(self) -> None:
        """Once: our settings, and an empty database with our schema."""
        owner = await self.watch()
        for name, value in SETTINGS.items():
            await owner.execute(f"ALTER SYSTEM SET {name} = {value}")
        await owner.execute(f"CREATE DATABASE {TEMPLATE}")
        await assembly.migrate(self.url_of(TEMPLATE))
        await self.stop()
        await self.start()

    async def renew(self, number: int) -> str:
        """Another empty database in place of the one before; its URL. Nobody may be connected to that."""
        before = self.database
        await self.close_watch()
        self.database = "postgres"
        owner = await self.watch()
        if before != "postgres":
            await owner.execute(f"DROP DATABASE {before} WITH (FORCE)")
        await owner.execute(f"CREATE DATABASE chaos_{number} TEMPLATE {TEMPLATE}")
        await self.close_watch()
        self.database = f"chaos_{number}"
        return self.url_of(self.database)

    # Harm

    def pids(self) -> list[int]:
        """The postmaster, and all of its children."""
        running = find_running(self.site)
        return [] if running is None else [running.pid, *list_children(running.pid)]

    def kill(self) -> None:
        os.kill(self.pids()[0], signal.SIGKILL)

    async def kill_backend(self, pick: Callable[[list[int]], int]) -> None:
        """One session of the product dies of a signal, and PostgreSQL ends all others to be on the safe side."""
        rows = await (await self.watch()).fetch(f"SELECT pid FROM pg_stat_activity WHERE {OURS} ORDER BY pid")
        if rows:
            os.kill(pick([row["pid"] for row in rows]), signal.SIGKILL)

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """All of its processes stand still."""
        pids = self.pids()
        signal_all(pids, signal.SIGSTOP)
        try:
            yield
        finally:
            signal_all(pids, signal.SIGCONT)

    async def end_sessions(self) -> None:
        await (await self.watch()).execute(END_ALL)

    @contextlib.asynccontextmanager
    async def closed_to_all(self) -> AsyncIterator[None]:
        """Whoever is connected is sent away, and nobody is let in by `pg_hba.conf`."""
        file = self.site.data / "pg_hba.conf"
        before = file.read_text()
        watch = await self.watch()
        try:
            file.write_text(CLOSED)
            await watch.execute("SELECT pg_reload_conf()")
            await self.end_sessions()
            yield
        finally:
            file.write_text(before)
            await (await self.watch()).execute("SELECT pg_reload_conf()")

    @contextlib.asynccontextmanager
    async def read_only(self) -> AsyncIterator[None]:
        watch = await self.watch()
        try:
            await watch.execute("ALTER SYSTEM SET default_transaction_read_only = on")
            await watch.execute("SELECT pg_reload_conf()")
            yield
        finally:
            watch = await self.watch()
            await watch.execute("ALTER SYSTEM RESET default_transaction_read_only")
            await watch.execute("SELECT pg_reload_conf()")

    @contextlib.asynccontextmanager
    async def no_connection_left(self) -> AsyncIterator[None]:
        """Whoever is connected is sent away, and others have taken all places."""
        await self.end_sessions()
        async with contextlib.AsyncExitStack() as taken:
            with contextlib.suppress(asyncpg.TooManyConnectionsError):
                for _ in range(CONNECTIONS_MAX):
                    connection = await asyncpg.connect(self.url_of(self.database))
                    taken.push_async_callback(connection.close)
            yield

    @contextlib.contextmanager
    def disk_full(self, bytes_left: int) -> Iterator[None]:
        """All of its disk is taken, but for so much."""
        free = os.statvfs(self.site.home).f_bavail * os.statvfs(self.site.home).f_frsize
        try:
            with self._ballast.open("wb") as ballast:
                os.posix_fallocate(ballast.fileno(), 0, max(1, free - bytes_left))
            yield
        finally:
            self._ballast.unlink()


def start_if_needed(site: Site) -> None:
    if find_running(site) is None:
        site.home.mkdir(parents=True, exist_ok=True)
        start_server(site, durable=False)


def signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


@contextlib.asynccontextmanager
async def own_disk() -> AsyncIterator[Path | None]:
    """A small disk in memory, where we may mount one; else None."""
    with tempfile.TemporaryDirectory(prefix="phaseline-disk-") as name:
        folder = Path(name)
        is_mounted = os.geteuid() == 0 and await succeeds(
            "mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", name
        )
        try:
            yield folder if is_mounted else None
        finally:
            if is_mounted:
                await succeeds("umount", "--lazy", name)


async def succeeds(*command: str) -> bool:
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
    except FileNotFoundError:
        return False
    return await process.wait() == 0
