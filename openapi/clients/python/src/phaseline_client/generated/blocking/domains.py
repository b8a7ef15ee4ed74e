# Made from the contract by `make client-python`; a change here is lost.

"""The operations of `domains`."""

from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager
from typing import Literal
from uuid import UUID

from phaseline_client.blocking.sources import Content
from phaseline_client.generated.calls import domains as calls
from phaseline_client.generated.mirrored.server import Server
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


class Domains:
    """What a campaign holds: lists in, pages, leads and exports out, patterns tried out."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def list_domains(
        self,
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
    ) -> DomainPage:
        """List domains with what was found of them; sorted by score, only those that have one.

        `sort`: `position` ascending, or `score` from the best down. Left out: position.
        `cursor`: `nextCursor` of the page before.
        `after`: Begin behind this position, sorted by it; cursors lead on. Left out: -1.
        `limit`: Left out: 50.
        `dns_outcome`: Any of these; may be repeated.
        `http_outcome`: Any of these; may be repeated.
        `analysis_outcome`: Any of these; may be repeated.
        `keyword`: Found on the page; as it is configured.
        `prefix`: How the name begins.

        Refused as Invalid, NotFound, Conflict.
        """
        return self._server.ask(
            calls.list_domains(
                campaign_id,
                sort=sort,
                cursor=cursor,
                after=after,
                limit=limit,
                dns_outcome=dns_outcome,
                http_outcome=http_outcome,
                analysis_outcome=analysis_outcome,
                keyword=keyword,
                score_min=score_min,
                score_max=score_max,
                prefix=prefix,
            )
        )

    def list_leads(self, campaign_id: UUID, *, cursor: str | None = None, limit: int | None = None) -> LeadPage:
        """List the domains that qualified, best first, each with the parts of its score.

        `cursor`: `nextCursor` of the page before.
        `limit`: Left out: 50.

        Refused as Invalid, NotFound, Conflict.
        """
        return self._server.ask(calls.list_leads(campaign_id, cursor=cursor, limit=limit))

    def get_funnel(self, campaign_id: UUID) -> Funnel:
        """Tell how many domains each stage passed, and what became of the others.

        Refused as NotFound.
        """
        return self._server.ask(calls.get_funnel(campaign_id))

    def export_domains(
        self,
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
    ) -> AbstractContextManager[Generator[bytes]]:
        """Stream the domains that pass, by position. A whole file has its trailer (CSV, NDJSON) or its footer (Parquet).

        `format`: Left out: csv.
        `after`: Go on behind this position. Left out: -1.
        `dns_outcome`: Any of these; may be repeated.
        `http_outcome`: Any of these; may be repeated.
        `analysis_outcome`: Any of these; may be repeated.
        `keyword`: Found on the page; as it is configured.
        `prefix`: How the name begins.

        Refused as Invalid, NotFound.
        """
        return self._server.open_stream(
            calls.export_domains(
                campaign_id,
                format=format,
                after=after,
                dns_outcome=dns_outcome,
                http_outcome=http_outcome,
                analysis_outcome=analysis_outcome,
                keyword=keyword,
                score_min=score_min,
                score_max=score_max,
                prefix=prefix,
            )
        )

    def import_domains(
        self,
        campaign_id: UUID,
        content: Content,
        *,
        content_type: Literal["text/plain", "text/csv", "application/x-ndjson"],
        content_encoding: Literal["identity", "gzip"] | None = None,
        column: str | None = None,
        field: str | None = None,
    ) -> ImportReceipt:
        """Stream a list of names in.

        The list is sent as it is or as gzip. Names are normalised and deduplicated, and invisible until the list is whole;
        lines that give none are rejected, each with its reason. Only for campaigns that begin with DNS or HTTP.

        `content_encoding`: `gzip`, or none. Left out: identity.
        `column`: For text/csv: a column's name, or its index from 0.
        `field`: For application/x-ndjson; `domain` if absent.

        Refused as Invalid, NotFound, Conflict.
        """
        return self._server.send(
            calls.import_domains(
                campaign_id, content_type=content_type, content_encoding=content_encoding, column=column, field=field
            ),
            content,
        )

    def list_imports(self, campaign_id: UUID) -> ImportList:
        """List a campaign's imports, with the progress of the running one.

        Refused as NotFound.
        """
        return self._server.ask(calls.list_imports(campaign_id))

    def stream_rejects(self, campaign_id: UUID, import_id: UUID) -> AbstractContextManager[Generator[bytes]]:
        """Stream every rejected line of an import as NDJSON.

        Refused as NotFound.
        """
        return self._server.open_stream(calls.stream_rejects(campaign_id, import_id))

    def preview_pattern(self, body: DomainGeneration) -> PatternPreview:
        """Tell what a pattern would make: its size, its next names, and what is left of it.

        Refused as Invalid.
        """
        return self._server.ask(calls.preview_pattern(body))

    def estimate_campaign(self, body: EstimateCampaign) -> CampaignEstimate:
        """Estimate what a campaign would take, before it is created.

        Refused as Invalid.
        """
        return self._server.ask(calls.estimate_campaign(body))

    def estimate_phase(self, campaign_id: UUID, phase: CampaignPhase) -> PhaseEstimate:
        """Estimate names, queries, minutes and bytes of one phase.

        Refused as Invalid, NotFound.
        """
        return self._server.ask(calls.estimate_phase(campaign_id, phase))
