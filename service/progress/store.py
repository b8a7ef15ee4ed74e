"""The newest states, read for the hub."""

from uuid import UUID

import asyncpg

from service.postgres.database import Tx
from service.progress.announce import SQL
from service.progress.events import CampaignPhase, CampaignProgress, PhaseCounts, PhaseStatus, eta_seconds

FIND_HORIZON = SQL["find_horizon"]
LIST_CHANGED_STATES = SQL["list_changed_states"]
LIST_STATES_OF_CAMPAIGNS = SQL["list_states_of_campaigns"]
LIST_STATES_OF_TENANT = SQL["list_states_of_tenant"]


async def find_horizon(tx: Tx) -> str:
    """The oldest transaction that may still be writing: what is older is visible."""
    return str(await tx.value(FIND_HORIZON))


async def list_changed_states(tx: Tx, horizon: str) -> list[tuple[UUID, CampaignProgress]]:
    """States written at or after the horizon, each with its tenant; some may have been seen before."""
    rows = await tx.fetch(LIST_CHANGED_STATES, horizon)
    return [(row["tenant_id"], progress_of(row)) for row in rows]


async def list_states_of_campaigns(tx: Tx, tenant_id: UUID, campaign_ids: list[UUID]) -> list[CampaignProgress]:
    return [progress_of(row) for row in await tx.fetch(LIST_STATES_OF_CAMPAIGNS, tenant_id, campaign_ids)]


async def list_states_of_tenant(tx: Tx, tenant_id: UUID, limit: int) -> list[CampaignProgress]:
    return [progress_of(row) for row in await tx.fetch(LIST_STATES_OF_TENANT, tenant_id, limit)]


def progress_of(row: asyncpg.Record) -> CampaignProgress:
    counts = PhaseCounts(row["total_count"], row["succeeded_count"], row["negative_count"], row["failed_count"])
    status = PhaseStatus(row["phase_status"])
    rate = row["rate_per_second"]
    return CampaignProgress(
        campaign_id=row["campaign_id"],
        phase=CampaignPhase(row["phase"]),
        phase_status=status,
        sequence=row["sequence"],
        progress=0.0 if status is PhaseStatus.PENDING else counts.percent,
        processed=counts.processed,
        total=counts.total,
        succeeded=counts.succeeded,
        negative=counts.negative,
        failed=counts.failed,
        rate_per_second=rate,
        eta_seconds=eta_seconds(counts, status, rate),
        occurred_at=row["occurred_at"],
        deleted=row["deleted"],
    )
