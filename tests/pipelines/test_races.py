"""What happens between two statements: late sums, late pauses, lost answers, chunks that fail again and again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from unittest.mock import patch
from uuid import UUID

import asyncpg
import pytest

from service.access.model import Principal
from service.campaigns import commands, running
from service.campaigns.model import Advance, CreateCampaign, DnsValidation
from service.campaigns.outcomes import INTERNAL_ERROR, RETRYABLE
from service.pipelines import engine, planner, store
from service.pipelines.carrying import ATTEMPTS_MAX, Held
from service.pipelines.model import LeaseLost
from service.postgres.database import Database, open_database
from service.progress.events import CampaignPhase, PhaseStatus
from service.settings import Settings
from tests.audit import audit_everything
from tests.link import linked
from tests.simulation.actors import SimulatedWorker
from tests.world import a_campaign, make_worker, running_sandbox, running_worker, start, transition, until

GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase
LOCK_WAITS = """
    SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"""


@contextlib.asynccontextmanager
async def one_worker(database: Database, settings: Settings | None = None) -> AsyncIterator[SimulatedWorker]:
    worker = SimulatedWorker(make_worker(database, settings or Settings(lease_seconds=3)))
    await worker.ready()
    try:
        yield worker
    finally:
        await worker.retire()


@contextlib.asynccontextmanager
async def observer(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def resolving(
    database: Database, principal: Principal, settings: Settings, request: CreateCampaign
) -> AsyncIterator[Held]:
    """The only chunk of a campaign whose names are there, in the hand of a worker that resolves it."""
    async with running_worker(database, settings):
        campaign = await start(database, principal, request)
        await until(database, principal, campaign.id, GENERATION, PhaseStatus.COMPLETED)
    async with one_worker(database, settings) as worker:
        await transition(database, principal, campaign.id, DNS)
        await worker.tick("plan")
        await worker.tick("claim")
        (held,) = worker.held
        yield held


async def until_waiting(connection: asyncpg.Connection, count: int = 1) -> None:
    """Until so many sessions wait for a lock; looks a hundred times a second."""
    async with asyncio.timeout(10):
        while await connection.fetchval(LOCK_WAITS) < count:
            await asyncio.sleep(0.01)


async def carried(held: Held) -> None:
    assert held.task is not None
    await held.task


def cancel(held: Held) -> None:
    assert held.task is not None
    held.task.cancel()


async def processed(connection: asyncpg.Connection, campaign_id: UUID) -> int:
    count = await connection.fetchval("SELECT processed_count FROM progress_states WHERE campaign_id = $1", campaign_id)
    assert isinstance(count, int)
    return count


async def test_an_older_sum_never_follows_a_newer(database: Database, database_url: str, principal: Principal) -> None:
    """The accountant waits for a run's lock while the last chunk is written and the run completes."""
    with patch.dict(planner.CHUNK_ITEMS, {GENERATION: 60}):
        campaign = await start(database, principal, a_campaign(120, advance=Advance.MANUAL))
        async with one_worker(database) as worker, observer(database_url) as connection:
            await worker.tick("plan")
            run_id = await connection.fetchval("SELECT run_id FROM phase_runs")
            rows = await connection.fetch("SELECT number FROM chunks ORDER BY number")
            async with connection.transaction():
                # All chunks but the first are out of reach.
                await connection.fetch("SELECT FROM chunks WHERE number > 1 FOR UPDATE")
                await worker.tick("claim")
                (first,) = worker.held
                await carried(first)
            async with database.transaction() as tx:
                await running.lock_run(tx, run_id)
                accounting = worker.tick("account")
                await until_waiting(connection)
                await worker.tick("claim")
                others = worker.held
                assert len(others) == len(rows) - 1
                await until_waiting(connection, 2)  # the accountant, and whoever wrote the last chunk
                for held in others:
                    cancel(held)  # what they have written stands; they will not tell anybody
                await asyncio.gather(*map(carried, others), return_exceptions=True)
                await running.finish_run(tx, run_id, await store.sum_chunks(tx, run_id))
            await accounting
            assert await processed(connection, campaign.id) == 120
            await audit_everything(connection)


async def test_what_is_finished_after_a_pause_is_told(
    database: Database, database_url: str, principal: Principal
) -> None:
    campaign = await start(database, principal, a_campaign(60, advance=Advance.MANUAL))
    async with one_worker(database) as worker, observer(database_url) as connection:
        await worker.tick("plan")
        async with connection.transaction():
            await connection.execute("LOCK TABLE names IN SHARE MODE")  # none is written before all wait
            await worker.tick("claim")
            chunks = worker.held
            await until_waiting_elsewhere(database, len(chunks))
            async with database.transaction() as tx:
                await commands.pause_campaign(tx, principal, campaign.id, "wait", None)
        await asyncio.gather(*map(carried, chunks))
        assert await processed(connection, campaign.id) == 60
        await audit_everything(connection)


async def until_waiting_elsewhere(database: Database, count: int) -> None:
    async with database.pool.acquire() as connection:
        await until_waiting(connection, count)


async def test_a_chunk_that_is_given_back_while_it_is_written_is_free_at_once(
    database: Database, database_url: str, principal: Principal
) -> None:
    slow = a_campaign(300, advance=Advance.MANUAL, dns_validation=DnsValidation(queries_per_second=20))
    async with (
        running_sandbox() as (_, settings),
        observer(database_url) as connection,
        resolving(database, principal, settings, slow) as held,
    ):
        async with connection.transaction():
            await connection.fetch("SELECT FROM chunks FOR UPDATE")
            held.halt.set()  # a checkpoint: the chunk is to be kept
            await until_waiting_elsewhere(database, 1)
            held.give_back()
        await carried(held)
        states = await connection.fetch("SELECT state FROM chunks WHERE state <> 'done'")
        assert [row["state"] for row in states] == ["pending"]
        await audit_everything(connection)


async def test_a_chunk_that_is_cut_off_at_a_stop_was_not_tried_in_vain(
    database: Database, database_url: str, principal: Principal
) -> None:
    await start(database, principal, a_campaign(60, advance=Advance.MANUAL))
    async with one_worker(database) as worker, observer(database_url) as connection:
        await worker.tick("plan")
        await worker.tick("claim")
        with patch.object(engine, "DRAIN_SECONDS_MAX", 0):
            await worker.worker.drain()
        await worker.worker.leave()
        chunks = await connection.fetch("SELECT state, attempt_count FROM chunks")
        assert {tuple(chunk) for chunk in chunks} == {("pending", 0)}


async def test_a_commit_whose_answer_is_lost_is_not_repeated(
    database_url: str, principal: Principal, caplog: pytest.LogCaptureFixture
) -> None:
    """A checkpoint keeps its lease: only the chunk itself can tell that it was written."""
    slow = a_campaign(300, advance=Advance.MANUAL, dns_validation=DnsValidation(queries_per_second=100))
    async with (
        running_sandbox() as (sandbox, settings),
        linked(database_url) as link,
        open_database(link.url, connections_max=4) as database,
        observer(database_url) as connection,
        resolving(database, principal, settings, slow) as held,
    ):
        async with asyncio.timeout(10):
            while sum(sandbox.counters.queries.values()) < 50:
                await asyncio.sleep(0.01)
        async with connection.transaction():
            await connection.fetch("SELECT FROM chunks FOR UPDATE")
            held.halt.set()
            await until_waiting_elsewhere(database, 1)
            link.lose_next_answer()
        await carried(held)
        attempts = await connection.fetchval("SELECT max(attempt_count) FROM chunks")
        assert (link.lost_count, attempts) == (1, 1)
        assert "chunk failed" not in caplog.text
        await audit_everything(connection)


async def test_poison_is_halved_by_its_items_down_to_a_single_one(
    database: Database, database_url: str, principal: Principal
) -> None:
    """Domains to be retried lie far apart: a half without any has nothing that could fail."""
    async with running_sandbox() as (_, settings), observer(database_url) as connection:
        run_id, campaign_id = await completed_dns(database, principal, settings)
        asked = await count_retryable(connection, run_id)
        assert asked >= 4
        await retry(database, principal, campaign_id)
        async with one_worker(database, settings) as worker:
            await worker.tick("plan")
            while await connection.fetchval("SELECT count(*) FROM chunks WHERE state <> 'done'"):
                await connection.execute("UPDATE chunks SET attempt_count = $1 WHERE state = 'pending'", ATTEMPTS_MAX)
                await worker.tick("claim")
                await asyncio.gather(*map(carried, worker.held))
                await audit_everything(connection)
                for chunk in await connection.fetch("SELECT * FROM chunks WHERE state <> 'done'"):
                    assert chunk["item_count"] == await count_retryable(connection, run_id, chunk)
        outcomes = await connection.fetch("SELECT outcome FROM dns_results WHERE set_id = $1", run_id)
        assert sum(row["outcome"] == INTERNAL_ERROR[DNS] for row in outcomes) == asked


async def test_a_new_retry_fences_off_who_is_at_the_last_one(
    database: Database, database_url: str, principal: Principal
) -> None:
    """Else their domains would be retried, and counted as retrying, twice."""
    async with running_sandbox() as (_, settings), observer(database_url) as connection:
        run_id, campaign_id = await completed_dns(database, principal, settings)
        asked = await count_retryable(connection, run_id)
        await retry(database, principal, campaign_id)
        async with one_worker(database, settings) as worker:
            await worker.tick("plan")
            async with database.transaction() as tx:
                await tx.begin()
                leases = await worker.worker.claim(1)
            await connection.execute("UPDATE phase_runs SET plan = 'retry' WHERE run_id = $1", run_id)
            await worker.tick("plan")
            async with database.transaction() as tx:
                counts = await store.sum_chunks(tx, run_id)
                assert (counts.failed, counts.retrying) == (0, asked)
                with pytest.raises(LeaseLost):
                    await store.lock_chunk(tx, leases[0])
            await worker.tick("claim")
            await asyncio.gather(*map(carried, worker.held))
        await until(database, principal, campaign_id, DNS, PhaseStatus.COMPLETED)
        await audit_everything(connection)


async def completed_dns(database: Database, principal: Principal, settings: Settings) -> tuple[int, UUID]:
    """A campaign whose DNS phase is through, with some domains that failed; its DNS run's id and its own."""
    async with running_worker(database, settings):
        campaign = await start(database, principal, a_campaign(1_500, advance=Advance.MANUAL))
        await until(database, principal, campaign.id, GENERATION, PhaseStatus.COMPLETED)
        await transition(database, principal, campaign.id, DNS)
        await until(database, principal, campaign.id, DNS, PhaseStatus.COMPLETED)
    run_id = await database.pool.fetchval("SELECT run_id FROM phase_runs WHERE phase = $1", DNS)
    return run_id, campaign.id


async def retry(database: Database, principal: Principal, campaign_id: UUID) -> None:
    async with database.transaction() as tx:
        await commands.retry_campaign(tx, principal, campaign_id, "again", None)


async def count_retryable(connection: asyncpg.Connection, run_id: int, chunk: asyncpg.Record | None = None) -> int:
    """Domains of a run, or of one of its chunks' ranges, whose outcome can be retried and has not been."""
    codes = sorted(RETRYABLE[DNS] - {INTERNAL_ERROR[DNS]})
    bounds = (0, 2**31 - 1) if chunk is None else (chunk["first_position"], chunk["end_position"])
    count = await connection.fetchval(
        "SELECT count(*) FROM dns_results "
        "WHERE set_id = $1 AND outcome = ANY($2::smallint[]) AND position >= $3 AND position < $4",
        run_id,
        codes,
        *bounds,
    )
    assert isinstance(count, int)
    return count
