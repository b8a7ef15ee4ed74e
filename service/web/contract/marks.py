"""What a route says of itself in its `opt`, where its signature cannot tell: refusals, media, examples, messages."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec

REFUSALS, STREAMED, TAKEN, EXAMPLES, SPOKEN = "refusals", "streamed", "taken", "examples", "spoken"


class Media(msgspec.Struct, frozen=True):
    """One kind of media that a body can be: text, or bytes; `lines` are the Structs that its lines hold, if any.

    `example` is a whole body, of those that are sent to us.
    """

    kind: str
    description: str
    lines: tuple[type, ...] = ()
    is_text: bool = True
    example: str | None = None


class Conversation(msgspec.Struct, frozen=True):
    """What a websocket says: `takes` from clients, `sends` to them, and the codes with which it closes.

    `sends` is a tagged union; `name` is what it is called, since a union has no name of its own.
    """

    channel: str
    name: str
    sends: Any
    takes: type
    closes: Mapping[int, str]
    examples: Mapping[str, msgspec.Struct]


def may_refuse(*statuses: HTTPStatus) -> dict[str, frozenset[HTTPStatus]]:
    """Statuses that cannot be told from how the route is asked."""
    return {REFUSALS: frozenset(statuses)}


def streams(*media: Media) -> dict[str, tuple[Media, ...]]:
    """The answer is a stream, in one of these."""
    return {STREAMED: media}


def takes(*media: Media) -> dict[str, tuple[Media, ...]]:
    """The body is read as a stream, in any of these."""
    return {TAKEN: media}


def examples(**requests: msgspec.Struct) -> dict[str, dict[str, msgspec.Struct]]:
    """Bodies to show, by what each of them is for; a test sends them all."""
    return {EXAMPLES: requests}


def speaks(conversation: Conversation) -> dict[str, Conversation]:
    """For a websocket."""
    return {SPOKEN: conversation}
