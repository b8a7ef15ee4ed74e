"""Every operation of the service, each with a valid example: a closed table, held against what is really served."""

from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler, WebsocketRouteHandler
from litestar.routes import HTTPRoute, WebSocketRoute

from service.dashboard.api import DASHBOARD
from service.web.contract.operations import path_of
from tests.world import a_campaign

FOLDERS_OF_PAGES = ("/schema", "/docs", DASHBOARD)
UNDOCUMENTED = {("GET", "/"), ("GET", "/metrics")}
# Being built while this is written: their examples stand below, whether they are served yet or not.
TOLERATED = {"delete_campaign", "update_campaign"}
JSON = "application/json"
# Parameters that are tried by themselves: in test_cursors, and with the same key of two tenants in test_isolation.
TRIED_ELSEWHERE = {"cursor", "Idempotency-Key"}

CREATE: dict[str, Any] = msgspec.to_builtins(a_campaign(50))
GENERATION: dict[str, Any] = CREATE["configuration"]["domainGeneration"]
FILTERS = {
    "dnsOutcome": "resolved",
    "httpOutcome": "reached",
    "analysisOutcome": "qualified",
    "keyword": "pricing",
    "scoreMin": "0",
    "scoreMax": "1",
    "prefix": "a",
}
ANY_VERSION = {"If-Match": "*"}


class Example(msgspec.Struct, frozen=True):
    """A valid call. `campaign` says which of a tenant's campaigns, where its path names a tenant's thing at all.

    `before` are commands without which it is refused.
    `parameters` are those of the query and of the headers, by their names; each that there is must be here.
    """

    campaign: str | None = "generating"
    parameters: dict[str, str] = {}
    body: Any = None
    content: bytes | None = None
    content_type: str = JSON
    before: tuple[str, ...] = ()


EXAMPLES: dict[str, Example] = {
    "list_campaigns": Example(
        campaign=None, parameters={"limit": "200", "currentPhase": "domain_generation", "phaseStatus": "running"}
    ),
    "create_campaign": Example(campaign=None, body=CREATE),
    "get_campaign": Example(),
    "update_campaign": Example(body={"name": "x"}, parameters=ANY_VERSION),
    "delete_campaign": Example(parameters=ANY_VERSION),
    "transition_campaign": Example(
        body={"targetPhase": "domain_generation", "transitionReason": "go"}, parameters=ANY_VERSION
    ),
    "get_phases": Example(),
    "list_transitions": Example(parameters={"limit": "200"}),
    "pause_campaign": Example(body={"reason": "wait"}, parameters=ANY_VERSION),
    "resume_campaign": Example(body={"reason": "go on"}, parameters=ANY_VERSION),
    "cancel_campaign": Example(body={"reason": "enough"}, parameters=ANY_VERSION),
    "retry_campaign": Example(body={"reason": "again"}, parameters=ANY_VERSION, before=("cancel",)),
    "explain_campaign": Example(),
    "list_domains": Example(campaign="planted", parameters={**FILTERS, "limit": "200", "sort": "score", "after": "-1"}),
    "list_leads": Example(campaign="planted", parameters={"limit": "200"}),
    "get_funnel": Example(campaign="planted"),
    "export_domains": Example(campaign="planted", parameters={**FILTERS, "format": "ndjson", "after": "-1"}),
    "list_imports": Example(campaign="listed"),
    "import_domains": Example(
        campaign="listed",
        content=b"domain\nb.com\n",
        content_type="text/csv",
        parameters={"Content-Encoding": "identity", "column": "domain", "field": "domain"},
    ),
    "stream_rejects": Example(campaign="listed"),
    "preview_pattern": Example(campaign=None, body=GENERATION),
    "estimate_campaign": Example(campaign=None, body={key: CREATE[key] for key in ("initialPhase", "configuration")}),
    "estimate_phase": Example(),
    "list_workers": Example(campaign=None),
    "open_session": Example(campaign=None),
    "close_session": Example(campaign=None),
    "list_keys": Example(campaign=None),
    "make_key": Example(campaign=None, body={"name": "one more", "scopes": ["read"], "expiresAt": None}),
    "revoke_key": Example(),
    "list_acts": Example(campaign=None, parameters={"limit": "200"}),
    "get_liveness": Example(campaign=None),
    "get_readiness": Example(campaign=None),
    "get_settings": Example(campaign=None),
}
# Parameters of paths that name nothing of a tenant's.
PLAIN_PATH_PARAMETERS = {"phase": "domain_generation"}


class Operation(msgspec.Struct, frozen=True):
    """One operation as the document tells it."""

    id: str
    method: str
    path: str
    parameters: dict[str, str]  # where each stands, by its name

    @property
    def id_parameters(self) -> tuple[str, ...]:
        """What in its path names a thing of a tenant's."""
        return tuple(
            name for name, place in self.parameters.items() if place == "path" and name not in PLAIN_PATH_PARAMETERS
        )

    def parameters_in(self, *places: str) -> set[str]:
        return {name for name, place in self.parameters.items() if place in places}

    def path_of(self, ids: dict[str, str]) -> str:
        return self.path.format(**PLAIN_PATH_PARAMETERS, **ids)


def documented(document: dict[str, Any]) -> dict[str, Operation]:
    """All operations of an OpenAPI document."""
    found = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            given = [resolved(document, each) for each in operation.get("parameters", [])]
            parameters = {each["name"]: each["in"] for each in given}
            found[operation["operationId"]] = Operation(operation["operationId"], method.upper(), path, parameters)
    return found


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """What a reference within the document leads to, or the node itself."""
    if "$ref" not in node:
        return node
    place: Any = document
    for token in node["$ref"].removeprefix("#/").split("/"):
        place = place[token]
    found: dict[str, Any] = place
    return found


def served_handlers(application: Litestar) -> dict[tuple[str, str], HTTPRouteHandler]:
    """Every handler of HTTP by method and path, but for pages, the document, and the refusals of OPTIONS."""
    return {
        (method, path_of(handler)): handler
        for route in application.routes
        if isinstance(route, HTTPRoute) and not route.path_format.startswith(FOLDERS_OF_PAGES)
        for handler in route.route_handlers
        for method in handler.http_methods
        if method != "OPTIONS"
    }


def served_sockets(application: Litestar) -> dict[str, WebsocketRouteHandler]:
    return {route.path_format: route.route_handler for route in application.routes if isinstance(route, WebSocketRoute)}


def other_routes(application: Litestar) -> list[str]:
    return [route.path for route in application.routes if not isinstance(route, HTTPRoute | WebSocketRoute)]
