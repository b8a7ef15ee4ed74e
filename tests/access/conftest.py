from collections.abc import AsyncIterator

import pytest

from service.access.model import NewKey
from tests.world import Caller, running_api


@pytest.fixture
async def base_url(database_url: str) -> AsyncIterator[str]:
    async with running_api(database_url) as url:
        yield url


@pytest.fixture
async def api(base_url: str, key: NewKey) -> Caller:
    """A caller of the tenant `default`, who may do everything."""
    return Caller(base_url, key.secret)
