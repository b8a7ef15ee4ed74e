"""Refusals as problem details (RFC 9457). One table maps what happened to a status; nothing internal is shown."""

import logging
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Response
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException

from service.errors import (
    Conflict,
    Exhausted,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionFailed,
    Refused,
    Throttled,
    Unauthenticated,
    Unavailable,
)
from service.postgres.database import explain_cancelled_statement, explain_database_error
from service.web.parameters import parameters_of

STATUSES: dict[type[Refused], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Forbidden: HTTPStatus.FORBIDDEN,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Exhausted: HTTPStatus.SERVICE_UNAVAILABLE,
    Throttled: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
AnyConnection = ASGIConnection[Any, Any, Any, Any]
RETRY_AFTER_SECONDS = 2
PROBLEM_TYPE = "application/problem+json"
CODES_OF_THE_WEB = {
    HTTPStatus.BAD_REQUEST: "request_invalid",
    HTTPStatus.NOT_FOUND: "route_not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_TIMEOUT: "body_too_slow",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body_too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "media_type_unsupported",
    HTTPStatus.UNPROCESSABLE_ENTITY: "body_invalid",
}

logger = logging.getLogger(__name__)


class Problem(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Why a request was refused. `code` is stable for programs; `pointer` names the field of the request."""

    title: str
    status: int
    code: str
    detail: str
    pointer: str | None = None
    available_transitions: tuple[str, ...] | None = None


def refused(_: AnyConnection, error: Refused) -> Response[Problem]:
    status = STATUSES[type(error)]
    transitions = error.available if isinstance(error, Conflict) else None
    headers = {} if error.retry_after_seconds is None else {"Retry-After": str(error.retry_after_seconds)}
    return answer(
        Problem(status.phrase, status, error.code, error.message, error.pointer, available_transitions=transitions),
        headers,
    )


def refused_by_framework(connection: AnyConnection, error: HTTPException) -> Response[Problem]:
    """What the framework found wrong before a handler ran: routes, methods, parameters, bodies."""
    status = HTTPStatus(error.status_code)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return failed(connection, error)
    code = CODES_OF_THE_WEB.get(status, status.name.lower())
    return answer(Problem(status.phrase, status, code, detail_of(connection, error)), dict(error.headers or {}))


def detail_of(connection: AnyConnection, error: HTTPException) -> str:
    """The sentence, and which parameters were wrong, each as the wire calls it."""
    extra = error.extra if isinstance(error.extra, list) else []
    if [part.get("key") for part in extra if isinstance(part, dict)] == ["data"]:
        return "This needs a JSON body."
    faults = [(part["key"], part["message"]) for part in extra if isinstance(part, dict) and "key" in part]
    if not faults:
        return error.detail
    names = {field.name: name for name, field in parameters_of(connection.route_handler).items()}
    return "; ".join(f"{names.get(key, key)}: {message}" for key, message in faults)


def failed_in_group(connection: AnyConnection, error: ExceptionGroup) -> Response[Problem]:
    """Errors from the clean-up of dependencies arrive as a group (a commit that failed, for one)."""
    for part in error.exceptions:
        if isinstance(part, Refused):
            return refused(connection, part)
    return failed(connection, error)


def failed_in_database(connection: AnyConnection, error: Exception) -> Response[Problem]:
    """A driver error: a sentence where it is nobody's bug."""
    refusal = explain_cancelled_statement(error) or explain_database_error(error)
    return failed(connection, error) if refusal is None else refused(connection, refusal)


def failed(connection: AnyConnection, error: Exception) -> Response[Problem]:
    """A bug of ours: told to the log in full, to the caller in one sentence."""
    method = connection.scope.get("method", "WEBSOCKET")
    logger.error("request failed", exc_info=error, extra={"method": method, "path": connection.scope["path"]})
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return answer(Problem(status.phrase, status, "internal_error", "Something went wrong here; it has been logged."))


def answer(problem: Problem, headers: dict[str, str] | None = None) -> Response[Problem]:
    headers = headers or {}
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="phaseline"'
    return Response(problem, status_code=problem.status, media_type=PROBLEM_TYPE, headers=headers)
