import contextlib
import itertools
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from service.postgres.embedded import ConnectArguments, EmbeddedServer, embedded_postgres

_numbers = itertools.count()


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that everybody may reach: as root, pytest's own folders are closed to the server's user."""
    parent = Path(tempfile.mkdtemp(prefix="phaseline-test-"))
    parent.chmod(0o755)
    yield parent / "home"
    shutil.rmtree(parent)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _template_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    template = tmp_path_factory.mktemp("template") / "home"
    async with embedded_postgres(template, durable=False):
        return template


@pytest.fixture
def made_home(home: Path, _template_home: Path) -> Path:
    """One with a cluster in it, stopped: copied, which takes less time than making it."""
    subprocess.run(["cp", "-a", _template_home, home], check=True)
    return home


@pytest.fixture
async def fresh_database(embedded_server: EmbeddedServer) -> AsyncIterator[ConnectArguments]:
    """How to connect to a new, empty database."""
    name = f"fresh_{next(_numbers)}"
    async with _connected(embedded_server.connect_arguments) as owner:
        await owner.execute(f"CREATE DATABASE {name}")
        yield ConnectArguments(**{**embedded_server.connect_arguments, "database": name})
        await owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def connection(fresh_database: ConnectArguments) -> AsyncIterator[asyncpg.Connection]:
    async with _connected(fresh_database) as opened:
        yield opened


@contextlib.asynccontextmanager
async def _connected(arguments: ConnectArguments) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(**arguments)
    try:
        yield opened
    finally:
        await opened.close()
