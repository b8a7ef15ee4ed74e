"""Tell watchers, inside the transaction that changed a campaign: write its newest state and ring the bell."""

from uuid import UUID

from service.postgres.database import Tx
from service.postgres.queries import load_queries
from service.progress.events import CampaignPhase, PhaseCounts, PhaseStatus

SQL = load_queries("service.progress")
UPSERT_PROGRESS_STATE = SQL["upsert_progress_state"]
MARK_STATE_DELETED = SQL["mark_state_deleted"]

BELL = "campaign_progress_changed"


async def announce(
    tx: Tx,
    *,
    campaign_id: UUID,
    tenant_id: UUID,
    phase: CampaignPhase,
    status: PhaseStatus,
    counts: PhaseCounts,
    rate_per_second: float,
) -> None:
    """Write the newest state under its own row lock, which also gives `sequence` its order of commit."""
    await tx.execute(
        UPSERT_PROGRESS_STATE,
        campaign_id,
        tenant_id,
        phase,
        status,
        counts.processed,
        counts.total,
        counts.succeeded,
        counts.negative,
        counts.failed,
        rate_per_second,
        tx.now,
    )
    await tx.ring(BELL)


async def announce_deletion(tx: Tx, campaign_id: UUID) -> None:
    """The last that watchers hear of a campaign."""
    await tx.execute(MARK_STATE_DELETED, campaign_id, tx.now)
    await tx.ring(BELL)
