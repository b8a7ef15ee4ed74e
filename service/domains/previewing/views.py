"""Previews and estimates; nothing is locked or written."""

from uuid import UUID

from service.access.model import Principal
from service.campaigns.commands import check_campaign
from service.campaigns.configuration import checked_pattern
from service.campaigns.model import PHASES, Configuration, DomainGeneration
from service.campaigns.views import get_campaign
from service.domains.previewing import rules, store
from service.domains.previewing.model import (
    CampaignEstimate,
    EstimateCampaign,
    Inputs,
    PatternPreview,
    PhaseEstimate,
    TldPreview,
)
from service.errors import Invalid
from service.generating.pattern import Pattern, pattern_key, space_size, valid_count
from service.generating.ranges import FreeSpace, share_offsets
from service.postgres.database import Tx
from service.progress.events import CampaignPhase

PATTERN_IN_CAMPAIGN = "/configuration/domainGeneration"  # a pointer, from the root of a campaign's request


async def preview_pattern(tx: Tx, principal: Principal, generation: DomainGeneration) -> PatternPreview:
    """What a campaign of this pattern would take now; Invalid where the pattern makes no sense."""
    pattern, tlds = pattern_of(generation)
    size = space_size(pattern)
    used = await store.find_next_offsets(tx, principal.tenant_id, pattern_key(pattern), tlds)
    spaces = [FreeSpace(tld, min(size, max(used.get(tld, 0), generation.offset)), size) for tld in tlds]
    ranges = share_offsets(generation.count, spaces)
    shortfall = generation.count - (ranges[-1].end_position if ranges else 0)
    return PatternPreview(
        space_size=size,
        valid_names=valid_count(pattern),
        shortfall=shortfall,
        tlds=tuple(TldPreview(space.tld, space.first_offset, space.size) for space in spaces),
        samples=rules.sample_names(pattern, spaces),
        warnings=tuple(rules.pattern_warnings(spaces, shortfall)),
    )


def pattern_of(generation: DomainGeneration) -> tuple[Pattern, tuple[str, ...]]:
    """As a campaign would take it; but here the pattern is the whole body, and pointers begin at it."""
    try:
        return checked_pattern(generation)
    except Invalid as error:
        pointer = (error.pointer or "").removeprefix(PATTERN_IN_CAMPAIGN)
        raise Invalid(error.code, error.message, pointer=pointer or None) from None


async def estimate_campaign(tx: Tx, principal: Principal, request: EstimateCampaign) -> CampaignEstimate:
    """What a campaign would take if it were created now; Invalid where it could not be."""
    check_campaign(request.initial_phase, request.configuration)
    initial, unknown = request.initial_phase, Inputs(None, None)
    estimates = [
        await estimated(tx, principal, request.configuration, phase, unknown, initial)
        for phase in PHASES[PHASES.index(initial) :]
    ]
    return CampaignEstimate(tuple(estimates))


async def estimate_phase(tx: Tx, principal: Principal, campaign_id: UUID, phase: CampaignPhase) -> PhaseEstimate:
    """What this phase of a campaign would take, as it is configured now."""
    campaign = await get_campaign(tx, principal, campaign_id)
    inputs = await store.find_inputs(tx, principal.tenant_id, campaign_id)
    return await estimated(tx, principal, campaign.configuration, phase, inputs, campaign.initial_phase)


async def estimated(
    tx: Tx,
    principal: Principal,
    configuration: Configuration,
    phase: CampaignPhase,
    inputs: Inputs,
    initial: CampaignPhase,
) -> PhaseEstimate:
    return rules.estimate(
        configuration,
        phase,
        inputs,
        initial=initial,
        measured_rate=await store.measure_rate(tx, principal.tenant_id, phase, configuration.network),
        live_workers=await store.count_live_workers(tx),
    )
