"""The database: reached as the service reaches it, and asked how it is."""

import contextlib
from datetime import UTC, datetime
from functools import partial

import msgspec

from service import assembly
from service.cli.diagnosis.findings import Finding, broken, doubtful, fine, guarded
from service.cli.diagnosis.wishes import NAMES, SettingFound, by_name, judge_connections, judge_settings
from service.cli.meters import bytes_text
from service.cli.screens import duration_text
from service.domains.importing.commands import IMPORTS_MAX
from service.errors import Refused
from service.pipelines.views import WorkerView, list_workers
from service.postgres.cluster import Site
from service.postgres.database import DATABASE_ERRORS, Database, open_database
from service.postgres.migrating import MigrationStatus, Standing, migration_status
from service.postgres.pooling import check_ways
from service.postgres.queries import load_queries
from service.postgres.room import Room, list_room
from service.settings import Settings
from service.web.application import API_VERSION

SQL = load_queries("service.cli.diagnosis")
FIND_SERVER = SQL["find_server"]
LIST_SERVER_SETTINGS = SQL["list_server_settings"]
LIST_RUNNING_RESOLVERS = SQL["list_running_resolvers"]

CHECK_SECONDS_MAX = 15.0
STATEMENT_SECONDS_MAX = 10.0
CLOCK_SECONDS_MAX = 1.0
TRANSACTION_SECONDS_MAX = 600.0
RESOLVERS_MAX = 20
NAMED_MAX = 3
LISTENERS = 1  # a connection of each process waits for doorbells
REACH = "Check DATABASE_URL, and that the server runs."
POOLER = "Let PHASELINE_DATABASE_DIRECT_URL name PostgreSQL itself, where DATABASE_URL leads through a pooler."


class Server(msgspec.Struct, frozen=True):
    """A row of `find_server`, and our time in the middle of asking."""

    version: str
    clock: datetime
    asked_at: datetime
    is_standby: bool
    is_read_only: bool
    encoding: str
    connections: int
    oldest_transaction_seconds: float


class Seen(msgspec.Struct, frozen=True):
    """What is found of a database, and whom its campaigns ask."""

    findings: tuple[Finding, ...]
    resolvers: tuple[str, ...] = ()


def is_missing(settings: Settings) -> bool:
    """Whether there is no database yet, neither given nor made here: looking would make one."""
    return settings.database_url is None and not Site(home=settings.home_folder.resolve()).data.exists()


async def look_at_database(settings: Settings) -> Seen:
    """Everything that can be asked of a database; one that cannot be reached is the only finding."""
    if is_missing(settings):
        absent = f"There is no database yet: DATABASE_URL is not set, and {settings.home_folder} holds none."
        return Seen((doubtful("database", absent, "Start `phaseline run`, which makes one, or set DATABASE_URL."),))
    async with assembly.unchecked_database_url(settings) as url:
        return await look_inside(settings, url)


async def look_inside(settings: Settings, url: str) -> Seen:
    try:
        async with open_database(url, connections_max=2) as database:
            findings: list[Finding] = []
            for check, look, advice in (
                ("database", partial(look_at_server, database), REACH),
                ("database.pooler", partial(look_for_pooler, settings, url), POOLER),
                ("database.schema", partial(look_at_schema, url), REACH),
                ("database.settings", partial(look_at_settings, database, settings), REACH),
                ("room", partial(look_at_room, database), "Bring the schema up to date: phaseline migrate up."),
                ("workers", partial(look_at_workers, database), "Bring the schema up to date: phaseline migrate up."),
            ):
                findings += await guarded(check, CHECK_SECONDS_MAX, look, advice)
            return Seen(tuple(findings), await find_resolvers(database))
    except Refused as refusal:
        return Seen((broken("database", refusal.message, way_out(refusal)),))


def way_out(refusal: Refused) -> str:
    if refusal.code == "postgres_too_old":
        return "Upgrade the server, or let DATABASE_URL name a newer one."
    return POOLER if "startup parameter" in refusal.message else REACH


# The server


async def look_at_server(database: Database) -> list[Finding]:
    async with database.transaction(statement_seconds=STATEMENT_SECONDS_MAX) as tx:
        await tx.begin()
        began = datetime.now(UTC)
        row = await tx.find(FIND_SERVER)
        ended = datetime.now(UTC)
    assert row is not None, "a server tells of itself"
    server = Server(
        version=row["server_version"],
        clock=row["clock"],
        asked_at=began + (ended - began) / 2,
        is_standby=row["is_standby"],
        is_read_only=row["is_read_only"],
        encoding=row["server_encoding"],
        connections=row["connection_count"],
        oldest_transaction_seconds=float(row["oldest_transaction_seconds"] or 0.0),
    )
    return [judge_server(server), judge_clock(server), *judge_transactions(server)]


def judge_server(server: Server) -> Finding:
    if server.is_standby or server.is_read_only:
        return broken(
            "database",
            f"PostgreSQL {server.version} takes no changes here.",
            "Let DATABASE_URL name the primary server.",
        )
    if server.encoding != "UTF8":
        return broken("database", f"The database is in {server.encoding}.", "Make one with ENCODING 'UTF8'.")
    return fine("database", f"PostgreSQL {server.version} answers; it has {server.connections} connections.")


def judge_clock(server: Server) -> Finding:
    """Leases and ages go by the database's clock; what people read beside it goes by theirs."""
    ahead = (server.clock - server.asked_at).total_seconds()
    if abs(ahead) > CLOCK_SECONDS_MAX:
        way = "ahead of" if ahead > 0 else "behind"
        return doubtful(
            "clock",
            f"The database's clock is {duration_text(abs(ahead))} {way} this machine's.",
            "Let both machines keep time (chrony or systemd-timesyncd).",
        )
    return fine("clock", f"The database's clock and this machine's differ by {abs(ahead) * 1_000:.0f} ms.")


def judge_transactions(server: Server) -> list[Finding]:
    """Watchers and autovacuum see no further than the oldest open transaction."""
    seconds = server.oldest_transaction_seconds
    if seconds < TRANSACTION_SECONDS_MAX:
        return []
    return [
        doubtful(
            "database.transactions",
            f"A transaction has been open for {duration_text(seconds)}: progress and autovacuum wait for its end.",
            "Find it with SELECT pid, query, xact_start FROM pg_stat_activity ORDER BY xact_start; and end it.",
        )
    ]


async def look_for_pooler(settings: Settings, url: str) -> list[Finding]:
    """Whether what lives in a session stays there: doorbells, locks, temporary tables."""
    await check_ways(settings.database_url or url, settings.database_direct_url)
    if settings.database_direct_url:
        return [fine("database.pooler", "Transactions may go through a pooler; sessions keep their connection.")]
    return [fine("database.pooler", "A session keeps its connection.")]


# Schema, settings, workers


async def look_at_schema(url: str) -> list[Finding]:
    async with assembly.connection_to(url) as connection:
        return [judge_schema(await migration_status(connection))]


def judge_schema(statuses: list[MigrationStatus]) -> Finding:
    strange = [each.label for each in statuses if each.standing in {Standing.CHANGED, Standing.UNKNOWN}]
    pending = [each.label for each in statuses if each.standing is Standing.PENDING]
    if strange:
        told = ", ".join(strange[:NAMED_MAX])
        return broken("database.schema", f"The schema is another version's: {told}.", "Run the version that made it.")
    if pending:
        told = f"{len(pending)} of {len(statuses)} migrations are pending."
        return broken("database.schema", told, "phaseline migrate up")
    return fine("database.schema", f"All {len(statuses)} migrations are applied.")


async def look_at_settings(database: Database, settings: Settings) -> list[Finding]:
    async with database.transaction(statement_seconds=STATEMENT_SECONDS_MAX) as tx:
        rows = await tx.fetch(LIST_SERVER_SETTINGS, list(NAMES))
    found = by_name([SettingFound(row["name"], row["setting"], row["unit"]) for row in rows])
    return [
        *judge_settings(found, is_embedded=settings.database_url is None),
        judge_connections(found, connections_needed(settings)),
    ]


def connections_needed(settings: Settings) -> int:
    """What one API and this machine's workers may hold at a time, and one of ours; a pooler's own are its affair."""
    workers = settings.worker_processes
    straight = IMPORTS_MAX + LISTENERS + workers * LISTENERS + 1
    if settings.database_direct_url:
        return straight
    shared = workers * assembly.WORKER_CONNECTIONS_MAX + assembly.SUPERVISOR_CONNECTIONS_MAX
    return straight + assembly.API_CONNECTIONS_MAX + shared


async def look_at_room(database: Database) -> list[Finding]:
    async with database.transaction(statement_seconds=STATEMENT_SECONDS_MAX) as tx:
        return judge_room(await list_room(tx))


def judge_room(rooms: list[Room]) -> list[Finding]:
    """What workers saw of it lately; nothing where none of them can see any."""
    return [
        broken("room", room.sentence, "Make room; runs go on by themselves.")
        if room.is_short
        else fine("room", f"The database may grow by {bytes_text(room.free_bytes)} ({room.measure}).")
        for room in rooms
    ]


async def look_at_workers(database: Database) -> list[Finding]:
    async with database.transaction(statement_seconds=STATEMENT_SECONDS_MAX) as tx:
        workers = await list_workers(tx)
    return [judge_workers([worker for worker in workers.items if worker.live])]


def judge_workers(live: list[WorkerView]) -> Finding:
    if not live:
        return doubtful("workers", "No worker is alive, so nothing moves.", "Start some with `phaseline work`.")
    others = sorted({worker.version for worker in live} - {API_VERSION})
    if others:
        return doubtful(
            "workers",
            f"Of {len(live)} workers, some are of version {', '.join(others)}; this is {API_VERSION}.",
            "Bring all machines to one version, and start the workers anew.",
        )
    held = sum(worker.chunks_held for worker in live)
    return fine("workers", f"{len(live)} workers of version {API_VERSION} are alive and hold {held} chunks.")


async def find_resolvers(database: Database) -> tuple[str, ...]:
    """Of the campaigns under way; none where that cannot be told."""
    with contextlib.suppress(Refused, *DATABASE_ERRORS):
        async with database.transaction(statement_seconds=STATEMENT_SECONDS_MAX) as tx:
            return tuple(row["resolver"] for row in await tx.fetch(LIST_RUNNING_RESOLVERS, RESOLVERS_MAX))
    return ()
