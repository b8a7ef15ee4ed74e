"""Routes of campaigns: decode, one call, encode."""

from typing import Annotated
from uuid import UUID

from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from service.access.model import Principal
from service.campaigns import commands, examples, views
from service.campaigns.model import (
    Campaign,
    CampaignPage,
    CommandReason,
    CreateCampaign,
    DeletedCampaign,
    Phases,
    TransitionCampaign,
    TransitionPage,
    UpdateCampaign,
)
from service.errors import Invalid
from service.postgres.database import Tx
from service.progress.events import CampaignPhase, PhaseStatus
from service.web.bodies import StrictBody
from service.web.contract import marks
from service.web.idempotency import IDEMPOTENT
from service.web.paging import PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX

IfMatch = Annotated[str | None, HeaderParameter(name="If-Match", description="The ETag that was read last.")]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_ITEMS_MAX)]
Cursor = Annotated[str | None, QueryParameter(description="`nextCursor` of the page before.")]
Who = NamedDependency[Principal]
Transaction = NamedDependency[Tx]


@post(
    "/campaigns",
    operation_id="create_campaign",
    opt={
        **IDEMPOTENT,
        **marks.examples(from_a_pattern=examples.FROM_A_PATTERN, from_a_list=examples.FROM_A_LIST),
    },
    dto=StrictBody,
    return_dto=None,
    tags=["campaigns"],
)
async def create_campaign(data: JSONBody[CreateCampaign], tx: Transaction, principal: Who) -> Response[Campaign]:
    """Create a campaign; it starts with its first transition."""
    campaign = await commands.create_campaign(tx, principal, data)
    return Response(campaign, status_code=201, headers={"Location": f"/campaigns/{campaign.id}", **etag(campaign)})


@get("/campaigns", operation_id="list_campaigns", tags=["campaigns"])
async def list_campaigns(
    tx: Transaction,
    principal: Who,
    cursor: Cursor = None,
    limit: Limit = PAGE_ITEMS_DEFAULT,
    current_phase: Annotated[CampaignPhase | None, QueryParameter(name="currentPhase")] = None,
    phase_status: Annotated[PhaseStatus | None, QueryParameter(name="phaseStatus")] = None,
) -> CampaignPage:
    """List campaigns, newest first."""
    return await views.list_campaigns(
        tx, principal, cursor=cursor, phase=current_phase, status=phase_status, limit=limit
    )


@get("/campaigns/{campaign_id:uuid}", operation_id="get_campaign", tags=["campaigns"])
async def get_campaign(campaign_id: FromPath[UUID], tx: Transaction, principal: Who) -> Response[Campaign]:
    """Get one campaign."""
    campaign = await views.get_campaign(tx, principal, campaign_id)
    return Response(campaign, headers=etag(campaign))


@patch(
    "/campaigns/{campaign_id:uuid}",
    operation_id="update_campaign",
    opt={**IDEMPOTENT, **marks.examples(rename=examples.RENAMED, more_keywords=examples.MORE_KEYWORDS)},
    dto=StrictBody,
    return_dto=None,
    tags=["campaigns"],
)
async def update_campaign(
    campaign_id: FromPath[UUID],
    data: JSONBody[UpdateCampaign],
    tx: Transaction,
    principal: Who,
    if_match: IfMatch = None,
) -> Response[Campaign]:
    """Change a campaign's name, and the configuration of phases that are not under way."""
    campaign = await commands.update_campaign(tx, principal, campaign_id, data, version_of(if_match))
    return Response(campaign, headers=etag(campaign))


@delete(
    "/campaigns/{campaign_id:uuid}",
    operation_id="delete_campaign",
    opt=IDEMPOTENT,
    status_code=202,
    tags=["campaigns"],
)
async def delete_campaign(
    campaign_id: FromPath[UUID], tx: Transaction, principal: Who, if_match: IfMatch = None
) -> DeletedCampaign:
    """Delete a campaign, whatever it is doing: it is gone at once, its rows go in the background."""
    return await commands.delete_campaign(tx, principal, campaign_id, version_of(if_match))


@put(
    "/campaigns/{campaign_id:uuid}/transition",
    operation_id="transition_campaign",
    opt={**IDEMPOTENT, **marks.examples(start=examples.START, run_again=examples.AGAIN)},
    dto=StrictBody,
    return_dto=None,
    tags=["campaigns"],
)
async def transition_campaign(
    campaign_id: FromPath[UUID],
    data: JSONBody[TransitionCampaign],
    tx: Transaction,
    principal: Who,
    if_match: IfMatch = None,
) -> Response[Campaign]:
    """Start a phase, or run one again."""
    campaign = await commands.transition_campaign(tx, principal, campaign_id, data, version_of(if_match))
    return Response(campaign, headers=etag(campaign))


@get("/campaigns/{campaign_id:uuid}/phases", operation_id="get_phases", tags=["campaigns"])
async def get_phases(campaign_id: FromPath[UUID], tx: Transaction, principal: Who) -> Phases:
    """Tell where each phase of a campaign stands, and what a transition may ask for."""
    return await views.get_phases(tx, principal, campaign_id)


@get("/campaigns/{campaign_id:uuid}/transitions", operation_id="list_transitions", tags=["campaigns"])
async def list_transitions(
    campaign_id: FromPath[UUID],
    tx: Transaction,
    principal: Who,
    cursor: Cursor = None,
    limit: Limit = PAGE_ITEMS_DEFAULT,
) -> TransitionPage:
    """List who or what moved a campaign, newest first."""
    return await views.list_transitions(tx, principal, campaign_id, cursor=cursor, limit=limit)


def command_route(name: str, summary: str) -> ControllerRouterHandler:
    """`POST /campaigns/{id}/{name}`, with an optional reason in the body: pause, resume, cancel, retry."""
    run = {
        "pause": commands.pause_campaign,
        "resume": commands.resume_campaign,
        "cancel": commands.cancel_campaign,
        "retry": commands.retry_campaign,
    }[name]

    @post(
        f"/campaigns/{{campaign_id:uuid}}/{name}",
        operation_id=f"{name}_campaign",
        opt={**IDEMPOTENT, **marks.examples(with_a_reason=examples.WHY)},
        status_code=200,
        summary=summary,
        dto=StrictBody,
        return_dto=None,
        tags=["campaigns"],
    )
    async def command(
        campaign_id: FromPath[UUID],
        tx: Transaction,
        principal: Who,
        data: JSONBody[CommandReason | None] = None,
        if_match: IfMatch = None,
    ) -> Response[Campaign]:
        reason = data.reason if data else ""
        campaign = await run(tx, principal, campaign_id, reason, version_of(if_match))
        return Response(campaign, headers=etag(campaign))

    return command


def etag(campaign: Campaign) -> dict[str, str]:
    return {"ETag": f'"{campaign.version}"'}


def version_of(if_match: str | None) -> int | None:
    """The version that an If-Match header names; None where there is none, or `*`."""
    if if_match is None or if_match.strip() == "*":
        return None
    digits = if_match.strip().removeprefix("W/").strip('"')
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 18):
        raise Invalid("if_match_invalid", 'If-Match takes one ETag as it was given, such as "3".')
    return int(digits)


ROUTES: list[ControllerRouterHandler] = [
    create_campaign,
    list_campaigns,
    get_campaign,
    update_campaign,
    delete_campaign,
    transition_campaign,
    get_phases,
    list_transitions,
    command_route("pause", "Pause the running phase; unfinished domains wait."),
    command_route("resume", "Let a paused phase go on."),
    command_route("cancel", "Cancel the current phase; what is done stays."),
    command_route("retry", "Run again what failed and can be retried, and what is unfinished."),
]
