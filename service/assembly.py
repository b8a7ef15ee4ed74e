"""Builds everything and connects it: the only file that knows everyone."""

import asyncio
import contextlib
import functools
import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import msgspec
from litestar import Litestar
from litestar.types import ControllerRouterHandler

from service.access import api as access_api
from service.access import commands as access
from service.access.engine import RECHECK_SECONDS, Admissions
from service.access.model import Key, NewKey, Principal
from service.campaigns import api as campaigns_api
from service.campaigns import commands as campaigns
from service.campaigns.moving import CHUNKS_BELL
from service.dashboard.api import dashboard_routes
from service.dashboard.files import read_built
from service.domains.importing import api as importing_api
from service.domains.importing.commands import Slots
from service.domains.previewing import api as previewing_api
from service.domains.reading import api as reading_api
from service.errors import Invalid, Unavailable
from service.monitoring import api as monitoring_api
from service.pipelines import api as pipelines_api
from service.pipelines import store as pipelines_store
from service.pipelines.carrying import Carrier
from service.pipelines.engine import Worker, WorkerSettings
from service.pipelines.reporting import Report, Unit, delete_old_days, report_work, tally_tick
from service.pipelines.standing import STANDING_SECONDS, standing_tick
from service.pipelines.store import WorkerIdentity
from service.pipelines.transforms.engines import Engines, SandboxPlace
from service.postgres.cluster import Site
from service.postgres.database import Database, explain_connection_error, open_database
from service.postgres.embedded import embedded_postgres
from service.postgres.migrating import Standing, migrate_up, migration_status
from service.postgres.pooling import DIRECT_URL, URL, check_ways
from service.postgres.room import Bounds
from service.postgres.wakeups import Wakeups
from service.progress import socket as progress_socket
from service.progress.announce import BELL as PROGRESS_BELL
from service.progress.hub import LOOK_SECONDS, POLL_SECONDS, Hub
from service.progress.sending import Post
from service.resolving.model import ResolverAddress
from service.runtime.loop import run_forever
from service.runtime.processes import Child, keep_alive
from service.sandbox.server import Sandbox, SandboxSettings, running_sandbox
from service.settings import Settings, variable_name
from service.web.application import API_VERSION, create_application
from service.web.contract.documents import Contract, describe_contract
from service.web.contract.routes import contract_routes
from service.web.idempotency import delete_old_answers
from service.web.limits import Limits
from service.web.serving import serve

API_CONNECTIONS_MAX = 16
WORKER_CONNECTIONS_MAX = 6
SUPERVISOR_CONNECTIONS_MAX = 2
MIGRATION_CONNECTIONS_MAX = 4
CLEAN_UP_SECONDS = 60.0
DEFAULT_SETTINGS = Settings()
HTTPS_PORT, HTTP_PORT = 443, 80


@contextlib.asynccontextmanager
async def database_url(settings: Settings) -> AsyncIterator[str]:
    """The database that was given, past any pooler, or the embedded one, which runs while it is needed."""
    if settings.database_url:
        await check_ways(settings.database_url, settings.database_direct_url)
    async with unchecked_database_url(settings) as url:
        yield url


@contextlib.asynccontextmanager
async def unchecked_database_url(settings: Settings) -> AsyncIterator[str]:
    """The same, whatever is in the way."""
    if settings.database_url:
        yield settings.database_direct_url or settings.database_url
        return
    if settings.database_direct_url:
        raise Invalid("database_url_missing", f"{DIRECT_URL} is set, and {URL}, which goes with it, is not.")
    async with embedded_postgres(settings.home_folder) as server:
        yield server.dsn


def open_shared(settings: Settings, url: str, *, connections_max: int) -> AbstractAsyncContextManager[Database]:
    """What a process works with as long as it lives: through the pooler, where there is one."""
    pooler_url = settings.database_url if settings.database_direct_url else None
    return open_database(url, connections_max=connections_max, pooler_url=pooler_url)


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
    found = {status.standing for status in statuses}
    if found & {Standing.UNKNOWN, Standing.CHANGED}:
        way_out = "start the version that made it"
    elif Standing.PENDING in found:
        way_out = "run `phaseline migrate up`"
    else:
        return
    raise Unavailable("schema_outdated", f"The database's schema is not that of version {API_VERSION}; {way_out}.")


@contextlib.asynccontextmanager
async def migration_database(url: str) -> AsyncIterator[Database]:
    """For who carries from another database: one step after the other."""
    async with open_database(url, connections_max=MIGRATION_CONNECTIONS_MAX) as database:
        yield database


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


async def make_reports(url: str, *, since: datetime, tenant: str | None) -> tuple[Report, Report]:
    """What was done since then, by day and by week; of one tenant, or of all."""
    async with open_database(url, connections_max=1) as database:
        await tally_tick(database)  # up to this moment
        return await read_reports(database, since, tenant)


async def read_reports(database: Database, since: datetime, tenant: str | None) -> tuple[Report, Report]:
    async with database.transaction() as tx:
        tenant_id = None if tenant is None else await access.get_tenant(tx, tenant)
        return await report_work(tx, since, tenant_id, Unit.DAY), await report_work(tx, since, tenant_id, Unit.WEEK)


@contextlib.asynccontextmanager
async def application(url: str, stop: asyncio.Event, settings: Settings = DEFAULT_SETTINGS) -> AsyncIterator[Litestar]:
    """The API over one database, with its hub running."""
    async with open_shared(settings, url, connections_max=API_CONNECTIONS_MAX) as database:
        hub = Hub(database)
        await hub.tick()
        admissions = Admissions(database)

        async def find_principal(secret: str) -> Principal | None:
            return await access.find_principal(database, secret, seconds=settings.statement_seconds)

        async def find_principal_of_session(secret: str) -> Principal | None:
            async with database.transaction(statement_seconds=settings.statement_seconds) as tx:
                return await access.find_principal_of_session(tx, secret)

        async def clean_up() -> int:
            return await forget_what_is_old(database, settings)

        built = create_application(
            [*routes(), *contract_routes(contract()), *dashboard_routes(read_built())],
            database=database,
            find_principal=find_principal,
            find_principal_of_session=find_principal_of_session,
            limits=limits_of(settings),
            origin=settings.origin,
            state={
                "settings": settings,
                "hub": hub,
                "post": Post(),
                "admissions": admissions,
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
            tasks.create_task(say_goodbye(admissions, stop, ended))
            tasks.create_task(run_forever("clean-up", clean_up, stop=ended, poll_seconds=CLEAN_UP_SECONDS))
            if settings.monitoring:
                standing = functools.partial(standing_tick, database)
                tasks.create_task(run_forever("standing", standing, stop=ended, poll_seconds=STANDING_SECONDS))
            yield built
            ended.set()


async def forget_what_is_old(database: Database, settings: Settings) -> int:
    """One step of what is not kept for ever; how many rows and campaigns that were."""
    async with database.transaction() as tx:
        forgotten = await delete_old_answers(tx, settings.answers_hours) + await access.delete_ended_sessions(tx)
        forgotten += await access.delete_old_acts(tx, settings.acts_days)
        forgotten += await access.delete_ended_keys(tx, settings.ended_keys_days)
        forgotten += await delete_old_days(tx, settings.report_days)
    async with database.transaction() as tx:
        return forgotten + await campaigns.delete_rested_campaigns(tx, settings.campaigns_days)


async def say_goodbye(admissions: Admissions, stop: asyncio.Event, ended: asyncio.Event) -> None:
    """When the server stops, connections that would stay open are told. It may end without having stopped."""
    either = {asyncio.create_task(each.wait()) for each in (stop, ended)}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    for waiting in either:
        waiting.cancel()
    admissions.close()


def routes() -> list[ControllerRouterHandler]:
    """Every route; the contract tells of all but the metrics."""
    return [
        *campaigns_api.ROUTES,
        *reading_api.ROUTES,
        *importing_api.ROUTES,
        *previewing_api.ROUTES,
        *pipelines_api.ROUTES,
        *progress_socket.ROUTES,
        *access_api.ROUTES,
        *monitoring_api.ROUTES,
    ]


@functools.cache
def contract() -> Contract:
    """Both documents; made of the routes alone, so that neither a database nor a server is needed."""
    return describe_contract(routes(), API_VERSION)


def limits_of(settings: Settings) -> Limits:
    return Limits(
        requests_in_flight=settings.requests_in_flight,
        requests_at_once=settings.requests_at_once,
        body_seconds=settings.body_seconds,
        statement_seconds=settings.statement_seconds,
        answers_hours=settings.answers_hours,
    )


async def run_api(
    url: str, listener: socket.socket, stop: asyncio.Event, settings: Settings = DEFAULT_SETTINGS
) -> None:
    """Serve the API until told to stop."""
    async with application(url, stop, settings) as built:
        await serve(built, listener, stop)


async def run_worker(
    settings: Settings, url: str, worker_id: UUID, stop: asyncio.Event, carrier: type[Carrier] = Carrier
) -> None:
    """Work on chunks until told to stop; another carrier may find outcomes without the network."""
    identity = WorkerIdentity(worker_id, socket.gethostname(), os.getpid(), API_VERSION)
    bells = Wakeups(url, (CHUNKS_BELL,))
    ended = asyncio.Event()
    opened = open_shared(settings, url, connections_max=WORKER_CONNECTIONS_MAX)
    async with opened as database, asyncio.TaskGroup() as tasks:
        engines = Engines(sandbox_place(settings))
        held = WorkerSettings(
            lease_seconds=settings.lease_seconds,
            bounds=bounds_of(settings),
            deleted_seconds=settings.deleted_seconds,
        )
        worker = Worker(database, engines, identity, held, carrier)
        tasks.create_task(bells.listen(ended))
        await worker.run(stop, bells.event(CHUNKS_BELL))
        ended.set()


def bounds_of(settings: Settings) -> Bounds:
    """What room the database is to have, as far as it can be seen from here."""
    folder = disk_folder(settings)
    return Bounds(None if folder is None else Path(folder), settings.disk_free_bytes_min, settings.database_bytes_max)


def disk_folder(settings: Settings) -> str | None:
    """Where the database's files are, as far as that is known here: the embedded one's, or what the settings say."""
    if settings.disk_folder or settings.database_url:
        return settings.disk_folder
    return str(Site(home=settings.home_folder.resolve()).data)


def check_disk_folder(folder: str | None) -> None:
    """Invalid where the settings name one that is not here: room would be watched by nobody, and nobody told."""
    if folder is not None and not Path(folder).is_dir():
        raise Invalid("disk_folder_missing", f"PHASELINE_DISK_FOLDER is {folder}: there is no such folder here.")


async def supervise_workers(settings: Settings, url: str, stop: asyncio.Event) -> None:
    """Keep the worker processes alive until told to stop; a dead one's chunks are free at once."""
    check_disk_folder(settings.disk_folder)
    environment = child_environment(msgspec.structs.replace(settings, disk_folder=disk_folder(settings)), url)
    opened = open_shared(settings, url, connections_max=SUPERVISOR_CONNECTIONS_MAX)

    async with opened as database, asyncio.TaskGroup() as tasks:

        async def free_chunks(worker_id: str) -> None:
            await release_worker(database, UUID(worker_id))

        for number in range(1, settings.worker_processes + 1):
            arguments = functools.partial(worker_arguments, metrics_port=metrics_port_of(settings, number))
            child = Child(f"worker {number}", arguments, environment)
            tasks.create_task(keep_alive(child, new_name=new_worker_id, on_death=free_chunks, stop=stop))


async def release_worker(database: Database, worker_id: UUID) -> None:
    """Free what a dead worker held; if the database is away, its leases run out instead."""
    with contextlib.suppress(Unavailable):
        async with database.transaction() as tx:
            if await pipelines_store.release_worker(tx, worker_id):
                await tx.ring(CHUNKS_BELL)


def metrics_port_of(settings: Settings, number: int) -> int:
    """Where the worker of this number, counted from 1, shows its metrics; 0: nowhere."""
    return settings.metrics_port + number - 1 if settings.monitoring and settings.metrics_port else 0


def worker_arguments(worker_id: str, metrics_port: int = 0) -> tuple[str, ...]:
    return ("work", "--worker-id", worker_id, "--metrics-port", str(metrics_port))


def new_worker_id() -> str:
    return str(uuid4())


@contextlib.asynccontextmanager
async def sandbox(settings: Settings) -> AsyncIterator[Sandbox]:
    """The small internet on loopback, in this process."""
    wanted = SandboxSettings(
        seed=settings.sandbox_seed,
        delay_ms=settings.sandbox_delay_ms,
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
    ways = {"database_direct_url": url} if settings.database_direct_url else {"database_url": url}
    values = msgspec.to_builtins(msgspec.structs.replace(settings, **ways))
    return {**os.environ, **{variable_name(field): variable_value(value) for field, value in values.items()}}


def variable_value(value: object) -> str:
    """A setting as an environment variable; one that is not set is an empty one."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
