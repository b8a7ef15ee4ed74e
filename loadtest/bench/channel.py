"""The `campaign.progress` channel with thousands of watchers in another process, on a core of their own.

How soon a change arrives, how many messages a second one server process sends beside the `websockets` package's own
`broadcast`, what an idle watcher costs in memory, and what compression and MessagePack do.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import numpy as np
import psutil

from loadtest.bench import carrying
from loadtest.bench.campaigns import a_campaign
from loadtest.bench.daemons import running_daemon
from loadtest.bench.memory import KIB, pss_bytes
from loadtest.bench.processes import ROOT, ProgramFailed, client_core, end, pinned, server_core
from loadtest.bench.running import Cost, Findings, Latency, Work, alternate, ratio_of, ratios_of
from loadtest.bench.serving import Api, serving_api
from loadtest.bench.setting import Setting
from loadtest.bench.watchers import Open, Sighting, Watch
from service.access.model import Principal
from service.postgres.database import Database, open_database
from service.progress.announce import BELL

OURS, BROADCAST = "phaseline", "websockets broadcast"
BROADCAST_MIN = 0.5
DELIVERED_MS_MAX = 250.0
IDLE_KIB_MAX = 45.0
MOVES_PER_SECOND = 5
RETURN_SECONDS = 5.0  # as long as both clients spread their return after a restart
RETURNED_SECONDS_MAX = 10.0
ASKED_MS_MAX = 250.0
ASK_SECONDS = 0.05
SETTLE_SECONDS = 3.0
TOLD_SECONDS_MAX = 120.0
PORT_OF_HTTP = 80

MOVE = """
    UPDATE progress_states
    SET
        sequence = sequence + 1, changed_in = pg_current_xact_id(), occurred_at = clock_timestamp(),
        processed_count = processed_count + 1, succeeded_count = succeeded_count + 1
    WHERE campaign_id = ANY($1)
"""
LIST_CAMPAIGNS = "SELECT campaign_id FROM campaigns ORDER BY campaign_id"


class Sizes(msgspec.Struct, frozen=True):
    few: int
    many: int
    dashboards: int
    campaigns: int
    moving: int
    seconds: float


WHOLE = Sizes(few=1_000, many=5_000, dashboards=500, campaigns=1_000, moving=20, seconds=10.0)
QUICK = Sizes(few=100, many=400, dashboards=50, campaigns=100, moving=20, seconds=2.0)


class Watchers:
    """The other process. One order at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, order: Open | Watch) -> Sighting:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(order) + b"\n")
        async with asyncio.timeout(TOLD_SECONDS_MAX):
            said = await self._process.stdout.readline()
        if not said:
            raise ProgramFailed("the watchers ended by themselves")
        return msgspec.json.decode(said, type=Sighting)


@contextlib.asynccontextmanager
async def watching() -> AsyncIterator[Watchers]:
    process = await asyncio.create_subprocess_exec(
        *pinned(server_core(), (sys.executable, "-m", "loadtest.bench.watchers")),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield Watchers(process)
    finally:
        await end(process)


class Serving(msgspec.Struct, frozen=True):
    """A server with campaigns."""

    api: Api
    pid: int
    database: Database
    campaign_ids: tuple[UUID, ...]

    def orders(self, count: int, wanted: str, *, offers: str = "", subprotocol: str = "") -> Open:
        """So many sockets that subscribe to "all", or to one campaign."""
        place = urlsplit(self.api.base_url)
        ids = '"all"' if wanted == "all" else f'["{wanted}"]'
        says = f'{{"subscribe":["campaign.progress"],"campaignIds":{ids}}}'
        where = (place.hostname or "", place.port or PORT_OF_HTTP, "/ws")
        return Open(*where, self.api.secret, count, says, offers, subprotocol)

    async def move(self, campaign_ids: tuple[UUID, ...]) -> None:
        await self.database.pool.execute(MOVE, list(campaign_ids))
        async with self.database.transaction() as tx:
            await tx.ring(BELL)


async def compare(setting: Setting) -> Findings:
    sizes = QUICK if setting.is_quick else WHOLE
    prepared = await setting.installation.prepare(filling(sizes.campaigns))
    async with serving(setting, prepared.template) as served:
        costs = [*await memory_costs(served, sizes)]
    async with serving(setting, prepared.template) as served:
        one = await delivery_to_many(served, sizes)
    async with serving(setting, prepared.template) as served:
        dashboards, cpu = await delivery_to_dashboards(served, sizes)
    async with serving(setting, prepared.template) as served:
        returned, meanwhile = await return_after_restart(served, sizes)
    costs += [cpu, returned, *[await kind_cost(setting, prepared.template, sizes, *kind) for kind in KINDS]]
    series = await alternate(
        {
            OURS: lambda: flood(setting, prepared.template, sizes),
            BROADCAST: lambda: flood_by_broadcast(sizes),
        },
        setting.rounds,
    )
    await setting.installation.drop(prepared.template)
    ratios = ratios_of(ratio_of(series, OURS, BROADCAST, bound=BROADCAST_MIN))
    return Findings(series, ratios, costs=tuple(costs), latencies=(one, dashboards, meanwhile))


def filling(count: int) -> carrying.Fill:
    async def fill(database: Database, principal: Principal) -> UUID:
        ids = [await carrying.create(database, principal, a_campaign(100)) for _ in range(count)]
        return ids[0]

    return fill


@contextlib.asynccontextmanager
async def serving(setting: Setting, template: str) -> AsyncIterator[Serving]:
    async with (
        setting.installation.copy(template) as url,
        open_database(url, connections_max=carrying.CONNECTIONS_MAX) as database,
        serving_api(database) as api,
    ):
        ids = await database.pool.fetch(LIST_CAMPAIGNS)
        servers = [each for each in psutil.Process().children(recursive=True) if "serve" in each.cmdline()]
        yield Serving(api, servers[0].pid, database, tuple(row["campaign_id"] for row in ids))


async def memory_costs(served: Serving, sizes: Sizes) -> tuple[Cost, ...]:
    """The slope from few to many: what a process has anyway is not in it."""
    async with watching() as watchers:
        campaign = str(served.campaign_ids[0])
        footprints = []
        for count in (sizes.few, sizes.many - sizes.few):
            await watchers.do(served.orders(count, campaign))
            await asyncio.sleep(SETTLE_SECONDS)
            footprints.append(pss_bytes(served.pid))
    slope = (footprints[1] - footprints[0]) / (sizes.many - sizes.few) / KIB
    return (Cost("an idle watcher", slope, f"KiB of the server's PSS (at most {IDLE_KIB_MAX:.0f})", sizes.many),)


async def delivery_to_many(served: Serving, sizes: Sizes) -> Latency:
    """All watch one campaign that moves five times a second."""
    async with watching() as watchers:
        await watchers.do(served.orders(sizes.many, str(served.campaign_ids[0])))
        seen, _ = await seen_while_moving(served, watchers, served.campaign_ids[:1], MOVES_PER_SECOND, sizes.seconds)
    return latency(f"{sizes.many:,} watchers of one campaign, {MOVES_PER_SECOND} a second", seen)


async def delivery_to_dashboards(served: Serving, sizes: Sizes) -> tuple[Latency, Cost]:
    """All watch all campaigns, of which some move once a second."""
    async with watching() as watchers:
        await watchers.do(served.orders(sizes.dashboards, "all"))
        moving = served.campaign_ids[: sizes.moving]
        seen, cpu = await seen_while_moving(served, watchers, moving, 1, sizes.seconds)
    name = f"{sizes.dashboards} dashboards of {sizes.campaigns:,} campaigns, {sizes.moving} moving"
    return latency(name, seen), Cost(
        f"{name}: {seen.messages / seen.seconds:,.0f} messages a second", cpu, "% of a core"
    )


async def return_after_restart(served: Serving, sizes: Sizes) -> tuple[Cost, Latency]:
    """All come back to a server that has just begun, spread as the clients spread it; and a request meanwhile."""
    async with watching() as watchers:
        one = served.orders(sizes.many, str(served.campaign_ids[0]))
        coming = asyncio.create_task(watchers.do(msgspec.structs.replace(one, spread_seconds=RETURN_SECONDS)))
        waited = []
        while not coming.done():
            begun = time.perf_counter()
            await served.api.get("/campaigns?limit=1")
            waited.append(1e3 * (time.perf_counter() - begun))
            await asyncio.sleep(ASK_SECONDS)
        seen = await coming
    p50, p99 = map(float, np.percentile(waited, [50, 99]))  # numpy's own numbers are no JSON
    name = f"{sizes.many:,} watchers come back within {RETURN_SECONDS:g} s"
    return (
        Cost(name, seen.seconds, f"s until the last has its states (at most {RETURNED_SECONDS_MAX:g})", sizes.many),
        Latency(f"a request while {name}", len(waited), p50, p99, 0.0, 0, ASKED_MS_MAX),
    )


KINDS = (
    ("JSON", "", ""),
    ("JSON, deflate", "permessage-deflate; client_max_window_bits", ""),
    ("MessagePack", "", "phaseline.v1.msgpack"),
    ("MessagePack, deflate", "permessage-deflate; client_max_window_bits", "phaseline.v1.msgpack"),
)


async def kind_cost(setting: Setting, template: str, sizes: Sizes, name: str, offers: str, subprotocol: str) -> Cost:
    """What a message weighs on the wire."""
    async with serving(setting, template) as served, watching() as watchers:
        await watchers.do(served.orders(1, "all", offers=offers, subprotocol=subprotocol))
        seen, _ = await seen_while_moving(served, watchers, served.campaign_ids[: sizes.moving], 1, SETTLE_SECONDS)
    return Cost(name, seen.payload_bytes / seen.messages, "bytes a message")


async def seen_while_moving(
    served: Serving, watchers: Watchers, campaign_ids: tuple[UUID, ...], per_second: int, seconds: float
) -> tuple[Sighting, float]:
    """And how much of a core the server needed, in percent."""
    await asyncio.sleep(SETTLE_SECONDS)
    moving = asyncio.create_task(keep_moving(served, campaign_ids, per_second))
    server = psutil.Process(served.pid)
    before, begun = sum(server.cpu_times()[:2]), time.monotonic()
    try:
        seen = await watchers.do(Watch(seconds))
    finally:
        moving.cancel()
    return seen, 100 * (sum(server.cpu_times()[:2]) - before) / (time.monotonic() - begun)


async def keep_moving(served: Serving, campaign_ids: tuple[UUID, ...], per_second: int) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        await served.move(campaign_ids)
        due = max(due + 1 / per_second, loop.time())
        await asyncio.sleep(due - loop.time())


async def flood(setting: Setting, template: str, sizes: Sizes) -> Work:
    """All campaigns move as often as the channel tells of them, so that there is more to send than can be."""
    async with serving(setting, template) as served, watching() as watchers:
        await watchers.do(served.orders(sizes.dashboards, "all"))
        seen, _ = await seen_while_moving(served, watchers, served.campaign_ids, MOVES_PER_SECOND, sizes.seconds)
    return Work(seen.messages, seen.seconds, seen.messages)


async def flood_by_broadcast(sizes: Sizes) -> Work:
    command = (sys.executable, "-m", "loadtest.bench.peers.with_websockets", str(MESSAGE_BYTES))
    async with running_daemon(pinned(client_core(), command), folder=ROOT, ready="Serving on") as line:
        place = urlsplit(line.split()[-1])
        async with watching() as watchers:
            await watchers.do(Open(place.hostname or "", place.port or 0, "/", "", sizes.dashboards, ""))
            await asyncio.sleep(SETTLE_SECONDS)
            seen = await watchers.do(Watch(sizes.seconds))
    return Work(seen.messages, seen.seconds, seen.messages)


MESSAGE_BYTES = 330  # as ours are


def latency(name: str, seen: Sighting) -> Latency:
    return Latency(name, seen.messages, seen.p50_ms, seen.p99_ms, 0.0, 0, DELIVERED_MS_MAX)
