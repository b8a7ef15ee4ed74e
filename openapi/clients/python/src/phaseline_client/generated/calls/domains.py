# Made from the contract by `make client-python`; a change here is lost.

"""What the operations of `domains` ask."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from phaseline_client.calls import Call, Manner, encoded, given, segment
from phaseline_client.generated.models import (
    AnalysisOutcome,
    CampaignEstimate,
    CampaignPhase,
    DnsOutcome,
    DomainGeneration,
    DomainPage,
    EstimateCampaign,
    ExportFormat,
    Funnel,
    HttpOutcome,
    ImportList,
    ImportReceipt,
    LeadPage,
    PatternPreview,
    PhaseEstimate,
    Sort,
)


def list_domains(
    campaign_id: UUID,
    *,
    sort: Sort | None = None,
    cursor: str | None = None,
    after: int | None = None,
    limit: int | None = None,
    dns_outcome: Sequence[DnsOutcome] | None = None,
    http_outcome: Sequence[HttpOutcome] | None = None,
    analysis_outcome: Sequence[AnalysisOutcome] | None = None,
    keyword: str | None = None,
    score_min: float | None = None,
    score_max: float | None = None,
    prefix: str | None = None,
) -> Call[DomainPage]:
    return Call(
        method="GET",
        path=f"/campaigns/{segment(campaign_id)}/domains",
        answer=DomainPage,
        manner=Manner.READING,
        query=given(
            ("sort", sort),
            ("cursor", cursor),
            ("after", after),
            ("limit", limit),
            ("dnsOutcome", dns_outcome),
            ("httpOutcome", http_outcome),
            ("analysisOutcome", analysis_outcome),
            ("keyword", keyword),
            ("scoreMin", score_min),
            ("scoreMax", score_max),
            ("prefix", prefix),
        ),
    )


def list_leads(campaign_id: UUID, *, cursor: str | None = None, limit: int | None = None) -> Call[LeadPage]:
    return Call(
        method="GET",
        path=f"/campaigns/{segment(campaign_id)}/leads",
        answer=LeadPage,
        manner=Manner.READING,
        query=given(("cursor", cursor), ("limit", limit)),
    )


def get_funnel(campaign_id: UUID) -> Call[Funnel]:
    return Call(method="GET", path=f"/campaigns/{segment(campaign_id)}/funnel", answer=Funnel, manner=Manner.READING)


def export_domains(
    campaign_id: UUID,
    *,
    format: ExportFormat | None = None,
    after: int | None = None,
    dns_outcome: Sequence[DnsOutcome] | None = None,
    http_outcome: Sequence[HttpOutcome] | None = None,
    analysis_outcome: Sequence[AnalysisOutcome] | None = None,
    keyword: str | None = None,
    score_min: float | None = None,
    score_max: float | None = None,
    prefix: str | None = None,
) -> Call[bytes]:
    return Call(
        method="GET",
        path=f"/campaigns/{segment(campaign_id)}/domains/export",
        answer=bytes,
        manner=Manner.READING,
        query=given(
            ("format", format),
            ("after", after),
            ("dnsOutcome", dns_outcome),
            ("httpOutcome", http_outcome),
            ("analysisOutcome", analysis_outcome),
            ("keyword", keyword),
            ("scoreMin", score_min),
            ("scoreMax", score_max),
            ("prefix", prefix),
        ),
    )


def import_domains(
    campaign_id: UUID,
    *,
    content_type: Literal["text/plain", "text/csv", "application/x-ndjson"],
    content_encoding: Literal["identity", "gzip"] | None = None,
    column: str | None = None,
    field: str | None = None,
) -> Call[ImportReceipt]:
    return Call(
        method="POST",
        path=f"/campaigns/{segment(campaign_id)}/domains/import",
        answer=ImportReceipt,
        manner=Manner.ONCE,
        query=given(("column", column), ("field", field)),
        headers=given(("Content-Encoding", content_encoding), ("Content-Type", content_type)),
    )


def list_imports(campaign_id: UUID) -> Call[ImportList]:
    return Call(
        method="GET", path=f"/campaigns/{segment(campaign_id)}/domains/import", answer=ImportList, manner=Manner.READING
    )


def stream_rejects(campaign_id: UUID, import_id: UUID) -> Call[bytes]:
    return Call(
        method="GET",
        path=f"/campaigns/{segment(campaign_id)}/domains/import/{segment(import_id)}/rejects",
        answer=bytes,
        manner=Manner.READING,
    )


def preview_pattern(body: DomainGeneration) -> Call[PatternPreview]:
    return Call(
        method="POST", path="/pattern-previews", answer=PatternPreview, manner=Manner.READING, body=encoded(body)
    )


def estimate_campaign(body: EstimateCampaign) -> Call[CampaignEstimate]:
    return Call(
        method="POST", path="/campaign-estimates", answer=CampaignEstimate, manner=Manner.ONCE, body=encoded(body)
    )


def estimate_phase(campaign_id: UUID, phase: CampaignPhase) -> Call[PhaseEstimate]:
    return Call(
        method="POST",
        path=f"/campaigns/{segment(campaign_id)}/phases/{segment(phase)}/estimate",
        answer=PhaseEstimate,
        manner=Manner.READING,
    )
