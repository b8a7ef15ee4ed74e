"""One campaign, carried by one worker process through one phase: each time in a fresh copy of a prepared database.

`Installation.prepare` makes the databases that are copied. What the phase under test does not do itself is made up:
results of DNS and HTTP that no network was asked for.
"""

import asyncio
import contextlib
import itertools
import secrets
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import quote
from uuid import UUID, uuid4

import asyncpg
import msgspec

from loadtest.bench.memory import Footprint, sampled
from loadtest.bench.processes import ROOT, ProgramFailed, client_core, end, pinned
from service import assembly
from service.access.commands import find_principal, make_key
from service.access.model import Principal
from service.campaigns import commands
from service.campaigns.model import CreateCampaign, TransitionCampaign
from service.postgres.configuration import PORT, USER
from service.postgres.database import Database, open_database
from service.postgres.embedded import EmbeddedServer, embedded_postgres
from service.progress.events import CampaignPhase
from service.settings import Settings

CONNECTIONS_MAX = 4
LOOK_SECONDS = 0.01
PHASE_SECONDS_MAX = 900.0
READY_SECONDS_MAX = 30.0
EMPTY = "bench_empty"

# As fast as the disk allows: the files of a template do not change.
COPY_DATABASE = "CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"
FIND_STATUS = """
    SELECT phase_status, error_message
    FROM phase_runs
    WHERE campaign_id = $1 AND phase = $2
    ORDER BY number DESC
    LIMIT 1
"""
COUNT_OUTCOMES = """
    SELECT succeeded_count, negative_count, failed_count
    FROM phase_runs
    WHERE campaign_id = $1 AND phase = $2
    ORDER BY number DESC
    LIMIT 1
"""
COUNT_WORKERS = "SELECT count(*) FROM workers"

Fill = Callable[[Database, Principal], Awaitable[UUID]]


class Prepared(msgspec.Struct, frozen=True):
    """A database to be copied, and the campaign in it."""

    template: str
    campaign_id: UUID


class Carried(msgspec.Struct, frozen=True):
    """A phase, from the accepted transition to `completed`."""

    seconds: float
    succeeded: int
    negative: int
    failed: int
    pss_peak_bytes: int

    @property
    def total(self) -> int:
        return self.succeeded + self.negative + self.failed


class Installation:
    """A durable PostgreSQL with prepared databases, and somebody who may use them."""

    def __init__(self, server: EmbeddedServer, principal: Principal) -> None:
        self.server = server
        self.principal = principal
        self._numbers = itertools.count()

    async def prepare(self, fill: Fill, template: str = EMPTY) -> Prepared:
        """Make a database to be copied: another one, and what `fill` puts into it."""
        name = f"bench_prepared_{next(self._numbers)}"
        await self.administer(COPY_DATABASE.format(name=name, template=template))
        async with open_database(self.url(name), connections_max=CONNECTIONS_MAX) as database:
            campaign_id = await fill(database, self.principal)
            await database.pool.execute("VACUUM (ANALYZE)")
        return Prepared(name, campaign_id)

    @contextlib.asynccontextmanager
    async def copy(self, template: str = EMPTY) -> AsyncIterator[str]:
        """A copy of a prepared database, written to disk as a whole, and gone afterwards; its URL."""
        name = f"bench_copy_{next(self._numbers)}"
        await self.administer(COPY_DATABASE.format(name=name, template=template))
        await self.administer("CHECKPOINT")
        try:
            yield self.url(name)
        finally:
            await self.drop(name)

    async def drop(self, name: str) -> None:
        await self.administer(f"DROP DATABASE {name} WITH (FORCE)")

    def url(self, name: str) -> str:
        return f"postgresql://{USER}@/{name}?host={quote(str(self.server.socket_folder))}&port={PORT}"

    async def administer(self, statement: str) -> None:
        owner = await asyncpg.connect(**self.server.connect_arguments)
        try:
            await owner.execute(statement)
        finally:
            await owner.close()


@contextlib.asynccontextmanager
async def installed(home: Path) -> AsyncIterator[Installation]:
    """PostgreSQL as an installation has it, with an empty migrated database to copy."""
    async with embedded_postgres(home) as server:
        owner = await asyncpg.connect(**server.connect_arguments)
        try:
            await owner.execute(f"CREATE DATABASE {EMPTY}")
        finally:
            await owner.close()
        url = f"postgresql://{USER}@/{EMPTY}?host={quote(str(server.socket_folder))}&port={PORT}"
        await assembly.migrate(url)
        async with open_database(url, connections_max=1) as database:
            principal = await introduce(database)
        yield Installation(server, principal)


async def introduce(database: Database) -> Principal:
    """Somebody with a key; copies of the database know them too."""
    async with database.transaction() as tx:
        key = await make_key(tx, tenant="bench", name="bench", random_part=secrets.token_urlsafe(32))
    found = await find_principal(database, key.secret)
    assert found is not None
    return found


async def create(database: Database, principal: Principal, request: CreateCampaign) -> UUID:
    async with database.transaction() as tx:
        return (await commands.create_campaign(tx, principal, request)).id


async def transition(database: Database, principal: Principal, campaign_id: UUID, phase: CampaignPhase) -> None:
    async with database.transaction() as tx:
        await commands.transition_campaign(tx, principal, campaign_id, TransitionCampaign(target_phase=phase), None)


async def carry_copy(
    installation: Installation, prepared: Prepared, phase: CampaignPhase, settings: Settings | None = None
) -> Carried:
    """Carry a phase in a fresh copy of a prepared database."""
    async with (
        installation.copy(prepared.template) as url,
        open_database(url, connections_max=CONNECTIONS_MAX) as database,
    ):
        return await carry(database, installation.principal, prepared.campaign_id, phase, settings)


async def carry(
    database: Database,
    principal: Principal,
    campaign_id: UUID,
    phase: CampaignPhase,
    settings: Settings | None = None,
) -> Carried:
    """Start one worker process, let it get ready, and carry one phase to its end."""
    async with running_worker(database, settings or Settings()) as pid, sampled(pid) as footprint:
        begun = time.perf_counter()
        await transition(database, principal, campaign_id, phase)
        await until_completed(database, campaign_id, phase)
        seconds = time.perf_counter() - begun
    return await tell(database, campaign_id, phase, seconds, footprint)


async def tell(
    database: Database, campaign_id: UUID, phase: CampaignPhase, seconds: float, footprint: Footprint
) -> Carried:
    succeeded, negative, failed = await database.pool.fetchrow(COUNT_OUTCOMES, campaign_id, phase)
    return Carried(seconds, succeeded, negative, failed, footprint.peak_bytes)


async def until_completed(database: Database, campaign_id: UUID, phase: CampaignPhase) -> None:
    """Look a hundred times a second, for a bounded time."""
    async with asyncio.timeout(PHASE_SECONDS_MAX):
        while True:
            status, complaint = await database.pool.fetchrow(FIND_STATUS, campaign_id, phase)
            if status == "completed":
                return
            if status != "running":
                raise ProgramFailed(f"{phase} is {status}: {complaint}")
            await asyncio.sleep(LOOK_SECONDS)


@contextlib.asynccontextmanager
async def running_worker(database: Database, settings: Settings) -> AsyncIterator[int]:
    """One worker process on the client's core, as `phaseline work` starts it; its pid, once it has signed on."""
    process = await asyncio.create_subprocess_exec(
        *pinned(client_core(), (sys.executable, "-m", "service", "work", "--worker-id", str(uuid4()))),
        cwd=ROOT,
        env=assembly.child_environment(settings, database.url),
        stdin=asyncio.subprocess.PIPE,  # it ends with whoever holds this
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(READY_SECONDS_MAX):
            while not await database.pool.fetchval(COUNT_WORKERS):
                if process.returncode is not None:
                    raise ProgramFailed(f"the worker ended with {process.returncode}")
                await asyncio.sleep(LOOK_SECONDS)
        yield process.pid
    finally:
        await end(process)
