"""JSON held against the schemas of the contract."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any

import jsonschema_rs
import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.frames import Frame, Opcode

from service import assembly
from service.progress.socket import MSGPACK

Json = dict[str, Any]
Validator = jsonschema_rs.Draft202012Validator
Receive = Callable[..., Awaitable[str | bytes]]


@functools.cache
def message_validator() -> Validator:
    """Of whatever the server may say over the websocket."""
    document = assembly.contract().asyncapi
    operation = document["operations"]["watch_progress"]
    kinds = [place["$ref"].rpartition("/")[2] for place in operation["messages"]]
    payloads = [document["components"]["messages"][kind]["payload"] for kind in kinds]
    return validator_of(document, {"oneOf": payloads})


def validator_of(document: Json, schema: Json) -> Validator:
    """Of a schema that stands in a document, whose components it refers to."""
    return Validator({**schema, "components": document["components"]}, validate_formats=True)


def faults_of(validator: Validator, value: object) -> list[str]:
    return [f"{fault.instance_path}: {fault.message}" for fault in validator.iter_errors(value)]


def recv_checked(recv: Receive) -> Receive:
    """A client's `recv`, which takes nothing that the contract does not tell of."""

    async def checked(socket: ClientConnection, decode: bool | None = None) -> str | bytes:
        data = await recv(socket, decode)
        faults = faults_of(message_validator(), decoded(data, socket.subprotocol))
        assert not faults, f"a message that is not in the contract: {faults} in {data!r}"
        return data

    return checked


def frame_checked(unfit: list[str]) -> Callable[[Opcode, bytes], Frame]:
    """`Frame` for the server, which adds to the list what the contract does not tell of: children and Node read it."""

    def checked(opcode: Opcode, data: bytes) -> Frame:
        message = msgspec.msgpack.decode(data) if opcode is Opcode.BINARY else msgspec.json.decode(data)
        if faults := faults_of(message_validator(), message):
            unfit.append(f"{faults} in {data!r}")
        return Frame(opcode, data)

    return checked


def decoded(data: str | bytes, subprotocol: str | None) -> object:
    if isinstance(data, bytes) and subprotocol == MSGPACK:
        return msgspec.msgpack.decode(data)
    return msgspec.json.decode(data)
