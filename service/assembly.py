"""Builds everything and connects it: the only file that knows everyone."""

import asyncio
import contextlib
import functools
import os
import secrets
import socket
from collections.abc import AsyncIterator
from typing import Literal
from uuid import UUID, uuid4

import asyncpg
import msgspec
from litestar import Litestar, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from service.access import api as access_api
from service.access import commands as access
from service.access.engine import RECHECK_SECONDS, Admissions
from service.access.model import Key, NewKey, Principal
from service.campaigns import api as campaigns_api
from service.campaigns.commands import CHUNKS_BELL
from service.domains.importing import api as importing_api
from service.domains.importing.commands import Slots
from service.domains.previewing import api as previewing_api
from service.domains.reading import api as reading_api
from service.errors import Unavailable
from service.pipelines import api as pipelines_api
from service.pipelines import store as pipelines_store
from service.pipelines.engine import Worker, WorkerSettings
from service.pipelines.store import WorkerIdentity
from service.pipelines.transforms.engines import Engines, SandboxPlace
from service.postgres.database import Database, Tx, explain_connection_error, open_database
from service.postgres.embedded import embedded_postgres
from service.postgres.migrating import Standing, migrate_up, migration_status
from service.postgres.wakeups import Wakeups
from service.progress import socket as progress_socket
from service.progress.announce import BELL as PROGRESS_BELL
from service.progress.hub import LOOK_SECONDS, POLL_SECONDS, Hub
from service.resolving.model import ResolverAddress
from service.runtime.loop import run_forever
from service.runtime.processes import Child, keep_alive
from service.sandbox.server import Sandbox, SandboxSettings, running_sandbox
from service.settings import Settings, describe_settings, shown_value, variable_name
from service.web.application import API_VERSION, create_application
from service.web.authentication import ADMIN_ONLY, PUBLIC
from service.web.contract.documents import Contract, describe_contract
from service.web.contract.routes import contract_routes
from service.web.idempotency import delete_old_answers
from service.web.limits import Limits
from service.web.serving import serve

API_CONNECTIONS_MAX = 16
WORKER_CONNECTIONS_MAX = 6
SUPERVISOR_CONNECTIONS_MAX = 2
CLEAN_UP_SECONDS = 60.0
DEFAULT_SETTINGS = Settings()
HTTPS_PORT, HTTP_PORT = 443, 80


@contextlib.asynccontextmanager
async def database_url(settings: Settings) -> AsyncIterator[str]:
    """The database that was given, or the embedded one, which runs while it is needed."""
    if settings.database_url:
        yield settings.database_url
        return
    async with embedded_postgres(settings.home_folder) as server:
        yield server.dsn


async def migrate(url: str) -> int:
    """Bring the schema up to this version; how many migrations that took."""
    async with connection_to(url) as connection:
        return len(await migrate_up(connection))


@contextlib.asynccontextmanager
async def connection_to(url: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection, outside of any pool; refusals are sentences."""
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, ValueError) as error:
        raise explain_connection_error(error) from error
    try:
        yield connection
    finally:
        await connection.close()


async def check_schema(url: str) -> None:
    """Refuse to work on a schema of another version."""
    async with connection_to(url) as connection:
        statuses = await migration_status(connection)
    if any(status.standing is not Standing.APPLIED for status in statuses):
        raise Unavailable("schema_outdated", "The database's schema is not this version's; run `phaseline migrate up`.")


async def make_first_key(url: str) -> NewKey | None:
    """On a database without keys: the first one, to be shown once."""
    async with open_database(url, connections_max=1) as database, database.transaction() as tx:
        return await access.make_first_key(tx, secrets.token_urlsafe(32))


async def make_key(url: str, *, tenant: str, name: str) -> NewKey:
    async with open_database(url, connections_max=1) as database, database.transaction() as tx:
        return await access.make_key(tx, tenant=tenant, name=name, random_part=secrets.token_urlsafe(32))


async def list_keys(url: str, *, tenant: str) -> tuple[Key, ...]:
    async with open_database(url, connections_max=1) as database, database.transaction() as tx:
        return await access.list_keys(tx, await access.get_tenant(tx, tenant))


async def revoke_key(url: str, *, tenant: str, key_id: UUID) -> None:
    async with open_database(url, connections_max=1) as database, database.transaction() as tx:
        await access.revoke_key(tx, await access.get_tenant(tx, tenant), key_id)


@contextlib.asynccontextmanager
async def application(url: str, stop: asyncio.Event, settings: Settings = DEFAULT_SETTINGS) -> AsyncIterator[Litestar]:
    """The API over one database, with its hub running."""
    async with open_database(url, connections_max=API_CONNECTIONS_MAX) as database:
        hub = Hub(database)
        await hub.tick()
        admissions = Admissions(database)

        async def find_principal(secret: str) -> Principal | None:
            async with database.transaction(statement_seconds=settings.statement_seconds) as tx:
                return await access.find_principal(tx, secret)

        async def find_principal_of_session(secret: str) -> Principal | None:
            async with database.transaction(statement_seconds=settings.statement_seconds) as tx:
                return await access.find_principal_of_session(tx, secret)

        async def clean_up() -> int:
            async with database.transaction() as tx:
                return await delete_old_answers(tx) + await access.delete_ended_sessions(tx)

        built = create_application(
            [*routes(), *contract_routes(contract())],
            database=database,
            find_principal=find_principal,
            find_principal_of_session=find_principal_of_session,
            limits=limits_of(settings),
            origin=settings.origin,
            state={
                "settings": settings,
                "hub": hub,
                "admissions": admissions,
                "stop": stop,
                "import_slots": Slots(),
                "import_patience": importing_api.Patience(),
            },
        )
        bells = Wakeups(url, (PROGRESS_BELL,))
        ended = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bells.listen(ended))
            looking = run_forever(
                "progress",
                hub.tick,
                stop=ended,
                wake=bells.event(PROGRESS_BELL),
                poll_seconds=POLL_SECONDS,
                pause_seconds=LOOK_SECONDS,
            )
            tasks.create_task(looking)
            tasks.create_task(run_forever("admissions", admissions.tick, stop=ended, poll_seconds=RECHECK_SECONDS))
            tasks.create_task(run_forever("clean-up", clean_up, stop=ended, poll_seconds=CLEAN_UP_SECONDS))
            yield built
            ended.set()


def routes() -> list[ControllerRouterHandler]:
    """Every route that the contract tells of, and the probes beside it."""
    return [
        *campaigns_api.ROUTES,
        *reading_api.ROUTES,
        *importing_api.ROUTES,
        *previewing_api.ROUTES,
        *pipelines_api.ROUTES,
        *progress_socket.ROUTES,
        *access_api.ROUTES,
        *OPERATIONS,
    ]


@functools.cache
def contract() -> Contract:
    """Both documents; made of the routes alone, so that neither a database nor a server is needed."""
    return describe_contract(routes(), API_VERSION)


def limits_of(settings: Settings) -> Limits:
    return Limits(
        requests_in_flight=settings.requests_in_flight,
        body_seconds=settings.body_seconds,
        statement_seconds=settings.statement_seconds,
    )


async def run_api(
    url: str, listener: socket.socket, stop: asyncio.Event, settings: Settings = DEFAULT_SETTINGS
) -> None:
    """Serve the API until told to stop."""
    async with application(url, stop, settings) as built:
        await serve(built, listener, stop)


async def run_worker(settings: Settings, url: str, worker_id: UUID, stop: asyncio.Event) -> None:
    """Work on chunks until told to stop."""
    identity = WorkerIdentity(worker_id, socket.gethostname(), os.getpid(), API_VERSION)
    bells = Wakeups(url, (CHUNKS_BELL,))
    ended = asyncio.Event()
    async with open_database(url, connections_max=WORKER_CONNECTIONS_MAX) as database, asyncio.TaskGroup() as tasks:
        engines = Engines(sandbox_place(settings))
        worker = Worker(database, engines, identity, WorkerSettings(lease_seconds=settings.lease_seconds))
        tasks.create_task(bells.listen(ended))
        await worker.run(stop, bells.event(CHUNKS_BELL))
        ended.set()


async def supervise_workers(settings: Settings, url: str, stop: asyncio.Event) -> None:
    """Keep the worker processes alive until told to stop; a dead one's chunks are free at once."""
    environment = child_environment(settings, url)

    async with open_database(url, connections_max=SUPERVISOR_CONNECTIONS_MAX) as database, asyncio.TaskGroup() as tasks:

        async def free_chunks(worker_id: str) -> None:
            await release_worker(database, UUID(worker_id))

        for number in range(1, settings.worker_processes + 1):
            child = Child(f"worker {number}", worker_arguments, environment)
            tasks.create_task(keep_alive(child, new_name=new_worker_id, on_death=free_chunks, stop=stop))


async def release_worker(database: Database, worker_id: UUID) -> None:
    """Free what a dead worker held; if the database is away, its leases run out instead."""
    with contextlib.suppress(Unavailable):
        async with database.transaction() as tx:
            if await pipelines_store.release_worker(tx, worker_id):
                await tx.ring(CHUNKS_BELL)


def worker_arguments(worker_id: str) -> tuple[str, ...]:
    return ("work", "--worker-id", worker_id)


def new_worker_id() -> str:
    return str(uuid4())


@contextlib.asynccontextmanager
async def sandbox(settings: Settings) -> AsyncIterator[Sandbox]:
    """The small internet on loopback, in this process."""
    wanted = SandboxSettings(
        seed=settings.sandbox_seed,
        dns_port=settings.sandbox_dns_port,
        http_port=settings.sandbox_http_port,
        https_port=settings.sandbox_https_port,
    )
    async with running_sandbox(wanted) as running:
        yield running


def sandbox_place(settings: Settings) -> SandboxPlace:
    """Where workers find the sandbox: a process of its own, at the ports of the settings."""
    return SandboxPlace(
        resolvers=tuple(ResolverAddress(host, settings.sandbox_dns_port) for host in SandboxSettings().dns_addresses),
        port_map=tuple(
            (meant, real)
            for port, real in ((HTTPS_PORT, settings.sandbox_https_port), (HTTP_PORT, settings.sandbox_http_port))
            for meant in (port, real)  # the sandbox's redirects name the port that it really has
        ),
    )


def child_environment(settings: Settings, url: str) -> dict[str, str]:
    """The environment of child processes: ours, with every setting as it is here."""
    values = msgspec.to_builtins(msgspec.structs.replace(settings, database_url=url))
    return {**os.environ, **{variable_name(field): variable_value(value) for field, value in values.items()}}


def variable_value(value: object) -> str:
    """A setting as an environment variable; one that is not set is an empty one."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


class Liveness(msgspec.Struct, frozen=True):
    """The process answers; one that does not gives no answer."""

    live: Literal["yes"] = "yes"


class Readiness(msgspec.Struct, frozen=True):
    """Requests can be served; otherwise a problem says why not."""

    ready: Literal["yes"] = "yes"


@get("/health/live", operation_id="get_liveness", opt=PUBLIC, tags=["operations"])
async def get_liveness() -> Liveness:
    """Tell that the process answers."""
    return Liveness()


@get("/health/ready", operation_id="get_readiness", opt=PUBLIC, tags=["operations"])
async def get_readiness(tx: NamedDependency[Tx]) -> Readiness:
    """Tell that requests can be served: the database answers."""
    await tx.begin()
    return Readiness()


@get("/metrics", operation_id="get_metrics", opt=PUBLIC, include_in_schema=False)
async def get_metrics() -> Response[bytes]:
    """Metrics of this process, in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


class ShownSetting(msgspec.Struct, frozen=True):
    """A setting as it is in this process; of a secret one only whether it is set."""

    name: str
    value: str
    default: str
    meaning: str


class ShownSettings(msgspec.Struct, frozen=True):
    """Every setting of this process."""

    items: tuple[ShownSetting, ...]


@get("/settings", operation_id="get_settings", opt=ADMIN_ONLY, tags=["operations"])
async def get_settings(state: State) -> ShownSettings:
    """Tell how this process is set up; secrets are not shown."""
    settings: Settings = state["settings"]
    values = [shown_value(settings, field) for field in Settings.__struct_fields__]
    return ShownSettings(
        tuple(
            ShownSetting(name, value, default, meaning)
            for (name, default, meaning), value in zip(describe_settings(), values, strict=True)
        )
    )


OPERATIONS: list[ControllerRouterHandler] = [get_liveness, get_readiness, get_metrics, get_settings]
