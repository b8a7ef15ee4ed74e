"""The TypeScript client in a page of the server's own, in Chromium: let in by its session, with no key."""

from pathlib import Path

import pytest

from service.access.engine import Admissions
from service.access.model import NewKey, Principal
from service.campaigns.model import Campaign
from service.postgres.database import Database
from service.postgres.queries import Query
from tests.clients.typescript.browser import needs_chromium, opened_page
from tests.clients.typescript.freezing import on_ice
from tests.clients.typescript.test_watching import NOTICED_SECONDS_MAX, SILENCE_SECONDS, count_up
from tests.contracts.node.running import needs_node
from tests.served import serving
from tests.world import a_campaign, start

pytestmark = [needs_node, needs_chromium, pytest.mark.timeout(240)]

NAMES, REJECTED = 1_800, 200
QUIET_SECONDS = 15
HOLD_REJECTS = Query("test.hold_rejects", "LOCK TABLE import_rejects IN SHARE MODE")


@pytest.fixture
async def campaign(database: Database, principal: Principal) -> Campaign:
    return await start(database, principal, a_campaign(1_000))


async def test_a_session_lets_the_page_in_and_its_end_shuts_it_out(
    built: Path, database_url: str, database: Database, key: NewKey, campaign: Campaign, tmp_path: Path
) -> None:
    admissions = Admissions(database)
    async with (
        serving(database_url, admissions=admissions) as served,
        opened_page(served, built, tmp_path) as page,
    ):
        page.begin("createCampaign")
        assert await page.until_said("refused") == ["Unauthenticated", "key_missing"]
        page.begin("watchWithKey", key.secret)
        assert await page.until_said("refused") == ["Unauthenticated", "key_missing"]
        await page.take("openSession", key.secret)
        assert await page.take("readCookies") == ""
        made = await page.take("createCampaign")
        assert await page.take("getCampaign", made["id"]) == made
        await page.take("watch", QUIET_SECONDS)
        assert {(await page.until_said("told"))["campaignId"] for _ in range(2)} == {made["id"], str(campaign.id)}
        await count_up(database, campaign, 5)
        await page.until_processed(5)
        await page.take("closeSession")
        await admissions.tick()
        assert await page.until_said("ended") == ["ChannelRefused", "closed_1008"]
        page.begin("getCampaign", made["id"])
        assert await page.until_said("refused") == ["Unauthenticated", "key_missing"]


async def test_lists_go_in_and_files_come_out(
    built: Path, database_url: str, database: Database, key: NewKey, tmp_path: Path
) -> None:
    async with serving(database_url) as served, opened_page(served, built, tmp_path) as page:
        await page.take("openSession", key.secret)
        made = await page.take("createCampaign")
        async with database.transaction() as tx:
            await tx.execute(HOLD_REJECTS)  # the list is read, and waits to be merged
            page.begin("importBlob", made["id"])
            while (progress := await page.until_said("progress"))["lines"] < NAMES + REJECTED:
                pass
        assert 0 < progress["bytes"] == progress["totalBytes"]
        imported = await page.until_said("done")
        assert (imported["receipt"]["accepted"], imported["rejects"]) == (NAMES, REJECTED)
        again = await page.take("importStream", made["id"])
        assert (again["receipt"]["duplicates"], again["rejects"]) == (NAMES, REJECTED)
        exported = await page.take("exportDomains", made["id"])
        assert exported.endswith(f"# complete rows={NAMES}\r\n")


async def test_a_connection_that_freezes_is_left(
    built: Path, database_url: str, database: Database, key: NewKey, campaign: Campaign, tmp_path: Path
) -> None:
    async with (
        serving(database_url) as served,
        on_ice(served.base_url) as ice,
        opened_page(served, built, tmp_path, ice.url) as page,
    ):
        await page.take("openSession", key.secret)
        await page.take("watch", SILENCE_SECONDS)
        await page.until_processed(0)
        ice.freeze()
        await count_up(database, campaign, 5)
        assert await page.until_said("away", NOTICED_SECONDS_MAX) == "server_silent"
        await page.until_processed(5)
