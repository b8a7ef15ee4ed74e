"""A campaign from its first idea to its leads, as somebody brings it about in a window."""

import re

import pytest
from playwright.async_api import Page, expect

from service.access.model import Principal
from service.campaigns.model import Advance, Campaign
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from tests.browser.visiting import do, heading, phase_of, visit
from tests.world import Caller, a_campaign, start, transition, until

NAMES = 600
QUERIES_PER_SECOND = 100  # so slow that there is time to look, and to step in


async def describe_campaign(page: Page, *, names: int = NAMES) -> None:
    """Fill the form of a new campaign, whose DNS phase takes its time."""
    await visit(page, "/campaigns/new")
    for label, value in {
        "Name": "spring shops",
        "Fixed part": "shop",
        "How many vary": "4",
        "Top-level domains": "com net wild",
        "How many names": str(names),
        "Queries a second at most": str(QUERIES_PER_SECOND),
        "Attempts": "1",
        "Seconds for each": "0.4",
        "Seconds for a page": "1.5",
        "Keywords": "pricing\n/check ?out/",
    }.items():
        await page.get_by_label(label, exact=True).fill(value)


async def create_campaign(page: Page) -> None:
    """The form is full; then the campaign is there, and whether to start it is asked."""
    await page.get_by_role("button", name="Create the campaign").click()
    await expect(heading(page, "spring shops")).to_be_visible()


async def start_campaign(page: Page) -> None:
    await page.get_by_role("dialog").get_by_role("button", name="Start domain generation").click()
    await expect(page.get_by_role("dialog")).to_be_hidden()


async def test_create_a_campaign_from_a_pattern(page: Page, api: Caller) -> None:
    await describe_campaign(page)
    preview = page.get_by_role("complementary", name="Preview")
    await expect(preview).to_contain_text("Names for each top-level domain456,976")
    await expect(preview).to_contain_text("left of .wild456,976")
    await expect(preview.get_by_role("listitem").first).to_have_text("aaaashop.com")
    await page.get_by_label("How many vary", exact=True).fill("2")
    await expect(preview).to_contain_text("Names for each top-level domain676")
    takes = preview.get_by_role("table", name="What it would take")
    await expect(takes.get_by_role("row", name="DNS")).to_contain_text("6.0 s")  # 600 names at 100 a second
    await create_campaign(page)

    dialog = page.get_by_role("dialog", name="Start domain generation?")
    await expect(dialog.get_by_role("row", name="DNS")).to_contain_text(re.compile(r"600.*s"))
    await expect(dialog.get_by_role("row")).to_have_count(5)  # all phases, since each starts the next
    await expect(dialog).to_contain_text("Each phase that completes starts the next one by itself.")
    await dialog.get_by_role("button", name="Leave it").click()
    await expect(phase_of(page, "Domain generation")).to_contain_text("Pending")

    (made,) = (await api.call("GET", "/campaigns")).body["items"]
    assert (made["name"], made["phaseStatus"]) == ("spring shops", "pending")
    configuration = made["configuration"]
    assert configuration["domainGeneration"]["variableLength"] == 2
    assert configuration["dnsValidation"]["queriesPerSecond"] == QUERIES_PER_SECOND
    assert [(each["text"], each["kind"]) for each in configuration["httpValidation"]["keywords"]] == [
        ("pricing", "literal"),
        ("check ?out", "regex"),
    ]


@pytest.mark.usefixtures("worker")
async def test_watch_a_campaign_move(page: Page) -> None:
    await describe_campaign(page)
    await create_campaign(page)
    await start_campaign(page)
    resolving = phase_of(page, "DNS validation")
    await expect(resolving).to_contain_text("Running")
    bar = resolving.get_by_role("progressbar")
    seen = set()
    while (percent := int(await bar.get_attribute("aria-valuenow") or 0)) < 100:
        seen.add(percent)
        await page.wait_for_timeout(100)
    assert len(seen - {0}) > 1  # it has moved before our eyes, and was not only there in the end
    await expect(phase_of(page, "Analysis")).to_contain_text("Completed")
    await expect(page.get_by_role("region", name="From names to leads")).to_contain_text("600")
    await expect(page.get_by_role("img", name=re.compile("at most since this page was opened"))).to_be_visible()


@pytest.mark.usefixtures("worker")
async def test_pause_and_resume_a_campaign(page: Page) -> None:
    await describe_campaign(page)
    await create_campaign(page)
    await start_campaign(page)
    resolving = phase_of(page, "DNS validation")
    await expect(resolving).to_contain_text("Running")
    said = await do(page, "Pause")
    assert "Nothing is lost and nothing is asked twice" in said
    await expect(resolving).to_contain_text("Paused")
    await expect(page.get_by_role("region", name="Why it does not move")).to_contain_text("is paused; resume it")
    said = await do(page, "Resume")
    assert re.search(r"goes on where it stood: \d+ of \d+ domains are left", said)
    await expect(phase_of(page, "Analysis")).to_contain_text("Completed")
    await expect(page.get_by_role("region", name="Audit trail")).to_contain_text("Paused by default's key")


@pytest.mark.usefixtures("worker")
async def test_cancel_a_campaign_and_take_it_up_again(page: Page, api: Caller) -> None:
    await describe_campaign(page)
    await create_campaign(page)
    await start_campaign(page)
    resolving = phase_of(page, "DNS validation")
    await expect(resolving).to_contain_text("Running")
    said = await do(page, "Cancel")
    assert "ends as cancelled, and no later phase starts. What was found until now stays." in said
    await expect(resolving).to_contain_text("Cancelled")
    said = await do(page, "Retry")
    assert re.search(r"DNS validation goes on with what is unfinished: \d+ of \d+ domains\.", said)
    await expect(phase_of(page, "Analysis")).to_contain_text("Completed")
    (campaign,) = (await api.call("GET", "/campaigns")).body["items"]
    trail = (await api.call("GET", f"/campaigns/{campaign['id']}/transitions")).body["items"]
    assert [each["command"] for each in trail if each["cause"] == "user"] == ["retry", "cancel", "transition"]


async def test_ask_again_what_failed(page: Page, database: Database, principal: Principal, worker: None) -> None:
    campaign = await start(database, principal, a_campaign(NAMES, advance=Advance.MANUAL))
    await until(database, principal, campaign.id, CampaignPhase.DOMAIN_GENERATION, PhaseStatus.COMPLETED)
    await transition(database, principal, campaign.id, CampaignPhase.DNS_VALIDATION)
    await visit(page, f"/campaigns/{campaign.id}")
    resolving = phase_of(page, "DNS validation")
    await expect(resolving).to_contain_text("Completed")
    said = await do(page, "Retry failed")
    assert re.search(r"The \d+ domains of DNS validation that failed are asked again", said)
    trail = page.get_by_role("region", name="Audit trail")
    await expect(trail).to_contain_text("Taken up again by default's key")
    await expect(resolving).to_contain_text("Completed")
    await expect(resolving).to_contain_text("100 %")


async def test_run_a_phase_again(page: Page, finished: Campaign) -> None:
    await visit(page, f"/campaigns/{finished.id}")
    await page.get_by_role("button", name="Run again…").click()
    dialog = page.get_by_role("dialog", name="Run a phase again")
    await dialog.get_by_label("Which phase").select_option("HTTP validation")
    await dialog.get_by_label("Everything").check()
    await expect(dialog).to_contain_text("The present results are shown until that is complete")
    await expect(dialog).to_contain_text("The results of analysis are kept, and count as stale")
    await dialog.get_by_label("Why").fill("The pages have changed.")
    await dialog.get_by_role("button", name="Run again", exact=True).click()
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("region", name="Audit trail")).to_contain_text("The pages have changed.")
    await expect(phase_of(page, "HTTP validation")).to_contain_text("Running")
    await expect(phase_of(page, "Analysis")).to_contain_text("Completed")


async def test_delete_a_campaign(page: Page, finished: Campaign) -> None:
    await page.reload()
    await page.get_by_role("link", name=finished.name).click()
    said = await do(page, "Delete")
    assert "The campaign is gone at once, for everybody" in said
    assert "This cannot be undone." in said
    await expect(heading(page, "Campaigns")).to_be_visible()
    await expect(page.get_by_role("link", name=finished.name)).to_have_count(0)
    await visit(page, f"/campaigns/{finished.id}")
    await expect(page.get_by_role("heading", name="There is no such campaign")).to_be_visible()


@pytest.mark.usefixtures("worker")
async def test_find_a_campaign_among_others(page: Page, database: Database, principal: Principal) -> None:
    """The list is live, takes filters from its address, and puts nothing new in where somebody reads."""
    await expect(page.get_by_role("heading", name="No campaigns yet")).to_be_visible()
    await start(database, principal, a_campaign(20, advance=Advance.MANUAL))
    show = page.get_by_role("button", name="Show 1 new")
    await show.click()
    row = page.get_by_role("row").filter(has_text="a campaign")
    await expect(row).to_contain_text("Completed")
    await expect(row).to_contain_text("100 %")
    await page.get_by_label("Status").select_option("Running")
    await expect(page.get_by_role("heading", name="No campaign is like this")).to_be_visible()
    assert page.url.endswith("?status=running")
    await page.reload()
    await expect(page.get_by_label("Status")).to_have_value("running")
    await page.get_by_role("button", name="Show all campaigns").click()
    await expect(row).to_be_visible()
