"""The old system in one process, as it was: workers that take jobs, a pool of connections, and the broadcaster.

    python -m loadtest.baseline.system --url postgresql://... [--streamed]

It says where its websocket is, takes whatever campaign has a job queued, and carries it through all four phases.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, TypeVar
from uuid import UUID

import asyncpg
import uvloop

from loadtest.baseline.broadcaster import Broadcaster, Step, serving
from loadtest.baseline.phases import JOB_TYPES, Rows, Written, fetch, judge, name_domains, resolve, write
from loadtest.baseline.plans import ANALYSIS, DNS, GENERATION, HTTP, PHASES
from loadtest.baseline.reading import SQL, Campaign, Memory, find_campaign, make_names, read_found, read_names
from service.runtime.shutdown import stop_on_signals

CONNECTIONS_MAX: Final = 8
BATCHES_AT_ONCE: Final = 4  # a batch more waits for the campaign's counters, which each of them writes
POLL_SECONDS: Final = 0.1
# The embedded server forbids generic plans, for our partitions' sake; these tables have none.
POOL_SETTINGS: Final = {"application_name": "dual architecture", "plan_cache_mode": "auto"}
QUEUES: Final = {DNS: ("list_pending_names", resolve), HTTP: ("list_resolved_names", fetch)}
PHASE_OF_JOB: Final = {job: phase for phase, job in JOB_TYPES.items()}

Item = TypeVar("Item")
Find = Callable[[Sequence[Item]], Rows]


class OldSystem:
    """Carries one job after the other."""

    def __init__(self, pool: asyncpg.Pool, broadcaster: Broadcaster, *, streamed: bool) -> None:
        self.pool = pool
        self.broadcaster = broadcaster
        self.memory = Memory(streamed=streamed)

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            job = await self.pool.fetchrow(SQL["claim_job"].text)
            if job is None:
                await asyncio.sleep(POLL_SECONDS)
            else:
                await self.carry_job(job["id"], job["campaign_id"], PHASE_OF_JOB[job["job_type"]])

    async def carry_job(self, job_id: UUID, campaign_id: UUID, phase: str) -> None:
        """One phase to its end; the next one is queued."""
        campaign = await find_campaign(self.pool, campaign_id)
        await self.pool.execute(SQL["start_phase"].text, campaign_id, phase, campaign.total_of(phase))
        await self.record(campaign_id, "phase_started", phase, "configured", "in_progress")
        await self.carry_phase(campaign, phase)
        self.memory.forget()
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(SQL["complete_phase"].text, campaign_id, phase)
            await connection.execute(SQL["finish_job"].text, job_id, "completed", None)
            if phase != PHASES[-1]:
                following = PHASES[PHASES.index(phase) + 1]
                await connection.execute(SQL["insert_job"].text, campaign_id, JOB_TYPES[following])
        await self.record(campaign_id, "phase_completed", phase, "in_progress", "completed")

    async def carry_phase(self, campaign: Campaign, phase: str) -> None:
        if phase == GENERATION:
            await self.carry(campaign, phase, make_names(campaign), name_domains)
        elif phase == ANALYSIS:
            await self.carry(campaign, phase, read_found(self.pool, campaign), judge)
        else:
            query, find = QUEUES[phase]
            await self.carry(campaign, phase, read_names(self.pool, query, campaign, self.memory), find)

    async def carry(self, campaign: Campaign, phase: str, batches: AsyncIterator[list[Item]], find: Find[Item]) -> None:
        """Some batches at once, each in a transaction of its own."""
        room = asyncio.Semaphore(BATCHES_AT_ONCE)

        async def carry_batch(batch: Sequence[Item]) -> None:
            try:
                rows = find(batch)
                if phase in QUEUES:
                    self.memory.keep(list(zip(*rows.columns, strict=True)))
                async with self.pool.acquire() as connection, connection.transaction():
                    written = await write(connection, campaign, phase, rows)
                    step = await advance(connection, campaign, phase, written)
                self.broadcaster.tell(step)
            finally:
                room.release()

        async with asyncio.TaskGroup() as carriers:
            async for batch in batches:
                await room.acquire()
                carriers.create_task(carry_batch(batch))

    async def record(self, campaign_id: UUID, event: str, phase: str, old: str, new: str) -> None:
        await self.pool.execute(SQL["insert_event"].text, campaign_id, event, phase, old, new)


async def advance(connection: asyncpg.Connection, campaign: Campaign, phase: str, written: Written) -> Step:
    """Both halves of the campaign, after a batch."""
    row = await connection.fetchrow(
        SQL["advance_campaign"].text,
        campaign.campaign_id,
        phase,
        written.processed,
        written.successful,
        written.failed,
    )
    total, processed, successful, failed, progress, overall = row
    return Step(
        campaign_id=str(campaign.campaign_id),
        phase=phase,
        total=total,
        processed=processed,
        successful=successful,
        failed=failed,
        progress=progress,
        overall=overall,
        found=written.in_all,
    )


async def work(url: str, *, streamed: bool) -> None:
    """Until told to stop."""
    stop, broadcaster = asyncio.Event(), Broadcaster()
    stop_on_signals(stop)
    pool = await asyncpg.create_pool(url, min_size=1, max_size=CONNECTIONS_MAX, server_settings=POOL_SETTINGS)
    async with pool, serving(broadcaster) as port, asyncio.TaskGroup() as tasks:
        sys.stdout.write(f"Serving on ws://127.0.0.1:{port}/\n")
        sys.stdout.flush()
        running = tasks.create_task(OldSystem(pool, broadcaster, streamed=streamed).run(stop))
        await stop.wait()
        running.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m loadtest.baseline.system", description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--streamed", action="store_true", help="batches from the work queue's index, nothing kept")
    asked = parser.parse_args()
    uvloop.run(work(asked.url, streamed=asked.streamed))


if __name__ == "__main__":
    main()
