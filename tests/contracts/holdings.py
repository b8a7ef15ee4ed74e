"""What a server holds for its clients, counted; and waiting until it holds no more than it did."""

import asyncio
import contextlib
from pathlib import Path

import msgspec
from litestar import Litestar
from litestar.middleware import DefineMiddleware

from service.domains.importing.commands import Slots
from service.postgres.database import Database
from service.progress.hub import Hub
from service.web.limits import Flights

SETTLED_SECONDS_MAX = 20
LOOK_SECONDS = 0.02
COUNTS = """
    SELECT
        (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS backends,
        (SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND state LIKE 'idle in transaction%') AS open_transactions,
        (SELECT count(*) FROM pg_locks l, pg_database d
         WHERE d.datname = current_database() AND l.database = d.oid AND l.locktype = 'advisory') AS advisory_locks,
        (SELECT count(*) FROM pg_class WHERE relpersistence = 't') AS temporary_tables
"""


class Holdings(msgspec.Struct, frozen=True):
    """Counts, each of which a client that has gone away must not keep up."""

    backends: int
    open_transactions: int
    advisory_locks: int
    temporary_tables: int
    connections_lent: int
    open_files: int
    tasks: int
    imports: int
    requests: int
    mailboxes: int

    def exceeds(self, before: "Holdings") -> dict[str, tuple[int, int]]:
        """What there is more of than before: before, and now."""
        pairs = {name: (getattr(before, name), getattr(self, name)) for name in self.__struct_fields__}
        return {name: pair for name, pair in pairs.items() if pair[1] > pair[0]}


async def count_holdings(application: Litestar, database: Database) -> Holdings:
    """Of the application, and of this process, in which it runs."""
    row = await database.pool.fetchrow(COUNTS)
    pool = application.state["database"].pool
    slots: Slots = application.state["import_slots"]
    hub: Hub = application.state["hub"]
    return Holdings(
        **dict(row),
        connections_lent=pool.get_size() - pool.get_idle_size(),
        open_files=count_open_files(),
        tasks=len(asyncio.all_tasks()),
        imports=-slots._free,
        requests=sum(flights_of(application)._counts.values()),
        mailboxes=len(hub),
    )


def count_open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def flights_of(application: Litestar) -> Flights:
    found = [
        middleware.kwargs["flights"]
        for middleware in application.middleware
        if isinstance(middleware, DefineMiddleware) and "flights" in middleware.kwargs
    ]
    flights: Flights = found[0]
    return flights


async def fill_pool(database: Database) -> None:
    """Open all the connections that a pool may have, so that later ones are no growth of it."""
    async with contextlib.AsyncExitStack() as held:
        for _ in range(database.pool.get_max_size()):
            await held.enter_async_context(database.pool.acquire())


async def assert_settled(application: Litestar, database: Database, before: Holdings) -> None:
    """Soon there is no more of anything than there was."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLED_SECONDS_MAX):
            while (await count_holdings(application, database)).exceeds(before):
                await asyncio.sleep(LOOK_SECONDS)
    assert (await count_holdings(application, database)).exceeds(before) == {}
