"""What all tests share: one PostgreSQL of our own for the session, and a fresh migrated database for each test."""

import contextlib
import faulthandler
import itertools
import secrets
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import asyncpg
import hypothesis
import pytest
import pytest_asyncio
from websockets.asyncio.client import ClientConnection

from service import assembly
from service.access.commands import find_principal, make_key
from service.access.model import NewKey, Principal
from service.postgres.database import Database, open_database
from service.postgres.embedded import ConnectArguments, EmbeddedServer, embedded_postgres
from service.web import wires
from tests.audit import audit_funnels
from tests.contracts.validation import frame_checked, recv_checked
from tests.world import Caller, running_api

TEMPLATE = "phaseline_template"

# Deadlines measure the machine, not the code; a failing example is printed and replayed by its seed.
hypothesis.settings.register_profile("phaseline", deadline=None, print_blob=True)
hypothesis.settings.load_profile("phaseline")

TEARDOWN_SECONDS_MAX = 120.0

# Files of these take half a minute with few tests: begun last, one of them would run alone while other processes rest.
LONG_FIRST = ("crashes", "load", "manners", "contracts", "pipelines")

_numbers = itertools.count()


@pytest.fixture(scope="session", autouse=True)
def messages_are_in_the_contract() -> Iterator[None]:
    """Whatever any test's watcher reads from a websocket, or any test's server sends, is held against AsyncAPI."""
    unfit: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClientConnection, "recv", recv_checked(ClientConnection.recv))
        patch.setattr(wires, "Frame", frame_checked(unfit))
        yield
    assert not unfit, f"messages that are not in the contract were sent: {unfit[:5]}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; the order is kept by xdist, which is told so in the Makefile (`--no-loadscope-reorder`)."""
    items.sort(key=lambda item: item.path.relative_to(Path(__file__).parent).parts[0] not in LONG_FIRST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    """End the process, and show where it stands, if a test's fixtures do not end: pytest-timeout fires only once."""
    faulthandler.dump_traceback_later(TEARDOWN_SECONDS_MAX, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def url_of(arguments: ConnectArguments) -> str:
    return (
        f"postgresql://{arguments['user']}@/{arguments['database']}?host={arguments['host']}&port={arguments['port']}"
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def embedded_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedServer]:
    async with embedded_postgres(tmp_path_factory.mktemp("postgres"), durable=False) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated_template(embedded_server: EmbeddedServer) -> str:
    """The name of a database with our schema, to be cloned."""
    arguments = embedded_server.connect_arguments
    async with connected(arguments) as owner:
        await owner.execute(f"CREATE DATABASE {TEMPLATE}")
    await assembly.migrate(url_of(ConnectArguments(**{**arguments, "database": TEMPLATE})))
    return TEMPLATE


@pytest.fixture
async def database_url(
    embedded_server: EmbeddedServer, migrated_template: str, request: pytest.FixtureRequest
) -> AsyncIterator[str]:
    """Where a database of this test's own is: migrated, and empty. In the end the funnel of each campaign balances."""
    name = f"test_{next(_numbers)}"
    async with connected(embedded_server.connect_arguments) as owner:
        await owner.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
    arguments = ConnectArguments(**{**embedded_server.connect_arguments, "database": name})
    yield url_of(arguments)
    if request.node.get_closest_marker("made_up") is None:
        async with connected(arguments) as reader:
            if await reader.fetchval("SELECT to_regclass('campaigns') IS NOT NULL"):  # some tests migrate down
                await audit_funnels(reader)
    async with connected(embedded_server.connect_arguments) as owner:
        await owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url, connections_max=12) as opened:
        yield opened


@pytest.fixture
async def key(database: Database) -> NewKey:
    """A key of the tenant `default`."""
    return await key_of(database, "default")


@pytest.fixture
async def principal(database: Database, key: NewKey) -> Principal:
    return await principal_of(database, key)


@pytest.fixture
async def stranger(database: Database) -> Principal:
    """Somebody of another tenant."""
    return await principal_of(database, await key_of(database, "another"))


@pytest.fixture
async def base_url(database_url: str) -> AsyncIterator[str]:
    """Where the API answers, in this loop."""
    async with running_api(database_url) as url:
        yield url


@pytest.fixture
async def api(base_url: str, key: NewKey) -> Caller:
    """A caller of the tenant `default`, who may do everything."""
    return Caller(base_url, key.secret)


@pytest.fixture
async def other_api(base_url: str, database: Database) -> Caller:
    """A caller of another tenant."""
    return Caller(base_url, (await key_of(database, "another")).secret)


async def key_of(database: Database, tenant: str) -> NewKey:
    async with database.transaction() as tx:
        return await make_key(tx, tenant=tenant, name=f"{tenant}'s key", random_part=secrets.token_urlsafe(32))


async def principal_of(database: Database, key: NewKey) -> Principal:
    found = await find_principal(database, key.secret)
    assert found is not None
    return found


@contextlib.asynccontextmanager
async def connected(arguments: ConnectArguments) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(**arguments)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
def repository() -> Path:
    """The top folder of the project."""
    return Path(__file__).parent.parent
