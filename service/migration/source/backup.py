"""A backup of the old database, and the proof that it can be restored: it is, into a server that lives for that long.

The dump is PostgreSQL's own, made by `pg_dump` in a snapshot whose rows were counted; the same rows have to be counted
in what `pg_restore` makes of it. Passwords go by the environment: everybody sees a program's arguments.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote as quote_argument

import asyncpg
import msgspec

from service.errors import Unavailable
from service.postgres.database import DATABASE_ERRORS
from service.postgres.dumping import password_of, run_program, without_password
from service.postgres.embedded import embedded_postgres
from service.postgres.sessions import close_connection

HASH_BYTES = 1024 * 1024


class Backup(msgspec.Struct, frozen=True):
    """A dump that restores. `rows`: how many each table has in it."""

    file: str
    checksum: str
    byte_count: int
    rows: Mapping[str, int]


async def make_backup(url: str, file: Path, tables: Sequence[str]) -> Backup:
    """Dump the database into a new file; `Unavailable` where that cannot be done, or what it gives does not restore."""
    partial = file.with_name(f"{file.name}.partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = await asyncpg.connect(url)
    except (*DATABASE_ERRORS, ValueError) as error:
        raise Unavailable("backup_impossible", f"No backup can be made in {file.parent}: {error}.") from error
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            options = ("--format=custom", f"--snapshot={snapshot}", f"--file={partial}")
            await run_program("pg_dump", *options, f"--dbname={without_password(url)}", password=password_of(url))
            rows = await count_rows(connection, tables)
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)
        await close_connection(connection)
    return await check_backup(file, tables, rows)


async def check_backup(file: Path, tables: Sequence[str], rows: Mapping[str, int] | None = None) -> Backup:
    """Restore it into a server of its own, which is thrown away; refused if a table, or one of its rows, is missing."""
    restored = await restore(file, tables)
    for table in tables:
        if table not in restored or (rows is not None and rows[table] != restored[table]):
            found = f"{restored[table]:,} of the {rows[table]:,} rows" if rows and table in restored else "nothing"
            raise Unavailable("backup_incomplete", f"The backup {file} has {found} of {table}: it cannot be relied on.")
    return await asyncio.to_thread(described, file, restored)


async def restore(file: Path, tables: Sequence[str]) -> dict[str, int]:
    """How many rows each table has in what is restored of a dump."""
    with tempfile.TemporaryDirectory(prefix="phaseline-restore-") as home:
        async with embedded_postgres(Path(home), durable=False) as server:
            options = ("--no-owner", "--no-privileges", "--exit-on-error")
            await run_program("pg_restore", *options, f"--dbname={server.dsn}", str(file))
            connection = await asyncpg.connect(**server.connect_arguments)
            try:
                return await count_rows(connection, tables)
            finally:
                await close_connection(connection)


def described(file: Path, rows: Mapping[str, int]) -> Backup:
    return Backup(str(file), checksum_of(file), file.stat().st_size, rows)


async def count_rows(connection: asyncpg.Connection, tables: Sequence[str]) -> dict[str, int]:
    """Of those tables that are there."""
    counted = {}
    for table in tables:
        if await connection.fetchval("SELECT to_regclass(quote_ident($1)) IS NOT NULL", table):
            counted[table] = int(await connection.fetchval(f"SELECT count(*) FROM {table}"))
    return counted


def restore_commands(file: str, url: str) -> tuple[str, ...]:
    """How the old database comes back, with nothing of ours in it."""
    place = quote_argument(without_password(url))
    return (
        f"pg_restore --clean --if-exists --no-owner --exit-on-error --dbname={place} {quote_argument(file)}",
        f"psql {place} -c 'DROP SCHEMA IF EXISTS phaseline_migration CASCADE'",
    )


def checksum_of(file: Path) -> str:
    """SHA-256, in hexadecimal digits."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while data := opened.read(HASH_BYTES):
            digest.update(data)
    return digest.hexdigest()
