"""Everything that runs: a durable PostgreSQL with finished campaigns in it, the API, workers, and two sandboxes.

They share all cores, as in an installation on one machine: nothing is pinned here.
"""

import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import UUID

import msgspec

from loadtest.bench import carrying, workload
from loadtest.bench.daemons import running_daemon
from loadtest.bench.furnishing import Furnished
from loadtest.bench.processes import ROOT, our_cores
from loadtest.bench.serving import SERVE, Api, served_by
from loadtest.scenarios.counted_sandbox import READY, Counted, decode_counted
from loadtest.scenarios.plan import LARGER, Plan
from loadtest.scenarios.tail import Tail
from service import assembly
from service.access.model import Principal
from service.cli.sandbox_child import sandbox_process
from service.postgres.database import Database, open_database
from service.settings import Settings

Tell = Callable[[str], None]


class Parts(msgspec.Struct, frozen=True):
    """What is asked and looked at. `resolvers` are those whose queries are `counted`, and nobody else's."""

    api: Api
    database: Database
    principal: Principal
    postgres_pid: int
    large_ids: tuple[UUID, ...]
    resolvers: tuple[str, ...]
    counted: Tail[Counted]


class Stock:
    """Finished campaigns, each of a space of its own."""

    def __init__(self, sizes: tuple[int, ...], tell: Tell) -> None:
        self.ids: list[UUID] = []
        self._sizes = sizes
        self._tell = tell

    async def __call__(self, database: Database, principal: Principal) -> UUID:
        for number, size in enumerate(self._sizes):
            self._tell(f"making a finished campaign of {size:,} domains")
            space = workload.SPACE._replace(constant=f"stock{number}")
            self.ids.append(await Furnished(size, space=space)(database, principal))
        self._tell("letting VACUUM and ANALYZE see them")
        return self.ids[0]


@contextlib.asynccontextmanager
async def running_parts(folder: Path, plan: Plan, tell: Tell) -> AsyncIterator[Parts]:
    async with carrying.installed(folder / "postgres") as installation:
        stock = Stock((plan.domains, LARGER * plan.domains), tell)
        prepared = await installation.prepare(stock)
        url = installation.url(prepared.template)
        counted = Tail(folder / "counted.jsonl", decode_counted)
        tell("starting the API, workers and sandboxes")
        async with (
            open_database(url, connections_max=carrying.CONNECTIONS_MAX) as database,
            sandbox_process(Settings(workers=len(our_cores()))) as settings,
            counted_sandbox(counted.file) as resolvers,
            running_workers(settings, url),
            served_by(database, SERVE, settings) as api,
        ):
            yield Parts(
                api=api,
                database=database,
                principal=installation.principal,
                postgres_pid=installation.server.pid,
                large_ids=tuple(stock.ids),
                resolvers=resolvers,
                counted=counted,
            )


@contextlib.asynccontextmanager
async def counted_sandbox(file: Path) -> AsyncIterator[tuple[str, ...]]:
    """Its resolvers."""
    command = (sys.executable, "-m", "loadtest.scenarios.counted_sandbox", str(file))
    async with running_daemon(command, folder=ROOT, ready=READY) as line:
        yield tuple(line.removeprefix(READY).split())


@contextlib.asynccontextmanager
async def running_workers(settings: Settings, url: str) -> AsyncIterator[None]:
    """One process for each core, under their supervisor."""
    command = (sys.executable, "-m", "service", "work")
    environment = assembly.child_environment(settings, url)
    async with running_daemon(command, folder=ROOT, ready="worker processes", environment=environment):
        yield
