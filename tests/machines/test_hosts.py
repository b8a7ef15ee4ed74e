"""An API and workers on hosts of their own, with one PostgreSQL over the wire: seen, drained, cut off, refused."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

import phaseline_client as wire
from phaseline_client import AsyncPhaseline
from service import assembly
from service.postgres.database import open_database
from service.progress.events import CampaignPhase
from service.web.application import API_VERSION
from tests.audit import audit_everything
from tests.chaos.campaign import move, request
from tests.chaos.newer import make_newer
from tests.chaos.rig import stop_in_time
from tests.conftest import key_of
from tests.crashes.installation import Command, Installation, internet, spawn
from tests.machines.database_host import database_on, local_url, wire_url
from tests.machines.hosts import Host, NoHosts, hosts
from tests.machines.locking import LOCK_TENANT, LOCKED
from tests.machines.refusing import refused

pytestmark = [pytest.mark.peers, pytest.mark.timeout(400)]

API_PORT = "8000"
LEASE_SECONDS = 2
NAMES = 12_000
# With answers so late, and so few requests of each host under way, HTTP takes ten seconds and more on any machine.
DELAY_MS = 100
CONCURRENCY = 32
WAIT_SECONDS_MAX = 120.0
UNLOCK_SECONDS_MAX = 60.0  # three times as long as the server takes
LOOK_SECONDS = 0.1
WORK_ALONE = Command(("work", "--processes", "1"), "worker processes")
SERVE = Command(("serve",), "Serving on http")
LEASED_TO = "SELECT count(*) FROM chunks JOIN workers USING (worker_id) WHERE state = 'leased' AND host = $1"
# What there is, and which transaction wrote it: whoever writes over it leaves another.
ROWS = """
    SELECT 'dns' AS kind, set_id, position, xmin::text FROM dns_results
    UNION ALL SELECT 'http', set_id, position, xmin::text FROM http_results
    UNION ALL SELECT 'score', set_id, position, xmin::text FROM scores
    ORDER BY 1, 2, 3"""


class Network(msgspec.Struct, frozen=True):
    """What runs where; `workers` by their host's name. `variables` are those of a worker there."""

    places: Mapping[str, Host]
    workers: Mapping[str, Installation]
    variables: Mapping[str, Mapping[str, str]]
    client: AsyncPhaseline
    url: str  # of the database, for us

    async def hosts_seen(self) -> dict[str, wire.WorkerView]:
        return {worker.host: worker for worker in (await self.client.workers.list_workers()).items if worker.live}


@contextlib.asynccontextmanager
async def made_hosts(names: Sequence[str]) -> AsyncIterator[Mapping[str, Host]]:
    try:
        async with hosts(names) as places:
            yield places
    except NoHosts as error:
        pytest.skip(str(error))


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Network]:
    async with (
        made_hosts(("database", "api", "one", "two")) as places,
        database_on(places["database"], tmp_path / "database"),
        started(places, tmp_path) as running,
    ):
        yield running


@contextlib.asynccontextmanager
async def started(places: Mapping[str, Host], folder: Path) -> AsyncIterator[Network]:
    """The API on one host, and a worker with its own way into the internet on two others."""
    shared = {"DATABASE_URL": wire_url(places["database"]), "PHASELINE_LEASE_SECONDS": str(LEASE_SECONDS)}
    api_variables = {**shared, "PHASELINE_HOST": places["api"].address, "PHASELINE_PORT": API_PORT}
    url = local_url(folder / "database")
    async with contextlib.AsyncExitStack() as stack:
        async with open_database(url, connections_max=1) as database:
            key = await key_of(database, "default")
        api = Installation(folder / "api", SERVE, api_variables, folder / "api.log", places["api"].launcher)
        variables, workers = {}, {}
        for name in ("one", "two"):
            far = ("env", f"PHASELINE_SANDBOX_DELAY_MS={DELAY_MS}")
            sandbox = await stack.enter_async_context(internet((*places[name].launcher, *far)))
            variables[name] = {**shared, **sandbox.variables}
            log = folder / f"{name}.log"
            workers[name] = Installation(folder / name, WORK_ALONE, variables[name], log, places[name].launcher)
        for part in (api, *workers.values()):
            part.home.mkdir()
            stack.callback(part.kill_all)
            await part.start()
        client = await stack.enter_async_context(
            AsyncPhaseline(f"http://{places['api'].address}:{API_PORT}", key.secret)
        )
        network = Network(places, workers, variables, client, url)
        await until_seen(network, set(workers))
        yield network
        for part in (api, *workers.values()):
            if part.process is not None:
                await stop_in_time(part)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Looks ten times a second."""
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while not await holds():
            await asyncio.sleep(LOOK_SECONDS)


async def until_seen(network: Network, names: set[str]) -> None:
    async def seen() -> bool:
        return set(await network.hosts_seen()) == names

    await until(seen)


async def begin(network: Network, name: str) -> UUID:
    wanted = request(name, NAMES, wire.Advance.AUTOMATIC, concurrency=CONCURRENCY)
    campaign = await network.client.campaigns.create_campaign(wanted)
    await move(network.client, campaign.id, CampaignPhase.DOMAIN_GENERATION)
    return campaign.id


async def finish(network: Network, campaign_id: UUID) -> None:
    """Watch it to its end, and look at everything."""
    async with contextlib.aclosing(network.client.watch({campaign_id}, timeout_seconds=WAIT_SECONDS_MAX)) as states:
        async for state in states:
            is_last = state.phase is wire.CampaignPhase.ANALYSIS
            if is_last and state.phase_status is wire.PhaseStatus.COMPLETED:
                assert state.processed == state.total
                break
    async with assembly.connection_to(network.url) as connection:
        await audit_everything(connection)


async def until_both_work(network: Network, phase: CampaignPhase, campaign_id: UUID) -> dict[str, wire.WorkerView]:
    """Both hosts hold chunks of this phase."""
    seen: dict[str, wire.WorkerView] = {}

    async def both() -> bool:
        seen.update(await network.hosts_seen())
        campaign = await network.client.campaigns.get_campaign(campaign_id)
        assert campaign.current_phase != wire.CampaignPhase.ANALYSIS, "it was over too soon"
        is_there = campaign.current_phase == wire.CampaignPhase(phase)
        return is_there and len(seen) == 2 and all(each.chunks_held for each in seen.values())

    await until(both)
    return seen


async def test_hosts_share_a_campaign_and_one_is_drained(network: Network) -> None:
    campaign_id = await begin(network, "shared")
    seen = await until_both_work(network, CampaignPhase.HTTP_VALIDATION, campaign_id)
    assert {(worker.host, worker.version) for worker in seen.values()} == {("one", API_VERSION), ("two", API_VERSION)}

    async def beats() -> bool:
        now = await network.hosts_seen()
        return all(now[host].heartbeat_at > worker.heartbeat_at for host, worker in seen.items())

    async def both_finish_some() -> bool:
        return all(worker.rate_per_second > 0 for worker in (await network.hosts_seen()).values())

    await until(beats)
    await until(both_finish_some)
    await stop_in_time(network.workers["two"])
    assert set(await network.hosts_seen()) == {"one"}
    async with assembly.connection_to(network.url) as connection:
        assert await connection.fetchval("SELECT count(*) FROM workers WHERE host = 'two'") == 0
    await finish(network, campaign_id)


async def test_a_host_that_is_cut_off_loses_its_chunks_and_writes_over_nothing(network: Network) -> None:
    campaign_id = await begin(network, "cut")
    await until_both_work(network, CampaignPhase.HTTP_VALIDATION, campaign_id)
    await network.places["two"].cut()
    try:
        await finish(network, campaign_id)
        await until_seen(network, {"one"})
        async with assembly.connection_to(network.url) as connection:
            assert await connection.fetchval(LEASED_TO, "two") == 0
            before = await connection.fetch(ROWS)
    finally:
        await network.places["two"].mend()

    async def is_back() -> bool:
        two = (await network.hosts_seen()).get("two")
        return two is not None and two.chunks_held == 0

    await until(is_back)
    async with assembly.connection_to(network.url) as connection:
        assert await connection.fetch(ROWS) == before
    again = await begin(network, "again")
    await until_both_work(network, CampaignPhase.HTTP_VALIDATION, again)
    await finish(network, again)


async def test_what_a_vanished_host_has_locked_is_free_soon(tmp_path: Path) -> None:
    """It says no more, not even that it is gone: the server finds out by itself."""
    folder = tmp_path / "database"
    async with made_hosts(("database", "one")) as places, database_on(places["database"], folder):
        async with open_database(local_url(folder), connections_max=1) as database:
            await key_of(database, "default")  # which makes a tenant
        program = (sys.executable, "-m", "tests.machines.locking", wire_url(places["database"]))
        locking = await asyncio.create_subprocess_exec(
            *places["one"].launcher, *program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            assert locking.stdout is not None
            assert await locking.stdout.readline() == LOCKED
            await places["one"].cut()
            async with assembly.connection_to(local_url(folder)) as connection, asyncio.timeout(UNLOCK_SECONDS_MAX):
                assert await connection.fetchval(LOCK_TENANT.text) is not None
        finally:
            locking.kill()
            await locking.wait()


async def test_a_host_with_another_version_is_refused(network: Network, tmp_path: Path) -> None:
    two = network.places["two"]
    await stop_in_time(network.workers["two"])
    newer = {**network.variables["two"], **make_newer(tmp_path / "newer")}
    told = await refused("work", newer, tmp_path, launcher=two.launcher)
    assert told.endswith(f"is not that of version {API_VERSION}; run `phaseline migrate up`.")
    migrating = await spawn(("migrate", "up"), {**network.workers["two"].environment(), **newer}, launcher=two.launcher)
    assert await migrating.wait() == 0
    told = await refused("work", network.variables["two"], tmp_path, launcher=two.launcher)
    assert told.endswith(f"is not that of version {API_VERSION}; start the version that made it.")
    await finish(network, await begin(network, "goes on"))  # who runs already goes on
