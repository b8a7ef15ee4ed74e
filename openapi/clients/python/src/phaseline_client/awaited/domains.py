"""What a campaign holds, with what one request does not do."""

from collections.abc import AsyncGenerator, Callable, Sequence
from uuid import UUID

from phaseline_client.awaited.exporting import export
from phaseline_client.awaited.importing import bring_in
from phaseline_client.awaited.sources import AsyncContent
from phaseline_client.calls import Call
from phaseline_client.errors import Interrupted
from phaseline_client.exports import ExportProgress, Wanted
from phaseline_client.generated.awaited import domains as generated
from phaseline_client.generated.calls.domains import export_domains
from phaseline_client.generated.models import AnalysisOutcome, DnsOutcome, ExportFormat, HttpOutcome, ImportReceipt
from phaseline_client.lists import ListType, Sending, Sent
from phaseline_client.tables import NOWHERE


# Inherits, so that what is generated and what is written here are asked for at one place.
class AsyncDomains(generated.AsyncDomains):
    """What a campaign holds: lists in, pages, leads and exports out, patterns tried out."""

    def export(
        self,
        campaign_id: UUID,
        *,
        format: ExportFormat = ExportFormat.CSV,  # noqa: A002
        after: int = NOWHERE,
        dns_outcome: Sequence[DnsOutcome] | None = None,
        http_outcome: Sequence[HttpOutcome] | None = None,
        analysis_outcome: Sequence[AnalysisOutcome] | None = None,
        keyword: str | None = None,
        score_min: float | None = None,
        score_max: float | None = None,
        prefix: str | None = None,
        version: int | None = None,
        on_progress: Callable[[ExportProgress], object] | None = None,
    ) -> AsyncGenerator[bytes]:
        """The domains that pass as the bytes of one whole file, however often the connection breaks.

        A break is gone on from behind the last whole row, as long as the campaign has still the `version` that it had
        when the export began, or that is given; Moved where it has another. Interrupted where it broke too often, or
        where a Parquet file broke at all. The end of the file comes last: without it, it is not whole. The filters are
        those of `export_domains`, which is one answer, and no more.
        """

        def call(behind: int) -> Call[bytes]:
            return export_domains(
                campaign_id,
                format=format,
                after=behind,
                dns_outcome=dns_outcome,
                http_outcome=http_outcome,
                analysis_outcome=analysis_outcome,
                keyword=keyword,
                score_min=score_min,
                score_max=score_max,
                prefix=prefix,
            )

        wanted = Wanted(
            campaign_id=campaign_id, format=format, call=call, after=after, version=version, on_progress=on_progress
        )
        return export(self._server, wanted)

    async def bring_in(
        self,
        campaign_id: UUID,
        content: AsyncContent,
        *,
        content_type: ListType | None = None,
        column: str | None = None,
        field: str | None = None,
        on_progress: Callable[[Sent], object] | None = None,
        on_lost: Callable[[Interrupted], object] | None = None,
    ) -> ImportReceipt:
        """Stream a list in, from a file, from bytes, or from what gives them; also gzip, which is seen by itself.

        `content_type` is what a file's name says, and otherwise text/plain. The list is sent once. Where its receipt is
        lost, `on_lost` is told, and the server is asked what became of it: a receipt without rejects and notes, or
        Interrupted where nothing of it was brought in. OSError where a file cannot be read.
        """
        sending = Sending(
            content_type=content_type, column=column, field=field, on_progress=on_progress, on_lost=on_lost
        )
        return await bring_in(self._server, campaign_id, content, sending)
