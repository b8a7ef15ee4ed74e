"""The domains of a campaign, looked through."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from service.access.model import Principal
from service.campaigns.model import Campaign
from service.domains.reading.model import Sort, Wanted
from service.postgres.database import Database
from tests.browser.visiting import visit
from tests.domains.reading.synthetic import expected, make_domains, plant
from tests.world import Caller

DOMAINS = 3_000


def table(page: Page) -> Locator:
    return page.get_by_role("table", name="Domains")


async def names_shown(page: Page, count: int) -> list[str]:
    """The first rows."""
    rows = table(page).get_by_role("row").get_by_role("button")
    await expect(rows.nth(count - 1)).to_be_visible()
    return (await rows.all_inner_texts())[:count]


@pytest.mark.made_up
async def test_narrow_domains_down(page: Page, database: Database, principal: Principal) -> None:
    """Filters stand in the address, so that a link shows the same."""
    planted = await plant(database, principal, make_domains(DOMAINS, 1), first_set_id=1)
    await visit(page, f"/campaigns/{planted.campaign_id}/domains")
    assert await names_shown(page, 10) == expected(planted.domains, Wanted(), Sort.POSITION)[:10]

    await page.get_by_text("DNS", exact=True).first.click()
    await page.get_by_role("checkbox", name="Absent").check()
    await page.get_by_role("checkbox", name="Timed out").check()
    await page.keyboard.press("Escape")
    await page.get_by_label("Begins with").fill("ax")
    await page.wait_for_url(re.compile(r"\?dns=absent&dns=timed_out&prefix=ax$"))
    wanted = Wanted(dns_outcomes=("absent", "timed_out"), prefix="ax")
    narrowed = expected(planted.domains, wanted, Sort.POSITION)
    await expect(page.get_by_role("status").filter(has_text="domains")).to_contain_text(f"{len(narrowed)} domains")
    assert await names_shown(page, 5) == narrowed[:5]

    await page.reload()
    assert await names_shown(page, 5) == narrowed[:5]
    await expect(page.get_by_label("Begins with")).to_have_value("ax")
    await page.get_by_role("button", name="Show all").click()
    await page.get_by_label("Order").select_option("Best score first")
    await page.wait_for_url(re.compile(r"\?sort=score$"))
    best = expected(planted.domains, Wanted(), Sort.SCORE)
    await expect(table(page).get_by_role("row").get_by_role("button").first).to_have_text(best[0])
    assert await names_shown(page, 10) == best[:10]


async def test_look_at_one_domain(page: Page, api: Caller, finished: Campaign) -> None:
    await visit(page, f"/campaigns/{finished.id}/domains?http=reached")
    found = (await api.call("GET", f"/campaigns/{finished.id}/domains?httpOutcome=reached&limit=1")).body["items"][0]
    row = page.get_by_role("button", name=found["domain"], exact=True)
    await row.click()
    sheet = page.get_by_role("dialog", name=found["domain"])
    for told in (found["http"]["title"], found["http"]["contentHash"], ", ".join(found["dns"]["addresses"])):
        await expect(sheet).to_contain_text(told)
    await page.keyboard.press("Escape")
    await expect(sheet).to_be_hidden()
    await expect(row).to_be_focused()


async def test_look_at_leads_and_what_their_scores_are_made_of(page: Page, api: Caller, finished: Campaign) -> None:
    leads = (await api.call("GET", f"/campaigns/{finished.id}/leads")).body["items"]
    await visit(page, f"/campaigns/{finished.id}")
    await page.get_by_role("navigation", name="Of this campaign").get_by_role("link", name="Leads").click()
    assert await names_shown(page, 10) == [lead["domain"]["domain"] for lead in leads[:10]]
    best = leads[0]
    await page.get_by_role("button", name=best["domain"]["domain"], exact=True).click()
    parts = page.get_by_role("dialog").get_by_role("table", name="What the score is made of")
    adds = [float(text) for text in await parts.locator("tbody tr td:last-child").all_inner_texts()]
    score = float(await parts.locator("tfoot td:last-child").inner_text())
    assert score == pytest.approx(best["parts"]["score"], abs=0.0005)
    assert sum(adds) * best["parts"]["factor"] == pytest.approx(score, abs=0.005)
    component = best["parts"]["components"]["nonParked"]
    await expect(parts.get_by_role("row", name="Not parked")).to_contain_text(f"{component['contribution']:.3f}")
