"""One server for a module of tests, with two tenants on it."""

import itertools
from collections.abc import AsyncIterator

import pytest_asyncio

from service.postgres.embedded import ConnectArguments, EmbeddedServer
from tests.conftest import connected, url_of
from tests.contracts.tenants import World, two_tenants

_numbers = itertools.count()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(embedded_server: EmbeddedServer, migrated_template: str) -> AsyncIterator[World]:
    name = f"contracts_{next(_numbers)}"
    async with connected(embedded_server.connect_arguments) as owner:
        await owner.execute(f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
    async with two_tenants(url_of(ConnectArguments(**{**embedded_server.connect_arguments, "database": name}))) as made:
        yield made
    async with connected(embedded_server.connect_arguments) as owner:
        await owner.execute(f"DROP DATABASE {name} WITH (FORCE)")
