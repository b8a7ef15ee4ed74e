"""The OpenAPI document, made to tell the truth: what Litestar reads off the handlers, mended by what the edge does.

Litestar knows a handler's arguments and its success. The rest that a caller meets is the edge's doing, and is told here
from the same marks that steer it: keys and scopes, idempotency, conditions, bounds, problems. What only one route
refuses, that route says itself: `opt=may_refuse(HTTPStatus.CONFLICT)`.

Two answers come before any operation is found, so no operation tells of them: 405 for a method that a path does not
have, and 431 for a head that is too large. Both are problems like the others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import OpenAPI
from litestar.types import ControllerRouterHandler

from service.web.authentication import SESSION_COOKIE, scope_of
from service.web.errors import PROBLEM_TYPE, Problem
from service.web.idempotency import KEPT_HOURS, KEY_LENGTH_MAX

Json = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "patch")
REFUSALS = "refusals"
KEY, SESSION = "key", "session"
TEXT: Json = {"type": "string"}
SECONDS: Json = {"type": "integer", "minimum": 0}

SECURITY_SCHEMES: Json = {
    KEY: {"type": "http", "scheme": "bearer", "description": "A key, for programs: `phl_...`."},
    SESSION: {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE, "description": "A session, for our own pages."},
}

IDEMPOTENCY_KEY = "IdempotencyKey"
PARAMETERS: Json = {
    IDEMPOTENCY_KEY: {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": f"Asked again with the same key within {KEPT_HOURS} hours, the first answer is given again.",
        "schema": {**TEXT, "minLength": 1, "maxLength": KEY_LENGTH_MAX, "pattern": "^[!-~]+$"},
    }
}

ETAG, LOCATION, RETRY_AFTER, REPLAYED, CHALLENGE = (
    "ETag", "Location", "Retry-After", "Idempotency-Replayed", "WWW-Authenticate",
)  # fmt: skip
HEADERS: Json = {
    ETAG: {"required": True, "description": "The version, for If-Match.", "schema": TEXT},
    LOCATION: {
        "required": True,
        "description": "Where the new thing is.",
        "schema": {**TEXT, "format": "uri-reference"},
    },
    RETRY_AFTER: {"description": "When to ask again, in seconds.", "schema": SECONDS},
    REPLAYED: {"description": "This is the first answer again.", "schema": {**TEXT, "const": "true"}},
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

OF_CALLERS = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
)
OF_READING_BODIES = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY}
)
# Parameters that mean the same on every route that takes them.
OF_PARAMETERS: Mapping[str, frozenset[HTTPStatus]] = {
    "cursor": frozenset({HTTPStatus.UNPROCESSABLE_ENTITY}),
    "If-Match": frozenset({HTTPStatus.PRECONDITION_FAILED, HTTPStatus.UNPROCESSABLE_ENTITY}),
}


def may_refuse(*statuses: HTTPStatus) -> dict[str, frozenset[HTTPStatus]]:
    """For a route's `opt`: statuses that cannot be told from how it is asked."""
    return {REFUSALS: frozenset(statuses)}


def describe_api(
    title: str, version: str, description: str, routes: Sequence[ControllerRouterHandler]
) -> OpenAPIConfig:
    handlers = {str(route.operation_id): route for route in routes if isinstance(route, HTTPRouteHandler)}
    return Describing(
        title=title,
        version=version,
        description=description,
        path="/schema",
        render_plugins=[JsonRenderPlugin()],
        handlers=handlers,
    )


@dataclass
class Describing(OpenAPIConfig):
    """Litestar's way to a document of our own; `handlers` are known by their operation's id."""

    handlers: Mapping[str, HTTPRouteHandler] = field(default_factory=dict)

    def to_openapi_schema(self) -> OpenAPI:
        raw = super().to_openapi_schema()
        document = Document(**{part.name: getattr(raw, part.name) for part in fields(raw)})
        document.handlers = self.handlers
        return document


class Document(OpenAPI):
    handlers: Mapping[str, HTTPRouteHandler]

    def to_schema(self) -> Json:
        document = super().to_schema()
        add_components(document["components"])
        for method, operation in operations_of(document):
            mend_operation(operation, method, self.handlers[operation["operationId"]])
        return document


def operations_of(document: Json) -> Iterator[tuple[str, Json]]:
    for item in document["paths"].values():
        yield from ((method, item[method]) for method in METHODS if method in item)


def add_components(components: Json) -> None:
    _, schemas = msgspec.json.schema_components((Problem,), ref_template="#/components/schemas/{name}")
    components["schemas"] = dict(sorted({**components["schemas"], **schemas}.items()))
    components["responses"] = {response_name(status): response_of(status) for status in PROBLEMS}
    components["parameters"] = PARAMETERS
    components["headers"] = HEADERS
    components["securitySchemes"] = SECURITY_SCHEMES


def response_of(status: HTTPStatus) -> Json:
    content = {PROBLEM_TYPE: {"schema": reference("schemas", Problem.__name__)}}
    headers = [PROBLEM_HEADERS[status]] if status in PROBLEM_HEADERS else []
    return {"description": PROBLEMS[status], "headers": headers_of(headers), "content": content}


def response_name(status: HTTPStatus) -> str:
    return f"Problem{status.value}"


def reference(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def headers_of(names: Sequence[str]) -> Json:
    return {name: reference("headers", name) for name in names}


def mend_operation(operation: Json, method: str, handler: HTTPRouteHandler) -> None:
    parameters: list[Json] = operation.get("parameters", [])
    for parameter in parameters:
        parameter["schema"] = without_null(parameter["schema"])
    refusals = refusals_of(parameters, handler)
    if handler.opt.get("is_idempotent"):
        operation["parameters"] = [*parameters, reference("parameters", IDEMPOTENCY_KEY)]
    operation.setdefault("security", security_of(handler, method))
    successes = {code: response for code, response in operation["responses"].items() if code < "400"}
    for response in successes.values():
        response["headers"] = {**response.get("headers", {}), **headers_of(answer_headers(handler))}
    problems = {str(status.value): reference("responses", response_name(status)) for status in sorted(refusals)}
    operation["responses"] = successes | problems


def without_null(schema: Json) -> Json:
    """A parameter that can be left out is not null: it is not there."""
    kinds = schema.get("oneOf", ())
    if len(kinds) != 2 or {"type": "null"} not in kinds:
        return schema
    rest = {key: value for key, value in schema.items() if key != "oneOf"}
    return {**next(kind for kind in kinds if kind != {"type": "null"}), **rest}


def security_of(handler: HTTPRouteHandler, method: str) -> list[Json]:
    """Either a key or a session, with the scope that is needed as its role."""
    if handler.opt.get("is_public"):
        return []
    scope = scope_of(handler.opt, method.upper())
    roles = [] if scope is None else [scope]
    return [{KEY: roles}, {SESSION: roles}]


def answer_headers(handler: HTTPRouteHandler) -> list[str]:
    """Whatever shows its version sends it as its ETag too; what is made and has one says where it is."""
    names = []
    if is_versioned(handler):
        names += [LOCATION, ETAG] if handler.status_code == HTTPStatus.CREATED else [ETAG]
    if handler.opt.get("is_idempotent"):
        names.append(REPLAYED)
    return names


def is_versioned(handler: HTTPRouteHandler) -> bool:
    answer = handler.parsed_fn_signature.return_type
    if not answer.is_subclass_of(Response) or not answer.inner_types:
        return False
    return "version" in getattr(answer.inner_types[0].annotation, "__struct_fields__", ())


def refusals_of(parameters: Sequence[Json], handler: HTTPRouteHandler) -> set[HTTPStatus]:
    """Every status of a problem that can be the answer."""
    arguments = handler.parsed_fn_signature.parameters
    found = {HTTPStatus.INTERNAL_SERVER_ERROR, *handler.opt.get(REFUSALS, ())}
    if not handler.opt.get("is_public"):
        found |= OF_CALLERS
    if "tx" in arguments:
        found.add(HTTPStatus.SERVICE_UNAVAILABLE)
    if "data" in arguments:
        found |= {HTTPStatus.BAD_REQUEST, *OF_READING_BODIES}
    if handler.opt.get("is_idempotent"):  # the body is read for its hash, wanted or not
        found |= {HTTPStatus.CONFLICT, *OF_READING_BODIES}
    for parameter in parameters:
        found |= refusals_of_parameter(parameter)
    return found


def refusals_of_parameter(parameter: Json) -> frozenset[HTTPStatus]:
    """A path with an id that is none has no route, so ids are found or not found."""
    is_id = parameter["in"] == "path" and parameter["schema"].get("format") == "uuid"
    statuses = OF_PARAMETERS.get(parameter["name"], frozenset())
    if parameter["in"] == "path":
        statuses |= {HTTPStatus.NOT_FOUND}
    if not is_id and is_checked(parameter["schema"]):
        statuses |= {HTTPStatus.BAD_REQUEST}
    return statuses


def is_checked(schema: Json) -> bool:
    """Any text will do for a schema that says no more than that it is one."""
    return {key: value for key, value in schema.items() if key not in {"description", "default"}} != TEXT
