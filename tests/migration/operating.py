"""`phaseline migrate legacy` as an operator gives it: a process of its own, with its exit code and what it says."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import msgspec

from service.postgres.database import Database
from tests.cli.commanding import Finished, environment_of

GO, REFUSED, NO_GO = 0, 1, 3
COMMAND_SECONDS_MAX = 90.0
LOOK_SECONDS = 0.02
# Not by pg_stat_activity: a transaction sees that as it was when it first looked.
WAITING = """
    SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE NOT l.granted AND d.datname = current_database())
"""
CLOSED = "SELECT writes_go_to = 'phaseline' FROM phaseline_migration.state"


class Operator(msgspec.Struct, frozen=True):
    """Somebody at the machine of an installation; the old database's address comes by the environment."""

    database_url: str
    old_url: str
    home: Path

    @property
    def settings(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "LEGACY_DATABASE_URL": self.old_url, "NO_COLOR": "1"}

    async def __call__(self, *arguments: str) -> Finished:
        async with self.started(*arguments) as process:
            async with asyncio.timeout(COMMAND_SECONDS_MAX):
                out, err = await process.communicate()
        assert process.returncode is not None
        ended = Finished(process.returncode, out.decode(), err.decode())
        assert "Traceback" not in ended.err, ended.err
        return ended

    async def goes(self, *arguments: str) -> str:
        """What a step says that was taken."""
        ended = await self(*arguments)
        assert (ended.code, ended.err) == (GO, ""), ended
        return ended.out

    async def refused(self, *arguments: str) -> str:
        """The one sentence with which a step was refused."""
        ended = await self(*arguments)
        assert (ended.code, ended.out, ended.err.count("\n")) == (REFUSED, "", 1), ended
        return ended.err.strip()

    @contextlib.asynccontextmanager
    async def started(self, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """A step under way; killed at the end, if it has not ended by then."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "service", "migrate", "legacy", *arguments),
            env={**environment_of(self.home), **self.settings},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()

    async def killed_while_waiting(self, at: asyncpg.Connection, *arguments: str) -> None:
        """Killed as soon as it waits for a lock in that database."""
        async with self.started(*arguments) as process:
            await until_true(at, WAITING, process)


async def until_true(at: asyncpg.Connection, question: str, process: asyncio.subprocess.Process, *of: object) -> None:
    """Ask until the answer is yes; the process must not have ended before."""
    async with asyncio.timeout(COMMAND_SECONDS_MAX):
        while not await at.fetchval(question, *of):
            if process.returncode is not None:
                out, err = await process.communicate()
                raise AssertionError(f"it ended before: {out.decode()} {err.decode()}")
            await asyncio.sleep(LOOK_SECONDS)


@contextlib.asynccontextmanager
async def locked(url: str, statement: str) -> AsyncIterator[asyncpg.Connection]:
    """A transaction of somebody else, who keeps what this statement locks."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(statement)
            yield connection
    finally:
        await connection.close()


async def stage_of(database: Database) -> str | None:
    async with database.pool.acquire() as connection:
        found: str | None = await connection.fetchval(
            "SELECT stage FROM legacy_sources ORDER BY source_id DESC LIMIT 1"
        )
    return found
