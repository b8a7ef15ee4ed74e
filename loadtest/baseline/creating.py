"""A campaign of the old system, as its API made one: of the type lead_generation, which goes through all phases."""

from uuid import UUID, uuid4

import asyncpg

from loadtest.baseline.patterns import OldPattern
from loadtest.baseline.phases import JOB_TYPES
from loadtest.baseline.plans import GENERATION, PHASES
from loadtest.baseline.reading import SQL


async def create_campaign(connection: asyncpg.Connection, user_id: UUID, pattern: OldPattern, count: int) -> UUID:
    """A campaign that makes so many names, ready to be started."""
    campaign_id = uuid4()
    name = f"campaign {campaign_id}"
    async with connection.transaction():
        await connection.execute(SQL["insert_campaign"].text, campaign_id, name, user_id, count, pattern.config_hash)
        await connection.execute(
            SQL["insert_generation"].text,
            campaign_id,
            pattern.kind,
            pattern.length,
            pattern.characters,
            pattern.constant,
            pattern.tld,
            count,
            pattern.size,
        )
        await connection.execute(SQL["insert_phases"].text, campaign_id, list(PHASES))
        await connection.execute(SQL["insert_counters"].text, campaign_id)
    return campaign_id


async def start_campaign(connection: asyncpg.Connection, campaign_id: UUID) -> None:
    await connection.execute(SQL["insert_job"].text, campaign_id, JOB_TYPES[GENERATION])
