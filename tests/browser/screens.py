"""Every screen of the dashboard, and how one comes to it: for tests that look at all of them."""

from collections.abc import Awaitable, Callable

import msgspec
from playwright.async_api import Page, expect

from service.campaigns.model import Campaign
from tests.browser.visiting import heading, visit


class Screen(msgspec.Struct, frozen=True):
    """`open` leads a window to it; `shows` is a text that is there when it is."""

    name: str
    open: Callable[[Page, Campaign], Awaitable[object]]
    shows: str


def at(path: str) -> Callable[[Page, Campaign], Awaitable[object]]:
    async def go(page: Page, campaign: Campaign) -> None:
        await visit(page, path.format(id=campaign.id))

    return go


async def ask_to_run_again(page: Page, campaign: Campaign) -> None:
    await visit(page, f"/campaigns/{campaign.id}")
    await page.get_by_role("button", name="Run again…").click()


async def ask_to_delete(page: Page, campaign: Campaign) -> None:
    await visit(page, f"/campaigns/{campaign.id}")
    await page.get_by_role("button", name="Delete").click()


async def open_domain(page: Page, campaign: Campaign) -> None:
    await visit(page, f"/campaigns/{campaign.id}/leads")
    await page.get_by_role("table", name="Domains").get_by_role("button").first.click()


async def open_filter(page: Page, campaign: Campaign) -> None:
    await visit(page, f"/campaigns/{campaign.id}/domains")
    await page.locator("summary", has_text="HTTP").click()


async def ask_for_a_key(page: Page, campaign: Campaign) -> None:
    await visit(page, "/keys")
    await page.get_by_role("button", name="New key").click()


async def send_an_empty_form(page: Page, campaign: Campaign) -> None:
    await visit(page, "/campaigns/new")
    await page.get_by_role("button", name="Create the campaign").click()


SCREENS = (
    Screen("campaigns", at("/"), "100 %"),
    Screen("new campaign", at("/campaigns/new"), "The next ones"),
    Screen("new campaign refused", send_an_empty_form, "This cannot stay empty."),
    Screen("campaign", at("/campaigns/{id}"), "All phases are completed"),
    Screen("running again", ask_to_run_again, "What is done again"),
    Screen("deleting", ask_to_delete, "This cannot be undone."),
    Screen("domains", at("/campaigns/{id}/domains"), "shop"),
    Screen("domains filtered", open_filter, "Connection refused"),
    Screen("no domains", at("/campaigns/{id}/domains?prefix=zzzz"), "No domain of this campaign is so."),
    Screen("leads", at("/campaigns/{id}/leads"), "shop"),
    Screen("domain", open_domain, "What the score is made of"),
    Screen("configuration", at("/campaigns/{id}/configuration"), "Keywords"),
    Screen("workers", at("/workers"), "Alive"),
    Screen("keys", at("/keys"), "default's key"),
    Screen("new key", ask_for_a_key, "Who or what will use it."),
    Screen("acts", at("/acts"), "Campaign created"),
    Screen("settings", at("/settings"), "PHASELINE_"),
    Screen("not found", at("/nowhere"), "Its address may be misspelled."),
)


async def open_screen(page: Page, screen: Screen, campaign: Campaign) -> None:
    await screen.open(page, campaign)
    await expect(page.get_by_text(screen.shows).filter(visible=True).first).to_be_visible()
    await expect(page.locator("[aria-busy=true], .bone")).to_have_count(0)


async def open_door(page: Page) -> None:
    await page.goto("/dashboard")
    await expect(heading(page, "Sign in to Phaseline")).to_be_visible()
