"""A turn of ours: `phaseline serve`, one worker process, and a campaign that goes through all phases by itself."""

import contextlib
import sys
import time
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import msgspec

from loadtest.bench import carrying, workload
from loadtest.bench.campaigns import GENERATION, a_campaign, generation_of
from loadtest.bench.daemons import running_daemon
from loadtest.bench.processes import ROOT, ProgramFailed, client_core, pinned
from loadtest.bench.serving import Api, serving_api
from loadtest.legacy import worker
from loadtest.legacy.footprints import sampled_system
from loadtest.legacy.our_queries import ask_ours
from loadtest.legacy.turns import Contest, Found, Turn, measure_database, observing, until
from loadtest.legacy.watching import Channel, watching
from service import assembly
from service.access.model import Principal
from service.campaigns.model import Advance, CreateCampaign
from service.postgres.database import Database, open_database
from service.progress.events import CHANNEL
from service.settings import Settings

PENDING_SPACE = workload.SPACE._replace(constant="later")
FIND_STANDING = "SELECT current_phase, phase_status FROM campaigns WHERE campaign_id = $1"
LIST_PHASES = """
    SELECT phase, extract(epoch FROM finished_at - started_at)::float8 AS seconds
    FROM phase_runs
    WHERE campaign_id = $1
    ORDER BY started_at
"""
COUNT_FOUND = """
    SELECT
        sum(succeeded_count) FILTER (WHERE phase = 'domain_generation')::bigint,
        sum(succeeded_count) FILTER (WHERE phase = 'dns_validation')::bigint,
        sum(outcome_counts[1] + outcome_counts[2]) FILTER (WHERE phase = 'http_validation')::bigint,
        sum(succeeded_count) FILTER (WHERE phase = 'analysis')::bigint
    FROM phase_runs
    WHERE campaign_id = $1
"""


class OtherCampaigns:
    """So many that nobody started."""

    def __init__(self, count: int) -> None:
        self.count = count

    async def __call__(self, database: Database, principal: Principal) -> UUID:
        ids = [await carrying.create(database, principal, a_campaign(1)) for _ in range(self.count)]
        return ids[-1]


async def take_turn(contest: Contest, template: str) -> Turn:
    """Carry a campaign in a copy of a prepared database, then ask the eight queries there."""
    principal = contest.installation.principal
    async with contest.installation.copy(template) as url, observing(url) as observer:
        async with serving(url) as api:
            async with open_database(url, connections_max=1) as database:
                campaign_id = await carrying.create(database, principal, an_automatic_campaign(contest.domains))
            async with watching(channel_of(api, campaign_id)) as watched:
                begun = time.perf_counter()
                async with open_database(url, connections_max=1) as database:
                    await carrying.transition(database, principal, campaign_id, GENERATION)
                async with sampled_system(url) as footprint:
                    await until_over(observer, campaign_id)
                    seconds = time.perf_counter() - begun
                traffic = await watched.traffic()
            database_bytes = await measure_database(observer)
            pending_id = await make_pending(url, principal, contest.pending)
        phases = {row["phase"]: row["seconds"] for row in await observer.fetch(LIST_PHASES, campaign_id)}
        found = Found(*await observer.fetchrow(COUNT_FOUND, campaign_id))
        await observer.execute("VACUUM (ANALYZE)")
        async with open_database(url, connections_max=1) as database:
            queries = await ask_ours(database, principal, campaign_id, pending_id)
    return Turn(contest.domains, seconds, phases, traffic, footprint.peak, database_bytes, found, queries)


@contextlib.asynccontextmanager
async def serving(url: str) -> AsyncIterator[Api]:
    """The API and a worker, on the client's core."""
    command = pinned(client_core(), (sys.executable, "-m", worker.__name__))
    environment = assembly.child_environment(Settings(), url)
    async with contextlib.AsyncExitStack() as held:
        async with open_database(url, connections_max=1) as database:
            api = await held.enter_async_context(serving_api(database))
        await held.enter_async_context(
            running_daemon(command, folder=ROOT, ready=worker.READY, environment=environment)
        )
        yield api


def channel_of(api: Api, campaign_id: UUID) -> Channel:
    return Channel(
        url=api.base_url.replace("http://", "ws://") + "/ws",
        headers={"Authorization": f"Bearer {api.secret}"},
        says=f'{{"subscribe":["{CHANNEL}"],"campaignIds":["{campaign_id}"]}}',
        formats=(CHANNEL,),
        ends_with=('"phase":"analysis"', '"phaseStatus":"completed"'),
    )


def an_automatic_campaign(count: int) -> CreateCampaign:
    """With the names, keywords and thresholds that the old system has, too."""
    request = a_campaign(count)
    configuration = msgspec.structs.replace(request.configuration, advance=Advance.AUTOMATIC)
    return msgspec.structs.replace(request, configuration=configuration)


async def until_over(observer: asyncpg.Connection, campaign_id: UUID) -> None:
    async def look() -> bool:
        phase, status = await observer.fetchrow(FIND_STANDING, campaign_id)
        if status not in {"running", "completed"}:
            raise ProgramFailed(f"{phase} is {status}")
        return bool((phase, status) == ("analysis", "completed"))

    await until(look)


async def make_pending(url: str, principal: Principal, count: int) -> UUID:
    """Another campaign, whose names are made, and wait."""
    request = a_campaign(count)
    generation = generation_of(PENDING_SPACE, count)
    configuration = msgspec.structs.replace(request.configuration, domain_generation=generation)
    async with open_database(url, connections_max=1) as database:
        campaign_id = await carrying.create(
            database, principal, msgspec.structs.replace(request, configuration=configuration)
        )
        await carrying.transition(database, principal, campaign_id, GENERATION)
        await carrying.until_completed(database, campaign_id, GENERATION)
    return campaign_id
