"""Moves a campaign: where it stands is written, the audit trail gets its line, and watchers are told."""

import msgspec

from service.campaigns import rules, store
from service.campaigns.model import TransitionCause
from service.campaigns.store import StoredCampaign
from service.postgres.database import Tx
from service.progress.announce import announce
from service.progress.events import CampaignPhase, PhaseCounts, PhaseStatus

CHUNKS_BELL = "chunks_changed"
SYSTEM_ACTOR = "phaseline"


class Cause(msgspec.Struct, frozen=True):
    """Why a campaign is moved, for the audit trail."""

    command: str
    kind: TransitionCause
    reason: str
    actor: str


async def move(
    tx: Tx, campaign: StoredCampaign, phase: CampaignPhase, status: PhaseStatus, cause: Cause
) -> StoredCampaign:
    """Write where the campaign stands now, and the audit trail's line."""
    await store.update_campaign_state(tx, campaign.id, phase, status)
    await audit(tx, campaign, phase, status, cause)
    return msgspec.structs.replace(campaign, phase=phase, status=status, version=campaign.version + 1)


async def audit(tx: Tx, campaign: StoredCampaign, phase: CampaignPhase, status: PhaseStatus, cause: Cause) -> None:
    await store.insert_transition(
        tx,
        campaign,
        command=cause.command,
        phase=phase,
        status=status,
        cause=cause.kind,
        reason=cause.reason,
        actor=cause.actor,
    )


async def announce_state(
    tx: Tx,
    campaign: StoredCampaign,
    phase: CampaignPhase,
    status: PhaseStatus,
    *,
    counts: PhaseCounts,
    rate: float = 0.0,
) -> None:
    await announce(
        tx,
        campaign_id=campaign.id,
        tenant_id=campaign.tenant_id,
        phase=phase,
        status=status,
        counts=counts,
        rate_per_second=rate,
    )


def state_of(campaign: StoredCampaign) -> rules.State:
    return rules.State(campaign.initial_phase, campaign.phase, campaign.status)
