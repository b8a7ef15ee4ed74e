"""What each phase writes to PostgreSQL's log, where it is written for others: as a standby or an archive needs it."""

from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from loadtest.bench import carrying
from loadtest.bench.carrying import installed
from loadtest.scaling.worlds import NEAR, configuration_in
from service.access.model import Principal
from service.campaigns.model import PHASES, CreateCampaign
from service.postgres.database import Database, open_database
from service.postgres.embedded import embedded_postgres
from service.progress.events import CampaignPhase
from service.settings import Settings

FIND_PLACE = "SELECT pg_current_wal_insert_lsn()"  # in bytes


class Logged(msgspec.Struct, frozen=True):
    """Bytes that a phase wrote, for each domain that it carried."""

    phase: CampaignPhase
    domains: int
    byte_count: int

    @property
    def bytes_each(self) -> float:
        return self.byte_count / self.domains


async def measure_logging(folder: Path, names: int, sandbox: Settings) -> tuple[Logged, ...]:
    """One campaign, one worker, all phases, after a checkpoint: pages that are touched anew are logged whole."""
    async with embedded_postgres(folder) as server:
        owner = await asyncpg.connect(**server.connect_arguments)
        await owner.execute("ALTER SYSTEM SET wal_level = 'replica'")
        await owner.close()
    async with (
        installed(folder) as installation,
        installation.copy() as url,
        open_database(url, connections_max=carrying.CONNECTIONS_MAX) as database,
    ):
        wanted = CreateCampaign(name="logged", initial_phase=PHASES[0], configuration=configuration_in(NEAR, 1, names))
        campaign_id = await carrying.create(database, installation.principal, wanted)
        return tuple(
            [await measure_phase(database, installation.principal, campaign_id, phase, sandbox) for phase in PHASES]
        )


async def measure_phase(
    database: Database, principal: Principal, campaign_id: UUID, phase: CampaignPhase, sandbox: Settings
) -> Logged:
    begun = await database.pool.fetchval(FIND_PLACE)
    carried = await carrying.carry(database, principal, campaign_id, phase, sandbox)
    return Logged(phase, carried.total, await database.pool.fetchval(FIND_PLACE) - begun)
