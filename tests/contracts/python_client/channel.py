"""The websocket: where it is, and which of the models go over it."""

from typing import Any

from tests.contracts.python_client.texts import NOTE


def channel_text(openapi: dict[str, Any], asyncapi: dict[str, Any]) -> str:
    """ValueError where this client could not follow it."""
    ((key, channel),) = asyncapi["channels"].items()
    told, asked = names_of(asyncapi, key, "send"), names_of(asyncapi, key, "receive")
    schemas = asyncapi["components"]["schemas"]
    for name in (*told, *asked):
        if schemas[name] != openapi["components"]["schemas"][name]:
            raise ValueError(f"{name} is not the same in both documents")
    tags = [schemas[name]["properties"]["type"]["const"] for name in told]
    return "\n".join(
        [
            NOTE, "",
            '"""The websocket: where it is, and what goes over it."""', "",
            "from typing import Final", "",
            f"from phaseline_client.generated.models import {', '.join(sorted({*told, *asked}))}", "",
            f"ADDRESS: Final = {channel['address']!r}",
            f"CHANNEL: Final = {channel['title']!r}",
            f"SERVER_MESSAGE_TYPES = frozenset({{{', '.join(map(repr, tags))}}})", "",
            f"ServerMessage = {' | '.join(told)}",
            f"ClientMessage = {' | '.join(asked)}", "",
        ]
    )  # fmt: skip


def names_of(asyncapi: dict[str, Any], channel: str, action: str) -> list[str]:
    return [
        message["$ref"].rsplit("/", 1)[1]
        for operation in asyncapi["operations"].values()
        if operation["action"] == action and operation["channel"]["$ref"] == f"#/channels/{channel}"
        for message in operation["messages"]
    ]
