"""One campaign, carried through all phases by worker processes, twice, and what it left behind each time."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from loadtest.bench.campaigns import generation_of
from service import assembly
from service.access.model import Principal
from service.campaigns import commands
from service.campaigns.model import (
    Advance,
    Analysis,
    Configuration,
    CreateCampaign,
    DnsValidation,
    HttpValidation,
    Keyword,
    KeywordKind,
    Network,
    PhaseRun,
    RecordType,
    Rerun,
    RerunScope,
    TransitionCampaign,
)
from service.campaigns.outcomes import LABELS
from service.campaigns.views import get_phases
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from service.scoring.weights import Thresholds
from service.settings import Settings
from tests.audit import audit
from tests.peers import labels
from tests.peers.pages import BODY_BYTES_READ_MAX, SOUGHT
from tests.peers.plan import Fate, Plan
from tests.peers.vhosts import Request, read_requests, serving_hosts
from tests.peers.zone import serving_plan
from tests.world import start, until

WORKERS = 2
CARRY_SECONDS_MAX = 600.0
LOOK_SECONDS = 0.1
SHORTFALL = 1_000  # names asked for that the space does not have
MATCH_MIN = 0.5  # far from every score of our pages
PAGE_OUTCOMES = frozenset({"reached", "parked"})

DNS_LABELS = LABELS[CampaignPhase.DNS_VALIDATION]
HTTP_LABELS = LABELS[CampaignPhase.HTTP_VALIDATION]
VERDICT_LABELS = LABELS[CampaignPhase.ANALYSIS]

# Hash joins whatever the statistics say: none were gathered yet.
JOIN_LINEARLY = "SET LOCAL enable_nestloop = off"
LIST_FATES = """
    SELECT n.name, d.outcome AS dns, d.canonical_name, h.outcome AS http, h.final_url, s.outcome AS verdict, s.score
    FROM names n
    LEFT JOIN dns_results d ON d.set_id = $2 AND d.position = n.position
    LEFT JOIN http_results h ON h.set_id = $3 AND h.position = n.position
    LEFT JOIN scores s ON s.set_id = $4 AND s.position = n.position
    WHERE n.set_id = $1
"""
LIST_RUNS = "SELECT phase, run_id FROM phase_runs WHERE campaign_id = $1 ORDER BY number"  # the newest last
FIND_PROBER = """
    SELECT w.process_id
    FROM workers w
    JOIN chunks c USING (worker_id)
    JOIN phase_runs r USING (run_id)
    WHERE r.phase = 'http_validation' AND c.state = 'leased'
    LIMIT 1
"""


class Carried(msgspec.Struct, frozen=True):
    """What a campaign left behind: its phases, what became of each name, and what nginx was asked."""

    phases: dict[CampaignPhase, PhaseRun]
    fates: dict[str, Fate]
    requests: tuple[Request, ...]


async def carry(plan: Plan, database: Database, url: str, principal: Principal, folder: Path) -> tuple[Carried, ...]:
    """Put the plan's servers up, run a campaign against them to its end, and look at it closely.

    Then all that was asked is asked again, and one of the workers is killed while it waits for answers.
    """
    async with serving_plan(plan, folder) as resolvers, serving_hosts(plan, folder) as ports:
        settings = Settings(
            database_url=url,
            home=str(folder),
            workers=WORKERS,
            sandbox_https_port=ports.https,
            sandbox_http_port=ports.http,
        )
        async with running_workers(settings, url), asyncio.timeout(CARRY_SECONDS_MAX):
            campaign = await start(database, principal, a_campaign(resolvers))
            await until(database, principal, campaign.id, CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED)
            first = await look(database, principal, campaign.id, folder)
            await ask_again(database, principal, campaign.id)
            await kill_a_prober(database)
            await until(database, principal, campaign.id, CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED)
            return first, await look(database, principal, campaign.id, folder)


async def ask_again(database: Database, principal: Principal, campaign_id: UUID) -> None:
    again = TransitionCampaign(target_phase=CampaignPhase.DNS_VALIDATION, rerun=Rerun(scope=RerunScope.ALL))
    async with database.transaction() as tx:
        await commands.transition_campaign(tx, principal, campaign_id, again, None)


async def kill_a_prober(database: Database) -> None:
    """Kill a worker process that holds hosts; looks ten times a second whether there is one."""
    while (process_id := await database.pool.fetchval(FIND_PROBER)) is None:
        await asyncio.sleep(LOOK_SECONDS)
    os.kill(process_id, signal.SIGKILL)


async def look(database: Database, principal: Principal, campaign_id: UUID, folder: Path) -> Carried:
    async with database.transaction() as tx:
        phases = (await get_phases(tx, principal, campaign_id)).phases
    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute(JOIN_LINEARLY)
        await audit(connection, campaign_id)
        fates = await list_fates(connection, campaign_id)
    return Carried({run.phase: run for run in phases}, fates, read_requests(folder))


@contextlib.asynccontextmanager
async def running_workers(settings: Settings, url: str) -> AsyncIterator[None]:
    """Worker processes, as an installation has them."""
    stop = asyncio.Event()
    supervising = asyncio.create_task(assembly.supervise_workers(settings, url, stop))
    try:
        yield
    finally:
        stop.set()
        await supervising


def a_campaign(resolvers: tuple[str, ...]) -> CreateCampaign:
    """Ask for more names than there are, so that every one there is is made."""
    configuration = Configuration(
        advance=Advance.AUTOMATIC,
        network=Network.SANDBOX,
        domain_generation=generation_of(labels.SPACE, labels.SPACE.size + SHORTFALL),
        dns_validation=DnsValidation(resolvers=resolvers, record_types=(RecordType.A, RecordType.AAAA)),
        http_validation=HttpValidation(
            keywords=tuple(Keyword(each.text, KeywordKind(each.kind), each.case_sensitive) for each in SOUGHT),
            body_bytes_max=BODY_BYTES_READ_MAX,
        ),
        analysis=Analysis(thresholds=Thresholds(match=MATCH_MIN)),
    )
    return CreateCampaign(name="peers", initial_phase=CampaignPhase.DOMAIN_GENERATION, configuration=configuration)


async def list_fates(connection: asyncpg.Connection, campaign_id: UUID) -> dict[str, Fate]:
    runs = {row["phase"]: row["run_id"] for row in await connection.fetch(LIST_RUNS, campaign_id)}
    sets = [runs[phase] for phase in CampaignPhase]
    return {row["name"]: fate_of(row) for row in await connection.fetch(LIST_FATES, *sets)}


def fate_of(row: asyncpg.Record) -> Fate:
    http = HTTP_LABELS.get(row["http"], "")
    return Fate(
        dns=DNS_LABELS.get(row["dns"], ""),
        canonical_name=row["canonical_name"] or "",
        http=http,
        page_url=(row["final_url"] or "") if http in PAGE_OUTCOMES else "",
        verdict=VERDICT_LABELS.get(row["verdict"], ""),
        score=round(1000 * (row["score"] or 0)),
    )
