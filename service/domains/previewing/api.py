"""Routes of previews and estimates: decode, one call, encode."""

from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler

from service.access.model import Principal
from service.campaigns.examples import FROM_A_PATTERN, SHOPS
from service.campaigns.model import DomainGeneration
from service.domains.previewing import views
from service.domains.previewing.model import CampaignEstimate, EstimateCampaign, PatternPreview, PhaseEstimate
from service.postgres.database import Tx
from service.progress.events import CampaignPhase
from service.web.bodies import StrictBody
from service.web.contract.marks import examples

THOUGHT_OF = EstimateCampaign(FROM_A_PATTERN.initial_phase, FROM_A_PATTERN.configuration)


@post(
    "/pattern-previews",
    operation_id="preview_pattern",
    opt=examples(shop_and_four_letters=SHOPS),
    status_code=200,
    dto=StrictBody,
    return_dto=None,
    tags=["domains"],
)
async def preview_pattern(
    data: JSONBody[DomainGeneration], tx: NamedDependency[Tx], principal: NamedDependency[Principal]
) -> PatternPreview:
    """Tell what a pattern would make: its size, its next names, and what is left of it."""
    return await views.preview_pattern(tx, principal, data)


@post(
    "/campaign-estimates",
    operation_id="estimate_campaign",
    opt=examples(shops=THOUGHT_OF),
    status_code=200,
    dto=StrictBody,
    return_dto=None,
    tags=["domains"],
)
async def estimate_campaign(
    data: JSONBody[EstimateCampaign], tx: NamedDependency[Tx], principal: NamedDependency[Principal]
) -> CampaignEstimate:
    """Estimate what a campaign would take, before it is created."""
    return await views.estimate_campaign(tx, principal, data)


@post(
    "/campaigns/{campaign_id:uuid}/phases/{phase:str}/estimate",
    operation_id="estimate_phase",
    status_code=200,
    tags=["domains"],
)
async def estimate_phase(
    campaign_id: FromPath[UUID],
    phase: FromPath[CampaignPhase],
    tx: NamedDependency[Tx],
    principal: NamedDependency[Principal],
) -> PhaseEstimate:
    """Estimate names, queries, minutes and bytes of one phase."""
    return await views.estimate_phase(tx, principal, campaign_id, phase)


ROUTES: list[ControllerRouterHandler] = [preview_pattern, estimate_campaign, estimate_phase]
