"""All routes -> the OpenAPI document.

Two answers come before any operation is found, so no operation tells of them: 405 for a method that a path does not
have, and 431 for a head that is too large. Both are problems like the others.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from litestar.handlers import HTTPRouteHandler

from service.web.authentication import SESSION_COOKIE
from service.web.contract.examples import Examples
from service.web.contract.marks import Conversation
from service.web.contract.operations import (
    ETAG,
    IDEMPOTENCY_KEY,
    KEY,
    LOCATION,
    REPLAYED,
    REQUEST_ID,
    SESSION,
    TEXT,
    describe_operation,
    headers_of,
    method_of,
    path_of,
    response_name,
)
from service.web.contract.schemas import Json, Schemas
from service.web.errors import PROBLEM_TYPE, Problem
from service.web.idempotency import KEPT_HOURS, KEY_LENGTH_MAX

OPENAPI_VERSION = "3.1.0"
TITLE = "Phaseline"
DESCRIPTION = """\
Campaigns of domain names, through phases: generation, DNS, HTTP, analysis.

Requests refuse fields that they do not know. Answers may gain fields, and lists of words may gain words, in any
version: a reader passes over what it does not know. Errors are problem details (RFC 9457) with a stable `code`.
A method that a path does not have is answered with 405, a head that is too large with 431.
"""
TAGS: Mapping[str, str] = {
    "campaigns": "What was asked for, and where each phase stands.",
    "domains": "What a campaign holds: lists in, pages, leads and exports out, patterns tried out.",
    "workers": "Who does the work.",
    "access": "Keys, sessions, and who did what.",
    "operations": "Probes, and how this installation is set up.",
}
SECONDS: Json = {"type": "integer", "minimum": 0}
RETRY_AFTER, CHALLENGE = "Retry-After", "WWW-Authenticate"

SECURITY_SCHEMES: Json = {
    KEY: {"type": "http", "scheme": "bearer", "description": "A key, for programs: `phl_...`."},
    SESSION: {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE, "description": "A session, for our own pages."},
}
PARAMETERS: Json = {
    IDEMPOTENCY_KEY: {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": f"Asked again with the same key within {KEPT_HOURS} hours, the first answer is given again.",
        "schema": {**TEXT, "minLength": 1, "maxLength": KEY_LENGTH_MAX, "pattern": "^[!-~]+$"},
    }
}
HEADERS: Json = {
    ETAG: {"required": True, "description": "The version, for If-Match.", "schema": TEXT},
    LOCATION: {
        "required": True,
        "description": "Where the new thing is.",
        "schema": {**TEXT, "format": "uri-reference"},
    },
    RETRY_AFTER: {"description": "When to ask again, in seconds.", "schema": SECONDS},
    REPLAYED: {"description": "This is the first answer again.", "schema": {**TEXT, "const": "true"}},
    REQUEST_ID: {"required": True, "description": "What our log calls this request.", "schema": TEXT},
    CHALLENGE: {"required": True, "description": "That a key is asked for.", "schema": TEXT},
}

PROBLEMS: Mapping[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "The request cannot be read: its JSON, its parameters or its headers.",
    HTTPStatus.UNAUTHORIZED: "There is no key or session, or it is nobody's.",
    HTTPStatus.FORBIDDEN: "The key may not do this, or a session was used from another site's page.",
    HTTPStatus.NOT_FOUND: "There is no such thing, or it is another tenant's.",
    HTTPStatus.REQUEST_TIMEOUT: "The body took too long to arrive.",
    HTTPStatus.CONFLICT: "The state of things forbids this now, or the same Idempotency-Key is just being answered.",
    HTTPStatus.PRECONDITION_FAILED: "It has changed since the version that If-Match names.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is of a kind that is not taken here.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "The request can be read but makes no sense; `pointer` names the field.",
    HTTPStatus.TOO_MANY_REQUESTS: "The tenant has too many requests under way.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong here; it has been logged.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Something that this needs is busy or away.",
}
PROBLEM_HEADERS: Mapping[HTTPStatus, str] = {
    HTTPStatus.UNAUTHORIZED: CHALLENGE,
    HTTPStatus.CONFLICT: RETRY_AFTER,
    HTTPStatus.TOO_MANY_REQUESTS: RETRY_AFTER,
    HTTPStatus.SERVICE_UNAVAILABLE: RETRY_AFTER,
}


def describe_requests(
    handlers: Sequence[HTTPRouteHandler],
    conversations: Sequence[Conversation],
    schemas: Schemas,
    examples: Examples,
    version: str,
) -> Json:
    paths: Json = {}
    for handler in handlers:
        item = paths.setdefault(path_of(handler), {})
        item[method_of(handler).lower()] = describe_operation(handler, schemas, examples)
    return {
        "openapi": OPENAPI_VERSION,
        "info": {"title": TITLE, "version": version, "description": DESCRIPTION + told_elsewhere(conversations)},
        "servers": [{"url": "/", "description": "Where this document comes from."}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": dict(schemas.components),
            "responses": {response_name(status): describe_problem(status, schemas, examples) for status in PROBLEMS},
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def told_elsewhere(conversations: Sequence[Conversation]) -> str:
    """Websockets have a document of their own; their messages are components of both."""
    return "".join(
        f"\nOver the websocket of `{each.channel}` come `{each.name}` and go `{each.takes.__name__}`: "
        "see the AsyncAPI document.\n"
        for each in conversations
    )


def describe_problem(status: HTTPStatus, schemas: Schemas, examples: Examples) -> Json:
    content: Json = {"schema": schemas.answered(Problem)}
    if str(status.value) in examples.problems:
        content["example"] = examples.problems[str(status.value)]
    return {
        "description": PROBLEMS[status],
        "headers": headers_of([REQUEST_ID, *([PROBLEM_HEADERS[status]] if status in PROBLEM_HEADERS else [])]),
        "content": {PROBLEM_TYPE: content},
    }
