"""The AsyncAPI document is one to the world's own reader, and says what sockets really say."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from service import assembly
from service.cli.openapi import documents
from service.web import wires
from service.web.wires import Encoding, encode_frame
from tests.contracts.node.running import needs_node, run
from tests.contracts.validation import faults_of, frame_checked, message_validator

Json = dict[str, Any]
PROGRESS: Json = assembly.contract().asyncapi["components"]["messages"]["CampaignProgress"]["examples"][0]["payload"]


@needs_node
def test_the_world_s_reader_accepts_it(tmp_path: Path) -> None:
    found = read_by_node(tmp_path, documents()["asyncapi.json"])
    assert found == {"diagnostics": [], "read": {"messages": ["Subscribe", "CampaignProgress", "Refusal"]}}


@needs_node
def test_the_world_s_reader_would_find_a_fault(tmp_path: Path) -> None:
    broken = msgspec.json.decode(documents()["asyncapi.json"])
    broken["operations"]["watch_progress"]["action"] = "shout"
    assert read_by_node(tmp_path, msgspec.json.encode(broken))["diagnostics"]


def read_by_node(folder: Path, document: bytes) -> Json:
    (folder / "asyncapi.json").write_bytes(document)
    found: Json = run("check_asyncapi.mjs", str(folder / "asyncapi.json"))
    return found


@pytest.mark.parametrize(
    "message",
    [
        {**PROGRESS, "phase": "resolving"},
        {**PROGRESS, "campaignId": "7"},
        {**PROGRESS, "occurredAt": "yesterday"},
        {**PROGRESS, "deleted": "no"},
        {**PROGRESS, "type": "campaign.finished"},
        {name: value for name, value in PROGRESS.items() if name != "sequence"},
        {"type": "error", "code": "subscription_invalid"},
        [],
    ],
)
async def test_a_watcher_in_any_test_notices_a_message_that_is_not_in_the_contract(message: Any) -> None:
    assert faults_of(message_validator(), message)
    async with saying(message) as address, connect(address, proxy=None) as socket:
        with pytest.raises(AssertionError, match="not in the contract"):
            await socket.recv()


@pytest.mark.parametrize("is_binary", [False, True])
def test_a_server_in_any_test_is_caught_sending_what_is_not_in_the_contract(
    monkeypatch: pytest.MonkeyPatch, is_binary: bool
) -> None:
    unfit: list[str] = []
    monkeypatch.setattr(wires, "Frame", frame_checked(unfit))
    encode = msgspec.msgpack.encode if is_binary else msgspec.json.encode
    encode_frame(encode(PROGRESS), Encoding(is_binary, 0))
    assert not unfit
    encode_frame(encode({**PROGRESS, "phase": "resolving"}), Encoding(is_binary, 12))
    assert len(unfit) == 1


async def test_a_message_of_the_contract_is_read_as_it_is() -> None:
    later = {**PROGRESS, "addedLater": 1}  # answers are open
    async with saying(later) as address, connect(address, proxy=None) as socket:
        assert msgspec.json.decode(await socket.recv()) == later


@contextlib.asynccontextmanager
async def saying(message: Any) -> AsyncIterator[str]:
    """The address of a server that says one thing."""

    async def say(socket: ServerConnection) -> None:
        await socket.send(msgspec.json.encode(message).decode())
        await socket.wait_closed()

    async with serve(say, "127.0.0.1", 0) as server:
        (listener,) = server.sockets
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
