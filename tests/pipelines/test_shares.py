"""Parts of all rates, leased: together they never exceed one, whoever comes, goes or falls silent."""

from datetime import timedelta
from uuid import UUID

import pytest

from service.pipelines import store
from service.pipelines.store import WorkerIdentity
from service.postgres.database import Database

LEASE_SECONDS = 15.0
WORKERS = tuple(WorkerIdentity(UUID(int=number), "host", number, "0") for number in range(1, 5))


async def share(database: Database, worker: WorkerIdentity, *, is_wanted: bool = True) -> float:
    """What a worker gets with a heartbeat."""
    async with database.transaction() as tx:
        await store.upsert_worker(tx, worker, chunks_held=1, draining=False)
        return await store.lease_share(tx, worker.worker_id, LEASE_SECONDS, is_wanted=is_wanted)


async def test_one_worker_has_everything(database: Database) -> None:
    assert await share(database, WORKERS[0]) == 1


async def test_who_comes_later_gets_what_others_have_given_back(database: Database) -> None:
    first, second = WORKERS[:2]
    assert await share(database, first) == 1
    assert await share(database, second) == 0
    assert await share(database, first) == 0.5
    assert await share(database, second) == 0.5


@pytest.mark.parametrize("count", [2, 3, 4])
async def test_at_no_moment_is_there_more_than_one_and_in_the_end_all_have_the_same(
    database: Database, count: int
) -> None:
    held = dict.fromkeys(WORKERS[:count], 0.0)
    for _ in range(count):
        for worker in held:
            held[worker] = await share(database, worker)
            assert sum(held.values()) <= 1 + 1e-9
    assert list(held.values()) == pytest.approx([1 / count] * count)


async def test_who_needs_no_network_leaves_it_to_the_others(database: Database) -> None:
    first, second = WORKERS[:2]
    for worker in (first, second, first, second):
        await share(database, worker)
    assert await share(database, second, is_wanted=False) == 0
    assert await share(database, first) == 1


async def test_who_is_silent_for_as_long_as_a_lease_lasts_has_nothing_any_more(database: Database) -> None:
    first, second = WORKERS[:2]
    for worker in (first, second, first, second):
        await share(database, worker)
    database.clock_offset += timedelta(seconds=LEASE_SECONDS - 1)
    assert await share(database, second) == 0.5
    database.clock_offset += timedelta(seconds=2)
    assert await share(database, second) == 1


async def test_a_worker_that_nobody_knows_has_nothing(database: Database) -> None:
    async with database.transaction() as tx:
        assert await store.lease_share(tx, WORKERS[0].worker_id, LEASE_SECONDS, is_wanted=True) == 0
