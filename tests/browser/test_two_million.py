"""A campaign of two million domains, looked through from the first to the last."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from service.access.model import Principal
from service.campaigns.model import Campaign
from service.postgres.database import Database
from tests.browser.test_domains import names_shown, table
from tests.browser.visiting import visit
from tests.large.building import carry_made_up, large_request
from tests.world import Caller

DOMAINS = 2_000_000
FAR = 20_000  # rows that are scrolled through one after the other
DEEP = 1_234_567
ROWS_DRAWN_MAX = 60
# Read at once: while the last pages come in, another row may be the last one.
PLACE_AND_NAME = "(row) => [Number(row.ariaRowIndex), row.querySelector('button').innerText]"


@pytest.fixture
async def two_million(database: Database, principal: Principal) -> Campaign:
    campaign = await carry_made_up(database, principal, large_request(DOMAINS))
    await database.pool.execute("VACUUM (ANALYZE)")
    return campaign


async def names_at(api: Caller, campaign: Campaign, query: str) -> list[str]:
    answer = await api.call("GET", f"/campaigns/{campaign.id}/domains?limit=20&{query}")
    items: list[Any] = answer.body["items"]
    return [each["domain"] for each in items]


async def test_look_through_two_million_domains(page: Page, api: Caller, two_million: Campaign) -> None:
    await visit(page, f"/campaigns/{two_million.id}/domains")
    assert await names_shown(page, 10) == (await names_at(api, two_million, ""))[:10]

    # By the wheel, until many thousands have gone by: only those in sight are drawn, and the first is still there.
    rows = table(page).get_by_role("row")
    scroller = page.locator(".domains-scroller")
    while int(await rows.last.get_attribute("aria-rowindex") or 0) < FAR:
        await scroller.evaluate("(element) => element.scrollTo(0, element.scrollHeight)")
        await page.wait_for_timeout(20)
    assert await rows.count() < ROWS_DRAWN_MAX
    far, name = await rows.last.evaluate(PLACE_AND_NAME)
    assert name == (await names_at(api, two_million, f"after={far - 2}"))[0]
    await scroller.evaluate("(element) => element.scrollTo(0, 0)")
    first = (await names_at(api, two_million, ""))[:10]
    await expect(rows.get_by_role("button").first).to_have_text(first[0])
    assert await names_shown(page, 10) == first

    # At once, to a place that stands in the address.
    await page.get_by_label("From place").fill(str(DEEP))
    deep = await names_at(api, two_million, f"after={DEEP - 2}")
    await expect(rows.get_by_role("button").first).to_have_text(deep[0])
    assert await names_shown(page, 10) == deep[:10]
    assert page.url.endswith(f"?from={DEEP}")

    # And narrowed down from there on.
    await page.get_by_text("DNS", exact=True).first.click()
    await page.get_by_role("checkbox", name="No data").check()
    await page.keyboard.press("Escape")
    narrowed = await names_at(api, two_million, f"after={DEEP - 2}&dnsOutcome=no_data")
    await expect(rows.get_by_role("button").first).to_have_text(narrowed[0])
    assert page.url.endswith(f"?from={DEEP}&dns=no_data")
    await page.reload()
    assert await names_shown(page, 10) == narrowed[:10]

    # The last of them: below it there is nothing.
    await visit(page, f"/campaigns/{two_million.id}/domains?from={DOMAINS - 2}")
    assert len(await names_shown(page, 3)) == 3
    await expect(page.get_by_role("status").filter(has_text="3 domains.")).to_be_visible()
