"""Each request has an id, a line in the log, and its time, by operation and status: all of that without what it says.

Operations and statuses are bounded in number. Neither a query string nor a header nor a body is told to anybody.
"""

import logging
import re
import time
import uuid

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from service.runtime.logs import bind_ids
from service.runtime.telemetry import REQUEST_SECONDS
from service.runtime.tracing import note, span

REFUSED = "refused_after"  # in the scope's state: when a request began that some middleware refused
REQUEST_ID = "request_id"  # in the scope's state
FAILED = 500
TRACE_PARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
GIVEN_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")

logger = logging.getLogger(__name__)


def measure(app: ASGIApp) -> ASGIApp:
    """The middleware, outside of all others. What they refuse is answered by the framework, outside of this one too."""

    async def measured(scope: Scope, receive: Receive, send: Send) -> None:
        identify(scope)
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        started = time.perf_counter()
        status: int | None = None

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with span(operation_of(scope), parent=parent_of(scope), is_server=True, method=scope["method"]):
                try:
                    await app(scope, receive, send_noting_status)
                finally:
                    note(code=int(status or FAILED), request_id=scope["state"][REQUEST_ID])
        except Exception:
            if status is None:
                scope["state"][REFUSED] = started
            raise
        finally:
            if REFUSED not in scope["state"]:
                observe(scope, status or FAILED, started)

    return measured


def identify(scope: Scope) -> None:
    """The id that a proxy before us gave, or a new one; all that is logged for this request has it."""
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    request_id = given.decode() if GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
    scope["state"][REQUEST_ID] = request_id
    ids = {"request_id": request_id, "operation": operation_of(scope)}
    campaign_id = scope.get("path_params", {}).get("campaign_id")
    bind_ids(**ids, **({} if campaign_id is None else {"campaign_id": str(campaign_id)}))


def parent_of(scope: HTTPScope) -> str | None:
    """What the caller says that this request belongs to."""
    given = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
    return given.decode() if TRACE_PARENT.fullmatch(given) else None


async def measure_refused(message: Message, scope: Scope) -> None:
    """Run before each message is sent, of the framework's own answers too."""
    if message["type"] == "http.response.start" and REFUSED in scope.get("state", {}):
        observe(scope, message["status"], scope["state"].pop(REFUSED))


async def tell_request_id(message: Message, scope: Scope) -> None:
    """Run before each message is sent: whoever asks for help can name the request. Where there is no route, too."""
    if message["type"] == "http.response.start":
        if REQUEST_ID not in scope["state"]:
            identify(scope)
        MutableScopeHeaders.from_message(message)["X-Request-Id"] = scope["state"][REQUEST_ID]


def observe(scope: Scope, status: int, started: float) -> None:
    seconds = time.perf_counter() - started
    REQUEST_SECONDS.labels(operation_of(scope), str(status)).observe(seconds)
    is_probe = getattr(scope.get("route_handler"), "opt", {}).get("is_public")
    logger.log(
        logging.DEBUG if is_probe else logging.INFO,
        "request answered",
        extra={"method": scope.get("method"), "code": int(status), "seconds": round(seconds, 6)},
    )


def operation_of(scope: Scope) -> str:
    return str(getattr(scope.get("route_handler"), "operation_id", None) or "other")
