"""Clients of a live server, of both kinds."""

import pytest

from service.access.model import Principal
from service.campaigns.model import Campaign
from service.postgres.database import Database
from tests.clients.python.both import KINDS
from tests.contracts import conftest as contracts
from tests.world import a_campaign, start

world = contracts.world


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which of both clients."""
    found: str = request.param
    return found


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PHASELINE_URL", raising=False)
    monkeypatch.delenv("PHASELINE_KEY", raising=False)


@pytest.fixture
async def campaign(database: Database, principal: Principal) -> Campaign:
    """One that runs; nobody works on it, so that it goes on when the test says."""
    return await start(database, principal, a_campaign(1_000))
