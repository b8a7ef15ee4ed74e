"""Routes of reading: decode, one call, encode."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from service.access.model import Principal
from service.campaigns.outcomes import AnalysisWord, DnsWord, HttpWord
from service.domains.reading import views
from service.domains.reading.export import stream_domains
from service.domains.reading.filters import check_filters
from service.domains.reading.model import POSITION_MAX, Domain, DomainPage, ExportFormat, Funnel, LeadPage, Sort, Wanted
from service.domains.reading.tables import ExportTrailer
from service.postgres.database import Database, Tx
from service.web.contract.marks import Media, may_refuse, streams
from service.web.paging import PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX

OUTCOMES_MAX = 20  # values of one parameter
KEYWORD_LENGTH_MAX = 500
NAME_LENGTH_MAX = 253

Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_ITEMS_MAX)]
Cursor = Annotated[str | None, QueryParameter(description="`nextCursor` of the page before.")]


def outcome_filter(name: str) -> QueryParameter:
    """The document closes the list; `check_filters` says in words which outcome there is not."""
    return QueryParameter(name=name, max_items=OUTCOMES_MAX, description="Any of these; may be repeated.")


DnsOutcomes = Annotated[list[DnsWord] | None, outcome_filter("dnsOutcome")]
HttpOutcomes = Annotated[list[HttpWord] | None, outcome_filter("httpOutcome")]
AnalysisOutcomes = Annotated[list[AnalysisWord] | None, outcome_filter("analysisOutcome")]
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
Behind = Annotated[
    int,
    QueryParameter(
        name="after", ge=-1, le=POSITION_MAX, description="Begin behind this position, sorted by it; cursors lead on."
    ),
]
Who = NamedDependency[Principal]
Transaction = NamedDependency[Tx]
AppRequest = Request[Principal, Any, State]

MEDIA = {
    ExportFormat.CSV: Media(
        "text/csv; header=present",
        "RFC 4180, with a header; a whole file ends with the line `# complete rows=...`.",
    ),
    ExportFormat.NDJSON: Media(
        "application/x-ndjson",
        "One Domain a line; a whole file ends with a line that is an ExportTrailer.",
        lines=(Domain, ExportTrailer),
    ),
    ExportFormat.PARQUET: Media(
        "application/vnd.apache.parquet", "The columns of the CSV; a whole file has its footer.", is_text=False
    ),
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
    after: Behind = -1,
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
    return await views.list_domains(
        tx, principal, campaign_id, wanted=wanted, sort=sort, cursor=cursor, limit=limit, after=after
    )


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
    opt={**may_refuse(HTTPStatus.UNPROCESSABLE_ENTITY), **streams(*MEDIA.values())},
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
    return Stream(stream, media_type=MEDIA[file_format].kind, headers=headers)


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
