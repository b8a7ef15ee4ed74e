"""One route -> one operation: arguments and answer from its signature, the rest from the marks that steer the edge.

The rest that a caller meets is the edge's doing: keys and scopes, idempotency, conditions, bounds, problems. What only
one route refuses, that route says itself: `opt=may_refuse(HTTPStatus.CONFLICT)`.
"""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus

from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import HeaderParameter, KwargDefinition, ParameterKwarg, PathParameter
from litestar.response import Stream
from litestar.types import Empty
from litestar.typing import FieldDefinition

from service.web.authentication import scope_of
from service.web.contract.examples import Examples, brief, named_values
from service.web.contract.marks import EXAMPLES, REFUSALS, STREAMED, TAKEN, Media
from service.web.contract.schemas import Json, Kind, Schemas, without, without_null
from service.web.parameters import camel, parameter_name, parameters_of

JSON_TYPE = "application/json"
KEY, SESSION = "key", "session"
TEXT: Json = {"type": "string"}
IDEMPOTENCY_KEY = "IdempotencyKey"
ETAG, LOCATION, REPLAYED = "ETag", "Location", "Idempotency-Replayed"
REQUEST_ID = "X-Request-Id"  # of every answer
PATH_PARAMETER = re.compile(r"{(\w+):\w+}")
TOLD_BY_BODIES = "Content-Type"  # each kind of body that a route takes is told of by itself

CONSTRAINTS = {
    "ge": "minimum",
    "le": "maximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "min_items": "minItems",
    "max_items": "maxItems",
}
SUCCESSES = {
    HTTPStatus.OK: "As asked.",
    HTTPStatus.CREATED: "It was made.",
    HTTPStatus.ACCEPTED: "It was taken; what follows from it goes on.",
    HTTPStatus.NO_CONTENT: "Done; there is nothing more to say.",
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


def kinds_asked(handler: HTTPRouteHandler) -> Iterator[Kind]:
    """All that a caller sends on a route."""
    if handler.parsed_data_field is not None:
        yield handler.parsed_data_field.annotation
    for field in parameter_fields(handler):
        yield field.annotation


def kinds_answered(handler: HTTPRouteHandler) -> Iterator[Kind]:
    """All that a caller gets from a route, problems aside."""
    for media in handler.opt.get(STREAMED, ()):
        yield from media.lines
    if (kind := answer_kind(handler)) is not None:
        yield kind


def answer_kind(handler: HTTPRouteHandler) -> Kind | None:
    """What the answer's JSON holds; None for streams, and where there is no body."""
    answer = handler.parsed_fn_signature.return_type
    if answer.is_subclass_of(Stream):
        return None
    if answer.is_subclass_of(Response):
        answer = answer.inner_types[0]
    return None if answer.annotation is type(None) else answer.annotation


def parameter_fields(handler: HTTPRouteHandler) -> list[FieldDefinition]:
    return [field for name, field in parameters_of(handler).items() if name != TOLD_BY_BODIES]


def path_of(handler: HTTPRouteHandler) -> str:
    """Its path with names as all names on the wire are written."""
    (path,) = handler.paths
    return PATH_PARAMETER.sub(lambda found: f"{{{camel(found[1])}}}", path)


def method_of(handler: HTTPRouteHandler) -> str:
    (method,) = handler.http_methods
    return str(method)


def describe_operation(handler: HTTPRouteHandler, schemas: Schemas, examples: Examples) -> Json:
    """As the document tells of it."""
    parameters = [describe_parameter(field, schemas) for field in parameter_fields(handler)]
    refusals = refusals_of(parameters, handler)
    if handler.opt.get("is_idempotent"):
        parameters.append(reference("parameters", IDEMPOTENCY_KEY))
    body = describe_body(handler, schemas)
    summary, description = told_by(handler.summary or handler.fn.__doc__)
    return {
        "operationId": handler.operation_id,
        "summary": summary,
        **({"description": description} if description else {}),
        "tags": list(handler.tags or ()),
        "security": [dict(each) for each in handler.security or security_of(handler)],
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": body} if body else {}),
        "responses": {
            str(handler.status_code): describe_success(handler, schemas, examples),
            **{str(status.value): reference("responses", response_name(status)) for status in sorted(refusals)},
        },
    }


def told_by(docstring: str | None) -> tuple[str, str]:
    """Its first line, and the others."""
    first, _, rest = inspect.cleandoc(docstring or "").partition("\n")
    return first, rest.strip()


def describe_parameter(field: FieldDefinition, schemas: Schemas) -> Json:
    """What can be left out is not null: it is not there."""
    definition = field.kwarg_definition
    assert isinstance(definition, ParameterKwarg)
    is_in_path = isinstance(definition, PathParameter)
    schema = without_null(schemas.asked(field.annotation)) | constraints_of(definition)
    if field.default not in {Empty, None}:
        schema["default"] = field.default
    return {
        "name": parameter_name(field),
        "in": "path" if is_in_path else "header" if isinstance(definition, HeaderParameter) else "query",
        "required": field.default is Empty,
        **({"description": definition.description} if definition.description else {}),
        "schema": schema,
    }


def constraints_of(definition: KwargDefinition) -> Json:
    told = {word: getattr(definition, ours) for ours, word in CONSTRAINTS.items()}
    return {word: bound for word, bound in told.items() if bound is not None} | (definition.schema_extra or {})


def describe_body(handler: HTTPRouteHandler, schemas: Schemas) -> Json | None:
    streamed: Sequence[Media] = handler.opt.get(TAKEN, ())
    if streamed:
        return {"required": True, "content": described_kinds(streamed, schemas)}
    field = handler.parsed_data_field
    if field is None:
        return None
    content: Json = {"schema": without_null(schemas.asked(field.annotation))}
    requests = handler.opt.get(EXAMPLES, {})
    if requests:
        content["examples"] = named_values({name: brief(request) for name, request in requests.items()})
    return {"required": not field.is_optional, "content": {JSON_TYPE: content}}


def described_kinds(media: Sequence[Media], schemas: Schemas) -> Json:
    """By their kinds, without the parameters of these."""
    return {each.kind.partition(";")[0]: describe_media(each, schemas) for each in media}


def describe_media(media: Media, schemas: Schemas) -> Json:
    """Of lines, each is told of beside: this version of OpenAPI has no word for it."""
    schema: Json = {**TEXT, "description": media.description}
    told: Json = {"schema": schema if media.is_text else {**schema, "format": "binary"}}
    if media.lines:
        told["x-line-schema"] = {"anyOf": [schemas.answered(line) for line in media.lines]}
    if media.example is not None:
        told["example"] = media.example
    return told


def describe_success(handler: HTTPRouteHandler, schemas: Schemas, examples: Examples) -> Json:
    content: Json = described_kinds(handler.opt.get(STREAMED, ()), schemas)
    if (kind := answer_kind(handler)) is not None:
        content[JSON_TYPE] = {"schema": schemas.answered(kind)}
    shown = examples.answers.get(str(handler.operation_id), {})
    for media_type, told in content.items():
        if media_type in shown:
            told["example"] = shown[media_type]
    return {
        "description": SUCCESSES[HTTPStatus(handler.status_code)],
        "headers": headers_of(answer_headers(handler)),
        **({"content": content} if content else {}),
    }


def security_of(handler: HTTPRouteHandler) -> list[Json]:
    """Either a key or a session, with the scope that is needed as its role."""
    if handler.opt.get("is_public"):
        return []
    scope = scope_of(handler.opt, method_of(handler))
    roles = [] if scope is None else [scope]
    return [{KEY: roles}, {SESSION: roles}]


def answer_headers(handler: HTTPRouteHandler) -> list[str]:
    """Whatever shows its version sends it as its ETag too; what is made and has one says where it is."""
    names = [REQUEST_ID]
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
    """A path with an id that is none has no route, so ids are found or not found; in a query, twice is too often."""
    is_id = parameter["in"] == "path" and parameter["schema"].get("format") == "uuid"
    statuses = OF_PARAMETERS.get(parameter["name"], frozenset())
    if parameter["in"] == "path":
        statuses |= {HTTPStatus.NOT_FOUND}
    if parameter["in"] == "query" or (not is_id and is_checked(parameter["schema"])):
        statuses |= {HTTPStatus.BAD_REQUEST}
    return statuses


def is_checked(schema: Json) -> bool:
    """Any text will do for a schema that says no more than that it is one."""
    return without(schema, {"description", "default"}) != TEXT


def response_name(status: HTTPStatus) -> str:
    return f"Problem{status.value}"


def reference(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def headers_of(names: Sequence[str]) -> Json:
    return {name: reference("headers", name) for name in names}
