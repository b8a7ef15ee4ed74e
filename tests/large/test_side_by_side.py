"""Five thousand campaigns that stand beside each other do not slow down what plans, claims, counts and reads."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest
import pytest_asyncio

from service.campaigns import commands
from service.domains.reading import views
from service.domains.reading.model import Sort, Wanted
from service.pipelines import store
from service.pipelines.engine import Worker
from service.postgres.database import Database
from service.postgres.partitions import LARGE_SET_ID_MIN, make_partition
from service.settings import Settings
from tests.conftest import key_of, principal_of
from tests.domains.reading.synthetic import TABLES
from tests.large.building import large_request
from tests.large.conftest import DOMAINS, Large
from tests.large.measuring import quick_seconds, told
from tests.world import make_worker, start, sweep_everything

pytestmark = [pytest.mark.large, pytest.mark.asyncio(loop_scope="session")]

CAMPAIGNS = 5_000
LARGE_CAMPAIGNS = 400  # of these have sets in partitions of their own
PARTITIONS_AT_A_TIME = 20
TIMES = 15
ROUNDS = 4
SLOWER_MAX = 1.5  # of all of them together
ONE_SLOWER_MAX = 3.0  # of one: some take a fifth of a millisecond, of which one more level of an index is a good part
EACH_CHUNKS = 3
# Completed campaigns of another tenant, each with four runs and what they left; their rows are not needed here.
STAND_THERE = """
    WITH made AS (
        INSERT INTO campaigns (
            tenant_id, name, initial_phase, current_phase, phase_status, configuration, created_at, updated_at
        )
        SELECT $1, 'stands there ' || n, 'domain_generation', 'analysis', $2, configuration, now(), now()
        FROM campaigns CROSS JOIN generate_series(1, $3) AS n
        WHERE campaign_id = $4
        RETURNING campaign_id
    ), states AS (
        INSERT INTO progress_states (
            campaign_id, tenant_id, sequence, phase, phase_status, processed_count, total_count, succeeded_count,
            negative_count, failed_count, rate_per_second, occurred_at
        )
        SELECT campaign_id, $1, 1, 'analysis', $2, 0, 0, 0, 0, 0, 0, now() FROM made
    ), runs AS (
        INSERT INTO phase_runs (
            run_id, campaign_id, phase, number, phase_status, configuration, network, total_count, plan, started_at,
            counted_at
        )
        SELECT
            nextval('small_set_ids')::integer, m.campaign_id, r.phase, 1,
            CASE WHEN r.phase = 'analysis' THEN $2 ELSE 'completed' END, r.configuration, r.network, 3, 'planned',
            now(), now()
        FROM made m CROSS JOIN phase_runs r
        WHERE r.campaign_id = $4
        RETURNING run_id, phase, phase_status
    )
    INSERT INTO chunks (run_id, number, kind, state, first_position, end_position, item_count)
    SELECT run_id, n, 'fresh', CASE WHEN phase_status = 'running' THEN 'pending' ELSE 'done' END, n, n + 1, 1
    FROM runs CROSS JOIN generate_series(1, $5) AS n"""


class Ticks:
    """What a worker's loops do over and over, and a page, in milliseconds."""

    def __init__(self, large: Large, worker: Worker) -> None:
        self.large = large
        self.worker = worker

    async def measure(self) -> dict[str, float]:
        """The least of some rounds: what the machine has to do beside it for a while is in none of them."""
        rounds = [await self._measure_once() for _ in range(ROUNDS)]
        return {name: min(each[name] for each in rounds) for name in rounds[0]}

    async def _measure_once(self) -> dict[str, float]:
        works: dict[str, Callable[[], Awaitable[object]]] = {
            "claim": self.claim,
            "plan": self.worker.plan_tick,
            "account": self.worker.account_tick,
            "heartbeat": self.worker.heartbeat_tick,
            "page": self.page,
        }
        return {name: 1e3 * await quick_seconds(work, TIMES) for name, work in works.items()}

    async def claim(self) -> None:
        """Eight chunks, and back with them."""
        assert await self.worker.claim(8)
        async with self.large.database.transaction() as tx:
            await store.release_worker(tx, self.worker.identity.worker_id, counts_as_attempt=False)

    async def page(self) -> None:
        async with self.large.database.transaction() as tx:
            await views.list_domains(
                tx, self.large.principal, self.large.planted.campaign_id,
                wanted=Wanted(), sort=Sort.SCORE, cursor=None, limit=50,
            )  # fmt: skip


@pytest_asyncio.fixture(loop_scope="session")
async def ticks(large: Large) -> AsyncIterator[Ticks]:
    """One campaign is at work: its chunks are claimed and given back."""
    campaign = await start(large.database, large.principal, large_request(DOMAINS))
    worker = make_worker(large.database, Settings())
    await worker.plan_tick()
    yield Ticks(large, worker)
    async with large.database.transaction() as tx:
        await commands.delete_campaign(tx, large.principal, campaign.id, None)
    await large.database.pool.execute("UPDATE phase_runs SET phase_status = 'completed' WHERE phase_status = 'running'")
    await large.database.pool.execute("DELETE FROM campaigns WHERE name LIKE 'stands there %'")
    await sweep_everything(large.database)


async def stand_there(large: Large, tenant_id: UUID, status: str, count: int) -> None:
    await large.database.pool.execute(
        STAND_THERE, tenant_id, status, count, large.planted.campaign_id, EACH_CHUNKS, timeout=120
    )
    await large.database.pool.execute("ANALYZE campaigns, phase_runs, chunks, progress_states")


async def make_leaves(database: Database, count: int) -> None:
    for first in range(0, count, PARTITIONS_AT_A_TIME):
        async with database.transaction() as tx:
            for number in range(first, min(first + PARTITIONS_AT_A_TIME, count)):
                for table in TABLES:
                    await make_partition(tx, table, LARGE_SET_ID_MIN + 500_000 + number)


async def drop_leaves(database: Database, count: int) -> None:
    for first in range(0, count, PARTITIONS_AT_A_TIME):
        numbers = range(first, min(first + PARTITIONS_AT_A_TIME, count))
        leaves = [f"{table}_{LARGE_SET_ID_MIN + 500_000 + number}" for number in numbers for table in TABLES]
        await database.pool.execute(f"DROP TABLE {', '.join(leaves)}")


async def test_campaigns_that_stand_there_slow_nothing_down(large: Large, ticks: Ticks) -> None:
    """Five thousand of them, four hundred with partitions of their own: the same statements, before and after."""
    other = await principal_of(large.database, await key_of(large.database, "beside"))
    before = await ticks.measure()
    started = time.perf_counter()
    await make_leaves(large.database, LARGE_CAMPAIGNS)
    made = time.perf_counter() - started
    try:
        await stand_there(large, other.tenant_id, "completed", CAMPAIGNS)
        after = await ticks.measure()
    finally:
        await drop_leaves(large.database, LARGE_CAMPAIGNS)
    for name, milliseconds in after.items():
        told(f"{name} beside {CAMPAIGNS:,} campaigns: {milliseconds:.1f} ms, {milliseconds / before[name]:.2f} x alone")
    told(f"a large campaign's four partitions beside up to {LARGE_CAMPAIGNS}: {1e3 * made / LARGE_CAMPAIGNS:.0f} ms")
    slower = {name: round(after[name] / before[name], 2) for name in after}
    assert max(slower.values()) < ONE_SLOWER_MAX, slower
    assert sum(after.values()) < SLOWER_MAX * sum(before.values()), slower


async def test_five_thousand_that_run_at_once_are_still_claimed(large: Large, ticks: Ticks) -> None:
    """All of them want a worker: claiming looks at each, and shares among tenants all the same."""
    other = await principal_of(large.database, await key_of(large.database, "all at once"))
    alone = await ticks.measure()
    await stand_there(large, other.tenant_id, "running", CAMPAIGNS)
    beside = await ticks.measure()
    for name, milliseconds in beside.items():
        told(f"{name} beside {CAMPAIGNS:,} running: {milliseconds:.0f} ms, {milliseconds / alone[name]:.1f} x alone")
    claimed = await ticks.worker.claim(8)
    tenants = await large.database.pool.fetch(
        "SELECT c.tenant_id, count(*) FROM chunks k JOIN phase_runs USING (run_id) JOIN campaigns c USING (campaign_id)"
        " WHERE k.state = 'leased' GROUP BY 1"
    )
    assert len(claimed) == 8
    assert [row["count"] for row in tenants] == [4, 4]
