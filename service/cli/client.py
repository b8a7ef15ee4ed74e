"""A thin, typed client of one server: requests over HTTP, progress over the websocket.

Every refusal of the server arrives as `Refused` with its sentence; a server that does not answer is `Unavailable`.
"""

import contextlib
import ipaddress
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from datetime import timedelta
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

import msgspec
from pyreqwest.client import Client as HttpClient
from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import PyreqwestError
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from service.campaigns.model import (
    Campaign,
    CampaignPage,
    CommandReason,
    CreateCampaign,
    Explanation,
    Phases,
    TransitionCampaign,
)
from service.errors import Conflict, Invalid, NotFound, Refused, Unauthenticated, Unavailable
from service.progress.events import CampaignPhase, CampaignProgress, PhaseStatus, Subscribe

CONNECT_TIMEOUT = timedelta(seconds=5)
REQUEST_TIMEOUT = timedelta(seconds=30)
MESSAGE_BYTES_MAX = 1_000_000
PAGE_ITEMS = 200
LOOKED_UP_MAX = 10_000  # campaigns that are searched for the beginning of an id
PREFIX_LENGTH_MIN = 4
IDS_TOLD_MAX = 3
LAST = "last"

T = TypeVar("T")

decode_progress = msgspec.json.Decoder(CampaignProgress).decode


class Place(msgspec.Struct, frozen=True):
    """Where a server is, and the key it is asked with."""

    url: str
    key: str


class ProblemDetail(msgspec.Struct, frozen=True):
    """What this client reads of an answer of RFC 9457."""

    detail: str
    code: str = "refused"
    pointer: str | None = None


class Client:
    """One server, asked with one key."""

    def __init__(self, place: Place, http: HttpClient) -> None:
        self.place = place
        self._http = http

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

    async def get_phases(self, campaign_id: UUID) -> Phases:
        return await self._ask("GET", f"campaigns/{campaign_id}/phases", Phases)

    async def explain_campaign(self, campaign_id: UUID) -> Explanation:
        return await self._ask("GET", f"campaigns/{campaign_id}/explain", Explanation)

    async def transition_campaign(self, campaign_id: UUID, wanted: TransitionCampaign) -> Campaign:
        return await self._ask("PUT", f"campaigns/{campaign_id}/transition", Campaign, body=wanted)

    async def command_campaign(self, campaign_id: UUID, command: str, reason: str) -> Campaign:
        """`command` is pause, resume, cancel or retry."""
        return await self._ask("POST", f"campaigns/{campaign_id}/{command}", Campaign, body=CommandReason(reason))

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
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        body: msgspec.Struct | None = None,
        query: Mapping[str, str | None] | None = None,
    ) -> T:
        request = self._http.request(method, path)
        if query:
            request = request.query([(name, value) for name, value in query.items() if value is not None])
        if body is not None:
            request = request.header("Content-Type", "application/json").body_bytes(msgspec.json.encode(body))
        try:
            response = await request.build().send()
            data = bytes(await response.bytes())
        except PyreqwestError as error:
            raise server_away(self.place.url) from error
        if response.status >= 400:
            raise refusal_of(response.status, data)
        return read_answer(data, kind)


@contextlib.asynccontextmanager
async def open_client(place: Place) -> AsyncIterator[Client]:
    """A client of this server; nothing is asked yet. Invalid if the URL is none."""
    base = checked_url(place.url)
    builder = (
        ClientBuilder()
        .base_url(base.geturl().rstrip("/") + "/")
        .default_headers(bearer(place.key))
        .follow_redirects(enable=False)  # a key is shown to nobody but the server that was named
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
    )
    if is_loopback(place.url):
        builder = builder.no_proxy()
    async with builder.build() as http:
        yield Client(place, http)


def checked_url(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise Invalid("url_invalid", f"{url!r} is not a server's address; one looks like http://127.0.0.1:8000.")
    return parts


def bearer(key: str) -> dict[str, str]:
    if not key.isascii() or not key.isprintable():
        raise Invalid("key_invalid", "This is not a key: it has characters that no key has.")
    return {"Authorization": f"Bearer {key}"}


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def websocket_url(url: str) -> str:
    return "ws" + url.removeprefix("http").rstrip("/") + "/ws"


def read_answer(data: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError:
        raise Unavailable("answer_unreadable", "What answers there is no Phaseline server of this version.") from None


def read_progress(message: str | bytes) -> CampaignProgress:
    try:
        return decode_progress(message)
    except msgspec.MsgspecError as error:
        raise Conflict("message_unreadable", f"The server sent a message that cannot be read: {error}.") from None


def refusal_of(status: int, data: bytes) -> Refused:
    """The server's own sentence, where it sent one. A websocket is refused without any."""
    try:
        problem = msgspec.json.decode(data, type=ProblemDetail)
    except msgspec.MsgspecError:
        problem = ProblemDetail(f"The server refused this with status {status} and gave no reason.")
        if status == 403:
            problem = ProblemDetail("This key is not accepted here.", "key_refused")
    if status in {401, 403}:
        return Unauthenticated(problem.code, problem.detail)
    if status == 404:
        return NotFound(problem.code, problem.detail)
    if status >= 500:
        return Unavailable(problem.code, problem.detail)
    where = f" (at {problem.pointer})" if problem.pointer else ""
    return Refused(problem.code, problem.detail + where, pointer=problem.pointer)


def server_away(url: str) -> Unavailable:
    return Unavailable(
        "server_away", f"No server answers at {url}; start one with `phaseline run`, or name another with --url."
    )


def the_only(kind: str, found: list[UUID], reference: str) -> UUID:
    """The one thing whose id begins so."""
    if not found:
        raise NotFound("id_unknown", f"There is no {kind} whose id begins with {reference}.")
    if len(found) > 1:
        some = ", ".join(map(str, found[:IDS_TOLD_MAX]))
        raise Conflict("id_ambiguous", f"{len(found)} ids begin with {reference}; write more of one: {some}.")
    return found[0]
