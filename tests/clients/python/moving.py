"""What happens to a campaign while it is watched."""

from service.access.model import Principal
from service.campaigns import commands, running
from service.campaigns.model import Campaign, ChunkCounts
from service.postgres.database import Database


async def count_up(database: Database, campaign: Campaign, succeeded: int) -> None:
    run_id = await database.pool.fetchval("SELECT run_id FROM phase_runs WHERE campaign_id = $1", campaign.id)
    async with database.transaction() as tx:
        await running.record_progress(tx, run_id, ChunkCounts(succeeded=succeeded, outcomes=(succeeded,)))


async def delete(database: Database, principal: Principal, campaign: Campaign) -> None:
    async with database.transaction() as tx:
        await commands.delete_campaign(tx, principal, campaign.id, None)
