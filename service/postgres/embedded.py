"""An embedded PostgreSQL: made at first use, shared by the processes of one machine, stopped by the last to leave.

Everything lies in one home folder (`.phaseline/`); `cluster.Site` names the places. Two locks in it keep the peace:

    postgres.lock     held exclusively while somebody starts or stops the server
    postgres.users    held shared by everybody who uses it; whoever can hold it exclusively was the last

Both are flocks, so the kernel releases them however a process ends. A user that is killed leaves the server running:
the next one finds it, uses it, and stops it.
"""

import asyncio
import contextlib
import fcntl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypedDict, TypeVar
from urllib.parse import quote

import asyncpg
import msgspec

from service.errors import Unavailable
from service.postgres.cluster import LAUNCH_SECONDS, Site, find_running, open_private, start_server, stop_server
from service.postgres.configuration import PORT, USER

DATABASE = "phaseline"
LOCK_SECONDS = LAUNCH_SECONDS + 30.0  # as long as another process may need to start the server
LOCK_POLL_SECONDS = 0.02
CONNECT_SECONDS = 10.0

T = TypeVar("T")


class ConnectArguments(TypedDict):
    """What `asyncpg.connect` and `asyncpg.create_pool` take."""

    host: str
    port: int
    user: str
    database: str


class EmbeddedServer(msgspec.Struct, frozen=True):
    """A server that answers, as long as the context that gave it is open."""

    socket_folder: Path
    pid: int

    @property
    def connect_arguments(self) -> ConnectArguments:
        return ConnectArguments(host=str(self.socket_folder), port=PORT, user=USER, database=DATABASE)

    @property
    def dsn(self) -> str:
        """The same as a URL, for `asyncpg` and `libpq` alike."""
        return f"postgresql://{USER}@/{DATABASE}?host={quote(str(self.socket_folder))}&port={PORT}"


@contextlib.asynccontextmanager
async def embedded_postgres(home: Path, *, durable: bool = True) -> AsyncIterator[EmbeddedServer]:
    """A running server with our database, over the data in `home`; `Unavailable` says in one sentence why not.

    `durable=False` trades safety for speed and is for tests only. Whoever starts the server decides: a process that
    finds it running takes it as it is.
    """
    membership = _Membership(home, durable=durable)
    try:
        server = await _to_its_end(membership.join)
        await _ensure_database(server)
        yield server
    finally:
        await _to_its_end(membership.leave)


class _Membership:
    """One use of the server; holds the users' lock from `join` to `leave`. Its methods block: call them in a thread."""

    def __init__(self, home: Path, *, durable: bool) -> None:
        self._site = Site(home=home.resolve())
        self._durable = durable
        self._users: BinaryIO | None = None

    def join(self) -> EmbeddedServer:
        with _explained(self._site):
            self._site.home.mkdir(parents=True, exist_ok=True)
            with _exclusively(self._site.lock):
                self._users = open_private(self._site.users)
                fcntl.flock(self._users, fcntl.LOCK_SH | fcntl.LOCK_NB)
                running = find_running(self._site) or start_server(self._site, durable=self._durable)
        return EmbeddedServer(socket_folder=running.socket_folder, pid=running.pid)

    def leave(self) -> None:
        """Stop the server if nobody else uses it; nothing to do for who never joined.

        Where the lock cannot be had, somebody else is starting the server and will be the last to leave.
        """
        if self._users is None:
            return
        users, self._users = self._users, None
        with users, _explained(self._site), contextlib.suppress(_LockBusy), _exclusively(self._site.lock):
            if _try_lock(users):
                stop_server(self._site)


class _LockBusy(Unavailable):
    """Somebody else has held the lock for too long."""


@contextlib.contextmanager
def _exclusively(lock: Path) -> Iterator[None]:
    """Hold the lock, after a bounded wait.

    The server can never inherit it: Python opens files closed to the programs it starts.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    with open_private(lock) as held:
        while not _try_lock(held):
            if time.monotonic() > deadline:
                raise _LockBusy(
                    "postgres_locked",
                    f"Another process has been starting or stopping PostgreSQL for {LOCK_SECONDS:.0f} seconds "
                    f"and holds {lock}: wait until it has finished, or end it.",
                )
            time.sleep(LOCK_POLL_SECONDS)
        yield


def _try_lock(held: BinaryIO) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _explained(site: Site) -> Iterator[None]:
    """What the file system refuses (full, read-only, somebody else's) becomes one sentence with the way out."""
    try:
        yield
    except OSError as error:
        raise Unavailable(
            "postgres_folder_unusable",
            f"PostgreSQL cannot be kept in {site.home} ({error.filename or 'its files'}: {error.strerror}): make room, "
            "run as the folder's owner, set PHASELINE_HOME to another folder, or set DATABASE_URL to your own server.",
        ) from error


async def _to_its_end(work: Callable[[], T]) -> T:
    """Run blocking work in a thread; a cancellation waits for it, so that nothing is started and then forgotten.

    The wait is bounded, because everything in the work is.
    """
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # seen: the cancellation is what the caller hears of
        raise


async def _ensure_database(server: EmbeddedServer) -> None:
    """Our database exists and answers; two processes may both find it missing and make it."""
    try:
        try:
            await _ask(server, DATABASE, "SELECT 1")
        except asyncpg.InvalidCatalogNameError:
            with contextlib.suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
                await _ask(server, "postgres", f"CREATE DATABASE {DATABASE}")
    except (asyncpg.PostgresError, OSError, TimeoutError) as error:
        raise Unavailable(
            "postgres_not_answering", f"PostgreSQL runs in {server.socket_folder} but refuses us: {error}."
        ) from error


async def _ask(server: EmbeddedServer, database: str, statement: str) -> None:
    arguments = ConnectArguments(**{**server.connect_arguments, "database": database})
    connection = await asyncpg.connect(**arguments, timeout=CONNECT_SECONDS)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
