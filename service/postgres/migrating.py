"""Bring a database's schema up and down, by numbered files, over one plain asyncpg connection.

`NNNN_name.up.sql` and `NNNN_name.down.sql` lie in `migrations/`, numbered from 1 without a gap. Each file runs in a
transaction of its own together with the row that notes it, so a failure leaves the schema between two numbers. A file
whose first line is `-- no transaction` (for CREATE INDEX CONCURRENTLY) runs statement by statement instead; it must be
written so that it can be run again after a failure halfway.

Applied files never change: the checksum of each is kept, and a difference is refused. Give a connection without
`command_timeout`, since a migration may take long.
"""

import asyncio
import contextlib
import hashlib
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path

import asyncpg
import msgspec

from service.errors import Conflict, Invalid, Unavailable

LOCK_SECONDS = 120.0  # how long another process may take to migrate
LOCK_POLL_SECONDS = 0.1
# A statement that waits for a table makes everybody else wait behind it: it gives up soon, and comes back. Sooner than
# others find that they wait in a ring with us (deadlock_timeout, a second): it is we who give way, not their work.
TABLE_LOCK_TIMEOUT = "500ms"
TABLE_LOCK_ATTEMPTS = 20
TABLE_LOCK_PAUSE_SECONDS = 1.0  # on average, between two attempts
# Concurrent statements hold nobody up while they wait for old transactions.
CONCURRENT_LOCK_TIMEOUT = "10min"

_PACKAGE = Path(__file__).resolve().parents[1]
_PICTURE = "schema.sql"  # lies in the same folder, and is no migration
_LOCK_KEY = 0x7068_6173_656C_696E  # "phaselin"; the lock is the database's own
_FILE_NAME = re.compile(r"(?P<number>\d{4})_(?P<name>[a-z0-9_]+)\.(?P<way>up|down)\.sql")
_NO_TRANSACTION = "-- no transaction"
_CONCURRENT = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
# What a semicolon may hide in: comments, strings, quoted names, dollar-quoted bodies.
_OPAQUE_OR_END = re.compile(
    r"""--[^\n]* | /\*.*?\*/ | \b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
      | \$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$ | (?P<end>;)""",
    re.DOTALL | re.VERBOSE,
)

_CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS public.schema_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""
_FIND_TABLE = "SELECT to_regclass('public.schema_migrations') IS NOT NULL"
_LIST_APPLIED = "SELECT number, name, checksum, applied_at FROM public.schema_migrations ORDER BY number"
_NOTE_APPLIED = "INSERT INTO public.schema_migrations (number, name, checksum) VALUES ($1, $2, $3)"
_NOTE_REVERTED = "DELETE FROM public.schema_migrations WHERE number = $1"


class Migration(msgspec.Struct, frozen=True):
    """One number: the texts of its two files, and the checksum of the first."""

    number: int
    name: str
    up: str
    down: str
    checksum: str

    @property
    def label(self) -> str:
        return f"{self.number:04}_{self.name}"


class Applied(msgspec.Struct, frozen=True):
    """What the database remembers of a migration."""

    number: int
    name: str
    checksum: str
    applied_at: datetime


class Standing(StrEnum):
    PENDING = "pending"
    APPLIED = "applied"
    CHANGED = "changed"  # another file was applied under this number
    UNKNOWN = "unknown"  # applied by a newer version of this program


class MigrationStatus(msgspec.Struct, frozen=True):
    """How a number stands; `applied_at` is None exactly where it is pending."""

    number: int
    label: str
    standing: Standing
    applied_at: datetime | None


def find_migrations_folder() -> Path:
    """In an installed package beside the code, in a checkout at its top."""
    inside = _PACKAGE / "migrations"
    return inside if inside.is_dir() else _PACKAGE.parent / "migrations"


async def migrate_up(
    connection: asyncpg.Connection,
    *,
    target: int | None = None,
    folder: Path | None = None,
    jitter: Callable[[], float] = random.random,
) -> list[Migration]:
    """Apply what is pending, up to and including `target` or else all of it; the ones applied now, in order.

    `Invalid` when the files are not sound, `Conflict` when the database disagrees with them or a file fails,
    `Unavailable` when another process migrates for too long or a table cannot be locked.
    """
    migrations = read_migrations(folder or find_migrations_folder())
    last = _known_number(migrations, len(migrations) if target is None else target)
    async with _alone(connection):
        await connection.execute(_CREATE_TABLE)
        done = await _count_applied(connection, migrations)
        pending = migrations[done:last]
        for migration in pending:
            await _apply(connection, migration, jitter)
    return list(pending)


async def migrate_down(
    connection: asyncpg.Connection,
    *,
    target: int,
    folder: Path | None = None,
    jitter: Callable[[], float] = random.random,
) -> list[Migration]:
    """Revert everything above `target` (0: everything), newest first; the ones reverted now. Errors as `migrate_up`."""
    migrations = read_migrations(folder or find_migrations_folder())
    first = _known_number(migrations, target)
    async with _alone(connection):
        await connection.execute(_CREATE_TABLE)
        done = await _count_applied(connection, migrations)
        unwanted = migrations[first:done][::-1]
        for migration in unwanted:
            await _revert(connection, migration, jitter)
    return list(unwanted)


async def migration_status(connection: asyncpg.Connection, *, folder: Path | None = None) -> list[MigrationStatus]:
    """How every known or applied number stands; only reads, and refuses nothing but unsound files."""
    migrations = read_migrations(folder or find_migrations_folder())
    return compare(migrations, await _list_applied(connection))


# Rules: pure, but for reading the folder


def read_migrations(folder: Path) -> tuple[Migration, ...]:
    """The migrations in the folder, numbered from 1; `Invalid` names the file that is misnamed, double or missing."""
    files: dict[int, dict[str, Path]] = {}
    for file in sorted(folder.glob("*.sql")):
        if file.name != _PICTURE:
            number, way = _parse_file_name(file)
            double = files.setdefault(number, {}).setdefault(way, file)
            if double != file:
                raise Invalid("migration_double", f"{double.name} and {file.name} have the same number: renumber one.")
    if not files:
        raise Invalid("migrations_missing", f"There are no migrations in {folder}.")
    return tuple(_read_pair(files.get(number, {}), number) for number in range(1, max(files) + 1))


def compare(migrations: Sequence[Migration], applied: Sequence[Applied]) -> list[MigrationStatus]:
    """The files beside what the database remembers, by number."""
    known = {migration.number: migration for migration in migrations}
    remembered = {row.number: row for row in applied}
    return [_status(number, known.get(number), remembered.get(number)) for number in sorted(known | remembered)]


def refuse_disagreement(statuses: Sequence[MigrationStatus]) -> None:
    """`Conflict` unless the applied numbers are the first of the known ones, each from the same file."""
    pending: MigrationStatus | None = None
    for status in statuses:
        match status.standing:
            case Standing.UNKNOWN:
                raise Conflict(
                    "schema_newer",
                    f"The database has migration {status.label}, which this version does not know: "
                    "run the newer version, or revert the migration with it.",
                )
            case Standing.CHANGED:
                raise Conflict(
                    "migration_changed",
                    f"{status.label}.up.sql is not the file that was applied to this database: "
                    "restore it, and put the change into a new migration.",
                )
            case Standing.PENDING:
                pending = pending or status
            case Standing.APPLIED if pending is not None:
                raise Conflict(
                    "migration_skipped",
                    f"{status.label} was applied but {pending.label} before it was not: give the latter a new number.",
                )
            case Standing.APPLIED:
                pass


def split_statements(text: str) -> list[str]:
    """The statements of a file, without empty ones. Nested comments and SQL-standard function bodies are not known."""
    ends = [found.start() for found in _OPAQUE_OR_END.finditer(text) if found["end"]]
    starts = [0, *(end + 1 for end in ends)]
    pieces = (text[start:end].strip() for start, end in zip(starts, [*ends, len(text)], strict=True))
    return [piece for piece in pieces if _COMMENT.sub("", piece).strip()]


def _parse_file_name(file: Path) -> tuple[int, str]:
    found = _FILE_NAME.fullmatch(file.name)
    if found is None or int(found["number"]) == 0:
        raise Invalid("migration_misnamed", f"{file} is no migration: name it 0001_some_name.up.sql or .down.sql.")
    return int(found["number"]), found["way"]


def _read_pair(files: dict[str, Path], number: int) -> Migration:
    if not files:
        raise Invalid("migration_gap", f"Migration {number:04} is missing: number the files without a gap.")
    name = next(iter(files.values())).name.split(".")[0][5:]
    for way in ("up", "down"):
        if way not in files or files[way].name != f"{number:04}_{name}.{way}.sql":
            raise Invalid("migration_half", f"{number:04}_{name}.{way}.sql is missing: every way up has a way down.")
    up, down = (files[way].read_text(encoding="utf-8") for way in ("up", "down"))
    # Text mode has read every line ending as "\n", so a checkout with other endings has the same checksum.
    return Migration(number, name, up, down, hashlib.sha256(up.encode()).hexdigest())


def _status(number: int, migration: Migration | None, row: Applied | None) -> MigrationStatus:
    if migration is None:
        assert row is not None, "a number comes from a file or from a row"
        return MigrationStatus(number, f"{number:04}_{row.name}", Standing.UNKNOWN, row.applied_at)
    if row is None:
        return MigrationStatus(number, migration.label, Standing.PENDING, None)
    same = (row.name, row.checksum) == (migration.name, migration.checksum)
    return MigrationStatus(number, migration.label, Standing.APPLIED if same else Standing.CHANGED, row.applied_at)


def _known_number(migrations: Sequence[Migration], target: int) -> int:
    if not 0 <= target <= len(migrations):
        raise Invalid("migration_unknown", f"There is no migration {target}; the newest is {migrations[-1].label}.")
    return target


# Steps


class _Step(msgspec.Struct, frozen=True):
    """One file to run, and the bookkeeping that belongs to it."""

    file: str
    text: str
    note: str
    arguments: tuple[object, ...]


async def _apply(connection: asyncpg.Connection, migration: Migration, jitter: Callable[[], float]) -> None:
    arguments = (migration.number, migration.name, migration.checksum)
    await _take(connection, _Step(f"{migration.label}.up.sql", migration.up, _NOTE_APPLIED, arguments), jitter)


async def _revert(connection: asyncpg.Connection, migration: Migration, jitter: Callable[[], float]) -> None:
    arguments = (migration.number,)
    await _take(connection, _Step(f"{migration.label}.down.sql", migration.down, _NOTE_REVERTED, arguments), jitter)


async def _take(connection: asyncpg.Connection, step: _Step, jitter: Callable[[], float]) -> None:
    whole = step.text.split("\n", 1)[0].strip().lower() != _NO_TRANSACTION
    try:
        if whole:
            await _patiently(partial(_run_whole, connection, step), step.file, jitter)
        else:
            await _run_piecewise(connection, step, jitter)
    except asyncpg.PostgresError as error:
        rest = "nothing of it was kept" if whole else "the statements before it were kept"
        raise Conflict("migration_failed", f"{step.file} failed, {rest}: {error}.") from error


async def _run_whole(connection: asyncpg.Connection, step: _Step) -> None:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = '{TABLE_LOCK_TIMEOUT}'")
        await connection.execute(step.text)
        if not connection.is_in_transaction():
            raise Invalid("migration_commits", f"{step.file} ends its transaction itself: take COMMIT out of it.")
        await connection.execute(step.note, *step.arguments)


async def _run_piecewise(connection: asyncpg.Connection, step: _Step, jitter: Callable[[], float]) -> None:
    """One statement per message: several in one would be a transaction after all."""
    try:
        for statement in split_statements(step.text):
            if _CONCURRENT.search(_COMMENT.sub("", statement)):
                await _run_alone(connection, statement, CONCURRENT_LOCK_TIMEOUT)
            else:
                await _patiently(partial(_run_alone, connection, statement, TABLE_LOCK_TIMEOUT), step.file, jitter)
        await connection.execute(step.note, *step.arguments)
    finally:
        if not connection.is_closed():
            await connection.execute("RESET lock_timeout")


async def _run_alone(connection: asyncpg.Connection, statement: str, lock_timeout: str) -> None:
    await connection.execute(f"SET lock_timeout = '{lock_timeout}'")
    await connection.execute(statement)


async def _patiently(attempt: Callable[[], Awaitable[None]], file: str, jitter: Callable[[], float]) -> None:
    """Again and again while the locks are not to be had, pausing so that what waited behind us gets its turn."""
    for _ in range(TABLE_LOCK_ATTEMPTS):
        try:
            return await attempt()
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(TABLE_LOCK_PAUSE_SECONDS * (0.5 + jitter()))
    raise Unavailable(
        "migration_tables_busy",
        f"{file} could not lock its tables in {TABLE_LOCK_ATTEMPTS} attempts of {TABLE_LOCK_TIMEOUT}: "
        "try again when no long transaction uses them.",
    )


# The database's memory


@contextlib.asynccontextmanager
async def _alone(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Nobody else migrates this database meanwhile.

    The lock is polled: a waiting pg_advisory_lock() is a transaction that CREATE INDEX CONCURRENTLY waits for, while
    it waits for the index's connection, and the server calls that a deadlock.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK_KEY):
        if time.monotonic() > deadline:
            raise Unavailable(
                "migration_locked",
                f"Another process has been migrating this database for {LOCK_SECONDS:.0f} seconds: "
                "try again when it has finished.",
            )
        await asyncio.sleep(LOCK_POLL_SECONDS)
    try:
        yield
    finally:
        if not connection.is_closed():  # a lost connection has lost its locks as well
            await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK_KEY)


async def _count_applied(connection: asyncpg.Connection, migrations: Sequence[Migration]) -> int:
    """How many of the migrations are applied, which are the first so many; `Conflict` if they are not."""
    applied = await _list_applied(connection)
    refuse_disagreement(compare(migrations, applied))
    return len(applied)


async def _list_applied(connection: asyncpg.Connection) -> list[Applied]:
    if not await connection.fetchval(_FIND_TABLE):
        return []
    return [Applied(*row.values()) for row in await connection.fetch(_LIST_APPLIED)]
