"""Hold the server up at a place of our choice: a lock that a request waits for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from service.postgres.database import Database

WAITERS_SECONDS_MAX = 15
COUNT_WAITERS = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@contextlib.asynccontextmanager
async def nobody_writes_campaigns(database: Database) -> AsyncIterator[None]:
    """Campaigns can be read, but neither inserted nor locked."""
    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE campaigns IN EXCLUSIVE MODE")
        yield


async def until_waiting(database: Database, count: int) -> None:
    """Until so many sessions wait for a lock."""
    async with asyncio.timeout(WAITERS_SECONDS_MAX):
        while await database.pool.fetchval(COUNT_WAITERS) < count:
            await asyncio.sleep(0.02)
