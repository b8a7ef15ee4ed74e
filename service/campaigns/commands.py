"""What people ask of a campaign: lock, decide, write, announce; each in the one transaction that the edge opened."""

from datetime import timedelta
from typing import assert_never
from uuid import UUID

from msgspec import UNSET

from service.access.commands import note_act, note_act_of
from service.access.model import Act, ActDetail, Principal
from service.campaigns import rules, store
from service.campaigns.configuration import changed_configuration, check_configuration, list_changes
from service.campaigns.model import (
    PHASES,
    Campaign,
    Configuration,
    CreateCampaign,
    DeletedCampaign,
    TransitionCampaign,
    TransitionCause,
    UpdateCampaign,
)
from service.campaigns.moving import CHUNKS_BELL, SYSTEM_ACTOR, Cause, announce_state, move, state_of
from service.campaigns.outcomes import count_retryable
from service.campaigns.running import become, continue_phase, redo_phase, start_phase
from service.campaigns.store import StoredCampaign
from service.errors import NotFound, PreconditionFailed
from service.postgres.database import Tx
from service.progress.announce import announce_deletion
from service.progress.events import CampaignPhase, PhaseCounts, PhaseStatus
from service.runtime.tracing import span

RESTED_AT_A_TIME = 20  # campaigns that are deleted because they are old, in one step


def check_campaign(initial_phase: CampaignPhase, configuration: Configuration) -> None:
    """Refuse what no campaign can be made of (`Invalid`)."""
    rules.check_initial_phase(initial_phase)
    check_configuration(configuration)


async def create_campaign(tx: Tx, principal: Principal, request: CreateCampaign) -> Campaign:
    check_campaign(request.initial_phase, request.configuration)
    campaign = await store.insert_campaign(tx, principal.tenant_id, request)
    await note_act(tx, principal, Act.CAMPAIGN_CREATED, str(campaign.id), ActDetail(name=campaign.name))
    await announce_state(tx, campaign, campaign.phase, PhaseStatus.PENDING, counts=PhaseCounts())
    return store.shown(campaign, 0.0)


async def update_campaign(
    tx: Tx, principal: Principal, campaign_id: UUID, request: UpdateCampaign, expected_version: int | None
) -> Campaign:
    """Change the name, and the configuration of phases that are not under way; see `rules.check_update`."""
    campaign = await locked(tx, principal, campaign_id, expected_version)
    name = campaign.name if request.name is UNSET else request.name.strip()
    configuration = changed_configuration(campaign.configuration, request.configuration)
    changes = list_changes(campaign.configuration, configuration)
    check_configuration(configuration)
    generates = campaign.initial_phase is CampaignPhase.DOMAIN_GENERATION
    rules.check_update(
        state_of(campaign),
        [phase for phase in PHASES if phase in changes],
        has_names=generates and campaign.sets.names is not None,
    )
    if name != campaign.name or changes:
        await store.update_campaign(tx, campaign.id, name, configuration)
        told = ", ".join([*(["name"] if name != campaign.name else []), *changes])
        await move(
            tx,
            campaign,
            campaign.phase,
            campaign.status,
            Cause("update", TransitionCause.USER, f"changed: {told}", principal.actor),
        )
    return await shown_again(tx, campaign)


async def delete_campaign(
    tx: Tx, principal: Principal, campaign_id: UUID, expected_version: int | None
) -> DeletedCampaign:
    """From any state: nobody finds it from now on, its workers are fenced off, its rows go in the background."""
    campaign = await locked(tx, principal, campaign_id, expected_version)
    await hide(tx, campaign)
    await note_act(tx, principal, Act.CAMPAIGN_DELETED, str(campaign.id), ActDetail(name=campaign.name))
    return DeletedCampaign(campaign.id, campaign.name, tx.now)


async def delete_rested_campaigns(tx: Tx, days: int) -> int:
    """What ended and was not touched for so many days, a few at a time; nothing where it is to stay for ever (0)."""
    if days == 0:
        return 0
    await tx.begin()
    rested = await store.lock_rested_campaigns(tx, tx.now - timedelta(days=days), RESTED_AT_A_TIME)
    for campaign in rested:
        await hide(tx, campaign)
        detail = ActDetail(name=campaign.name)
        await note_act_of(tx, campaign.tenant_id, SYSTEM_ACTOR, Act.CAMPAIGN_DELETED, str(campaign.id), detail)
    return len(rested)


async def hide(tx: Tx, campaign: StoredCampaign) -> None:
    """Nobody finds it any more; what it holds is swept away later."""
    await store.hide_campaign(tx, campaign.id)
    await store.retire_runs(tx, campaign.id, None, spared=())
    await store.retire_name_sets(tx, campaign.id, spared=())
    await announce_deletion(tx, campaign.id)
    await tx.ring(CHUNKS_BELL)


async def transition_campaign(
    tx: Tx, principal: Principal, campaign_id: UUID, request: TransitionCampaign, expected_version: int | None
) -> Campaign:
    """Start a phase, or run one again; see `rules.decide_transition`."""
    campaign = await locked(tx, principal, campaign_id, expected_version)
    rules.check_rerun(request.rerun, tx.now)
    decision = rules.decide_transition(state_of(campaign), request.target_phase, request.rerun)
    cause = Cause("transition", TransitionCause.USER, request.transition_reason, principal.actor)
    return await carry_out(tx, campaign, decision, cause)


async def pause_campaign(
    tx: Tx, principal: Principal, campaign_id: UUID, reason: str, expected_version: int | None
) -> Campaign:
    campaign = await locked(tx, principal, campaign_id, expected_version)
    cause = Cause("pause", TransitionCause.USER, reason, principal.actor)
    return await carry_out(tx, campaign, rules.decide_pause(state_of(campaign)), cause)


async def resume_campaign(
    tx: Tx, principal: Principal, campaign_id: UUID, reason: str, expected_version: int | None
) -> Campaign:
    campaign = await locked(tx, principal, campaign_id, expected_version)
    cause = Cause("resume", TransitionCause.USER, reason, principal.actor)
    return await carry_out(tx, campaign, rules.decide_resume(state_of(campaign)), cause)


async def cancel_campaign(
    tx: Tx, principal: Principal, campaign_id: UUID, reason: str, expected_version: int | None
) -> Campaign:
    campaign = await locked(tx, principal, campaign_id, expected_version)
    cause = Cause("cancel", TransitionCause.USER, reason, principal.actor)
    return await carry_out(tx, campaign, rules.decide_cancel(state_of(campaign)), cause)


async def retry_campaign(
    tx: Tx, principal: Principal, campaign_id: UUID, reason: str, expected_version: int | None
) -> Campaign:
    """Run again what failed and can be retried, and go on with what is unfinished."""
    campaign = await locked(tx, principal, campaign_id, expected_version)
    run = await store.lock_newest_run(tx, campaign.id, campaign.phase)
    retryable = count_retryable(campaign.phase, run.outcomes) if run else 0
    decision = rules.decide_retry(state_of(campaign), has_run=run is not None, retryable_count=retryable)
    return await carry_out(tx, campaign, decision, Cause("retry", TransitionCause.USER, reason, principal.actor))


async def check_import(tx: Tx, principal: Principal, campaign_id: UUID) -> None:
    """Refuse (Conflict) where no names can be imported now."""
    campaign = await locked(tx, principal, campaign_id, None)
    rules.decide_import(state_of(campaign))


async def import_names(tx: Tx, principal: Principal, campaign_id: UUID, set_id: int, count: int) -> None:
    """Make a filled set the campaign's names; refused as `check_import` refuses."""
    campaign = await locked(tx, principal, campaign_id, None)
    rules.decide_import(state_of(campaign))
    await store.insert_name_set(tx, set_id, campaign.id, count)
    await store.update_campaign_set(tx, campaign.id, CampaignPhase.DOMAIN_GENERATION, set_id)
    await store.retire_name_sets(tx, campaign.id, spared=(set_id,))
    cause = Cause("import", TransitionCause.USER, f"{count} names", principal.actor)
    await move(tx, campaign, campaign.phase, campaign.status, cause)


async def find_name_set(tx: Tx, principal: Principal, campaign_id: UUID) -> int | None:
    """The campaign's names as they are now, if it has any."""
    return await store.find_name_set(tx, principal.tenant_id, campaign_id)


async def next_set_id(tx: Tx, count: int) -> int:
    """The id of a new set of about so many rows; large ones have a partition of their own."""
    return await store.next_set_id(tx, count)


async def locked(tx: Tx, principal: Principal, campaign_id: UUID, expected_version: int | None) -> StoredCampaign:
    campaign = await store.lock_campaign(tx, principal.tenant_id, campaign_id)
    if campaign is None:
        raise NotFound("campaign_not_found", "There is no such campaign.")
    if expected_version is not None and expected_version != campaign.version:
        raise PreconditionFailed(
            "version_changed", f"The campaign is at version {campaign.version} now; read it again and decide anew."
        )
    return campaign


async def carry_out(tx: Tx, campaign: StoredCampaign, decision: rules.Decision, cause: Cause) -> Campaign:
    """Write what was decided, and answer with the campaign as it is then."""
    match decision:
        case rules.Keep():
            pass
        case rules.Start(phase):
            with span(f"start {phase}", campaign_id=str(campaign.id)):
                await start_phase(tx, campaign, phase, cause)
        case rules.Redo(phase, kept_since):
            await redo_phase(tx, campaign, phase, cause, kept_since)
        case rules.Continue(phase, retry_failed):
            await continue_phase(tx, campaign, phase, cause, retry_failed=retry_failed)
        case rules.Become(status):
            await become(tx, campaign, status, cause)
        case _:
            assert_never(decision)
    return await shown_again(tx, campaign)


async def shown_again(tx: Tx, campaign: StoredCampaign) -> Campaign:
    shown = await store.find_campaign(tx, campaign.tenant_id, campaign.id)
    assert shown is not None
    return shown
