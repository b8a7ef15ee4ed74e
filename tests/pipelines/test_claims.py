"""Whose chunks a worker takes: fairly, and never all of its room for one campaign."""

import asyncio
from collections import Counter
from uuid import UUID, uuid4

from service.access.model import Principal
from service.campaigns.model import Advance, DnsValidation
from service.pipelines import store
from service.pipelines.engine import CHUNKS_HELD_MAX, OF_ONE_RUN_MAX
from service.pipelines.planner import plan_run
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from tests.world import a_campaign, running_sandbox, running_worker, start, transition, until

GENERATION, DNS, _, ANALYSIS = CampaignPhase
CHUNK_NAMES = 25_000
LOTS = 100


async def planned(database: Database, principal: Principal, chunks: int) -> int:
    """A run of at least so many chunks: no chunk has names of two TLDs."""
    await start(database, principal, a_campaign(chunks * CHUNK_NAMES))
    async with database.transaction() as tx:
        run_id = await plan_run(tx)
    assert run_id is not None
    return run_id


async def claim(database: Database, worker_id: UUID, count: int) -> Counter[int]:
    """How many chunks of which run."""
    async with database.transaction() as tx:
        chunks = await store.claim_chunks(tx, worker_id, count, 60, of_one_run=OF_ONE_RUN_MAX)
    return Counter(chunk.run_id for chunk in chunks)


async def test_a_worker_keeps_room_for_others_than_the_one_large_run(database: Database, principal: Principal) -> None:
    large, worker = await planned(database, principal, chunks=17), uuid4()
    assert await claim(database, worker, CHUNKS_HELD_MAX) == {large: OF_ONE_RUN_MAX}
    assert await claim(database, worker, CHUNKS_HELD_MAX) == {}
    small = await planned(database, principal, chunks=1)
    assert set(await claim(database, worker, CHUNKS_HELD_MAX)) == {small}
    assert await claim(database, uuid4(), CHUNKS_HELD_MAX) == {large: OF_ONE_RUN_MAX}


async def test_runs_take_turns_up_to_what_one_may_have(database: Database, principal: Principal) -> None:
    runs, worker = [await planned(database, principal, chunks=9) for _ in range(2)], uuid4()
    assert await claim(database, worker, CHUNKS_HELD_MAX) == dict.fromkeys(runs, CHUNKS_HELD_MAX // 2)
    assert await claim(database, worker, CHUNKS_HELD_MAX) == dict.fromkeys(runs, OF_ONE_RUN_MAX - CHUNKS_HELD_MAX // 2)


async def test_equals_draw_lots(database: Database, principal: Principal) -> None:
    """However many others hold nothing: by the order of their numbers, the last one would starve beside a stream."""
    runs = {await planned(database, principal, chunks=1) for _ in range(4)}
    taken: Counter[int] = Counter()
    for _ in range(LOTS):
        worker = uuid4()
        taken += await claim(database, worker, 1)
        async with database.transaction() as tx:
            await store.release_worker(tx, worker, counts_as_attempt=False)
    assert taken.keys() == runs
    assert min(taken.values()) >= LOTS / len(runs) / 4, taken


async def test_two_workers_that_claim_at_once_both_get_their_part(database: Database, principal: Principal) -> None:
    run_id = await planned(database, principal, chunks=20)
    both = await asyncio.gather(*(claim(database, uuid4(), CHUNKS_HELD_MAX) for _ in range(2)))
    assert both == [{run_id: OF_ONE_RUN_MAX}] * 2


async def test_a_campaign_that_waits_for_its_rates_makes_no_other_wait(
    database: Database, principal: Principal
) -> None:
    slow_dns = DnsValidation(queries_per_second=5)
    async with running_sandbox() as (_, settings), running_worker(database, settings) as worker:
        slow = await start(database, principal, a_campaign(100_000, advance=Advance.MANUAL, dns_validation=slow_dns))
        await until(database, principal, slow.id, GENERATION, PhaseStatus.COMPLETED)
        await transition(database, principal, slow.id, DNS)
        async with asyncio.timeout(20):
            while len(worker.held) < OF_ONE_RUN_MAX:
                await asyncio.sleep(0.1)
        other = await start(database, principal, a_campaign(200))
        await until(database, principal, other.id, ANALYSIS, PhaseStatus.COMPLETED)
        assert Counter(held.lease.run.campaign_id for held in worker.held.values()) == {slow.id: OF_ONE_RUN_MAX}
