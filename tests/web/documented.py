"""The OpenAPI document beside the routes that it describes, and a record of answers held against it."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from tests.world import Answer

HEADERS_TOLD = ("X-Request-Id", "ETag", "Location", "Retry-After", "Idempotency-Replayed", "WWW-Authenticate")
PHASE = "dns_validation"

Json = dict[str, Any]


class Operation(msgspec.Struct, frozen=True):
    """One operation: how it is asked, what is told of it, and the handler behind it."""

    id: str
    method: str
    path: str
    spec: Json
    handler: HTTPRouteHandler

    @property
    def is_public(self) -> bool:
        return bool(self.handler.opt.get("is_public"))

    @property
    def is_idempotent(self) -> bool:
        return bool(self.handler.opt.get("is_idempotent"))

    @property
    def statuses(self) -> set[int]:
        return {int(code) for code in self.spec["responses"]}

    def place(self, campaign_id: object = None) -> str:
        """Its path, to this campaign or to one that there is not."""
        named = self.path.replace("{campaignId}", str(campaign_id or uuid4())).replace("{phase}", PHASE)
        return re.sub(r"{\w+Id}", str(uuid4()), named)


def resolved(document: Json, part: Json) -> Json:
    """What a reference stands for."""
    if "$ref" not in part:
        return part
    found: Json = document
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def handlers_of(application: Litestar) -> list[HTTPRouteHandler]:
    """All that should be in the document, each once."""
    found = {
        handler.operation_id: handler
        for route in application.routes
        for handler in getattr(route, "route_handlers", ())
        if isinstance(handler, HTTPRouteHandler) and handler.resolve_include_in_schema() and handler.operation_id
    }
    return list(found.values())


def operations_of(document: Json, application: Litestar) -> list[Operation]:
    handlers = {handler.operation_id: handler for handler in handlers_of(application)}
    return [
        Operation(spec["operationId"], method.upper(), path, spec, handlers[spec["operationId"]])
        for path, item in document["paths"].items()
        for method, spec in item.items()
    ]


def parameters_of(document: Json, operation: Operation, place: str) -> Mapping[str, Json]:
    parameters = (resolved(document, each) for each in operation.spec.get("parameters", ()))
    return {each["name"]: each for each in parameters if each["in"] == place}


class Record:
    """Answers, each held against the document; which statuses each operation has answered with."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.seen: dict[str, set[int]] = defaultdict(set)
        self.faults: list[str] = []

    def note(self, operation: Operation, answer: Answer) -> None:
        self.seen[operation.id].add(answer.status)
        told = operation.spec["responses"].get(str(answer.status))
        if told is None:
            self.faults.append(f"{operation.id}: {answer.status} is not told of: {answer.body!r}"[:300])
            return
        response = resolved(self.document, told)
        faults = [*self.header_faults(response, answer)]
        if answer.status >= 400:
            faults += self.problem_faults(response, answer)
        self.faults += [f"{operation.id}: {answer.status}: {fault}" for fault in faults]

    def header_faults(self, response: Json, answer: Answer) -> list[str]:
        told = {name: resolved(self.document, header) for name, header in response.get("headers", {}).items()}
        untold = [name for name in HEADERS_TOLD if name.lower() in answer.headers and name not in told]
        missing = [name for name, each in told.items() if each.get("required") and name.lower() not in answer.headers]
        return [*(f"{name} is not told of" for name in untold), *(f"{name} is missing" for name in missing)]

    def problem_faults(self, response: Json, answer: Answer) -> list[str]:
        if list(response["content"]) != [answer.headers["content-type"]]:
            return [f"it comes as {answer.headers['content-type']}"]
        schema = resolved(self.document, response["content"]["application/problem+json"]["schema"])
        body: Json = answer.body
        faults = [f"{name} is missing" for name in schema["required"] if name not in body]
        faults += [f"{name} is not told of" for name in body if name not in schema["properties"]]
        faults += [] if body["status"] == answer.status else ["another status in the body"]
        return faults

    def never_seen(self, operations: Sequence[Operation]) -> set[tuple[str, int]]:
        """What is told of, and was not answered by anything that was tried."""
        return {(each.id, status) for each in operations for status in each.statuses - self.seen[each.id]}
