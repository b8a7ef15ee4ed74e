"""The eight bulk queries, as the product asks them: by its own views, commands and stores."""

import time
from datetime import timedelta
from uuid import UUID, uuid4

from loadtest.bench.campaigns import DNS
from loadtest.bench.carrying import transition
from loadtest.bench.furnishing import LEASE_SECONDS
from loadtest.bench.running import Work
from loadtest.legacy.asking import timed_statements
from loadtest.legacy.turns import ASKED_TIMES, LIST_ROWS, PAGE_ROWS, PAGES_WALKED, Batches, Query
from loadtest.legacy.worker import resolve
from service.access.model import Principal
from service.campaigns import commands
from service.campaigns import views as campaigns
from service.domains.reading import views as domains
from service.domains.reading.model import Sort, Wanted
from service.pipelines import source, store
from service.pipelines.engine import lease_of
from service.pipelines.model import Lease, NameItems
from service.pipelines.planner import plan_run
from service.pipelines.sink import Ending, write_results
from service.pipelines.sweeping import GRACE_SECONDS, TOLD_SECONDS, sweep_tick
from service.postgres.database import Database, Tx
from service.resolving.outcomes import DnsOutcome

# What the old system's `ok`, `error` and `timeout` are.
WANTED = tuple(
    Wanted(dns_outcomes=tuple(outcome.label for outcome in outcomes))
    for outcomes in (
        (DnsOutcome.RESOLVED,),
        (DnsOutcome.NO_DATA, DnsOutcome.ABSENT, DnsOutcome.SERVFAIL, DnsOutcome.REFUSED, DnsOutcome.MALFORMED),
        (DnsOutcome.TIMED_OUT,),
    )
)
EXISTS = "SELECT EXISTS (SELECT FROM campaigns WHERE campaign_id = $1)"
LONG_AFTER = timedelta(seconds=2 * max(GRACE_SECONDS, TOLD_SECONDS))


async def ask_ours(database: Database, principal: Principal, campaign_id: UUID, pending_id: UUID) -> dict[Query, Work]:
    """All of them; the last one deletes the campaign."""
    reads = Reads(principal, campaign_id)
    asked = {
        Query.LIST: await timed_statements(database, reads.list_campaigns, ASKED_TIMES),
        Query.STATUS: await timed_statements(database, reads.get_phases, ASKED_TIMES),
        Query.FUNNEL: await timed_statements(database, reads.get_funnel, ASKED_TIMES),
        Query.DOMAINS: await timed_statements(database, reads.list_domains, ASKED_TIMES),
        Query.LEADS: await timed_statements(database, reads.list_leads, ASKED_TIMES),
    }
    await transition(database, principal, pending_id, DNS)
    batches = await carry_batches(database)
    return {
        **asked,
        Query.BATCH: batches.reading,
        Query.WRITE: batches.writing,
        Query.DELETE: await delete_campaign(database, principal, campaign_id),
    }


class Reads:
    """What a person looks at; each answers how much it found."""

    def __init__(self, principal: Principal, campaign_id: UUID) -> None:
        self.principal = principal
        self.campaign_id = campaign_id
        self.cursors: list[str | None] = [None] * len(WANTED)

    async def list_campaigns(self, tx: Tx, _: int) -> int:
        page = await campaigns.list_campaigns(tx, self.principal, cursor=None, phase=None, status=None, limit=LIST_ROWS)
        return len(page.items)

    async def get_phases(self, tx: Tx, _: int) -> int:
        return len((await campaigns.get_phases(tx, self.principal, self.campaign_id)).phases)

    async def get_funnel(self, tx: Tx, _: int) -> int:
        leads = (await domains.get_funnel(tx, self.principal, self.campaign_id)).leads
        return 0 if leads is None else leads.passed

    async def list_domains(self, tx: Tx, number: int) -> int:
        """The first page of each outcome, then the next one of each, and from the first one again now and then."""
        round_, kind = divmod(number, len(WANTED))
        page = await domains.list_domains(
            tx,
            self.principal,
            self.campaign_id,
            wanted=WANTED[kind],
            sort=Sort.POSITION,
            cursor=self.cursors[kind] if round_ % PAGES_WALKED else None,
            limit=PAGE_ROWS,
        )
        self.cursors[kind] = page.next_cursor
        return len(page.items)

    async def list_leads(self, tx: Tx, _: int) -> int:
        page = await domains.list_leads(tx, self.principal, self.campaign_id, cursor=None, limit=PAGE_ROWS)
        return len(page.items)


async def carry_batches(database: Database) -> Batches:
    """The DNS phase that was just started, chunk by chunk: what it takes to get the names, and to write outcomes."""
    async with database.transaction() as tx:
        assert await plan_run(tx) is not None
    worker_id, batches = uuid4(), Batches.none()
    while True:
        begun = time.perf_counter()
        taken = await take_names(database, worker_id)
        if taken is None:
            return batches
        lease, items = taken
        read = time.perf_counter()
        results = resolve(items)
        resolved = time.perf_counter()
        async with database.transaction() as tx:
            await write_results(tx, lease, await store.lock_chunk(tx, lease), results, Ending.GIVE_BACK)
        batches = batches.plus(len(items.names), read - begun, time.perf_counter() - resolved)


async def take_names(database: Database, worker_id: UUID) -> tuple[Lease, NameItems] | None:
    """The next chunk, leased, and its names, as a worker takes them."""
    async with database.transaction() as tx:
        claimed = await store.claim_chunks(tx, worker_id, 1, LEASE_SECONDS, of_one_run=1)
        plans = await store.list_run_plans(tx, [chunk.run_id for chunk in claimed])
    if not claimed:
        return None
    lease = lease_of(claimed[0], plans[claimed[0].run_id])
    async with database.transaction() as tx:
        items = await source.read_items(tx, lease)
    assert isinstance(items, NameItems)
    return lease, items


async def delete_campaign(database: Database, principal: Principal, campaign_id: UUID) -> Work:
    """Until its last row is gone; readers' time of grace is no work, and is passed over by the clock."""
    begun = time.perf_counter()
    async with database.transaction() as tx:
        await commands.delete_campaign(tx, principal, campaign_id, None)
    database.clock_offset = LONG_AFTER
    while await sweep_tick(database):
        pass
    seconds = time.perf_counter() - begun
    gone = not await database.pool.fetchval(EXISTS, campaign_id)
    return Work(1, seconds, int(gone))
