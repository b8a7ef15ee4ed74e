"""Campaigns that have rested for long enough are deleted, as if somebody had asked for it."""

from datetime import timedelta
from uuid import UUID

import pytest

from service import assembly
from service.access.model import Principal
from service.campaigns import commands
from service.campaigns.views import get_campaign
from service.errors import NotFound
from service.postgres.database import Database
from service.settings import Settings
from tests.world import a_campaign, start

MONTH = Settings(campaigns_days=30)


async def cancelled(database: Database, principal: Principal) -> UUID:
    campaign = await start(database, principal, a_campaign())
    async with database.transaction() as tx:
        await commands.cancel_campaign(tx, principal, campaign.id, "enough", None)
    return campaign.id


async def test_what_ended_long_ago_is_deleted(database: Database, principal: Principal, stranger: Principal) -> None:
    """Of every tenant; what is under way, or was touched lately, stays."""
    old = [await cancelled(database, principal), await cancelled(database, stranger)]
    running = (await start(database, principal, a_campaign())).id
    database.clock_offset += timedelta(days=29)
    assert await assembly.forget_what_is_old(database, MONTH) == 0
    database.clock_offset += timedelta(days=2)
    recent = await cancelled(database, principal)
    assert await assembly.forget_what_is_old(database, Settings()) == 0
    assert await assembly.forget_what_is_old(database, MONTH) == 2
    assert await assembly.forget_what_is_old(database, MONTH) == 0
    async with database.transaction() as tx:
        for campaign_id in (running, recent):
            await get_campaign(tx, principal, campaign_id)
        with pytest.raises(NotFound):
            await get_campaign(tx, principal, old[0])
        with pytest.raises(NotFound):
            await get_campaign(tx, stranger, old[1])
    rows = await database.pool.fetch("SELECT actor, target FROM acts WHERE act = 'campaign_deleted'")
    assert {(row["actor"], row["target"]) for row in rows} == {("phaseline", str(each)) for each in old}
    assert await database.pool.fetchval("SELECT count(*) FROM retired_sets") == 2, "their rows go in the background"
