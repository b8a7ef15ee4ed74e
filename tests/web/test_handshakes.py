"""A websocket that is refused: the status, the problem and the headers that a request would get."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
import pytest
from litestar.types import Message
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from service.access.model import NewKey
from service.postgres.database import Database
from service.web.errors import Problem
from service.web.security import SECURITY_HEADERS
from tests.served import serving
from tests.world import Caller

ELSEWHERE = "https://elsewhere.example"


@contextlib.asynccontextmanager
async def watching(base_url: str, headers: Mapping[str, str]) -> AsyncIterator[ClientConnection]:
    address = base_url.replace("http://", "ws://") + "/ws"
    async with connect(address, additional_headers=headers, proxy=None) as socket:
        yield socket


async def assert_refused(base_url: str, headers: Mapping[str, str], status: int, code: str) -> Mapping[str, str]:
    """The headers of the answer."""
    with pytest.raises(InvalidStatus) as refused:
        async with watching(base_url, headers):
            pass
    response = refused.value.response
    problem = msgspec.json.decode(bytes(response.body or b""), type=Problem)
    assert (response.status_code, problem.status, problem.code) == (status, status, code)
    assert problem.detail
    assert response.headers["content-type"] == "application/problem+json"
    for name, value in SECURITY_HEADERS.items():
        assert response.headers[name] == value
    return response.headers


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


async def cookie_of(caller: Caller) -> str:
    return (await caller.call("POST", "/session")).headers["set-cookie"].partition(";")[0]


async def test_without_a_key(base_url: str) -> None:
    headers = await assert_refused(base_url, {}, 401, "key_missing")
    assert headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("secret", "code"), [("phl_" + "x" * 43, "key_unknown"), ("nonsense", "key_unknown"), ("x" * 5_000, "key_missing")]
)
async def test_with_nobodys_key(base_url: str, secret: str, code: str) -> None:
    await assert_refused(base_url, bearer(secret), 401, code)


async def test_with_a_key_that_may_not_read(api: Caller) -> None:
    made = (await api.call("POST", "/keys", json={"name": "blind", "scopes": ["write"]})).body
    await assert_refused(api.base_url, bearer(made["secret"]), 403, "scope_missing")


@pytest.mark.parametrize("origin", [{}, {"Origin": ELSEWHERE}, {"Origin": "null"}])
async def test_from_another_sites_page(api: Caller, origin: dict[str, str]) -> None:
    headers = {"Cookie": await cookie_of(api), **origin}
    await assert_refused(api.base_url, headers, 403, "origin_refused")


async def test_with_a_session_that_has_ended(api: Caller) -> None:
    headers = {"Cookie": "phaseline_session=gone", "Origin": api.base_url}
    await assert_refused(api.base_url, headers, 401, "session_unknown")


async def test_a_bug_of_ours_shows_nothing(base_url: str, database: Database, key: NewKey) -> None:
    await database.pool.execute("ALTER TABLE api_keys RENAME TO hidden_keys")
    await assert_refused(base_url, bearer(key.secret), 500, "internal_error")


async def test_a_refused_socket_leaves_the_server_as_it_was(
    base_url: str, key: NewKey, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        await assert_refused(base_url, {}, 401, "key_missing")
    assert not caplog.messages
    async with watching(base_url, bearer(key.secret)) as socket:
        await socket.send("{")
        assert '"error"' in str(await socket.recv())


@pytest.mark.parametrize("extensions", [None, {}, {"tls": {}}])
async def test_a_server_that_cannot_answer_closes(database_url: str, extensions: Any) -> None:
    """Such a server answers a close before the handshake with 403."""
    sent: list[Message] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    async with serving(database_url) as served:
        await served.application(websocket_scope(extensions), receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


def websocket_scope(extensions: Any) -> Any:
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
        "path": "/ws",
        "raw_path": b"/ws",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1")],
        "subprotocols": [],
        "state": {},
        "extensions": extensions,
    }
