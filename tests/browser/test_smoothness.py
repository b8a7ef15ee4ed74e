"""Two hundred rows that move five times a second for a minute, in a window that is scrolled meanwhile: no long task.

A long task holds the page for 50 ms or more, in which it answers nobody (W3C, Long Tasks). To leave a margin, the
processor is made to look half as fast as it is (`SLOWED`). A clock on the wall measures it, so that others at work on
the machine spoil it: it has a target of its own, `make test-browser-smoothness`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from loadtest.bench.channel import MOVE
from service.access.model import NewKey, Principal
from service.postgres.database import Database
from service.progress.announce import BELL
from tests.browser.visiting import opened_window, sign_in
from tests.world import a_campaign, start

pytestmark = pytest.mark.smooth

CAMPAIGNS = 200
ROWS_OF_A_PAGE = 50
NAMES = 1_000  # of each, so that one space has enough for all: they stay under way, since nobody works here
MOVES_PER_SECOND = 5
SECONDS = 60
SLOWED = 2
LARGE = ViewportSize(width=2560, height=1440)  # so many rows are in sight as a large screen shows
OBSERVE = """
    window.longTasks = []
    new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
        .observe({ type: 'longtask' })
"""
COUNT = "SELECT processed_count FROM progress_states WHERE campaign_id = $1"


@contextlib.asynccontextmanager
async def moving(database: Database, campaign_ids: Sequence[UUID]) -> AsyncIterator[None]:
    """All of them, five times a second."""

    async def keep_moving() -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            await database.pool.execute(MOVE, list(campaign_ids))
            async with database.transaction() as tx:
                await tx.ring(BELL)
            due = max(due + 1 / MOVES_PER_SECOND, loop.time())
            await asyncio.sleep(due - loop.time())

    task = asyncio.create_task(keep_moving())
    try:
        yield
    finally:
        task.cancel()


async def show_all(page: Page) -> None:
    rows = page.locator(".campaign-name a")
    for shown in range(ROWS_OF_A_PAGE, CAMPAIGNS, ROWS_OF_A_PAGE):
        await expect(rows).to_have_count(shown)
        await page.get_by_role("button", name="Show older campaigns").click()
    await expect(rows).to_have_count(CAMPAIGNS)
    await page.evaluate("scrollTo(0, 0)")


async def test_watch_hundreds_of_campaigns_move(
    chromium: Browser, base_url: str, key: NewKey, database: Database, principal: Principal
) -> None:
    ids = [(await start(database, principal, a_campaign(NAMES))).id for _ in range(CAMPAIGNS)]
    async with opened_window(chromium, base_url, size=LARGE, script=OBSERVE) as page:
        await sign_in(page, key.secret)
        await show_all(page)
        wire = await page.context.new_cdp_session(page)
        await wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
        async with moving(database, ids):
            await asyncio.sleep(1)  # until the first of it has come
            await page.evaluate("longTasks.length = 0")
            for second in range(SECONDS):
                await page.mouse.wheel(0, 120 if second % 20 < 10 else -120)
                await asyncio.sleep(1)
            long_tasks = await page.evaluate("longTasks")
        # Rows out of sight are drawn when they come in sight.
        newest = page.get_by_role("row").nth(1).locator(".campaign-counts")
        await newest.scroll_into_view_if_needed()
        await expect(newest).to_contain_text(f"{await database.pool.fetchval(COUNT, ids[-1])} of")
    assert long_tasks == []
