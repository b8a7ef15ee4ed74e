"""Bounds on what one caller can hold: its requests under way, and the time that it takes to send a body.

The size of a body and of a page are bounded where they are read, statements by their transaction, headers by `serving`.
"""

import asyncio
from collections import Counter
from uuid import UUID

import msgspec
from litestar.enums import ScopeType
from litestar.exceptions import ClientException, HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send
from litestar.types.asgi_types import ReceiveMessage

from service.errors import Throttled
from service.web.authentication import Caller

IN_FLIGHT_RETRY_SECONDS = 1


class Limits(msgspec.Struct, frozen=True):
    """Numbers that an installation can set; each is of one API process."""

    requests_in_flight: int = 200  # of one tenant
    requests_at_once: int = 64  # that are worked on, of everybody
    body_seconds: float = 20.0  # for a body that is read whole
    statement_seconds: float = 30.0  # of one statement, waiting for locks included
    answers_hours: float = 24.0  # for which an answer is kept


class Flights:
    """How many requests of each tenant are under way."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._counts: Counter[UUID] = Counter()

    def begin(self, tenant_id: UUID) -> None:
        if self._counts[tenant_id] >= self._limit:
            raise Throttled(
                "too_many_requests",
                f"{self._limit} requests of yours are under way already; wait for some of them.",
                retry_after_seconds=IN_FLIGHT_RETRY_SECONDS,
            )
        self._counts[tenant_id] += 1

    def end(self, tenant_id: UUID) -> None:
        self._counts[tenant_id] -= 1
        if not self._counts[tenant_id]:
            del self._counts[tenant_id]


def limit_in_flight(app: ASGIApp, flights: Flights) -> ASGIApp:
    """One tenant cannot take all connections to the database from the others."""

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        caller: Caller | None = scope.get("user")
        if scope["type"] != ScopeType.HTTP or caller is None:
            await app(scope, receive, send)
            return
        flights.begin(caller.tenant_id)
        try:
            await app(scope, receive, send)
        finally:
            flights.end(caller.tenant_id)

    return limited


def limit_body_time(app: ASGIApp, seconds: float) -> ASGIApp:
    """A body that trickles in is cut off, and one that ends too early is nobody's bug.

    Routes without a bound on the body's size read it as a stream, and keep its time themselves.
    """

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        handler = scope["route_handler"]
        if isinstance(handler, HTTPRouteHandler) and handler.resolve_request_max_body_size() is not None:
            receive = receive_until(receive, asyncio.get_running_loop().time() + seconds)
        await app(scope, receive, send)

    return limited


def receive_until(receive: Receive, deadline: float) -> Receive:
    """Like `receive`, while the body is not whole; what comes after it (that the caller left) can take any time."""
    whole = False

    async def received() -> ReceiveMessage:
        nonlocal whole
        if whole:
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise body_too_slow() from None
        if message["type"] == "http.disconnect":
            raise ClientException("The body ended before it was whole.")
        whole = message["type"] == "http.request" and not message["more_body"]
        return message

    return received


def body_too_slow() -> HTTPException:
    """The rest of the body may still come, so this connection can carry no other request."""
    return HTTPException(status_code=408, detail="The body took too long to arrive.", headers={"Connection": "close"})
