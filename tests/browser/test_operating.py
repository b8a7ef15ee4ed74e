"""What who runs Phaseline looks after: workers, keys, acts, settings."""

import re

import pytest
from playwright.async_api import Page, expect

from service.access.model import NewKey
from service.campaigns.model import Campaign
from tests.browser.visiting import heading
from tests.world import Caller


async def go(page: Page, name: str) -> None:
    await page.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()
    await expect(heading(page, name)).to_be_visible()


async def test_make_a_key_and_revoke_it(page: Page, base_url: str) -> None:
    await go(page, "Keys")
    await page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("reports")
    await dialog.get_by_label(re.compile("^Do:")).check()
    await dialog.get_by_role("button", name="Make the key").click()
    shown = page.get_by_role("dialog", name="The key “reports”")
    secret = await shown.locator(".secret").inner_text()
    await shown.get_by_role("button", name="Close").click()
    row = page.get_by_role("row").filter(has_text="reports")
    await expect(row).to_contain_text("read, write")
    await expect(row).to_contain_text("Good")
    assert secret not in await page.content()
    holder = Caller(base_url, secret)
    assert (await holder.call("GET", "/campaigns")).status == 200
    assert (await holder.call("GET", "/keys")).status == 403

    await row.get_by_role("button", name="Revoke reports").click()
    asking = page.get_by_role("dialog", name="Revoke “reports”?")
    await expect(asking).to_contain_text("Whatever uses this key is refused from then on.")
    await asking.get_by_role("button", name="Revoke", exact=True).click()
    await expect(row).to_contain_text("Revoked")
    assert (await holder.call("GET", "/campaigns")).status == 401


async def test_be_told_what_is_wrong_with_a_key(page: Page) -> None:
    await go(page, "Keys")
    await page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Make the key")).to_be_disabled()
    await dialog.get_by_label("Name").fill("late")
    await dialog.get_by_label("Good until").fill("2020-01-01T00:00")
    await dialog.get_by_role("button", name="Make the key").click()
    await expect(dialog.get_by_role("alert")).to_have_text("A new key cannot have expired already.")
    await expect(dialog.get_by_label("Name")).to_have_value("late")


async def test_see_who_did_what(page: Page, api: Caller, key: NewKey) -> None:
    made = (await api.call("POST", "/keys", json={"name": "reports", "scopes": ["read"]})).body
    await api.call("DELETE", f"/keys/{made['id']}")
    await go(page, "Acts")
    rows = page.get_by_role("table", name="Acts").get_by_role("row")
    await expect(rows.nth(1)).to_contain_text("default's keyKey revokedreports")
    await expect(rows.nth(2)).to_contain_text("default's keyKey madereports may read")


async def test_see_the_workers(page: Page, api: Caller, finished: Campaign) -> None:
    await go(page, "Workers")
    (worker,) = (await api.call("GET", "/workers")).body["items"]
    row = page.get_by_role("table", name="Workers").get_by_role("row").nth(1)
    for told in ("Alive", worker["id"][:8], f"{worker['host']}, process {worker['processId']}", worker["version"]):
        await expect(row).to_contain_text(told)


async def test_see_how_it_is_set_up(page: Page, api: Caller) -> None:
    await go(page, "Settings")
    settings = (await api.call("GET", "/settings")).body["items"]
    rows = page.get_by_role("table", name="Settings").get_by_role("row")
    await expect(rows).to_have_count(len(settings) + 1)
    for number, setting in enumerate(settings, 1):
        await expect(rows.nth(number)).to_contain_text(setting["name"])
        await expect(rows.nth(number)).to_contain_text(setting["meaning"])


@pytest.mark.parametrize("place", ["keys", "acts", "settings"])
async def test_see_only_what_the_key_may(door: Page, api: Caller, place: str) -> None:
    made = (await api.call("POST", "/keys", json={"name": "eyes", "scopes": ["read"]})).body
    await door.goto("/dashboard")
    await door.get_by_label("Key").fill(made["secret"])
    await door.get_by_role("button", name="Sign in").click()
    await expect(heading(door, "Campaigns")).to_be_visible()
    await expect(door.get_by_role("navigation", name="Main").get_by_role("link")).to_have_text(["Campaigns", "Workers"])
    await expect(door.get_by_role("link", name="New campaign")).to_have_count(0)
    await door.goto(f"/dashboard/{place}")
    await expect(door.get_by_role("alert")).to_contain_text("scope")
