"""For everybody: with a screen reader, with a keyboard alone, on a small telephone, in the dark."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from service.access.model import NewKey
from service.campaigns.model import Campaign
from tests.browser.screens import SCREENS, open_door, open_screen
from tests.browser.visiting import NARROW, heading, opened_window, phase_of, sign_in
from tests.contracts.node.running import install, needs_node

FOLDER = Path(__file__).parent
TABS_MAX = 60
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def axe() -> str:
    install(FOLDER)
    return (FOLDER / "node_modules" / "axe-core" / "axe.min.js").read_text()


async def breaches(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA and good practice: the rule, and where it is broken."""
    found: list[dict[str, Any]] = await page.evaluate(
        "async (rules) => (await axe.run({ runOnly: rules })).violations", RULES
    )
    return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]


@needs_node
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_read_every_screen_with_a_screen_reader(
    chromium: Browser, base_url: str, key: NewKey, finished: Campaign, axe: str, scheme: str
) -> None:
    async with opened_window(chromium, base_url, scheme=scheme, script=axe) as page:
        await open_door(page)
        found = {"door": await breaches(page)}
        await sign_in(page, key.secret)
        for screen in SCREENS:
            await open_screen(page, screen, finished)
            found[screen.name] = await breaches(page)
    assert not any(found.values()), {name: broken for name, broken in found.items() if broken}


async def test_use_every_screen_on_a_small_telephone(
    chromium: Browser, base_url: str, key: NewKey, finished: Campaign
) -> None:
    """At 360 pixels nothing has to be scrolled sideways."""
    widths = {}
    async with opened_window(chromium, base_url, size=NARROW) as page:
        await open_door(page)
        widths["door"] = await width_needed(page)
        await sign_in(page, key.secret)
        for screen in SCREENS:
            await open_screen(page, screen, finished)
            widths[screen.name] = await width_needed(page)
    assert {name: width for name, width in widths.items() if width > NARROW["width"]} == {}


async def width_needed(page: Page) -> int:
    """Of the page, and of an open dialog."""
    needed: int = await page.evaluate(
        "Math.max(...[document.documentElement, ...document.querySelectorAll('dialog[open]')].map(e => e.scrollWidth))"
    )
    return needed


@pytest.mark.usefixtures("worker")
async def test_bring_a_campaign_about_with_the_keyboard_alone(page: Page) -> None:
    """The mouse is never used: new campaign, create, start, pause."""
    await press_on(page, "New campaign")
    await expect(heading(page, "New campaign")).to_be_focused()
    await tab_to(page, "Name")
    await page.keyboard.type("by keyboard")
    await tab_to(page, "Queries a second at most")
    await page.keyboard.type("20")
    await tab_to(page, "Create the campaign")
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Start domain generation?")
    await expect(dialog).to_be_visible()
    await press_on(page, "Start domain generation")
    await expect(dialog).to_be_hidden()
    await expect(phase_of(page, "DNS validation")).to_contain_text("Running")
    await press_on(page, "Pause")
    await expect(page.get_by_role("dialog", name="Pause DNS validation?")).to_be_visible()
    await press_on(page, "Pause")
    await expect(phase_of(page, "DNS validation")).to_contain_text("Paused")
    assert await page.evaluate("document.activeElement !== document.body"), "the keyboard stands somewhere"


async def tab_to(page: Page, name: str) -> None:
    """Press the tabulator until that control has the focus, which then can be seen."""
    for _ in range(TABS_MAX):
        if await page.evaluate(NAME_OF_FOCUSED) == name:
            assert await page.evaluate("document.activeElement.matches(':focus-visible')")
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached")


async def press_on(page: Page, name: str) -> None:
    await tab_to(page, name)
    await page.keyboard.press("Enter")


NAME_OF_FOCUSED = """() => {
    const focused = document.activeElement
    return focused.ariaLabel ?? focused.labels?.[0]?.innerText ?? focused.innerText ?? ''
}"""
