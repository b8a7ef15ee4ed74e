# Made from the contract by `make client-python`; a change here is lost.

"""What the operations of `campaigns` ask."""

from uuid import UUID

from phaseline_client.calls import Call, Manner, encoded, given, segment
from phaseline_client.generated.models import (
    Campaign,
    CampaignPage,
    CampaignPhase,
    CommandReason,
    CreateCampaign,
    DeletedCampaign,
    Explanation,
    Phases,
    PhaseStatus,
    TransitionCampaign,
    TransitionPage,
    UpdateCampaign,
)


def create_campaign(body: CreateCampaign, *, idempotency_key: str | None = None) -> Call[Campaign]:
    return Call(
        method="POST",
        path="/campaigns",
        answer=Campaign,
        manner=Manner.COMMAND,
        headers=given(("Idempotency-Key", idempotency_key)),
        body=encoded(body),
    )


def list_campaigns(
    *,
    cursor: str | None = None,
    limit: int | None = None,
    current_phase: CampaignPhase | None = None,
    phase_status: PhaseStatus | None = None,
) -> Call[CampaignPage]:
    return Call(
        method="GET",
        path="/campaigns",
        answer=CampaignPage,
        manner=Manner.READING,
        query=given(
            ("cursor", cursor), ("limit", limit), ("currentPhase", current_phase), ("phaseStatus", phase_status)
        ),
    )


def get_campaign(campaign_id: UUID) -> Call[Campaign]:
    return Call(method="GET", path=f"/campaigns/{segment(campaign_id)}", answer=Campaign, manner=Manner.READING)


def update_campaign(
    campaign_id: UUID, body: UpdateCampaign, *, if_match: str | None = None, idempotency_key: str | None = None
) -> Call[Campaign]:
    return Call(
        method="PATCH",
        path=f"/campaigns/{segment(campaign_id)}",
        answer=Campaign,
        manner=Manner.COMMAND,
        headers=given(("If-Match", if_match), ("Idempotency-Key", idempotency_key)),
        body=encoded(body),
    )


def delete_campaign(
    campaign_id: UUID, *, if_match: str | None = None, idempotency_key: str | None = None
) -> Call[DeletedCampaign]:
    return Call(
        method="DELETE",
        path=f"/campaigns/{segment(campaign_id)}",
        answer=DeletedCampaign,
        manner=Manner.COMMAND,
        headers=given(("If-Match", if_match), ("Idempotency-Key", idempotency_key)),
    )


def transition_campaign(
    campaign_id: UUID, body: TransitionCampaign, *, if_match: str | None = None, idempotency_key: str | None = None
) -> Call[Campaign]:
    return Call(
        method="PUT",
        path=f"/campaigns/{segment(campaign_id)}/transition",
        answer=Campaign,
        manner=Manner.COMMAND,
        headers=given(("If-Match", if_match), ("Idempotency-Key", idempotency_key)),
        body=encoded(body),
    )


def get_phases(campaign_id: UUID) -> Call[Phases]:
    return Call(method="GET", path=f"/campaigns/{segment(campaign_id)}/phases", answer=Phases, manner=Manner.READING)


def list_transitions(campaign_id: UUID, *, cursor: str | None = None, limit: int | None = None) -> Call[TransitionPage]:
    return Call(
        method="GET",
        path=f"/campaigns/{segment(campaign_id)}/transitions",
        answer=TransitionPage,
        manner=Manner.READING,
        query=given(("cursor", cursor), ("limit", limit)),
    )


def pause_campaign(
    campaign_id: UUID,
    body: CommandReason | None = None,
    *,
    if_match: str | None = None,
    idempotency_key: str | None = None,
) -> Call[Campaign]:
    return Call(
        method="POST",
        path=f"/campaigns/{segment(campaign_id)}/pause",
        answer=Campaign,
        manner=Manner.COMMAND,
        headers=given(("If-Match", if_match), ("Idempotency-Key", idempotency_key)),
        body=encoded(body),
    )


def resume_campaign(
    campaign_id: UUID,
    body: CommandReason | None = None,
    *,
    if_match: str | None = None,
    idempotency_key: str | None = None,
) -> Call[Campaign]:
    return Call(
        method="POST",
        path=f"/campaigns/{segment(campaign_id)}/resume",
        answer=Campaign,
        manner=Manner.COMMAND,
        headers=given(("If-Match", if_match), ("Idempotency-Key", idempotency_key)),
        body=encoded(body),
    )


def cancel_campaign(
    campaign_id: UUID,
    body: CommandReason | None = None,
    *,
    if_match: str | None = None,
    idempotency_key: str | None = None,
) -> Call[Campaign]:
    return Call(
        method="POST",
        path=f"/campaigns/{segment(campaign_id)}/cancel",
        answer=Campaign,
        manner=Manner.COMMAND,
        headers=given(("If-Match", if_match), ("Idempotency-Key", idempotency_key)),
        body=encoded(body),
    )


def retry_campaign(
    campaign_id: UUID,
    body: CommandReason | None = None,
    *,
    if_match: str | None = None,
    idempotency_key: str | None = None,
) -> Call[Campaign]:
    return Call(
        method="POST",
        path=f"/campaigns/{segment(campaign_id)}/retry",
        answer=Campaign,
        manner=Manner.COMMAND,
        headers=given(("If-Match", if_match), ("Idempotency-Key", idempotency_key)),
        body=encoded(body),
    )


def explain_campaign(campaign_id: UUID) -> Call[Explanation]:
    return Call(
        method="GET", path=f"/campaigns/{segment(campaign_id)}/explain", answer=Explanation, manner=Manner.READING
    )
