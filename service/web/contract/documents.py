"""Routes -> both documents, as values and as the bytes that are served and committed."""

from collections.abc import Sequence

import msgspec
from litestar.handlers import HTTPRouteHandler, WebsocketRouteHandler
from litestar.types import ControllerRouterHandler

from service.web.contract.asyncapi import conversation_of, describe_messages
from service.web.contract.examples import read_examples
from service.web.contract.openapi import describe_requests
from service.web.contract.operations import kinds_answered, kinds_asked
from service.web.contract.schemas import Json, describe_kinds
from service.web.errors import Problem

INDENT_SPACES = 2


class Contract(msgspec.Struct, frozen=True):
    """Both documents."""

    openapi: Json
    asyncapi: Json


def describe_contract(routes: Sequence[ControllerRouterHandler], version: str) -> Contract:
    """What these routes are, all but those that say `include_in_schema=False`."""
    handlers = [
        route for route in routes if isinstance(route, HTTPRouteHandler) and route.include_in_schema is not False
    ]
    sockets = [route for route in routes if isinstance(route, WebsocketRouteHandler)]
    conversations = [conversation_of(socket) for socket in sockets]
    asked = [kind for each in handlers for kind in kinds_asked(each)]
    answered = [kind for each in handlers for kind in kinds_answered(each)]
    schemas = describe_kinds(
        [*asked, *(each.takes for each in conversations)],
        [*answered, *(each.sends for each in conversations), Problem],
        {each.name: each.sends for each in conversations},
    )
    examples = read_examples()
    return Contract(
        plain(describe_requests(handlers, conversations, schemas, examples, version)),
        plain(describe_messages(sockets, schemas, examples, version)),
    )


def plain(document: Json) -> Json:
    """As it is read again: without our enums, and with no part in two places."""
    read: Json = msgspec.json.decode(msgspec.json.encode(document))
    return read


def as_json(document: Json) -> bytes:
    """The same document is always the same bytes."""
    return msgspec.json.format(msgspec.json.encode(document), indent=INDENT_SPACES) + b"\n"


def as_yaml(document: Json) -> bytes:
    return msgspec.yaml.encode(document)
