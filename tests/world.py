"""A whole Phaseline in the test's own loop: the API on a real port, workers as engines, the sandbox as the internet."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
from pyreqwest.client import Client, ClientBuilder

from service import assembly
from service.access.model import Principal
from service.campaigns import commands
from service.campaigns.model import (
    Advance,
    Campaign,
    Configuration,
    CreateCampaign,
    DnsValidation,
    DomainGeneration,
    HttpValidation,
    Keyword,
    Network,
    Pattern,
    TransitionCampaign,
)
from service.campaigns.views import get_phases
from service.pipelines.engine import Worker, WorkerSettings
from service.pipelines.store import WorkerIdentity
from service.pipelines.sweeping import GRACE_SECONDS, TOLD_SECONDS, sweep_tick
from service.pipelines.transforms.engines import Engines
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from service.sandbox.server import Sandbox
from service.settings import Settings
from service.web.serving import listening_socket

KEYWORDS = ("pricing", "checkout", "newsletter", "careers", "contact us")


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Caller:
    """An HTTP client with a key."""

    def __init__(self, base_url: str, secret: str | None) -> None:
        self.base_url = base_url
        self.secret = secret
        builder = ClientBuilder().base_url(base_url).no_proxy()
        if secret is not None:
            builder = builder.default_headers({"Authorization": f"Bearer {secret}"})
        self._client: Client = builder.build()

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        request = self._client.request(method, path)
        if content is not None:
            request = request.body_bytes(content)
        elif json is not None:
            request = request.body_bytes(msgspec.json.encode(json)).header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request = request.header(name, value)
        response = await request.build().send()
        data = bytes(await response.bytes())
        kind = response.headers.get("content-type") or ""
        body = msgspec.json.decode(data) if "json" in kind and "ndjson" not in kind and data else data
        return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, body)


@contextlib.asynccontextmanager
async def running_api(url: str, settings: Settings | None = None) -> AsyncIterator[str]:
    """The API on a free port; its base URL."""
    stop = asyncio.Event()
    listener = listening_socket("127.0.0.1", 0)
    port = listener.getsockname()[1]
    serving = asyncio.create_task(assembly.run_api(url, listener, stop, settings or Settings()))
    try:
        await until_ready(f"http://127.0.0.1:{port}", serving)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop.set()
        await serving


async def until_ready(base_url: str, serving: "asyncio.Task[None]") -> None:
    """The port listens from the start: the first answer comes when the server is up."""
    waiting = asyncio.create_task(Caller(base_url, None).call("GET", "/health/ready"))
    done, _ = await asyncio.wait({waiting, serving}, return_when=asyncio.FIRST_COMPLETED, timeout=20)
    assert waiting in done, "the API did not come up"
    assert waiting.result().status == 200


@contextlib.asynccontextmanager
async def running_sandbox() -> AsyncIterator[tuple[Sandbox, Settings]]:
    """A sandbox on free ports, in this loop, and settings that lead workers there."""
    async with assembly.sandbox(Settings(sandbox_dns_port=0, sandbox_http_port=0, sandbox_https_port=0)) as sandbox:
        settings = Settings(
            sandbox_dns_port=sandbox.settings.dns_port,
            sandbox_http_port=sandbox.settings.http_port,
            sandbox_https_port=sandbox.settings.https_port,
            lease_seconds=3,
        )
        yield sandbox, settings


def make_worker(database: Database, settings: Settings, **options: float) -> Worker:
    identity = WorkerIdentity(uuid4(), "test", 0, "test")
    engines = Engines(assembly.sandbox_place(settings))
    held = msgspec.structs.replace(WorkerSettings(lease_seconds=settings.lease_seconds), **options)
    return Worker(database, engines, identity, held)


@contextlib.asynccontextmanager
async def running_worker(database: Database, settings: Settings, **options: float) -> AsyncIterator[Worker]:
    """A worker at work in this loop."""
    stop, wake = asyncio.Event(), asyncio.Event()
    worker = make_worker(database, settings, **options)
    working = asyncio.create_task(worker.run(stop, wake))
    try:
        yield worker
    finally:
        stop.set()
        await working


async def sweep_everything(database: Database) -> int:
    """Remove all that was retired, as if whoever could still read it had had the time to; how many steps that took."""
    later = timedelta(seconds=max(GRACE_SECONDS, TOLD_SECONDS))
    database.clock_offset += later
    try:
        steps = 0
        while await sweep_tick(database):
            steps += 1
        return steps
    finally:
        database.clock_offset -= later


def a_campaign(count: int = 300, *, advance: Advance = Advance.AUTOMATIC, **changes: Any) -> CreateCampaign:
    """A request for a campaign against the sandbox."""
    generation = DomainGeneration(
        pattern=Pattern.PREFIX,
        constant="shop",
        character_set="abcdefghijklmnopqrstuvwxyz",
        variable_length=4,
        tlds=("com", "net", "wild"),
        count=count,
    )
    configuration = Configuration(
        advance=advance,
        network=Network.SANDBOX,
        domain_generation=generation,
        dns_validation=DnsValidation(timeout_seconds=0.4),
        http_validation=HttpValidation(timeout_seconds=1.5, keywords=tuple(Keyword(text) for text in KEYWORDS)),
    )
    return CreateCampaign(
        name="a campaign",
        initial_phase=CampaignPhase.DOMAIN_GENERATION,
        configuration=msgspec.structs.replace(configuration, **changes),
    )


async def start(database: Database, principal: Principal, request: CreateCampaign) -> Campaign:
    """Create a campaign and start its first phase."""
    async with database.transaction() as tx:
        campaign = await commands.create_campaign(tx, principal, request)
    return await transition(database, principal, campaign.id, request.initial_phase)


async def transition(database: Database, principal: Principal, campaign_id: UUID, phase: CampaignPhase) -> Campaign:
    async with database.transaction() as tx:
        return await commands.transition_campaign(
            tx, principal, campaign_id, TransitionCampaign(target_phase=phase), None
        )


async def until(
    database: Database, principal: Principal, campaign_id: UUID, phase: CampaignPhase, status: PhaseStatus
) -> None:
    """Wait until a phase has a status; looks ten times a second."""
    while True:
        async with database.transaction() as tx:
            phases = await get_phases(tx, principal, campaign_id)
        now = next(run for run in phases.phases if run.phase is phase)
        if now.phase_status is status:
            return
        assert now.phase_status is not PhaseStatus.FAILED, now.error
        await asyncio.sleep(0.1)
