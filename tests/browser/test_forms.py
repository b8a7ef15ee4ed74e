"""What is typed into the forms of a campaign: refused in words at the field, and nothing of it lost."""

import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from service.access.model import Principal
from service.campaigns.model import Advance, Campaign
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from tests.browser.visiting import heading, phase_of, visit
from tests.world import Caller, a_campaign, start, transition, until

# By the label of the field: what is typed, and what is said of it.
WRONG = {
    "Fixed part": ("sh op", "not ' '"),
    "How many vary": ("99", "at most 63"),
    "Characters": ("äöü", "not 'ä'"),
    "Top-level domains": ("com no..tld", "TLD"),
    "How many names": ("many", "a whole number"),
    "Begin at": ("-1", "at least 0"),
    "Queries a second at most": ("0.1", "at least 1"),
    "To each resolver": ("0.1", "at least 1"),
    "Attempts": ("11", "at most 10"),
    "Seconds for each": ("0.001", "at least 0.05"),
    "Keywords": ("/(/", "regular expression '(' is not valid"),
    "Seconds for a page": ("9999", "at most 300"),
    "Pages at a time, of each worker": ("5000", "at most 1,000"),
    "Bytes a second at most": ("5", "at least 1,024"),
    "User agent": ("blåbær", "a character that cannot stand there"),
    "More headers": ("Host: example.com", "The header Host cannot be set here."),
    "Proxies": ("ftp://192.0.2.1:21", "http://host:port or socks5://host:port"),
    "A lead from this score on": ("7", "at most 0.95"),
    "Bytes that a page has at least": ("-1", "at least 0"),
    "Parked from this confidence on": ("0", "at least 0.05"),
    "Not parked": ("2", "at most 1"),
}


def field(page: Page, label: str) -> Locator:
    return page.get_by_label(label, exact=True)


async def unfold_all(page: Page) -> None:
    for title in ("How requests look, and by which way they go", "What a score is made of"):
        await page.get_by_text(title).click()


def note_of(page: Page, label: str) -> Locator:
    return page.locator(".field").filter(has=field(page, label)).locator(".note")


async def test_be_told_what_is_wrong_with_a_campaign(page: Page, api: Caller) -> None:
    await visit(page, "/campaigns/new")
    await unfold_all(page)
    for label, (typed, told) in WRONG.items():
        before = await field(page, label).input_value()
        await field(page, label).fill(typed)
        await expect(field(page, label)).to_have_attribute("aria-invalid", "true")  # while it is typed
        await expect(note_of(page, label)).to_contain_text(told)
        await field(page, label).fill(before)
        await expect(field(page, label)).to_have_attribute("aria-invalid", "false")
    await field(page, "More headers").fill("X-Mine: yes")
    await page.get_by_role("button", name="Create the campaign").click()
    await expect(note_of(page, "Name")).to_have_text("This cannot stay empty.")
    await expect(field(page, "Name")).to_be_focused()
    await expect(field(page, "More headers")).to_have_value("X-Mine: yes")
    assert (await api.call("GET", "/campaigns")).body["items"] == []


async def test_describe_all_that_a_campaign_can_be_told(page: Page, api: Caller) -> None:
    await visit(page, "/campaigns/new")
    await field(page, "Name").fill("everything")
    await page.get_by_label("The internet").check()
    await unfold_all(page)
    for label, value in {
        "Resolvers": "192.0.2.53 192.0.2.54",
        "To each resolver": "50",
        "User agent": "a browser of ours",
        "Languages": "-",
        "More headers": "Referer: https://example.com/\nX-Mine: yes: indeed",
        "Proxies": "socks5://proxy.example:1080",
        "Bytes a second at most": "1,000,000",
        "Parked from this confidence on": "0.6",
        "Freshness": "0",
    }.items():
        await field(page, label if label != "Freshness" else "How fresh it is").fill(value)
    takes = page.get_by_role("region", name="What it would take")
    await expect(takes.get_by_role("row", name="DNS")).to_contain_text("3:20 min")  # 20,000 at 2 x 50
    await page.get_by_role("button", name="Create the campaign").click()
    await expect(heading(page, "everything")).to_be_visible()
    made: Any = (await api.call("GET", "/campaigns")).body["items"][0]["configuration"]
    http = made["httpValidation"]
    assert made["dnsValidation"]["queriesPerSecondPerResolver"] == 50
    assert (http["userAgent"], http["acceptLanguage"], http["bytesPerSecond"]) == ("a browser of ours", None, 1_000_000)
    assert http["headers"][1] == {"name": "X-Mine", "value": "yes: indeed"}
    assert http["proxies"] == ["socks5://proxy.example:1080"]
    assert made["analysis"]["thresholds"]["parkedFloor"] == 0.6
    assert made["analysis"]["weights"]["freshness"] == 0
    assert made["analysis"]["weights"]["titleKeyword"] == 0.1


async def test_change_a_campaign_and_be_told_what_follows(page: Page, api: Caller, finished: Campaign) -> None:
    path = f"/campaigns/{finished.id}"
    before = (await api.call("GET", path)).body["configuration"]
    await visit(page, f"{path}/configuration")
    await page.get_by_role("button", name="Change name or configuration").click()
    await expect(field(page, "Fixed part")).to_be_disabled()
    await expect(page.get_by_text("Names were made by this pattern already, and never change.")).to_be_visible()
    await field(page, "Name").fill("another name")
    keywords = await field(page, "Keywords").input_value()
    await field(page, "Keywords").fill(f"{keywords}\nwarranty")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="Saved.")).to_have_text(
        "Saved. What HTTP validation found is from before: run it again for the change to count."
    )
    await expect(heading(page, "another name")).to_be_visible()
    after = (await api.call("GET", path)).body
    assert after["name"] == "another name"
    assert [each["text"] for each in after["configuration"]["httpValidation"].pop("keywords")][-1] == "warranty"
    before["httpValidation"].pop("keywords")
    assert after["configuration"] == before


@pytest.mark.usefixtures("worker")
async def test_be_told_why_a_campaign_cannot_change(
    page: Page, api: Caller, database: Database, principal: Principal
) -> None:
    campaign = await start(database, principal, a_campaign(50, advance=Advance.MANUAL))
    await visit(page, f"/campaigns/{campaign.id}")
    await expect(phase_of(page, "Domain generation")).to_contain_text("Completed")
    await page.get_by_role("link", name="Configuration").click()
    await page.get_by_role("button", name="Change name or configuration").click()
    await field(page, "Attempts").fill("12")
    await page.get_by_role("button", name="Save").click()
    await expect(note_of(page, "Attempts")).to_contain_text("at most 10")
    await expect(field(page, "Attempts")).to_be_focused()
    await transition(database, principal, campaign.id, CampaignPhase.DNS_VALIDATION)  # it moves meanwhile
    await until(database, principal, campaign.id, CampaignPhase.DNS_VALIDATION, PhaseStatus.COMPLETED)
    await field(page, "Attempts").fill("5")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()

    await page.get_by_role("button", name="Change name or configuration").click()
    await api.call("PATCH", f"/campaigns/{campaign.id}", json={"name": "changed by somebody else"})
    await field(page, "Name").fill("changed by me")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("alert")).to_contain_text("Somebody else has changed this campaign")
    await expect(field(page, "Name")).to_have_value("changed by me")
    await page.get_by_role("button", name="Leave it").click()
    await expect(heading(page, "changed by somebody else")).to_be_visible()


async def test_be_told_what_is_wrong_with_a_filter(page: Page, finished: Campaign) -> None:
    await visit(page, f"/campaigns/{finished.id}/domains")
    await page.get_by_label("Score from").fill("much")
    await expect(page.get_by_label("Score from")).to_have_attribute("aria-invalid", "true")
    assert "scoreMin" not in page.url
    await page.get_by_label("Score from").fill("7")
    await expect(page.get_by_role("alert")).to_have_text(re.compile("^Score min has to be at most 1"))
    await page.get_by_label("Score from").fill("")
    await expect(page.get_by_role("alert")).to_have_count(0)
    await page.get_by_label("Begins with").fill("no name")
    await expect(page.get_by_role("alert")).to_have_text(
        re.compile("^Prefix holds a character that cannot stand there")
    )
    await page.get_by_role("button", name="Show all").click()
    await expect(page.get_by_role("table", name="Domains").get_by_role("button").first).to_be_visible()


async def test_be_told_what_is_wrong_with_running_again(page: Page, finished: Campaign) -> None:
    await visit(page, f"/campaigns/{finished.id}")
    await page.get_by_role("button", name="Run again…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label(re.compile("older than")).check()
    await expect(dialog.get_by_role("button", name="Run again", exact=True)).to_be_disabled()
    await dialog.get_by_label("Older than", exact=True).fill("2020-01-01T00:00")
    await dialog.get_by_role("button", name="Run again", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Everything that analysis found is from")
    await dialog.get_by_role("button", name="Leave it").click()
    assert "All phases are completed" in await page.get_by_role("region", name="Why it does not move").inner_text()
