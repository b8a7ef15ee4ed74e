"""A database with the dual architecture's tables, and nothing in them, for each test."""

import itertools
from collections.abc import AsyncIterator

import asyncpg
import pytest

from loadtest.baseline.planting import make_tables
from service.postgres.embedded import ConnectArguments, EmbeddedServer
from tests.conftest import connected, url_of

_numbers = itertools.count()


@pytest.fixture
async def dual_url(embedded_server: EmbeddedServer) -> AsyncIterator[str]:
    name = f"dual_{next(_numbers)}"
    async with connected(embedded_server.connect_arguments) as owner:
        await owner.execute(f"CREATE DATABASE {name}")
        yield url_of(ConnectArguments(**{**embedded_server.connect_arguments, "database": name}))
        await owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def dual(dual_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dual_url)
    await make_tables(connection)
    yield connection
    await connection.close()
