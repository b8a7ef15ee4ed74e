"""A thin, typed client of one server: requests over HTTP, progress over the websocket."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

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
from service.cli.calling import (
    CONNECT_TIMEOUT,
    Call,
    Place,
    Server,
    is_loopback,
    open_server,
    read_answer,
    refusal_of,
    server_away,
)
from service.domains.importing.model import ImportList, ImportReceipt
from service.domains.previewing.model import PatternPreview, PhaseEstimate
from service.errors import Conflict, Invalid, NotFound, Unavailable
from service.progress.events import CampaignPhase, CampaignProgress, PhaseStatus, Subscribe

MESSAGE_BYTES_MAX = 1_000_000
PAGE_ITEMS = 200
LOOKED_UP_MAX = 10_000  # campaigns that are searched for the beginning of an id
PREFIX_LENGTH_MIN = 4
IDS_TOLD_MAX = 3
LAST = "last"

T = TypeVar("T")
Query = Mapping[str, str | None]

decode_progress = msgspec.json.Decoder(CampaignProgress).decode


class Client:
    """One server's campaigns."""

    def __init__(self, server: Server) -> None:
        self.place = server.place
        self._server = server

    async def create_campaign(self, wanted: CreateCampaign) -> Campaign:
        return await self._ask("POST", "campaigns", Campaign, body=wanted)

    async def list_campaigns(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        phase: CampaignPhase | None = None,
        status: PhaseStatus | None = None,
    ) -> CampaignPage:
        """Newest first; `limit` is at most 200."""
        asked = {"limit": str(limit), "cursor": cursor, "currentPhase": phase, "phaseStatus": status}
        return await self._ask("GET", "campaigns", CampaignPage, query=asked)

    async def get_campaign(self, campaign_id: UUID) -> Campaign:
        return await self._ask("GET", f"campaigns/{campaign_id}", Campaign)

    async def update_campaign(self, campaign_id: UUID, wanted: UpdateCampaign) -> Campaign:
        return await self._ask("PATCH", f"campaigns/{campaign_id}", Campaign, body=wanted)

    async def delete_campaign(self, seen: Campaign) -> None:
        """Refused where it has changed since it was seen."""
        call = Call("DELETE", f"campaigns/{seen.id}", headers=(("If-Match", f'"{seen.version}"'),))
        await self._server.ask(call)

    async def get_phases(self, campaign_id: UUID) -> Phases:
        return await self._ask("GET", f"campaigns/{campaign_id}/phases", Phases)

    async def explain_campaign(self, campaign_id: UUID) -> Explanation:
        return await self._ask("GET", f"campaigns/{campaign_id}/explain", Explanation)

    async def estimate_phase(self, campaign_id: UUID, phase: CampaignPhase) -> PhaseEstimate:
        return await self._ask("POST", f"campaigns/{campaign_id}/phases/{phase}/estimate", PhaseEstimate)

    async def preview_pattern(self, wanted: DomainGeneration) -> PatternPreview:
        return await self._ask("POST", "pattern-previews", PatternPreview, body=wanted)

    async def transition_campaign(self, campaign_id: UUID, wanted: TransitionCampaign) -> Campaign:
        return await self._ask("PUT", f"campaigns/{campaign_id}/transition", Campaign, body=wanted)

    async def command_campaign(self, campaign_id: UUID, command: str, reason: str) -> Campaign:
        """`command` is pause, resume, cancel or retry."""
        return await self._ask("POST", f"campaigns/{campaign_id}/{command}", Campaign, body=CommandReason(reason))

    # Lists in and out

    async def import_domains(
        self, campaign_id: UUID, parts: AsyncIterator[bytes], *, headers: Mapping[str, str], query: Query
    ) -> ImportReceipt:
        """Sent once: a list that is read while it is sent cannot be sent again. Interrupted where no answer came."""
        call = Call("POST", import_path(campaign_id), given(query), tuple(headers.items()))
        return read_answer(await self._server.send_stream(call, parts), ImportReceipt)

    async def list_imports(self, campaign_id: UUID) -> ImportList:
        return await self._ask("GET", import_path(campaign_id), ImportList)

    def open_rejects(
        self, campaign_id: UUID, import_id: UUID
    ) -> contextlib.AbstractAsyncContextManager[AsyncGenerator[bytes, None]]:
        """All rejected lines of an import, as NDJSON."""
        return self._server.open_stream(Call("GET", f"{import_path(campaign_id)}/{import_id}/rejects"))

    def open_export(
        self, campaign_id: UUID, query: Sequence[tuple[str, str]]
    ) -> contextlib.AbstractAsyncContextManager[AsyncGenerator[bytes, None]]:
        """The file's bytes; Interrupted where they break off."""
        return self._server.open_stream(Call("GET", f"campaigns/{campaign_id}/domains/export", tuple(query)))

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

    # News

    async def watch(self, campaign_ids: tuple[UUID, ...]) -> AsyncGenerator[CampaignProgress, None]:
        """First the campaigns' present states, then every change; Unavailable when the server goes away."""
        subscription = msgspec.json.encode(Subscribe(("campaign.progress",), campaign_ids)).decode()
        try:
            async with connect(
                websocket_url(self.place.url),
                additional_headers=[("Authorization", f"Bearer {self.place.key}")],
                max_size=MESSAGE_BYTES_MAX,
                open_timeout=CONNECT_TIMEOUT.total_seconds(),
                close_timeout=1,
                proxy=None if is_loopback(self.place.url) else True,
            ) as socket:
                await socket.send(subscription)
                async for message in socket:
                    yield read_progress(message)
        except InvalidStatus as error:
            raise refusal_of(error.response.status_code, bytes(error.response.body or b"")) from None
        except (WebSocketException, OSError, TimeoutError) as error:
            raise server_away(self.place.url) from error
        raise Unavailable("server_away", "The server has ended the connection.")

    async def _ask(
        self, method: str, path: str, kind: type[T], *, body: msgspec.Struct | None = None, query: Query | None = None
    ) -> T:
        data = None if body is None else msgspec.json.encode(body)
        return read_answer(await self._server.ask(Call(method, path, given(query or {})), data), kind)


@contextlib.asynccontextmanager
async def open_client(place: Place) -> AsyncIterator[Client]:
    """A client of this server; nothing is asked yet. Invalid if the URL is none."""
    async with open_server(place) as server:
        yield Client(server)


def import_path(campaign_id: UUID) -> str:
    return f"campaigns/{campaign_id}/domains/import"


def given(query: Query) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in query.items() if value is not None)


def websocket_url(url: str) -> str:
    return "ws" + url.removeprefix("http").rstrip("/") + "/ws"


def read_progress(message: str | bytes) -> CampaignProgress:
    try:
        return decode_progress(message)
    except msgspec.MsgspecError as error:
        raise Conflict("message_unreadable", f"The server sent a message that cannot be read: {error}.") from None


def the_only(kind: str, found: list[UUID], reference: str) -> UUID:
    """The one thing whose id begins so."""
    if not found:
        raise NotFound("id_unknown", f"There is no {kind} whose id begins with {reference}.")
    if len(found) > 1:
        some = ", ".join(map(str, found[:IDS_TOLD_MAX]))
        raise Conflict("id_ambiguous", f"{len(found)} ids begin with {reference}; write more of one: {some}.")
    return found[0]
