"""The way in and out."""

from playwright.async_api import Page, expect

from service.access.model import NewKey
from tests.browser.visiting import heading, sign_in


async def test_sign_in_and_out(door: Page, key: NewKey) -> None:
    await sign_in(door, key.secret)
    await expect(door.get_by_role("status").filter(has_text="Live")).to_be_visible()
    assert key.secret not in await door.evaluate("JSON.stringify([{...localStorage}, document.cookie, location.href])")
    await door.reload()
    await expect(heading(door, "Campaigns")).to_be_visible()
    await door.get_by_role("button", name="Sign out").click()
    await expect(heading(door, "Sign in to Phaseline")).to_be_visible()
    await door.reload()
    await expect(heading(door, "Sign in to Phaseline")).to_be_visible()


async def test_be_told_that_a_key_is_wrong(door: Page) -> None:
    await door.goto("/")
    for key, told in (
        ("phl_" + "x" * 43, "This key is not known here, or it expired or was revoked."),
        ("ключ", "This is not a key: it has characters that no key has."),
    ):
        await door.get_by_label("Key").fill(key)
        await door.get_by_role("button", name="Sign in").click()
        await expect(door.get_by_role("alert")).to_have_text(told)
    await expect(door.get_by_label("Key")).to_have_attribute("aria-invalid", "true")
