"""Transactions over an asyncpg pool: begun at the first statement, committed at the edge, with one fixed `now`."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from service.errors import Exhausted, Refused, Unavailable
from service.postgres.queries import Query
from service.runtime.telemetry import QUERY_SECONDS

ACQUIRE_SECONDS_MAX = 5.0
STATEMENT_SECONDS_MAX = 600.0
CONNECT_SECONDS_MAX = 10.0
SERVER_VERSION_MIN = 18
# Statements with names live in a session; without, each is sent with what is to be done with it (see `pooling`).
STATEMENTS_UNNAMED = {"statement_cache_size": 0}

DATABASE_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)


class Tx:
    """One transaction. Nothing is asked of the pool before the first statement.

    With `statement_seconds`, a statement that takes longer, waiting for locks included, is ended by the server.
    """

    def __init__(self, database: "Database", *, statement_seconds: float | None = None) -> None:
        self._database = database
        self._statement_seconds = statement_seconds
        self._connection: PoolConnectionProxy | None = None
        self._transaction: asyncpg.transaction.Transaction | None = None
        self._now: datetime | None = None

    @property
    def now(self) -> datetime:
        """The database's time at this transaction's start: the only time that rules and rows see."""
        assert self._now is not None, "ask for the time after the first statement, or call begin()"
        return self._now

    async def begin(self) -> "Tx":
        """Take a connection and start, unless that has happened."""
        if self._connection is None:
            await self._begin()
        return self

    async def _begin(self) -> PoolConnectionProxy:
        connection = await self._database.take_connection()
        transaction = connection.transaction()
        try:
            await (
                transaction.__aenter__()
            )  # as `async with` does: then the pool rolls back what was cut off while it began
            now = await self._start_clock(connection)
        except BaseException:
            await self._release(connection)
            raise
        self._connection, self._transaction = connection, transaction
        self._now = now + self._database.clock_offset
        return connection

    async def _start_clock(self, connection: PoolConnectionProxy) -> datetime:
        """The server's time; in the same round trip, the bound on the statements of this transaction."""
        if self._statement_seconds is None:
            now: datetime = await connection.fetchval("SELECT now()")
        else:
            milliseconds = str(round(self._statement_seconds * 1_000))
            now = await connection.fetchval("SELECT now() FROM set_config('statement_timeout', $1, true)", milliseconds)
        return now

    async def _ready(self) -> PoolConnectionProxy:
        return self._connection or await self._begin()

    async def fetch(self, query: Query, *arguments: object) -> list[asyncpg.Record]:
        connection = await self._ready()
        started = time.perf_counter()
        rows: list[asyncpg.Record] = await connection.fetch(query.text, *arguments)
        QUERY_SECONDS.labels(query.name).observe(time.perf_counter() - started)
        return rows

    async def find(self, query: Query, *arguments: object) -> asyncpg.Record | None:
        """The first row, or None."""
        connection = await self._ready()
        started = time.perf_counter()
        row: asyncpg.Record | None = await connection.fetchrow(query.text, *arguments)
        QUERY_SECONDS.labels(query.name).observe(time.perf_counter() - started)
        return row

    async def value(self, query: Query, *arguments: object) -> Any:
        row = await self.find(query, *arguments)
        return None if row is None else row[0]

    async def execute(self, query: Query, *arguments: object) -> int:
        """Run a statement; answer how many rows it touched (0 where the server does not say)."""
        connection = await self._ready()
        started = time.perf_counter()
        tag = await connection.execute(query.text, *arguments)
        QUERY_SECONDS.labels(query.name).observe(time.perf_counter() - started)
        count = tag.rpartition(" ")[2]
        return int(count) if count.isdecimal() else 0

    async def define(self, statement: str) -> None:
        """Run a schema statement whose names were made by us (a partition of a large set)."""
        connection = await self._ready()
        await connection.execute(statement)

    async def copy_records(self, table: str, columns: Sequence[str], records: Iterable[tuple[object, ...]]) -> None:
        connection = await self._ready()
        started = time.perf_counter()
        await connection.copy_records_to_table(table, records=records, columns=list(columns))
        QUERY_SECONDS.labels(f"copy.{table}").observe(time.perf_counter() - started)

    async def copy_binary(self, table: str, columns: Sequence[str], source: AsyncIterator[bytes]) -> None:
        """COPY bytes that already are in the server's binary format (see `copying`)."""
        connection = await self._ready()
        started = time.perf_counter()
        await connection.copy_to_table(table, source=source, columns=list(columns), format="binary")
        QUERY_SECONDS.labels(f"copy.{table}").observe(time.perf_counter() - started)

    async def copy_out(self, query: Query, *arguments: object) -> bytes:
        """A statement's rows in the server's binary format (see `copying`)."""
        connection = await self._ready()
        started = time.perf_counter()
        data = bytearray()

        async def take(part: bytes) -> None:
            data.extend(part)

        await connection.copy_from_query(query.text, *arguments, output=take, format="binary")
        QUERY_SECONDS.labels(query.name).observe(time.perf_counter() - started)
        return bytes(data)

    async def join_linearly(self) -> None:
        """For the rest of this transaction: hash and merge joins only, which are linear whatever the statistics say.

        Before a table was analysed the planner expects a handful of rows and takes nested loops: 40 s instead of 0.1 s
        for 20,000 names.
        """
        connection = await self._ready()
        await connection.execute("SET LOCAL enable_nestloop = off")

    async def ring(self, bell: str) -> None:
        """Ring a doorbell when this transaction commits. It carries no news: who hears it looks."""
        connection = await self._ready()
        await connection.execute(f'NOTIFY "{bell}"')

    async def commit(self) -> None:
        await self._end(commit=True)

    async def rollback(self) -> None:
        await self._end(commit=False)

    async def _end(self, *, commit: bool) -> None:
        connection, transaction = self._connection, self._transaction
        if connection is None or transaction is None:
            return
        self._connection = self._transaction = None
        end = self._commit(connection, transaction) if commit else self._roll_back(connection, transaction)
        # Begun, it is ended: whoever is cancelled meanwhile is as one who lost the answer.
        await asyncio.shield(self._database.own(end))

    async def _commit(self, connection: PoolConnectionProxy, transaction: asyncpg.transaction.Transaction) -> None:
        try:
            await transaction.__aexit__(None, None, None)
        finally:
            await self._release(connection)

    async def _roll_back(self, connection: PoolConnectionProxy, transaction: asyncpg.transaction.Transaction) -> None:
        """A connection that is already gone needs no rollback: the server did it."""
        try:
            with contextlib.suppress(*DATABASE_ERRORS):
                await transaction.__aexit__(asyncio.CancelledError, None, None)
        finally:
            await self._release(connection)

    async def _release(self, connection: PoolConnectionProxy) -> None:
        """Give a connection back. One that is broken is thrown away by the pool: how the transaction ended stands."""
        with contextlib.suppress(*DATABASE_ERRORS):
            await self._database.pool.release(connection)


class Database:
    """A pool of connections to one PostgreSQL 18, straight or through a pooler; `url` always leads straight there.

    `clock_offset` is added to every transaction's `now`; the simulation uses it to move time.
    """

    def __init__(self, pool: asyncpg.Pool, url: str) -> None:
        self.pool = pool
        self.url = url
        self.clock_offset = timedelta(0)
        self._owned: set[asyncio.Task[None]] = set()

    async def take_connection(self) -> PoolConnectionProxy:
        """One of the pool's, to be given back; Exhausted where none becomes free in time."""
        try:
            return await self.pool.acquire(timeout=ACQUIRE_SECONDS_MAX)
        except TimeoutError as error:
            raise Exhausted("database_busy", "All database connections are in use; try again shortly.") from error

    async def look_up(self, query: Query, *arguments: object, seconds: float) -> asyncpg.Record | None:
        """The first row of one statement that only reads, in a transaction of its own; given up after `seconds`.

        One round trip, where a `Tx` needs three more to begin, to tell the time and to commit. There is no `now`: a
        statement that needs the time takes the server's, and `clock_offset`.
        """
        try:
            connection = await self.take_connection()
            try:
                started = time.perf_counter()
                row: asyncpg.Record | None = await connection.fetchrow(query.text, *arguments, timeout=seconds)
                QUERY_SECONDS.labels(query.name).observe(time.perf_counter() - started)
            finally:
                with contextlib.suppress(*DATABASE_ERRORS):
                    await self.pool.release(connection)
        except TimeoutError as error:
            raise took_too_long() from error
        except DATABASE_ERRORS as error:
            raise explain_database_error(error) or error from error
        return row

    def own(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """A task that ends by itself, whoever waits for it; the pool is not closed before its connection is back."""
        task = asyncio.create_task(work)
        self._owned.add(task)
        task.add_done_callback(self._disown)
        return task

    def _disown(self, task: "asyncio.Task[None]") -> None:
        """Nobody may be there any more to hear how it ended."""
        self._owned.discard(task)
        if not task.cancelled():
            task.exception()

    @contextlib.asynccontextmanager
    async def transaction(self, *, statement_seconds: float | None = None) -> AsyncIterator[Tx]:
        """Commit on leaving, roll back on any error; driver errors leave as sentences."""
        tx = Tx(self, statement_seconds=statement_seconds)
        try:
            yield tx
        except BaseException as error:
            await tx.rollback()
            refusal = explain_database_error(error)
            if refusal is None:
                raise
            raise refusal from error
        try:
            await tx.commit()
        except DATABASE_ERRORS as error:
            raise explain_database_error(error) or error from error

    async def close(self) -> None:
        await self.pool.close()


APPLICATION_NAME = "phaseline"
# Of a machine that vanished the server hears nothing, and what its transactions have locked stays so until it asks.
VANISHED: Mapping[str, str] = {
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "15000",  # milliseconds
}
# Custom plans only: generic ones cross partitions badly (a stall at the sixth execution).
OWN_SESSION: Mapping[str, str] = {"plan_cache_mode": "force_custom_plan", **VANISHED}
STRAIGHT: Mapping[str, Any] = {"server_settings": {"application_name": APPLICATION_NAME, **OWN_SESSION}}
# Statements without a name have no other plans than custom ones; poolers refuse to set what they do not follow.
POOLED: Mapping[str, Any] = {"server_settings": {"application_name": APPLICATION_NAME}, **STATEMENTS_UNNAMED}


@contextlib.asynccontextmanager
async def open_database(url: str, *, connections_max: int, pooler_url: str | None = None) -> AsyncIterator[Database]:
    """Connect, check the server, and close at the end; refuse in one sentence (`Unavailable`).

    With `pooler_url`, transactions go that way, through a pooler that may lend a connection for one of them only.
    """
    try:
        pool = await asyncpg.create_pool(
            pooler_url or url,
            min_size=1,
            max_size=connections_max,
            timeout=CONNECT_SECONDS_MAX,
            command_timeout=STATEMENT_SECONDS_MAX,
            init=use_plain_uuids,
            reset=leave_as_it_is,
            **(STRAIGHT if pooler_url is None else POOLED),
        )
    except (*DATABASE_ERRORS, ValueError) as error:
        raise explain_connection_error(error) from error
    try:
        await check_server(pool)
        yield Database(pool, url)
    finally:
        with contextlib.suppress(TimeoutError):
            await _close(pool)


async def _close(pool: asyncpg.Pool) -> None:
    """Close in peace; after a bound, at once (a task that was cancelled may still hold a connection)."""
    try:
        await asyncio.wait_for(pool.close(), CONNECT_SECONDS_MAX)
    except TimeoutError:
        pool.terminate()


async def use_plain_uuids(connection: asyncpg.Connection) -> None:
    """The driver's own UUID class cannot be encoded by msgspec; the standard library's can."""
    await connection.set_type_codec("uuid", schema="pg_catalog", encoder=str, decoder=UUID)


async def leave_as_it_is(_: asyncpg.Connection) -> None:
    """Nothing is set for longer than a transaction here (`sessions` are beside the pool), so there is nothing to undo.

    The driver's own way asks the server to reset everything, each time: for a short transaction, a round trip in five.
    """


async def check_server(pool: asyncpg.Pool) -> None:
    version = int(await pool.fetchval("SHOW server_version_num")) // 10_000
    if version < SERVER_VERSION_MIN:
        raise Unavailable(
            "postgres_too_old",
            f"The database is PostgreSQL {version}; Phaseline needs {SERVER_VERSION_MIN} or newer (uuidv7).",
        )


CONNECTION_SENTENCES: tuple[tuple[type[BaseException], str, str], ...] = (
    (asyncpg.InvalidPasswordError, "database_login_refused", "The database refuses this user or password"),
    (asyncpg.InvalidAuthorizationSpecificationError, "database_login_refused", "The database refuses this user"),
    (asyncpg.InvalidCatalogNameError, "database_missing", "There is no such database on that server"),
    (asyncpg.TooManyConnectionsError, "database_full", "The database has no connection left"),
    (asyncpg.CannotConnectNowError, "database_starting", "The database is starting or stopping; try again shortly"),
    (TimeoutError, "database_unreachable", "The database does not answer"),
    (OSError, "database_unreachable", "The database cannot be reached"),
    (ValueError, "database_url_invalid", "{} is not a PostgreSQL address"),
)


def explain_connection_error(error: BaseException, *, given_as: str = "DATABASE_URL") -> Unavailable:
    """One sentence for whoever has to mend it; the address is never shown (it may hold a password)."""
    for kind, code, sentence in CONNECTION_SENTENCES:
        if isinstance(error, kind):
            return Unavailable(code, f"{sentence.format(given_as)} ({type(error).__name__}). Check {given_as}.")
    return Unavailable("database_unreachable", f"The database cannot be used: {error}")


DISK_FULL = "disk_full"
LOST_SENTENCE = Unavailable("database_lost", "The connection to the database was lost; try again shortly.")
DATABASE_SENTENCES: tuple[tuple[type[BaseException], Unavailable], ...] = (
    (asyncpg.DiskFullError, Unavailable(DISK_FULL, "The database's disk is full; free some space and go on.")),
    (
        asyncpg.ReadOnlySQLTransactionError,
        Unavailable("database_read_only", "The database is read-only at the moment."),
    ),
    (asyncpg.TooManyConnectionsError, Unavailable("database_full", "The database has no connection left.")),
    (asyncpg.CannotConnectNowError, Unavailable("database_starting", "The database is starting or stopping.")),
    (
        asyncpg.InvalidAuthorizationSpecificationError,  # of which a wrong password is one kind
        Unavailable("database_login_refused", "The database refuses our login at the moment."),
    ),
    (asyncpg.InvalidCatalogNameError, Unavailable("database_missing", "The database is not there at the moment.")),
    (asyncpg.PostgresConnectionError, LOST_SENTENCE),
    (asyncpg.AdminShutdownError, LOST_SENTENCE),
    (asyncpg.CrashShutdownError, LOST_SENTENCE),
    (ConnectionError, LOST_SENTENCE),
    # The driver's name for a connection that the server has ended and whose end it has not read to the last byte.
    (asyncpg.InternalClientError, LOST_SENTENCE),
)


def explain_database_error(error: BaseException) -> Refused | None:
    """A sentence for a driver error that is nobody's bug; None for anything else."""
    for kind, refusal in DATABASE_SENTENCES:
        if isinstance(error, kind):
            return Unavailable(refusal.code, refusal.message)
    if isinstance(error, asyncpg.InterfaceError) and "closed" in str(error):
        return Unavailable(LOST_SENTENCE.code, LOST_SENTENCE.message)
    return None


def took_too_long() -> Unavailable:
    return Unavailable("took_too_long", "This took too long, so it was given up; nothing was changed.")


def explain_cancelled_statement(error: BaseException) -> Unavailable | None:
    """A sentence for a statement that was ended for taking too long; None for anything else."""
    if isinstance(error, (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)):
        return took_too_long()
    return None
