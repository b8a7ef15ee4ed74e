"""Parts of all rates, leased: together they never exceed one, whoever comes, goes or falls silent."""

from datetime import timedelta
from uuid import UUID

import pytest

from service.pipelines import store
from service.pipelines.store import WorkerIdentity
from service.postgres.database import Database

LEASE_SECONDS = 15.0
WORKERS = tuple(WorkerIdentity(UUID(int=number), "host", number, "0") for number in range(1, 5))


class Sharing:
    """Workers that beat one after the other; `held` is what each may use at most."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.held: dict[WorkerIdentity, float] = {}

    async def beat(self, worker: WorkerIdentity, *, is_wanted: bool = True, waiting: float = 0.0) -> float:
        """What it gets; `waiting` is the part of the in-flight cap that is not answered yet."""
        held = max(self.held.get(worker, 0.0), waiting)
        async with self.database.transaction() as tx:
            await store.upsert_worker(tx, worker, chunks_held=1, draining=False, rate_per_second=0)
            share = await store.lease_share(tx, worker.worker_id, LEASE_SECONDS, held=held, is_wanted=is_wanted)
        self.held[worker] = share
        return share

    async def settle(self, *workers: WorkerIdentity) -> None:
        """Until all have what is theirs."""
        for _ in range(2 * len(workers)):
            for worker in workers:
                await self.beat(worker)


@pytest.fixture
def sharing(database: Database) -> Sharing:
    return Sharing(database)


async def test_one_worker_has_everything(sharing: Sharing) -> None:
    assert await sharing.beat(WORKERS[0]) == 1


async def test_who_comes_later_gets_what_others_no_longer_use(sharing: Sharing) -> None:
    first, second = WORKERS[:2]
    assert await sharing.beat(first) == 1
    assert await sharing.beat(second) == 0
    assert await sharing.beat(first) == 0.5  # what it had may be in use until now
    assert await sharing.beat(second) == 0
    assert await sharing.beat(first) == 0.5
    assert await sharing.beat(second) == 0.5


async def test_what_waits_for_its_answer_is_not_given_back(sharing: Sharing) -> None:
    first, second = WORKERS[:2]
    await sharing.beat(first)
    await sharing.beat(second)
    for waiting in (0.9, 0.75):
        assert await sharing.beat(first, waiting=waiting) == 0.5
    assert await sharing.beat(second) == 0.25
    await sharing.beat(first, waiting=0.1)
    assert await sharing.beat(second) == 0.5


@pytest.mark.parametrize("count", [2, 3, 4])
async def test_at_no_moment_is_there_more_than_one_and_in_the_end_all_have_the_same(
    sharing: Sharing, count: int
) -> None:
    for _ in range(2 * count):
        for worker in WORKERS[:count]:
            await sharing.beat(worker)
            assert sum(sharing.held.values()) <= 1 + 1e-9
    assert list(sharing.held.values()) == pytest.approx([1 / count] * count)


async def test_who_needs_no_network_leaves_it_to_the_others(sharing: Sharing) -> None:
    first, second = WORKERS[:2]
    await sharing.settle(first, second)
    assert await sharing.beat(second, is_wanted=False) == 0
    assert await sharing.beat(first) == 0.5
    assert await sharing.beat(second, is_wanted=False) == 0
    assert await sharing.beat(first) == 1


async def test_who_is_silent_for_as_long_as_a_lease_lasts_has_nothing_any_more(sharing: Sharing) -> None:
    first, second = WORKERS[:2]
    await sharing.settle(first, second)
    sharing.database.clock_offset += timedelta(seconds=LEASE_SECONDS - 1)
    assert await sharing.beat(second) == 0.5
    sharing.database.clock_offset += timedelta(seconds=2)
    assert await sharing.beat(second) == 1


async def test_a_worker_that_nobody_knows_has_nothing(database: Database) -> None:
    async with database.transaction() as tx:
        assert await store.lease_share(tx, WORKERS[0].worker_id, LEASE_SECONDS, held=0, is_wanted=True) == 0
