"""The websockets -> the AsyncAPI document. The messages' schemas are those of the OpenAPI document, word for word."""

import re
from collections.abc import Sequence
from typing import Any, get_args

import msgspec
from litestar.handlers import WebsocketRouteHandler

from service.web.authentication import SESSION_COOKIE
from service.web.contract.examples import Examples, brief
from service.web.contract.marks import SPOKEN, Conversation
from service.web.contract.openapi import TITLE
from service.web.contract.operations import JSON_TYPE, KEY, SESSION, told_by
from service.web.contract.schemas import PLACE, Json, Schemas, references_in
from service.web.parameters import camel

ASYNCAPI_VERSION = "3.1.0"
HOST = "127.0.0.1:8000"
SECURITY_SCHEMES: Json = {
    KEY: {"type": "http", "scheme": "bearer", "description": "A key, for programs: `Authorization: Bearer phl_...`."},
    SESSION: {
        "type": "httpApiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "A session, for our own pages: the handshake's Origin must be ours.",
    },
}


def describe_messages(
    handlers: Sequence[WebsocketRouteHandler], schemas: Schemas, examples: Examples, version: str
) -> Json:
    conversations = [conversation_of(handler) for handler in handlers]
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "info": {
            "title": TITLE,
            "version": version,
            "description": "What is sent over websockets. Requests and answers are in the OpenAPI document.",
        },
        "defaultContentType": JSON_TYPE,
        "servers": {
            "here": {
                "host": HOST,
                "protocol": "ws",
                "description": "Where this document comes from.",
                "security": [reference("securitySchemes", name) for name in SECURITY_SCHEMES],
            }
        },
        "channels": {
            channel_name(each): describe_channel(handler, each)
            for handler, each in zip(handlers, conversations, strict=True)
        },
        "operations": {
            name: operation
            for handler, each in zip(handlers, conversations, strict=True)
            for name, operation in describe_actions(handler, each).items()
        },
        "components": {
            "messages": {
                kind.__name__: describe_message(kind, each, examples)
                for each in conversations
                for kind in messages_of(each)
            },
            "schemas": closure(schemas, [kind.__name__ for each in conversations for kind in messages_of(each)]),
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def conversation_of(handler: WebsocketRouteHandler) -> Conversation:
    found: Conversation = handler.opt[SPOKEN]
    return found


def messages_of(conversation: Conversation) -> list[type[msgspec.Struct]]:
    """What clients send, then what they get."""
    return [conversation.takes, *get_args(conversation.sends)]


def channel_name(conversation: Conversation) -> str:
    """The channel's name as it can stand in a reference, without a dot."""
    return camel(conversation.channel.replace(".", "_"))


def describe_channel(handler: WebsocketRouteHandler, conversation: Conversation) -> Json:
    (address,) = handler.paths
    closes = "\n".join(f"- {code}: {meaning}" for code, meaning in conversation.closes.items())
    _, rest = told_by(handler.fn.__doc__)
    return {
        "address": address,
        "title": conversation.channel,
        "description": f"{rest}\n\nThe server closes with\n\n{closes}".strip(),
        "messages": {kind.__name__: reference("messages", kind.__name__) for kind in messages_of(conversation)},
        "bindings": {"ws": {"method": "GET"}},
    }


def describe_actions(handler: WebsocketRouteHandler, conversation: Conversation) -> Json:
    """The server's: it receives what clients send, and sends what they get."""
    name = channel_name(conversation)
    takes, *sends = messages_of(conversation)
    summary, _ = told_by(handler.fn.__doc__)
    return {
        camel_to_snake(takes.__name__): action("receive", name, [takes], told_of(takes)),
        str(handler.opt["operation_id"]): action("send", name, sends, summary),
    }


def action(verb: str, channel: str, kinds: Sequence[type], summary: str) -> Json:
    place = f"#/channels/{channel}"
    return {
        "action": verb,
        "channel": {"$ref": place},
        "summary": summary,
        "messages": [{"$ref": f"{place}/messages/{kind.__name__}"} for kind in kinds],
    }


def describe_message(kind: type[msgspec.Struct], conversation: Conversation, examples: Examples) -> Json:
    shown: list[Json] = []
    if kind is conversation.takes:
        shown = [{"name": name, "payload": brief(request)} for name, request in conversation.examples.items()]
    elif kind.__name__ in examples.messages:
        shown = [{"payload": examples.messages[kind.__name__]}]
    return {
        "name": kind.__name__,
        "title": kind.__name__,
        "summary": told_of(kind),
        "contentType": JSON_TYPE,
        "payload": {"$ref": PLACE + kind.__name__},
        **({"examples": shown} if shown else {}),
    }


def told_of(kind: type) -> str:
    return told_by(kind.__doc__)[0]


def closure(schemas: Schemas, names: Sequence[str]) -> Json:
    """These schemas, and all that they lead to."""
    found: dict[str, Any] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = schemas.components[name]
            waiting += references_in(found[name])
    return dict(sorted(found.items()))


def camel_to_snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def reference(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}
