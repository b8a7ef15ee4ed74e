"""A migration of a later version, applied while this one runs: it goes on, and does not start anew."""

import pytest

from service import assembly
from service.access.model import Principal
from service.campaigns.model import Advance
from service.errors import Unavailable
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from tests.pipelines.test_worker import check
from tests.world import a_campaign, running_sandbox, running_worker, start, transition, until

LATER = """
    ALTER TABLE workers ADD COLUMN later text;
    ALTER TABLE phase_runs ADD COLUMN later integer NOT NULL DEFAULT 0;
    CREATE TABLE later (id integer PRIMARY KEY);
    INSERT INTO schema_migrations (number, name, checksum) VALUES (9999, 'later', 'x')
"""


async def test_who_runs_goes_on_and_nobody_starts(database: Database, principal: Principal) -> None:
    await assembly.check_schema(database.url)
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        campaign = await start(database, principal, a_campaign(300, advance=Advance.MANUAL))
        await until(database, principal, campaign.id, CampaignPhase.DOMAIN_GENERATION, PhaseStatus.COMPLETED)
        await database.pool.execute(LATER)
        for phase in (CampaignPhase.DNS_VALIDATION, CampaignPhase.HTTP_VALIDATION, CampaignPhase.ANALYSIS):
            await transition(database, principal, campaign.id, phase)
            await until(database, principal, campaign.id, phase, PhaseStatus.COMPLETED)
        await check(database, campaign.id)
    with pytest.raises(Unavailable) as refused:
        await assembly.check_schema(database.url)
    assert refused.value.code == "schema_outdated"
