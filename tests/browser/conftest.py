"""One browser, a server and what moves campaigns, new for each test: no test finds what another one left."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from service.access.model import NewKey, Principal
from service.campaigns.model import Campaign
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from tests.browser.visiting import needs_chromium, opened_window, running_chromium, sign_in
from tests.world import a_campaign, running_sandbox, running_worker, start, until

CHECKPOINT_SECONDS = 0.5  # so that a campaign of few names moves while it is watched
SECONDS_MAX = 240  # for one test, on a busy machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for mark in (pytest.mark.browser, needs_chromium, pytest.mark.timeout(SECONDS_MAX)):
                item.add_marker(mark, append=False)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with running_chromium() as browser:
        yield browser


@pytest.fixture
async def door(chromium: Browser, base_url: str) -> AsyncIterator[Page]:
    """A window of nobody's yet."""
    async with opened_window(chromium, base_url) as page:
        yield page


@pytest.fixture
async def page(door: Page, key: NewKey) -> Page:
    """A window of somebody who has signed in, and sees the campaigns."""
    await sign_in(door, key.secret)
    return door


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[None]:
    """Somebody who carries campaigns, and the sandbox, where their traffic goes."""
    async with (
        running_sandbox() as (_, settings),
        running_worker(database, settings, checkpoint_seconds=CHECKPOINT_SECONDS),
    ):
        yield


@pytest.fixture
async def finished(database: Database, principal: Principal, worker: None) -> Campaign:
    """A campaign that has gone through all phases."""
    campaign = await start(database, principal, a_campaign())
    await until(database, principal, campaign.id, CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED)
    return campaign
