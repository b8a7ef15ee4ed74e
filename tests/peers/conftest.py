"""The campaign is carried once, and once more; the tests of this folder look at what it left behind."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from service.campaigns.model import PhaseRun
from service.postgres.database import open_database
from service.postgres.embedded import ConnectArguments, EmbeddedServer
from tests.conftest import connected, key_of, principal_of, url_of
from tests.peers.carrying import Carried, carry
from tests.peers.plan import Plan, draw_plan

DATABASE = "peers"
CONNECTIONS_MAX = 4
RATES = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def plan() -> Plan:
    return draw_plan()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def peers_url(embedded_server: EmbeddedServer, migrated_template: str) -> AsyncIterator[str]:
    """A database that lives as long as the tests of this folder."""
    async with connected(embedded_server.connect_arguments) as owner:
        await owner.execute(f"CREATE DATABASE {DATABASE} TEMPLATE {migrated_template}")
    yield url_of(ConnectArguments(**{**embedded_server.connect_arguments, "database": DATABASE}))
    async with connected(embedded_server.connect_arguments) as owner:
        await owner.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def both(
    plan: Plan, peers_url: str, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> tuple[Carried, ...]:
    folder = tmp_path_factory.mktemp("peers")
    async with open_database(peers_url, connections_max=CONNECTIONS_MAX) as database:
        principal = await principal_of(database, await key_of(database, "default"))
        first, again = await carry(plan, database, peers_url, principal, folder)
    pytestconfig.stash[RATES] = [tell_rate(run) for run in first.phases.values()]
    return first, again


@pytest.fixture(params=[0, 1], ids=["first", "again_with_a_worker_killed"])
def carried(both: tuple[Carried, ...], request: pytest.FixtureRequest) -> Carried:
    found: Carried = both[request.param]
    return found


def tell_rate(run: PhaseRun) -> str:
    assert run.started_at is not None
    assert run.finished_at is not None
    seconds = (run.finished_at - run.started_at).total_seconds()
    return f"{run.phase:<20} {run.total:>8,} domains in {seconds:6.1f} s: {run.total / seconds:>9,.0f} a second"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell how fast the first time went: figures to look at, not a test. A few hosts wait for their whole timeout."""
    for line in config.stash.get(RATES, []):
        terminalreporter.write_line(line)
