"""Routes of reading: decode, one call, encode."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import FromPath, ParameterKwarg, QueryParameter
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from service.access.model import Principal
from service.campaigns.outcomes import LABELS
from service.domains.reading import views
from service.domains.reading.export import stream_domains
from service.domains.reading.filters import check_filters
from service.domains.reading.model import POSITION_MAX, DomainPage, ExportFormat, Funnel, LeadPage, Sort, Wanted
from service.postgres.database import Database, Tx
from service.progress.events import CampaignPhase
from service.web.openapi import may_refuse
from service.web.paging import PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX

OUTCOMES_MAX = 20  # values of one parameter
KEYWORD_LENGTH_MAX = 500
NAME_LENGTH_MAX = 253

Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_ITEMS_MAX)]
Cursor = Annotated[str | None, QueryParameter(description="`nextCursor` of the page before.")]


def outcome_filter(name: str, phase: CampaignPhase) -> ParameterKwarg:
    """The document closes the list; `check_filters` says in words which outcome there is not."""
    outcome = Schema(type=OpenAPIType.STRING, enum=list(LABELS[phase].values()))
    return QueryParameter(
        name=name,
        max_items=OUTCOMES_MAX,
        description="Any of these; may be repeated.",
        schema_extra={"items": outcome},
    )


DnsOutcomes = Annotated[list[str] | None, outcome_filter("dnsOutcome", CampaignPhase.DNS_VALIDATION)]
HttpOutcomes = Annotated[list[str] | None, outcome_filter("httpOutcome", CampaignPhase.HTTP_VALIDATION)]
AnalysisOutcomes = Annotated[list[str] | None, outcome_filter("analysisOutcome", CampaignPhase.ANALYSIS)]
KeywordText = Annotated[
    str | None,
    QueryParameter(min_length=1, max_length=KEYWORD_LENGTH_MAX, description="Found on the page; as it is configured."),
]
ScoreMin = Annotated[float | None, QueryParameter(name="scoreMin", ge=0, le=1)]
ScoreMax = Annotated[float | None, QueryParameter(name="scoreMax", ge=0, le=1)]
Prefix = Annotated[
    str | None,
    QueryParameter(
        min_length=1, max_length=NAME_LENGTH_MAX, pattern=r"^[A-Za-z0-9._-]+$", description="How the name begins."
    ),
]
Order = Annotated[Sort, QueryParameter(description="`position` ascending, or `score` from the best down.")]
After = Annotated[int, QueryParameter(ge=-1, le=POSITION_MAX, description="Go on behind this position.")]
Who = NamedDependency[Principal]
Transaction = NamedDependency[Tx]
AppRequest = Request[Principal, Any, State]

MEDIA_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8; header=present",
    ExportFormat.NDJSON: "application/x-ndjson",
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
}


@get(
    "/campaigns/{campaign_id:uuid}/domains",
    operation_id="list_domains",
    opt=may_refuse(HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY),
    tags=["domains"],
)
async def list_domains(
    campaign_id: FromPath[UUID],
    tx: Transaction,
    principal: Who,
    sort: Order = Sort.POSITION,
    cursor: Cursor = None,
    limit: Limit = PAGE_ITEMS_DEFAULT,
    dns_outcome: DnsOutcomes = None,
    http_outcome: HttpOutcomes = None,
    analysis_outcome: AnalysisOutcomes = None,
    keyword: KeywordText = None,
    score_min: ScoreMin = None,
    score_max: ScoreMax = None,
    prefix: Prefix = None,
) -> DomainPage:
    """List domains with what was found of them; sorted by score, only those that have one."""
    wanted = wanted_of(dns_outcome, http_outcome, analysis_outcome, keyword, score_min, score_max, prefix)
    return await views.list_domains(tx, principal, campaign_id, wanted=wanted, sort=sort, cursor=cursor, limit=limit)


@get(
    "/campaigns/{campaign_id:uuid}/leads",
    operation_id="list_leads",
    opt=may_refuse(HTTPStatus.CONFLICT),
    tags=["domains"],
)
async def list_leads(
    campaign_id: FromPath[UUID],
    tx: Transaction,
    principal: Who,
    cursor: Cursor = None,
    limit: Limit = PAGE_ITEMS_DEFAULT,
) -> LeadPage:
    """List the domains that qualified, best first, each with the parts of its score."""
    return await views.list_leads(tx, principal, campaign_id, cursor=cursor, limit=limit)


@get("/campaigns/{campaign_id:uuid}/funnel", operation_id="get_funnel", tags=["domains"])
async def get_funnel(campaign_id: FromPath[UUID], tx: Transaction, principal: Who) -> Funnel:
    """Tell how many domains each stage passed, and what became of the others."""
    return await views.get_funnel(tx, principal, campaign_id)


@get(
    "/campaigns/{campaign_id:uuid}/domains/export",
    operation_id="export_domains",
    opt=may_refuse(HTTPStatus.UNPROCESSABLE_ENTITY),
    tags=["domains"],
)
async def export_domains(
    request: AppRequest,
    campaign_id: FromPath[UUID],
    principal: Who,
    file_format: Annotated[ExportFormat, QueryParameter(name="format")] = ExportFormat.CSV,
    after: After = -1,
    dns_outcome: DnsOutcomes = None,
    http_outcome: HttpOutcomes = None,
    analysis_outcome: AnalysisOutcomes = None,
    keyword: KeywordText = None,
    score_min: ScoreMin = None,
    score_max: ScoreMax = None,
    prefix: Prefix = None,
) -> Stream:
    """Stream the domains that pass, by position. A whole file has its trailer (CSV, NDJSON) or its footer (Parquet)."""
    database: Database = request.app.state["database"]
    wanted = wanted_of(dns_outcome, http_outcome, analysis_outcome, keyword, score_min, score_max, prefix)
    async with database.transaction() as tx:
        reading = await views.get_reading(tx, principal, campaign_id)
    filters = check_filters(wanted, reading.keywords)
    headers = {
        "Content-Disposition": f'attachment; filename="domains-{campaign_id}.{file_format}"',
        "Cache-Control": "no-store",
    }
    stream = stream_domains(database, reading, filters, file_format, after)
    return Stream(stream, media_type=MEDIA_TYPES[file_format], headers=headers)


def wanted_of(
    dns_outcome: list[str] | None,
    http_outcome: list[str] | None,
    analysis_outcome: list[str] | None,
    keyword: str | None,
    score_min: float | None,
    score_max: float | None,
    prefix: str | None,
) -> Wanted:
    return Wanted(
        dns_outcomes=tuple(dns_outcome or ()),
        http_outcomes=tuple(http_outcome or ()),
        analysis_outcomes=tuple(analysis_outcome or ()),
        keyword=keyword,
        score_min=score_min,
        score_max=score_max,
        prefix=prefix,
    )


ROUTES: list[ControllerRouterHandler] = [list_domains, list_leads, get_funnel, export_domains]
