"""A server as commands ask it: `phaseline_client` in the service's own words, and which campaign is meant.

The client has Structs of its own, made from the contract. What people write is checked by the service's, and what is
answered is drawn by them. Both are the same documents, so that one is read as the other.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from math import inf
from typing import TypeVar
from uuid import UUID

import msgspec

from phaseline_client import (
    Absence,
    AsyncPhaseline,
    ExportProgress,
    Interrupted,
    ListType,
    Repeating,
    Sent,
    Timeouts,
    models,
)
from service.campaigns.model import (
    Campaign,
    CampaignPage,
    CommandReason,
    CreateCampaign,
    DomainGeneration,
    Explanation,
    Phases,
    TransitionCampaign,
    UpdateCampaign,
)
from service.cli.filters import Filters
from service.cli.places import Place, find_place
from service.cli.references import LAST, the_only
from service.cli.refusals import MAY_BE_DONE, located, telling
from service.domains.importing.model import ImportList, ImportReceipt
from service.domains.previewing.model import PatternPreview, PhaseEstimate
from service.domains.reading.model import ExportFormat
from service.errors import Invalid, NotFound, Unavailable
from service.progress.events import CampaignPhase, CampaignProgress, PhaseStatus
from service.web.faults import invalid_body

TIMEOUTS = Timeouts(receipt=2 * 86_400.0)  # a list may be large, and come slowly through a pipe
REPEATING = Repeating(unheard_max=1)  # where nobody listens there is nothing to wait for: no server was started
PAGE_ITEMS = 200
LOOKED_UP_MAX = 10_000  # campaigns that are searched for the beginning of an id
PREFIX_LENGTH_MIN = 4

T = TypeVar("T")


class Client:
    """One server's campaigns. Whatever goes wrong is `Refused`, with one sentence."""

    def __init__(self, place: Place, phaseline: AsyncPhaseline) -> None:
        self.place = place
        self._phaseline = phaseline
        self._campaigns = phaseline.campaigns
        self._domains = phaseline.domains

    async def check_readiness(self) -> None:
        """Unavailable where it cannot serve now."""
        with telling(self.place.url):
            await self._phaseline.operations.get_readiness()

    async def create_campaign(self, wanted: CreateCampaign) -> Campaign:
        body = request_as(models.CreateCampaign, wanted)
        return await self._command(self._campaigns.create_campaign(body), Campaign)

    async def list_campaigns(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        phase: CampaignPhase | None = None,
        status: PhaseStatus | None = None,
    ) -> CampaignPage:
        """Newest first; `limit` is at most 200."""
        asked = self._campaigns.list_campaigns(
            limit=limit,
            cursor=cursor,
            current_phase=None if phase is None else models.CampaignPhase(phase),
            phase_status=None if status is None else models.PhaseStatus(status),
        )
        return await self._read(asked, CampaignPage)

    async def get_campaign(self, campaign_id: UUID) -> Campaign:
        return await self._read(self._campaigns.get_campaign(campaign_id), Campaign)

    async def update_campaign(self, campaign_id: UUID, wanted: UpdateCampaign) -> Campaign:
        body = request_as(models.UpdateCampaign, wanted)
        return await self._command(self._campaigns.update_campaign(campaign_id, body), Campaign)

    async def delete_campaign(self, seen: Campaign) -> None:
        """Refused where it has changed since it was seen."""
        with telling(self.place.url, advice=MAY_BE_DONE):
            await self._campaigns.delete_campaign(seen.id, if_match=f'"{seen.version}"')

    async def get_phases(self, campaign_id: UUID) -> Phases:
        return await self._read(self._campaigns.get_phases(campaign_id), Phases)

    async def explain_campaign(self, campaign_id: UUID) -> Explanation:
        return await self._read(self._campaigns.explain_campaign(campaign_id), Explanation)

    async def estimate_phase(self, campaign_id: UUID, phase: CampaignPhase) -> PhaseEstimate:
        asked = self._domains.estimate_phase(campaign_id, models.CampaignPhase(phase))
        return await self._read(asked, PhaseEstimate)

    async def preview_pattern(self, wanted: DomainGeneration) -> PatternPreview:
        body = request_as(models.DomainGeneration, wanted)
        return await self._read(self._domains.preview_pattern(body), PatternPreview)

    async def transition_campaign(self, campaign_id: UUID, wanted: TransitionCampaign) -> Campaign:
        body = request_as(models.TransitionCampaign, wanted)
        return await self._command(self._campaigns.transition_campaign(campaign_id, body), Campaign)

    async def command_campaign(self, campaign_id: UUID, command: str, reason: str) -> Campaign:
        """`command` is pause, resume, cancel or retry."""
        commands = {
            "pause": self._campaigns.pause_campaign,
            "resume": self._campaigns.resume_campaign,
            "cancel": self._campaigns.cancel_campaign,
            "retry": self._campaigns.retry_campaign,
        }
        body = request_as(models.CommandReason, CommandReason(reason))
        return await self._command(commands[command](campaign_id, body), Campaign)

    # Lists in and out

    async def bring_in(
        self,
        campaign_id: UUID,
        parts: AsyncIterator[bytes],
        *,
        content_type: ListType,
        column: str | None,
        field: str | None,
        on_progress: Callable[[Sent], object],
        on_lost: Callable[[Interrupted], object],
    ) -> ImportReceipt:
        """A list, sent once; where its answer is lost, the server is asked what became of it."""
        asked = self._domains.bring_in(
            campaign_id,
            parts,
            content_type=content_type,
            column=column,
            field=field,
            on_progress=on_progress,
            on_lost=on_lost,
        )
        return await self._read(asked, ImportReceipt)

    async def list_imports(self, campaign_id: UUID) -> ImportList:
        return await self._read(self._domains.list_imports(campaign_id), ImportList)

    async def read_rejects(self, campaign_id: UUID, import_id: UUID) -> AsyncGenerator[bytes, None]:
        """All rejected lines of an import, as NDJSON; Interrupted where they break off."""
        with telling(self.place.url):
            async with self._domains.stream_rejects(campaign_id, import_id) as parts:
                async for part in parts:
                    yield part

    async def export(
        self, seen: Campaign, kind: ExportFormat, filters: Filters, on_progress: Callable[[ExportProgress], object]
    ) -> AsyncGenerator[bytes, None]:
        """One whole file, gone on with where it breaks off, while the campaign is as it was seen."""
        asked = self._domains.export(
            seen.id,
            format=models.ExportFormat(kind),
            version=seen.version,
            dns_outcome=[models.DnsOutcome(outcome) for outcome in filters.dns_outcome],
            http_outcome=[models.HttpOutcome(outcome) for outcome in filters.http_outcome],
            analysis_outcome=[models.AnalysisOutcome(outcome) for outcome in filters.analysis_outcome],
            keyword=filters.keyword,
            score_min=filters.score_min,
            score_max=filters.score_max,
            prefix=filters.prefix,
            on_progress=on_progress,
        )
        with telling(self.place.url):
            async with contextlib.aclosing(asked) as parts:
                async for part in parts:
                    yield part

    # News

    async def watch(
        self, campaign_ids: tuple[UUID, ...], on_away: Callable[[Absence], object], on_back: Callable[[], object]
    ) -> AsyncGenerator[CampaignProgress, None]:
        """First the campaigns' present states, then every change, however often the server goes away meanwhile."""
        watching = self._phaseline.watch(campaign_ids, on_away=on_away, on_back=on_back, away_seconds_max=inf)
        with telling(self.place.url):
            async with contextlib.aclosing(watching) as states:
                async for state in states:
                    yield answer_as(CampaignProgress, state)

    # Which campaign

    async def find_campaign_id(self, reference: str) -> UUID:
        """The campaign that a person means: a whole id, the beginning of one, or "last"."""
        with contextlib.suppress(ValueError):
            return UUID(reference)
        if reference == LAST:
            return await self._find_last_campaign()
        if len(reference) < PREFIX_LENGTH_MIN:
            raise Invalid("id_too_short", f"{reference!r} is too short: give {PREFIX_LENGTH_MIN} characters or more.")
        return the_only("campaign", [found async for found in self._search(reference.lower())], reference)

    async def _find_last_campaign(self) -> UUID:
        page = await self.list_campaigns(limit=1)
        if not page.items:
            raise NotFound("campaign_not_found", "There is no campaign yet.")
        return page.items[0].id

    async def _search(self, beginning: str) -> AsyncIterator[UUID]:
        cursor: str | None = None
        for _ in range(LOOKED_UP_MAX // PAGE_ITEMS):
            page = await self.list_campaigns(limit=PAGE_ITEMS, cursor=cursor)
            for campaign in page.items:
                if str(campaign.id).startswith(beginning):
                    yield campaign.id
            cursor = page.next_cursor
            if cursor is None:
                return

    async def _read(self, asked: Awaitable[msgspec.Struct], kind: type[T]) -> T:
        with telling(self.place.url):
            return answer_as(kind, await asked)

    async def _command(self, asked: Awaitable[msgspec.Struct], kind: type[T]) -> T:
        with telling(self.place.url, advice=MAY_BE_DONE):
            return answer_as(kind, await asked)


def server(url: str | None, key: str | None) -> contextlib.AbstractAsyncContextManager[Client]:
    """A client of the server that is meant."""
    return open_client(find_place(url, key))


@contextlib.asynccontextmanager
async def open_client(place: Place) -> AsyncIterator[Client]:
    """A client of this server; nothing is asked yet. Invalid if its URL or key cannot be one."""
    try:
        phaseline = AsyncPhaseline(place.url, place.key, timeouts=TIMEOUTS, repeating=REPEATING)
    except ValueError as error:
        raise Invalid("place_invalid", str(error)) from None
    async with phaseline:
        yield Client(place, phaseline)


def answer_as(kind: type[T], answer: msgspec.Struct) -> T:
    """What the server said, in the service's words; Unavailable where they do not hold it."""
    try:
        return msgspec.json.decode(msgspec.json.encode(answer), type=kind)
    except msgspec.ValidationError:
        raise Unavailable("answer_unreadable", "What answers there is no Phaseline server of this version.") from None


def request_as(kind: type[T], wanted: msgspec.Struct) -> T:
    """What is asked for, in the client's words; refused, as the server would, where the contract forbids it."""
    try:
        return msgspec.json.decode(msgspec.json.encode(wanted), type=kind)
    except msgspec.ValidationError as error:
        raise located(invalid_body(str(error))) from None
