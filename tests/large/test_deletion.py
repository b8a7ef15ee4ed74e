"""Two million rows of each kind go while another campaign works on, and it is hardly slower for it."""

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest

from service.campaigns import commands
from service.domains.reading import views
from service.domains.reading.model import Sort, Wanted
from service.pipelines.sweeping import GRACE_SECONDS, SWEEP_PAUSE_FACTOR, SWEEP_PAUSE_SECONDS, TOLD_SECONDS, sweep_tick
from service.postgres.database import Database
from service.postgres.partitions import LARGE_SET_ID_MIN, make_partition
from service.runtime.loop import run_forever
from tests.domains.reading.synthetic import TABLES, insert_runs
from tests.large.conftest import Large
from tests.large.measuring import told
from tests.world import a_campaign, sweep_everything

pytestmark = [pytest.mark.large, pytest.mark.asyncio(loop_scope="session")]

ROWS = 2_000_000
SMALL_ROWS = 200_000  # the most that share a table
TURNS_MIN, TURNS_MAX = 5, 40
STEPS = 30  # of the other campaign, in each turn
STEP_ROWS = 10_000
SLOWER_MAX = 1.10
SWEEPING_SECONDS_MAX = 400
COPY_OF_SET = {
    "names": "INSERT INTO names SELECT $1, position, name FROM names WHERE set_id = $2 AND position < $3",
    "dns_results": "INSERT INTO dns_results SELECT $1, position, outcome, resolver, duration_ms, addresses,"
    " addresses_v6, canonical_name, found_after FROM dns_results WHERE set_id = $2 AND position < $3",
    "scores": "INSERT INTO scores SELECT $1, position, score, outcome, dns_outcome, http_outcome, keyword_bits"
    " FROM scores WHERE set_id = $2 AND position < $3",
}


class Other:
    """The other campaign: chunks are written, and a page is read after each."""

    def __init__(self, large: Large, set_id: int) -> None:
        self.large = large
        self.set_id = set_id
        self.number = 0

    async def measure(self) -> float:
        """Seconds for some steps."""
        started = time.perf_counter()
        for _ in range(STEPS):
            await self.step()
        return time.perf_counter() - started

    async def step(self) -> None:
        first = self.number * STEP_ROWS
        self.number += 1
        records = [(self.set_id, first + index, 1, 0, 7, None, None, None, 0) for index in range(STEP_ROWS)]
        columns = ("set_id", "position", "outcome", "resolver", "duration_ms", "addresses", "addresses_v6",
                   "canonical_name", "found_after")  # fmt: skip
        async with self.large.database.transaction() as tx:
            await tx.copy_records("dns_results", columns, records)
        async with self.large.database.transaction() as tx:
            await views.list_domains(
                tx, self.large.principal, self.large.planted.campaign_id,
                wanted=Wanted(), sort=Sort.SCORE, cursor=None, limit=50,
            )  # fmt: skip


@pytest.mark.parametrize("kind", ["one large campaign", "ten small campaigns"])
async def test_another_campaign_is_hardly_slower_while_two_million_rows_go(large: Large, kind: str) -> None:
    """Measured in turns, without and with the sweeper, while rows go; the medians' ratio counts."""
    first_set = LARGE_SET_ID_MIN + 800_000
    sets = [(first_set, ROWS)] if kind == "one large campaign" else [(800_000 + 10 * n, SMALL_ROWS) for n in range(10)]
    other_set = LARGE_SET_ID_MIN + 900_000 + len(sets)
    async with large.database.transaction() as tx:
        await make_partition(tx, "dns_results", other_set)
    other = Other(large, other_set)
    await other.measure()
    alone, beside = list[float](), list[float]()
    while len(beside) < TURNS_MIN:
        for campaign_id in [await copy_campaign(large, set_id, rows) for set_id, rows in sets]:
            async with large.database.transaction() as tx:
                await commands.delete_campaign(tx, large.principal, campaign_id, None)
        async with asyncio.timeout(SWEEPING_SECONDS_MAX):
            while len(beside) < TURNS_MAX and await anything_retired(large.database):
                alone.append(await other.measure())
                async with sweeping(large.database):
                    beside.append(await other.measure())
        await sweep_everything(large.database)
        assert await rows_left(large.database, [set_id for set_id, _ in sets]) == 0
    ratio = statistics.median(beside) / statistics.median(alone)
    told(
        f"deleting {kind}: another one takes {ratio:.2f} times as long meanwhile"
        f" (a quarter of {len(beside)} turns under {statistics.quantiles(beside)[0] / statistics.median(alone):.2f},"
        f" a quarter over {statistics.quantiles(beside)[2] / statistics.median(alone):.2f})"
    )
    assert ratio <= SLOWER_MAX


async def copy_campaign(large: Large, set_id: int, rows: int) -> UUID:
    """A campaign with the same names, DNS results and scores; its ids are the set's and the next three."""
    async with large.database.transaction() as tx:
        campaign = await commands.create_campaign(tx, large.principal, a_campaign())
    for index, table in enumerate(TABLES):
        if set_id >= LARGE_SET_ID_MIN:
            async with large.database.transaction() as tx:
                await make_partition(tx, table, set_id + index)
        if table in COPY_OF_SET:
            async with large.database.pool.acquire() as connection:
                source = large.planted.set_ids[index]
                await connection.execute(COPY_OF_SET[table], set_id + index, source, rows, timeout=300)
    async with large.database.pool.acquire() as connection:
        await insert_runs(connection, campaign.id, tuple(range(set_id, set_id + 4)), [(rows,)] * len(TABLES))
    return campaign.id


@contextlib.asynccontextmanager
async def sweeping(database: Database) -> AsyncIterator[None]:
    """A sweeper as a worker has it, for which everybody's time is up."""
    stop = asyncio.Event()
    later = Database(database.pool, database.url)
    later.clock_offset = database.clock_offset + timedelta(seconds=max(GRACE_SECONDS, TOLD_SECONDS))
    loop = run_forever(
        "sweep",
        lambda: sweep_tick(later),
        stop=stop,
        poll_seconds=0.2,
        pause_seconds=SWEEP_PAUSE_SECONDS,
        pause_factor=SWEEP_PAUSE_FACTOR,
    )
    task = asyncio.create_task(loop)
    try:
        yield
    finally:
        stop.set()
        await task


async def anything_retired(database: Database) -> bool:
    async with database.pool.acquire() as connection:
        return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM retired_sets)"))


async def rows_left(database: Database, set_ids: list[int]) -> int:
    async with database.pool.acquire() as connection:
        wanted = [set_id + index for set_id in set_ids for index in range(4)]
        return sum(
            [
                await connection.fetchval(f"SELECT count(*) FROM {table} WHERE set_id = ANY($1)", wanted)
                for table in TABLES
            ]
        )
