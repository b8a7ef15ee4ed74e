"""An old database beside each test's own: the old system's tables, empty or with campaigns planted in them."""

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from loadtest.baseline.planting import Planted, make_tables, plant
from service.campaigns.model import Network
from service.migration.commands import Wishes
from service.postgres.embedded import ConnectArguments, EmbeddedServer
from tests.conftest import connected, url_of
from tests.migration.operating import Operator

DOMAINS = 3_000
EMPTY, FULL = "old_empty", "old_full"  # databases to be copied

_numbers = itertools.count()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def templates(embedded_server: EmbeddedServer) -> Planted:
    """An old database that has tables and nothing in them, and one with campaigns of all types, states and eras."""
    arguments = embedded_server.connect_arguments
    async with connected(arguments) as owner:
        await owner.execute(f"CREATE DATABASE {EMPTY}")
        async with connected(ConnectArguments(**{**arguments, "database": EMPTY})) as connection:
            await make_tables(connection)
        await owner.execute(f"CREATE DATABASE {FULL} TEMPLATE {EMPTY}")
    async with connected(ConnectArguments(**{**arguments, "database": FULL})) as connection:
        return await plant(connection, DOMAINS)


@pytest.fixture
async def old_url(
    embedded_server: EmbeddedServer, templates: Planted, request: pytest.FixtureRequest
) -> AsyncIterator[str]:
    """Where an old database is; with campaigns in it where the test asks for them to be planted."""
    name, template = f"old_{next(_numbers)}", FULL if "planted" in request.fixturenames else EMPTY
    async with connected(embedded_server.connect_arguments) as owner:
        await owner.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield url_of(ConnectArguments(**{**embedded_server.connect_arguments, "database": name}))
    async with connected(embedded_server.connect_arguments) as owner:
        await owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def old(old_url: str) -> AsyncIterator[asyncpg.Connection]:
    """The old system, which goes on writing."""
    connection = await asyncpg.connect(old_url)
    yield connection
    await connection.close()


@pytest.fixture
def planted(old_url: str, templates: Planted) -> Planted:
    """Campaigns of all types, states and eras."""
    return templates


@pytest.fixture
def wishes(tmp_path: Path) -> Wishes:
    """A rehearsal: the campaigns go on in the sandbox."""
    return Wishes("default", Network.SANDBOX, tmp_path / "backups")


@pytest.fixture
def operator(database_url: str, old_url: str, tmp_path: Path) -> Operator:
    return Operator(database_url, old_url, tmp_path / "home")
