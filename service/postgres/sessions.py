"""A database connection held for longer than a transaction: temporary tables and session locks live as long as it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg

from service.postgres.database import (
    CONNECT_SECONDS_MAX,
    DATABASE_ERRORS,
    OWN_SESSION,
    STATEMENT_SECONDS_MAX,
    Database,
    explain_connection_error,
    use_plain_uuids,
)

CLOSE_SECONDS_MAX = 5.0


class HeldConnection:
    """One connection, lent again and again: what transactions need of a pool."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def acquire(self, **_: object) -> asyncpg.Connection:
        return self._connection

    async def release(self, connection: asyncpg.Connection) -> None:
        assert connection is self._connection


@contextlib.asynccontextmanager
async def open_session(database: Database) -> AsyncIterator[Database]:
    """A connection beside the pool. Its transactions run one after the other, and see each other's temporary tables.

    It is closed at the end, so that all that lived in the session is gone, whatever happened.
    """
    try:
        connection = await asyncpg.connect(
            database.url,
            timeout=CONNECT_SECONDS_MAX,
            command_timeout=STATEMENT_SECONDS_MAX,
            server_settings={"application_name": "phaseline session", **OWN_SESSION},
        )
    except (*DATABASE_ERRORS, ValueError) as error:
        raise explain_connection_error(error) from error
    try:
        await use_plain_uuids(connection)
        session = Database(HeldConnection(connection), database.url)
        session.clock_offset = database.clock_offset
        yield session
    finally:
        await close_connection(connection)


async def close_connection(connection: asyncpg.Connection) -> None:
    """In peace, or at once where the server does not answer or the task is being cancelled."""
    try:
        with contextlib.suppress(*DATABASE_ERRORS):
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                await connection.close()
    finally:
        connection.terminate()
