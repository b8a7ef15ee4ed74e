# Made from the contract by `make client-python`; a change here is lost.

"""The operations of `campaigns`."""

from uuid import UUID

from phaseline_client.generated.calls import campaigns as calls
from phaseline_client.generated.mirrored.server import Server
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


class Campaigns:
    """What was asked for, and where each phase stands."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def create_campaign(self, body: CreateCampaign, *, idempotency_key: str | None = None) -> Campaign:
        """Create a campaign; it starts with its first transition.

        Refused as Invalid, Conflict.
        """
        return self._server.ask(calls.create_campaign(body, idempotency_key=idempotency_key))

    def list_campaigns(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        current_phase: CampaignPhase | None = None,
        phase_status: PhaseStatus | None = None,
    ) -> CampaignPage:
        """List campaigns, newest first.

        `cursor`: `nextCursor` of the page before.
        `limit`: Left out: 50.

        Refused as Invalid.
        """
        return self._server.ask(
            calls.list_campaigns(cursor=cursor, limit=limit, current_phase=current_phase, phase_status=phase_status)
        )

    def get_campaign(self, campaign_id: UUID) -> Campaign:
        """Get one campaign.

        Refused as NotFound.
        """
        return self._server.ask(calls.get_campaign(campaign_id))

    def update_campaign(
        self,
        campaign_id: UUID,
        body: UpdateCampaign,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Campaign:
        """Change a campaign's name, and the configuration of phases that are not under way.

        `if_match`: The ETag that was read last.

        Refused as Invalid, NotFound, Conflict, PreconditionFailed.
        """
        return self._server.ask(
            calls.update_campaign(campaign_id, body, if_match=if_match, idempotency_key=idempotency_key)
        )

    def delete_campaign(
        self, campaign_id: UUID, *, if_match: str | None = None, idempotency_key: str | None = None
    ) -> DeletedCampaign:
        """Delete a campaign, whatever it is doing: it is gone at once, its rows go in the background.

        `if_match`: The ETag that was read last.

        Refused as NotFound, Conflict, PreconditionFailed, Invalid.
        """
        return self._server.ask(calls.delete_campaign(campaign_id, if_match=if_match, idempotency_key=idempotency_key))

    def transition_campaign(
        self,
        campaign_id: UUID,
        body: TransitionCampaign,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Campaign:
        """Start a phase, or run one again.

        `if_match`: The ETag that was read last.

        Refused as Invalid, NotFound, Conflict, PreconditionFailed.
        """
        return self._server.ask(
            calls.transition_campaign(campaign_id, body, if_match=if_match, idempotency_key=idempotency_key)
        )

    def get_phases(self, campaign_id: UUID) -> Phases:
        """Tell where each phase of a campaign stands, and what a transition may ask for.

        Refused as NotFound.
        """
        return self._server.ask(calls.get_phases(campaign_id))

    def list_transitions(
        self, campaign_id: UUID, *, cursor: str | None = None, limit: int | None = None
    ) -> TransitionPage:
        """List who or what moved a campaign, newest first.

        `cursor`: `nextCursor` of the page before.
        `limit`: Left out: 50.

        Refused as Invalid, NotFound.
        """
        return self._server.ask(calls.list_transitions(campaign_id, cursor=cursor, limit=limit))

    def pause_campaign(
        self,
        campaign_id: UUID,
        body: CommandReason | None = None,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Campaign:
        """Pause the running phase; unfinished domains wait.

        `if_match`: The ETag that was read last.

        Refused as Invalid, NotFound, Conflict, PreconditionFailed.
        """
        return self._server.ask(
            calls.pause_campaign(campaign_id, body, if_match=if_match, idempotency_key=idempotency_key)
        )

    def resume_campaign(
        self,
        campaign_id: UUID,
        body: CommandReason | None = None,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Campaign:
        """Let a paused phase go on.

        `if_match`: The ETag that was read last.

        Refused as Invalid, NotFound, Conflict, PreconditionFailed.
        """
        return self._server.ask(
            calls.resume_campaign(campaign_id, body, if_match=if_match, idempotency_key=idempotency_key)
        )

    def cancel_campaign(
        self,
        campaign_id: UUID,
        body: CommandReason | None = None,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Campaign:
        """Cancel the current phase; what is done stays.

        `if_match`: The ETag that was read last.

        Refused as Invalid, NotFound, Conflict, PreconditionFailed.
        """
        return self._server.ask(
            calls.cancel_campaign(campaign_id, body, if_match=if_match, idempotency_key=idempotency_key)
        )

    def retry_campaign(
        self,
        campaign_id: UUID,
        body: CommandReason | None = None,
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Campaign:
        """Run again what failed and can be retried, and what is unfinished.

        `if_match`: The ETag that was read last.

        Refused as Invalid, NotFound, Conflict, PreconditionFailed.
        """
        return self._server.ask(
            calls.retry_campaign(campaign_id, body, if_match=if_match, idempotency_key=idempotency_key)
        )

    def explain_campaign(self, campaign_id: UUID) -> Explanation:
        """Tell why a campaign moves, waits or stands.

        Refused as NotFound.
        """
        return self._server.ask(calls.explain_campaign(campaign_id))
