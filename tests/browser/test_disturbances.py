"""What dies under somebody who watches: a worker, the server, the network. The page says so, and loses nothing."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from service.access.model import NewKey, Principal
from service.campaigns.model import CreateCampaign, DnsValidation
from service.postgres.database import Database
from tests.browser.visiting import do, heading, opened_window, phase_of, sign_in, visit
from tests.cli.commanding import environment_of
from tests.clients.typescript.test_watching import free_port, serving_process
from tests.world import Caller, a_campaign, running_sandbox, start

NAMES = 600
NOTICED_MILLISECONDS_MAX = 10_000  # far less than a socket that says nothing is waited for
STAYS = "window.wasLoadedOnce = true"


def a_slow_campaign() -> CreateCampaign:
    """Its DNS phase takes so long that there is time to kill somebody."""
    return a_campaign(NAMES, dns_validation=DnsValidation(timeout_seconds=0.4, attempts=1, queries_per_second=100))


@contextlib.asynccontextmanager
async def worker_processes(home: Path, database_url: str) -> AsyncIterator[None]:
    """`phaseline work`: processes of their own, which can be killed one by one."""
    async with running_sandbox() as (sandbox, _):
        ports = sandbox.settings
        environment = environment_of(home) | {
            "DATABASE_URL": database_url,
            "PHASELINE_SANDBOX_DNS_PORT": str(ports.dns_port),
            "PHASELINE_SANDBOX_HTTP_PORT": str(ports.http_port),
            "PHASELINE_SANDBOX_HTTPS_PORT": str(ports.https_port),
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "service", "work", "--processes", "2"),
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            process.terminate()
            await process.wait()


async def holder_of_chunks(api: Caller) -> int:
    """The process that is at work; looks ten times a second."""
    while True:
        workers: Sequence[Any] = (await api.call("GET", "/workers")).body["items"]
        for worker in workers:
            if worker["chunksHeld"]:
                return int(worker["processId"])
        await asyncio.sleep(0.1)


async def test_watch_a_worker_die_and_the_campaign_complete(
    page: Page, api: Caller, database: Database, principal: Principal, database_url: str, tmp_path: Path
) -> None:
    campaign = await start(database, principal, a_slow_campaign())
    await visit(page, f"/campaigns/{campaign.id}")
    why = page.get_by_role("region", name="Why it does not move")
    await expect(why).to_contain_text("No worker is alive")
    async with worker_processes(tmp_path, database_url):
        resolving = phase_of(page, "DNS validation")
        await expect(resolving).to_contain_text("Running")
        victim = await holder_of_chunks(api)
        os.kill(victim, signal.SIGKILL)
        await expect(phase_of(page, "Analysis")).to_contain_text("Completed")
        await page.get_by_role("link", name="Workers").click()
        await expect(page.get_by_text(re.compile(r"^2 alive, 0 chunks held"))).to_be_visible()
        rows = page.get_by_role("table", name="Workers").get_by_role("row")
        await expect(rows.filter(has_text="Alive")).to_have_count(2)  # another one was started in its place
        await expect(rows.filter(has_text=f"process {victim}")).to_have_count(0)
    phases = (await api.call("GET", f"/campaigns/{campaign.id}/phases")).body["phases"]
    for phase in phases:
        assert phase["processed"] == phase["total"] == sum(phase["outcomes"].values())
    assert phases[0]["total"] == NAMES


@pytest.mark.usefixtures("worker")
async def test_stay_while_the_server_is_restarted(
    chromium: Browser, key: NewKey, database: Database, principal: Principal, database_url: str, tmp_path: Path
) -> None:
    """The page is not loaded anew, says that it is offline, comes back by itself, and shows what it missed."""
    port = free_port()
    async with opened_window(chromium, f"http://127.0.0.1:{port}") as page:
        async with serving_process(tmp_path, database_url, port) as server:
            await until_there(page)
            campaign = await start(database, principal, a_slow_campaign())
            async with page.expect_response(re.compile("ActDialog-.*js")):  # loaded ahead
                await sign_in(page, key.secret)
                await page.evaluate(STAYS)
                await page.get_by_role("link", name=campaign.name).click()
            await expect(phase_of(page, "DNS validation")).to_contain_text("Running")
            server.kill()
            await expect(page.get_by_role("status").filter(has_text="Offline")).to_be_visible()
        await page.get_by_role("button", name="Pause").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Why").fill("to see what happens")
        await dialog.get_by_role("button", name="Pause", exact=True).click()
        await expect(dialog.get_by_role("alert")).to_contain_text("The server does not answer. Nothing is lost")
        async with serving_process(tmp_path, database_url, port):
            await expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()
            await expect(dialog.get_by_label("Why")).to_have_value("to see what happens")
            await dialog.get_by_role("button", name="Leave it").click()
            await expect(phase_of(page, "Analysis")).to_contain_text("Completed")
            await expect(page.get_by_role("region", name="From names to leads")).to_contain_text("600")
            assert await page.evaluate("window.wasLoadedOnce")


async def until_there(page: Page) -> None:
    """The server is on its way; asks ten times a second."""
    while True:
        with contextlib.suppress(Exception):
            await page.goto("/health/ready")
            return
        await asyncio.sleep(0.1)


async def test_see_that_the_network_is_gone_and_comes_back(door: Page, key: NewKey) -> None:
    page = door
    async with page.expect_response(re.compile("WorkersPage-.*js")):  # loaded ahead, when there was nothing else to do
        await sign_in(page, key.secret)
    live = page.get_by_role("status").filter(has_text="Live")
    await expect(live).to_be_visible()
    await page.context.set_offline(True)
    await expect(page.get_by_role("status").filter(has_text="Offline")).to_be_visible(timeout=NOTICED_MILLISECONDS_MAX)
    await page.get_by_role("link", name="Workers").click()
    await expect(page.get_by_role("alert")).to_contain_text("The server does not answer. Nothing is lost")
    await page.context.set_offline(False)
    await expect(live).to_be_visible()
    await expect(page.get_by_role("heading", name="No worker was heard of lately")).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_be_sent_to_the_door_when_the_key_is_revoked(door: Page, api: Caller) -> None:
    made = (await api.call("POST", "/keys", json={"name": "for a day", "scopes": ["read"]})).body
    await sign_in(door, made["secret"])
    await expect(door.get_by_role("status").filter(has_text="Live")).to_be_visible()
    assert (await api.call("DELETE", f"/keys/{made['id']}")).status == 204
    await expect(heading(door, "Sign in to Phaseline")).to_be_visible()
    await expect(door.get_by_role("alert")).to_have_text("Your session has ended. Sign in again with a key.")


async def test_confirm_what_has_moved_meanwhile(
    page: Page, api: Caller, database: Database, principal: Principal
) -> None:
    """What was agreed to is done to what was seen, or to nothing: here somebody else cancelled first."""
    campaign = await start(database, principal, a_slow_campaign())
    await visit(page, f"/campaigns/{campaign.id}")
    await page.get_by_role("button", name="Pause").click()
    await api.call("POST", f"/campaigns/{campaign.id}/cancel")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Pause", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_be_visible()
    await dialog.get_by_role("button", name="Leave it").click()
    await expect(phase_of(page, "Domain generation")).to_contain_text("Cancelled")
    await do(page, "Retry")
    await expect(phase_of(page, "Domain generation")).to_contain_text("Running")
