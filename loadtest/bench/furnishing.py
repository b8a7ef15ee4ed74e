"""A campaign that ran through all phases, without a network: everything is the product's own, but for what was found.

Its planner cuts the runs, its source reads the items, its sink writes the results by COPY, chunk by chunk under a
lease and several chunks at once, as a worker process does; so the rows lie in tables and indexes as they would. Names
and scores are made by a worker process itself.
"""

import asyncio
from uuid import UUID, uuid4

from loadtest.bench import carrying, workload
from loadtest.bench.campaigns import ANALYSIS, DNS, GENERATION, HTTP, a_campaign
from loadtest.bench.drawing import draw_answers, draw_pages
from loadtest.bench.spaces import Space
from service.access.model import Principal
from service.pipelines import source, store
from service.pipelines.accounting import finish_if_over
from service.pipelines.engine import OF_ONE_RUN_MAX, lease_of
from service.pipelines.model import HostItems, Items, Lease, NameItems, Results
from service.pipelines.planner import plan_run
from service.pipelines.sink import Ending, write_results
from service.postgres.database import Database

LEASE_SECONDS = 600.0  # nobody else is there to take a chunk


class Furnished:
    """A campaign that is completed, with what a real one would have found."""

    def __init__(self, count: int, *, space: Space = workload.SPACE) -> None:
        self.count = count
        self.space = space

    async def __call__(self, database: Database, principal: Principal) -> UUID:
        campaign_id = await carrying.create(database, principal, a_campaign(self.count, space=self.space))
        await carrying.carry(database, principal, campaign_id, GENERATION)
        for phase in (DNS, HTTP):
            await carrying.transition(database, principal, campaign_id, phase)
            await furnish(database)
        await carrying.carry(database, principal, campaign_id, ANALYSIS)
        return campaign_id


async def furnish(database: Database) -> None:
    """Carry the phase that was just started, with nobody else at work on it."""
    async with database.transaction() as tx:
        run_id = await plan_run(tx)
    assert run_id is not None
    worker_id = uuid4()
    async with asyncio.TaskGroup() as carriers:
        for _ in range(min(OF_ONE_RUN_MAX, carrying.CONNECTIONS_MAX)):
            carriers.create_task(carry_chunks(database, worker_id))
    assert await finish_if_over(database, run_id)


async def carry_chunks(database: Database, worker_id: UUID) -> None:
    """One chunk after the other, until there are none."""
    while True:
        async with database.transaction() as tx:
            claimed = await store.claim_chunks(tx, worker_id, 1, LEASE_SECONDS, of_one_run=OF_ONE_RUN_MAX)
            plans = await store.list_run_plans(tx, [chunk.run_id for chunk in claimed])
        if not claimed:
            return
        await carry_chunk(database, lease_of(claimed[0], plans[claimed[0].run_id]))


async def carry_chunk(database: Database, lease: Lease) -> None:
    async with database.transaction() as tx:
        items = await source.read_items(tx, lease)
    results = draw(items)
    async with database.transaction() as tx:
        chunk = await store.lock_chunk(tx, lease)
        await write_results(tx, lease, chunk, results, Ending.GIVE_BACK)


def draw(items: Items) -> Results:
    assert isinstance(items, NameItems | HostItems)
    return draw_answers(items) if isinstance(items, NameItems) else draw_pages(items)
