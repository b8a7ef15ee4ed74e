"""A turn of the dual architecture: its one process, and a campaign that goes through all phases by itself."""

import contextlib
import sys
import time
from collections.abc import AsyncIterator
from uuid import UUID, uuid5

import asyncpg

from loadtest.baseline import system
from loadtest.baseline.broadcaster import PHASE_FORMAT, TYPE_FORMAT
from loadtest.baseline.creating import create_campaign, start_campaign
from loadtest.baseline.patterns import OldPattern
from loadtest.baseline.phases import name_domains, write
from loadtest.baseline.plans import ANALYSIS, GENERATION
from loadtest.baseline.planting import make_tables
from loadtest.baseline.reading import find_campaign, make_names
from loadtest.bench import workload
from loadtest.bench.daemons import running_daemon
from loadtest.bench.processes import ROOT, ProgramFailed, client_core, pinned
from loadtest.legacy.dual_queries import ask_dual
from loadtest.legacy.footprints import sampled_system
from loadtest.legacy.turns import Contest, Found, Turn, measure_database, observing, until
from loadtest.legacy.watching import Channel, watching

TEMPLATE = "bench_dual"
USER_ID = uuid5(UUID(int=0), "whose campaigns these are")
FIND_STANDING = "SELECT status, current_phase, phase_status FROM campaigns WHERE id = $1"
LIST_PHASES = """
    SELECT phase_type, extract(epoch FROM completed_at - started_at)::float8 AS seconds
    FROM campaign_phases
    WHERE campaign_id = $1
    ORDER BY phase_order
"""
COUNT_FOUND = """
    SELECT total, dns_ok, http_ok, lead_match
    FROM campaign_domain_counters
    WHERE campaign_id = $1
"""


async def prepare(contest: Contest) -> str:
    """A database to be copied, with the tables, and campaigns that nobody started; its name."""
    await contest.installation.administer(f"CREATE DATABASE {TEMPLATE}")
    async with observing(contest.installation.url(TEMPLATE)) as connection:
        await make_tables(connection)
        for number in range(contest.others):
            await create_campaign(connection, USER_ID, pattern_of(f"other{number}"), 1)
        await connection.execute("VACUUM (ANALYZE)")
    return TEMPLATE


async def take_turn(contest: Contest, *, streamed: bool) -> Turn:
    """Carry a campaign in a copy of the prepared database, then ask the eight queries there."""
    async with contest.installation.copy(TEMPLATE) as url, observing(url) as observer:
        async with serving(url, streamed=streamed) as channel:
            pattern = pattern_of(workload.SPACE.constant)
            campaign_id = await create_campaign(observer, USER_ID, pattern, contest.domains)
            async with watching(channel) as watched:
                begun = time.perf_counter()
                await start_campaign(observer, campaign_id)
                async with sampled_system(url) as footprint:
                    await until_over(observer, campaign_id)
                    seconds = time.perf_counter() - begun
                traffic = await watched.traffic()
            database_bytes = await measure_database(observer)
        phases = {row["phase_type"]: row["seconds"] for row in await observer.fetch(LIST_PHASES, campaign_id)}
        found = Found(*await observer.fetchrow(COUNT_FOUND, campaign_id))
        async with asyncpg.create_pool(url, min_size=1, max_size=1, server_settings=system.POOL_SETTINGS) as pool:
            pending_id = await make_pending(pool, contest.pending)
            await observer.execute("VACUUM (ANALYZE)")
            queries = await ask_dual(pool, USER_ID, campaign_id, pending_id)
    return Turn(contest.domains, seconds, phases, traffic, footprint.peak, database_bytes, found, queries)


@contextlib.asynccontextmanager
async def serving(url: str, *, streamed: bool) -> AsyncIterator[Channel]:
    """The old system, on the client's core."""
    options = ("--streamed",) if streamed else ()
    command = pinned(client_core(), (sys.executable, "-m", system.__name__, "--url", url, *options))
    async with running_daemon(command, folder=ROOT, ready="Serving on") as line:
        yield channel_at(line)


def channel_at(line: str) -> Channel:
    """Where the old system says that it serves."""
    return Channel(
        url=line.rsplit(maxsplit=1)[-1],
        headers={},
        says='{"type":"subscribe","data":{"channels":["campaigns"]}}',
        formats=(PHASE_FORMAT, TYPE_FORMAT),
        ends_with=('"phase":"analysis"', '"isCompleted":true'),
    )


def pattern_of(constant: str) -> OldPattern:
    space = workload.SPACE
    return OldPattern("prefix", constant, space.characters, space.length, f".{space.tlds[0]}")


async def until_over(observer: asyncpg.Connection, campaign_id: UUID) -> None:
    async def look() -> bool:
        status, phase, phase_status = await observer.fetchrow(FIND_STANDING, campaign_id)
        if phase_status not in {"configured", "in_progress", "completed"}:
            raise ProgramFailed(f"{phase} is {phase_status}")
        return bool((status, phase) == ("completed", ANALYSIS))

    await until(look)


async def make_pending(pool: asyncpg.Pool, count: int) -> UUID:
    """Another campaign, whose names are made, and wait."""
    async with pool.acquire() as connection:
        campaign_id = await create_campaign(connection, USER_ID, pattern_of("later"), count)
    campaign = await find_campaign(pool, campaign_id)
    async for batch in make_names(campaign):
        async with pool.acquire() as connection, connection.transaction():
            await write(connection, campaign, GENERATION, name_domains(batch))
    return campaign_id
