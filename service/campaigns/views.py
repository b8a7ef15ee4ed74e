"""Answers about campaigns; nothing is locked or written."""

from uuid import UUID

from service.access.model import Principal
from service.campaigns import rules, store
from service.campaigns.model import (
    Campaign,
    CampaignPage,
    PhaseError,
    PhaseRun,
    Phases,
    TransitionPage,
)
from service.campaigns.outcomes import labelled
from service.campaigns.store import Run
from service.errors import NotFound
from service.postgres.database import Tx
from service.progress.events import CampaignPhase, PhaseStatus, eta_seconds
from service.web.paging import decode_cursor, encode_cursor, split_page


async def get_campaign(tx: Tx, principal: Principal, campaign_id: UUID) -> Campaign:
    campaign = await store.find_campaign(tx, principal.tenant_id, campaign_id)
    if campaign is None:
        raise NotFound("campaign_not_found", "There is no such campaign.")
    return campaign


async def list_campaigns(
    tx: Tx,
    principal: Principal,
    *,
    cursor: str | None,
    phase: CampaignPhase | None,
    status: PhaseStatus | None,
    limit: int,
) -> CampaignPage:
    scope = ("campaigns", principal.tenant_id, phase, status)
    before = await decode_cursor(tx, scope, cursor, UUID)
    found = await store.list_campaigns(
        tx, principal.tenant_id, before=before, phase=phase, status=status, limit=limit + 1
    )
    items, more = split_page(found, limit)
    return CampaignPage(tuple(items), await encode_cursor(tx, scope, items[-1].id) if more else None)


async def get_phases(tx: Tx, principal: Principal, campaign_id: UUID) -> Phases:
    campaign = await get_campaign(tx, principal, campaign_id)
    runs = await store.list_newest_runs(tx, campaign_id)
    state = rules.State(campaign.initial_phase, campaign.current_phase, campaign.phase_status)
    return Phases(
        current_phase=campaign.current_phase,
        phase_status=campaign.phase_status,
        available_transitions=rules.available_transitions(state),
        phases=tuple(phase_run(state, phase, runs.get(phase)) for phase in rules.phases_of(state.initial)),
    )


async def list_transitions(
    tx: Tx, principal: Principal, campaign_id: UUID, *, cursor: str | None, limit: int
) -> TransitionPage:
    await get_campaign(tx, principal, campaign_id)
    scope = ("transitions", campaign_id)
    before = await decode_cursor(tx, scope, cursor, int)
    found = await store.list_transitions(tx, campaign_id, before, limit + 1)
    items, more = split_page(found, limit)
    return TransitionPage(tuple(items), await encode_cursor(tx, scope, items[-1].id) if more else None)


def phase_run(state: rules.State, phase: CampaignPhase, run: Run | None) -> PhaseRun:
    """A phase as it stands; one that was never started, or whose results are stale, is pending."""
    if run is None:
        return never_started(phase, state.status if phase is state.phase else PhaseStatus.PENDING)
    status = PhaseStatus.PENDING if run.stale else run.status
    counts = run.counts
    return PhaseRun(
        phase=phase,
        phase_status=status,
        progress=counts.percent,
        total=counts.total,
        processed=counts.processed,
        succeeded=counts.succeeded,
        negative=counts.negative,
        failed=counts.failed,
        outcomes=labelled(phase, run.outcomes),
        shortfall=run.shortfall,
        rate_per_second=run.rate_per_second,
        eta_seconds=eta_seconds(counts, status, run.rate_per_second),
        stale=run.stale,
        number=run.number,
        started_at=run.started_at,
        finished_at=run.finished_at,
        error=None if run.error_code is None else PhaseError(run.error_code, run.error_message or ""),
    )


def never_started(phase: CampaignPhase, status: PhaseStatus) -> PhaseRun:
    return PhaseRun(
        phase=phase,
        phase_status=status,
        progress=0.0,
        total=0,
        processed=0,
        succeeded=0,
        negative=0,
        failed=0,
        outcomes=labelled(phase, ()),
        shortfall=0,
        rate_per_second=0.0,
        eta_seconds=None,
        stale=False,
        number=0,
        started_at=None,
        finished_at=None,
        error=None,
    )
