"""A program that holds a row's lock in an open transaction until it is ended.

python -m tests.machines.locking URL
"""

import asyncio
import sys

from service.postgres.database import open_database
from service.postgres.queries import Query

LOCKED = b"locked\n"
LOCK_TENANT = Query("lock_tenant", "SELECT tenant_id FROM tenants FOR UPDATE")


async def hold(url: str) -> None:
    async with open_database(url, connections_max=1) as database, database.transaction() as tx:
        assert await tx.value(LOCK_TENANT) is not None
        sys.stdout.buffer.write(LOCKED)
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(hold(sys.argv[1]))
