"""Lists that go in, and files that come out."""

import io
from pathlib import Path

import pyarrow.parquet
import pytest
from playwright.async_api import JSHandle, Page, expect

from service.campaigns.model import Campaign
from service.postgres.database import Database
from tests.browser.visiting import heading, visit
from tests.clients.typescript.test_page import HOLD_REJECTS
from tests.world import Caller

NAMES, REPEATED = 40_000, 500
BAD = "no name at all\n192.0.2.1\n"
UPLOAD_BYTES_PER_SECOND = 300_000  # so that a list of some 600 kB is seen on its way

CARRIED = """([text, name]) => {
    const carried = new DataTransfer()
    carried.items.add(new File([text], name))
    return carried
}"""


# Each value that a bar of sending has stood at, written down by the page itself: a look from outside comes too late.
WATCH_BARS = """() => {
    window.sent = new Set()
    const look = () => {
        const bar = document.querySelector('[role="progressbar"][aria-label^="Sending"]')
        if (bar) window.sent.add(bar.getAttribute('aria-valuenow'))
    }
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true })
}"""


async def carried_file(page: Page, text: str, name: str) -> JSHandle:
    """A file as somebody drags it over the page."""
    return await page.evaluate_handle(CARRIED, [text, name])


async def drop(page: Page, text: str, name: str = "names.txt") -> None:
    zone = page.get_by_text("Drop a list here").locator("..")
    carried = await carried_file(page, text, name)
    await zone.dispatch_event("dragover", {"dataTransfer": carried})
    await zone.dispatch_event("drop", {"dataTransfer": carried})


async def create_campaign_of_a_list(page: Page) -> None:
    await visit(page, "/campaigns/new")
    await page.get_by_label("Name", exact=True).fill("our own names")
    await page.get_by_label("A list, to be resolved").check()
    await page.get_by_role("button", name="Create the campaign").click()
    await expect(heading(page, "our own names")).to_be_visible()


def the_list() -> str:
    names = [f"WWW.Shop{number}.com" for number in range(NAMES)]
    return "\n".join([*names, *names[:REPEATED]]) + "\n" + BAD


async def test_bring_in_a_list_by_drag_and_drop(page: Page, api: Caller) -> None:
    await create_campaign_of_a_list(page)
    wire = await page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": UPLOAD_BYTES_PER_SECOND}
    await wire.send("Network.emulateNetworkConditions", slow)
    await page.evaluate(WATCH_BARS)
    await drop(page, the_list())
    receipt = page.get_by_role("status").filter(has_text="Names taken")
    await expect(receipt).to_be_visible()
    assert len(await page.evaluate("[...window.sent]")) > 2
    await expect(receipt).to_contain_text("Names taken40,000")
    await expect(receipt).to_contain_text("Twice500")
    await expect(receipt).to_contain_text("line 40,501no name at allit holds a blank")
    async with page.expect_download() as saving:
        await receipt.get_by_role("link", name="Save all 2 rejected lines").click()
    assert b'"line":40501' in read(await (await saving.value).path())
    await expect(page.get_by_role("button", name="Start DNS validation")).to_be_visible()

    (campaign,) = (await api.call("GET", "/campaigns")).body["items"]
    (told,) = (await api.call("GET", f"/campaigns/{campaign['id']}/domains/import")).body["items"]
    assert (told["accepted"], told["duplicates"], told["rejectedCount"]) == (NAMES, REPEATED, 2)


async def test_call_off_a_list_on_its_way(page: Page, api: Caller, database: Database) -> None:
    await create_campaign_of_a_list(page)
    async with database.transaction() as tx:
        await tx.execute(HOLD_REJECTS)  # the list is read, and waits to be merged
        await drop(page, the_list())
        sending = page.get_by_role("status").filter(has_text="names.txt")
        await expect(sending).to_contain_text("Sent; the server makes names of it …")
        await sending.get_by_role("button", name="Call it off").click()
        await expect(page.get_by_text("Drop a list here")).to_be_visible()
    (campaign,) = (await api.call("GET", "/campaigns")).body["items"]
    assert (await api.call("GET", f"/campaigns/{campaign['id']}/domains")).body["items"] == []


async def test_be_told_what_is_wrong_with_a_list(page: Page) -> None:
    await create_campaign_of_a_list(page)
    for name, text, told in (
        ("names.csv.gz", "this is no gzip", "gzip"),
        ("names.txt", "", "The list holds no name that can be used."),
        ("names.ndjson", "{not json}\n", "The list holds no name that can be used."),
    ):
        await drop(page, text, name)
        await expect(page.get_by_role("region", name="Bring names in")).to_contain_text(told)
        await expect(page.get_by_text("Drop a list here")).to_be_visible()


@pytest.mark.parametrize("kind", ["CSV", "NDJSON", "Parquet"])
async def test_save_domains_as_a_file(page: Page, api: Caller, finished: Campaign, kind: str) -> None:
    """The file holds what the API exports, of those that are shown and no others."""
    await visit(page, f"/campaigns/{finished.id}/domains?dns=absent")
    async with page.expect_download() as saving:
        await page.get_by_role("group", name="Save as a file").get_by_role("link", name=kind).click()
    saved = await saving.value
    assert saved.suggested_filename == f"domains-{finished.id}.{kind.lower()}"
    data = read(await saved.path())
    path = f"/campaigns/{finished.id}/domains/export?format={kind.lower()}&dnsOutcome=absent"
    assert data == (await api.call("GET", path)).body
    absent = (await api.call("GET", f"/campaigns/{finished.id}/phases")).body["phases"][1]["outcomes"]["absent"]
    assert rows_in(data, kind) == absent > 0


def read(file: Path) -> bytes:
    return file.read_bytes()


def rows_in(data: bytes, kind: str) -> int:
    if kind == "Parquet":
        return int(pyarrow.parquet.read_table(io.BytesIO(data)).num_rows)
    return data.decode().count("absent")
