from collections.abc import AsyncIterator

import pytest

from service.access.model import NewKey
from service.postgres.database import Database
from tests.conftest import key_of
from tests.world import Caller, running_api


@pytest.fixture
async def base_url(database_url: str) -> AsyncIterator[str]:
    async with running_api(database_url) as url:
        yield url


@pytest.fixture
async def api(base_url: str, key: NewKey) -> Caller:
    return Caller(base_url, key.secret)


@pytest.fixture
async def other_api(base_url: str, database: Database) -> Caller:
    return Caller(base_url, (await key_of(database, "another")).secret)
