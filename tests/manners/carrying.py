"""Worker processes that carry a list of names, asking resolvers and web hosts that count."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from uuid import UUID, uuid4

from service import assembly
from service.access.model import Principal
from service.campaigns import commands
from service.campaigns.model import (
    Configuration,
    CreateCampaign,
    DnsValidation,
    HttpValidation,
    Network,
    PhaseRun,
    TransitionCampaign,
)
from service.campaigns.views import get_phases
from service.domains.importing.commands import import_domains
from service.domains.importing.formats import ListFormat, rows_of
from service.pipelines.planner import plan_run
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from service.settings import Settings
from tests.world import until

LEASE_SECONDS = 3.0
START_SECONDS_MAX = 40.0
STOP_SECONDS_MAX = 12.0
LOOK_SECONDS = 0.05
CHUNK_NAMES = 200  # a worker holds eight chunks at most: the last ones of a list must not be all with one of them
DNS = CampaignPhase.DNS_VALIDATION
HTTP = CampaignPhase.HTTP_VALIDATION

COUNT_WORKERS = "SELECT count(*) FROM workers"


class Workers:
    """Processes as a supervisor starts them, one by one, and nobody starts them again."""

    def __init__(self, database: Database, environment: Mapping[str, str]) -> None:
        self.database = database
        self.environment = environment
        self.processes: list[asyncio.subprocess.Process] = []

    async def add(self, count: int = 1) -> None:
        """Returns when all have told the database that they live; looks twenty times a second."""
        known: int = await self.database.pool.fetchval(COUNT_WORKERS)
        for _ in range(count):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "service", *assembly.worker_arguments(str(uuid4()))),
                stdin=asyncio.subprocess.PIPE,  # they end by themselves when we are gone
                env=self.environment,
            )
            self.processes.append(process)
        async with asyncio.timeout(START_SECONDS_MAX):
            while await self.database.pool.fetchval(COUNT_WORKERS) < known + count:
                await asyncio.sleep(LOOK_SECONDS)

    async def kill(self) -> None:
        """The oldest, without a goodbye."""
        process = self.processes.pop(0)
        process.kill()
        await process.wait()

    async def stop(self) -> None:
        """All of them, in order; a late one is killed."""
        try:
            for process in self.processes:
                process.terminate()
            async with asyncio.timeout(STOP_SECONDS_MAX):
                for process in self.processes:
                    assert await process.wait() == 0
        finally:
            for process in self.processes:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()


@contextlib.asynccontextmanager
async def working(
    database: Database, url: str, count: int, home: Path, *, http_port: int = 0
) -> AsyncIterator[Workers]:
    """So many workers, for whom port 80 is that one."""
    settings = Settings(home=str(home), lease_seconds=LEASE_SECONDS, sandbox_http_port=http_port)
    workers = Workers(database, assembly.child_environment(settings, url))
    try:
        await workers.add(count)
        yield workers
    finally:
        await workers.stop()


async def bring_list(
    database: Database, principal: Principal, validation: DnsValidation, count: int, http: HttpValidation | None = None
) -> UUID:
    """A campaign with so many names of its own; nobody is asked yet. It begins with HTTP where that is given."""
    request = CreateCampaign(
        name="manners",
        initial_phase=DNS if http is None else HTTP,
        configuration=Configuration(
            network=Network.SANDBOX, dns_validation=validation, http_validation=http or HttpValidation()
        ),
    )
    async with database.transaction() as tx:
        campaign = await commands.create_campaign(tx, principal, request)
    rows = rows_of(ListFormat.TEXT, column=None, field=None)
    receipt = await import_domains(database, principal, campaign.id, source=names(count), rows=rows, gunzip=None)
    assert receipt.accepted == count
    return campaign.id


async def names(count: int) -> AsyncIterator[bytes]:
    yield "\n".join(f"shop{number}.com" for number in range(count)).encode()


async def begin(database: Database, principal: Principal, campaign_id: UUID, phase: CampaignPhase = DNS) -> None:
    """Start the phase, in chunks that are there at once, so that all workers begin together."""
    async with database.transaction() as tx:
        request = TransitionCampaign(target_phase=phase)
        await commands.transition_campaign(tx, principal, campaign_id, request, None)
        assert await plan_run(tx) is not None


async def carried(database: Database, principal: Principal, campaign_id: UUID, phase: CampaignPhase = DNS) -> PhaseRun:
    """What came of it, when it is over."""
    await until(database, principal, campaign_id, phase, PhaseStatus.COMPLETED)
    async with database.transaction() as tx:
        phases = await get_phases(tx, principal, campaign_id)
    return next(run for run in phases.phases if run.phase is phase)
