"""A pooler between us and PostgreSQL, such as PgBouncer: found by how it behaves, since it answers as the server does.

In transaction mode a server process is lent for one transaction at a time. What lives in a session is then lost or
somebody else's: LISTEN, session locks, temporary tables, named statements. So transactions may go through a pooler, and
all else goes on a direct connection, which has an address of its own.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg

from service.errors import Unavailable
from service.postgres.database import (
    CONNECT_SECONDS_MAX,
    DATABASE_ERRORS,
    STATEMENTS_UNNAMED,
    explain_connection_error,
)
from service.postgres.sessions import close_connection

URL, DIRECT_URL = "DATABASE_URL", "PHASELINE_DATABASE_DIRECT_URL"
LOOKS = 5  # others use the pooler meanwhile, so that one look may see no exchange
FIND_PROCESS = "SELECT pg_backend_pid()"
# One database of one server that has run without a break.
FIND_PLACE = "SELECT oid, pg_postmaster_start_time() AS started_at FROM pg_database WHERE datname = current_database()"


async def check_ways(url: str, direct_url: str | None) -> None:
    """`Unavailable` where sessions would be lost on the way, or where the two addresses are not one database's."""
    if direct_url is None:
        if not await keeps_sessions(url, given_as=URL):
            raise Unavailable(
                "database_pooled",
                f"{URL} leads to a pooler that lends connections for a transaction only: let {DIRECT_URL} name "
                "PostgreSQL itself beside it.",
            )
        return
    if not await keeps_sessions(direct_url, given_as=DIRECT_URL):
        raise Unavailable(
            "database_pooled",
            f"{DIRECT_URL} leads to a pooler that lends connections for a transaction only: let it name PostgreSQL "
            "itself.",
        )
    if await find_place(url, given_as=URL) != await find_place(direct_url, given_as=DIRECT_URL):
        raise Unavailable("database_urls_differ", f"{URL} and {DIRECT_URL} lead to different databases.")


async def keeps_sessions(url: str, *, given_as: str = URL) -> bool:
    """Whether a session keeps its server process. A pooler in session mode is as good as none."""
    async with _connection(url, given_as) as ours:
        # A pooler welcomes its clients itself, with a number that it made up.
        if await ours.fetchval(FIND_PROCESS) == ours.get_server_pid():
            return True
        async with _connection(url, given_as) as other:
            for _ in range(LOOKS):
                if not await _keeps_its_process(ours, other):
                    return False
    return True


async def _keeps_its_process(ours: asyncpg.Connection, other: asyncpg.Connection) -> bool:
    """While the other is in a transaction: a pooler gives it the process that was used last."""
    before = await ours.fetchval(FIND_PROCESS)
    async with other.transaction():
        if await other.fetchval(FIND_PROCESS) == before:
            return False
        after = await ours.fetchval(FIND_PROCESS)
    return bool(before == after)


async def find_place(url: str, *, given_as: str) -> tuple[object, ...]:
    """What tells one database from all others."""
    async with _connection(url, given_as) as connection:
        return tuple(await connection.fetchrow(FIND_PLACE))


@contextlib.asynccontextmanager
async def _connection(url: str, given_as: str) -> AsyncIterator[asyncpg.Connection]:
    """One that may lead through a pooler, for a moment; refusals are sentences."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            connection = await asyncpg.connect(url, **STATEMENTS_UNNAMED)
            try:
                yield connection
            finally:
                await close_connection(connection)
    except (*DATABASE_ERRORS, ValueError) as error:
        raise explain_connection_error(error, given_as=given_as) from error
