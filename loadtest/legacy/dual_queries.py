"""The eight bulk queries, as the old system asks them."""

import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from loadtest.baseline.phases import resolve, write
from loadtest.baseline.plans import DNS
from loadtest.baseline.reading import BATCH, SQL, Named, find_campaign
from loadtest.baseline.system import advance
from loadtest.bench.running import Work
from loadtest.legacy.asking import timed
from loadtest.legacy.turns import ASKED_TIMES, LIST_ROWS, PAGE_ROWS, PAGES_WALKED, Batches, Query

DELETE_SECONDS_MAX = 3_600.0
EXISTS = """
    SELECT EXISTS (SELECT FROM campaigns WHERE id = $1) OR EXISTS (SELECT FROM generated_domains WHERE campaign_id = $1)
"""
WANTED = ("ok", "error", "timeout")
LAST_ID = UUID(int=2**128 - 1)


async def ask_dual(pool: asyncpg.Pool, user_id: UUID, campaign_id: UUID, pending_id: UUID) -> dict[Query, Work]:
    """All of them; the last one deletes the campaign."""
    reads = Reads(pool, user_id, campaign_id)
    asked = {
        Query.LIST: await timed(reads.list_campaigns, ASKED_TIMES),
        Query.STATUS: await timed(reads.get_phase_status, ASKED_TIMES),
        Query.FUNNEL: await timed(reads.get_funnel, ASKED_TIMES),
        Query.DOMAINS: await timed(reads.list_domains, ASKED_TIMES),
        Query.LEADS: await timed(reads.list_leads, ASKED_TIMES),
    }
    batches = await carry_batches(pool, pending_id)
    return {
        **asked,
        Query.BATCH: batches.reading,
        Query.WRITE: batches.writing,
        Query.DELETE: await delete_campaign(pool, campaign_id),
    }


class Reads:
    """What a person looks at; each answers how much it found."""

    def __init__(self, pool: asyncpg.Pool, user_id: UUID, campaign_id: UUID) -> None:
        self.pool = pool
        self.user_id = user_id
        self.campaign_id = campaign_id
        self.last = [-1] * len(WANTED)

    async def list_campaigns(self, _: int) -> int:
        before = datetime.now(UTC) + timedelta(days=1)
        return len(await self.pool.fetch(SQL["list_campaigns"].text, self.user_id, before, LAST_ID, LIST_ROWS))

    async def get_phase_status(self, _: int) -> int:
        return len(await self.pool.fetch(SQL["get_phase_status"].text, self.campaign_id))

    async def get_funnel(self, _: int) -> int:
        row = await self.pool.fetchrow(SQL["get_funnel"].text, self.campaign_id)
        return int(row["leads"])

    async def list_domains(self, number: int) -> int:
        """The first page of each outcome, then the next one of each, and from the first one again now and then."""
        round_, kind = divmod(number, len(WANTED))
        last = self.last[kind] if round_ % PAGES_WALKED else -1
        rows = await self.pool.fetch(SQL["list_domains"].text, self.campaign_id, WANTED[kind], last, PAGE_ROWS)
        self.last[kind] = rows[-1]["offset_index"] if len(rows) == PAGE_ROWS else -1
        return len(rows)

    async def list_leads(self, _: int) -> int:
        return len(await self.pool.fetch(SQL["list_leads"].text, self.campaign_id, PAGE_ROWS))


async def carry_batches(pool: asyncpg.Pool, campaign_id: UUID) -> Batches:
    """The DNS phase, batch by batch: what it takes to get the names, and to write outcomes."""
    campaign = await find_campaign(pool, campaign_id)
    await pool.execute(SQL["start_phase"].text, campaign_id, DNS, campaign.made)
    last, batches = -1, Batches.none()
    while True:
        begun = time.perf_counter()
        rows = await pool.fetch(SQL["list_pending_names"].text, campaign_id, last, BATCH)
        read = time.perf_counter()
        if not rows:
            return batches
        last = rows[-1]["offset_index"]
        found = resolve([Named(*row) for row in rows])
        resolved = time.perf_counter()
        async with pool.acquire() as connection, connection.transaction():
            await advance(connection, campaign, DNS, await write(connection, campaign, DNS, found))
        batches = batches.plus(len(rows), read - begun, time.perf_counter() - resolved)


async def delete_campaign(pool: asyncpg.Pool, campaign_id: UUID) -> Work:
    """Until its last row is gone; the room that they take is another matter (VACUUM's)."""
    begun = time.perf_counter()
    async with pool.acquire() as connection, connection.transaction():
        for query in ("delete_domains", "delete_campaign"):
            await connection.execute(SQL[query].text, campaign_id, timeout=DELETE_SECONDS_MAX)
    seconds = time.perf_counter() - begun
    return Work(1, seconds, int(not await pool.fetchval(EXISTS, campaign_id)))
