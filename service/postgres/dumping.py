"""Backups of a whole database by PostgreSQL's own programs, and what has to be mended when one is restored.

Passwords go by the environment: everybody sees a program's arguments.
"""

import asyncio
import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import asyncpg
import msgspec

from service.errors import Conflict, Unavailable
from service.postgres.binaries import find_binaries
from service.postgres.sessions import close_connection

ERROR_BYTES_MAX = 2_000
RESTORE_JOBS_MAX = 4
COMPRESSION = "gzip:1"  # the least: it is this that a backup spends its time on
COUNT_TABLES = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
# Numbers of transactions are a cluster's own: states that seem to come from its future would be told at every look.
# Workers are not here; their leases end by themselves.
MEND = "UPDATE progress_states SET changed_in = pg_current_xact_id(); DELETE FROM workers; DELETE FROM room"


class Dump(msgspec.Struct, frozen=True, rename="camel"):
    """A backup on disk."""

    file: str
    byte_count: int


async def dump_database(url: str, file: Path) -> Dump:
    """Write the database, as it is at one instant, into a new file that only its owner can read.

    Others go on meanwhile. It is there under its name when it is whole and its list can be read.
    """
    partial = begin_file(file)
    try:
        options = ("--format=custom", f"--compress={COMPRESSION}", "--no-owner", "--no-privileges", f"--file={partial}")
        await run_program("pg_dump", *options, f"--dbname={without_password(url)}", password=password_of(url))
        await run_program("pg_restore", "--list", str(partial))
        return await asyncio.to_thread(keep, partial, file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def begin_file(file: Path) -> Path:
    """An empty file beside it, for its owner's eyes only from the first moment."""
    partial = file.with_name(f"{file.name}.partial")
    if file.exists():
        raise Conflict("backup_exists", f"There is a file {file} already; a backup replaces none.")
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600))
    except OSError as error:
        raise Unavailable("backup_unwritable", f"Cannot write {partial}: {error.strerror}.") from None
    return partial


def keep(partial: Path, file: Path) -> Dump:
    """Under its name, also after a power cut."""
    for place in (partial, partial.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if place is partial:
            partial.rename(file)
    return Dump(str(file), file.stat().st_size)


async def restore_database(url: str, file: Path) -> None:
    """Bring a backup into an empty database. One that fails leaves that half filled: make it anew."""
    check_file(file)
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval(COUNT_TABLES):
            raise Conflict("database_not_empty", "This database has tables already; a backup goes into an empty one.")
        options = ("--no-owner", "--no-privileges", "--exit-on-error", f"--jobs={jobs()}")
        place = f"--dbname={without_password(url)}"
        await run_program("pg_restore", *options, place, str(file), password=password_of(url))
        await connection.execute(MEND)
        await connection.execute("ANALYZE")
    finally:
        await close_connection(connection)


def check_file(file: Path) -> None:
    if not file.is_file():
        raise Unavailable("backup_missing", f"There is no file {file}.")


def jobs() -> int:
    return max(1, min(RESTORE_JOBS_MAX, os.cpu_count() or 1))


async def run_program(program: str, *arguments: str, password: str | None = None) -> None:
    """One of PostgreSQL's; `Unavailable` with its own last words where it fails."""
    environment = {"PATH": os.defpath, "LC_ALL": "C", **({"PGPASSWORD": password} if password else {})}
    process = await asyncio.create_subprocess_exec(
        find_binaries() / program,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        _, complaint = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if process.returncode != 0:
        told = " ".join(complaint[-ERROR_BYTES_MAX:].decode(errors="replace").split())
        raise Unavailable("backup_failed", f"{program} failed: {told}.")


def without_password(url: str) -> str:
    """The same database's URL, for everybody to see."""
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    query = "&".join(part for part in parts.query.split("&") if part and not part.startswith("password="))
    return f"{parts.scheme}://{user.partition(':')[0]}{at}{place}{parts.path}{'?' * bool(query)}{query}"


def password_of(url: str) -> str | None:
    parts = urlsplit(url)
    found = parts.password
    return dict(parse_qsl(parts.query)).get("password") if found is None else unquote(found)
