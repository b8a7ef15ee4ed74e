"""Somebody at the dashboard, in the system's Chromium: windows, the way in, and what a window complains of."""

import contextlib
import os
import re
import shutil
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, ViewportSize, async_playwright, expect

from service.dashboard.api import DASHBOARD

needs_chromium = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="Chromium is not installed (Debian: chromium)"
)

PATIENCE_MILLISECONDS = 30_000  # the machine may be busy
WIDE = ViewportSize(width=1280, height=800)
NARROW = ViewportSize(width=360, height=740)
FLAGS = (
    "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
# What the browser itself writes down of an answer that says no: that is the server's to say, and the page's to show.
ANSWERS = re.compile(r"Failed to load resource|WebSocket connection to")

expect.set_options(timeout=PATIENCE_MILLISECONDS)


@contextlib.asynccontextmanager
async def running_chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        yield browser
        await browser.close()


@contextlib.asynccontextmanager
async def opened_window(
    browser: Browser, base_url: str, *, size: ViewportSize = WIDE, scheme: str = "light", script: str | None = None
) -> AsyncIterator[Page]:
    """A window of a browser that has never been there. In the end it has to have complained of nothing."""
    context = await browser.new_context(
        base_url=base_url,
        viewport=size,
        color_scheme="dark" if scheme == "dark" else "light",
        locale="en-GB",
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    if script is not None:
        await context.add_init_script(script)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.extend(complaint_of(message)))
    try:
        yield page
    finally:
        await context.close()
    assert not complaints, complaints


def complaint_of(message: ConsoleMessage) -> list[str]:
    is_one = message.type in {"error", "warning"} and not ANSWERS.search(message.text)
    return [message.text] if is_one else []


async def sign_in(page: Page, secret: str) -> None:
    """As a person does, and until the campaigns are there."""
    await page.goto(DASHBOARD)
    await page.get_by_label("Key").fill(secret)
    await page.get_by_role("button", name="Sign in").click()
    await expect(heading(page, "Campaigns")).to_be_visible()


def heading(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", name=name, level=1, exact=True)


async def visit(page: Page, path: str) -> None:
    """An address below the dashboard's, typed into the address bar."""
    await page.goto(DASHBOARD + path)


async def do(page: Page, act: str, confirm: str | None = None) -> str:
    """Press a button of the campaign's head, and agree to what is said then, which is returned."""
    await page.get_by_role("group", name="What can be done").get_by_role("button", name=act, exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    said = await dialog.inner_text()
    await dialog.get_by_role("button", name=confirm or act, exact=True).click()
    await expect(dialog).to_be_hidden()
    return said


def phase_of(page: Page, name: str) -> Locator:
    """A phase in the rail of a campaign's page."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("progressbar", name=name, exact=True))
