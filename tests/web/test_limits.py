"""Bounds, each at its edge: heads, bodies, time, and requests under way."""

import asyncio
import contextlib
from typing import Any

import msgspec
import pytest

from service.access.model import NewKey
from service.postgres.database import Database
from service.settings import Settings
from service.web import connections
from service.web.connections import HEAD_BYTES_MAX, HEADERS_MAX
from tests.conftest import key_of
from tests.web.locks import nobody_writes_campaigns, until_waiting
from tests.web.raw_http import connected, read_answer, request_head
from tests.web.test_api import REQUEST, assert_problem, created
from tests.world import Caller, running_api

BODY = msgspec.json.encode(REQUEST)
JSON = "Content-Type: application/json"
CLOSE = "Connection: close"


async def count_campaigns(database: Database) -> int:
    return int(await database.pool.fetchval("SELECT count(*) FROM campaigns"))


async def test_a_head_within_the_bounds_is_read(base_url: str, key: NewKey) -> None:
    many = [f"X-{number}: {'v' * 500}" for number in range(HEADERS_MAX - 3)]
    async with connected(base_url) as (reader, writer):
        writer.write(request_head("GET", "/campaigns", key.secret, CLOSE, *many))
        assert (await read_answer(reader)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        [f"X-Long: {'v' * HEAD_BYTES_MAX}"],
        [f"X-{number}: {'v' * 1_000}" for number in range(70)],
        [f"X-{number}: v" for number in range(HEADERS_MAX)],
    ],
    ids=["one long", "long together", "too many"],
)
async def test_too_large_a_head_is_refused(base_url: str, key: NewKey, headers: list[str]) -> None:
    async with connected(base_url) as (reader, writer):
        writer.write(request_head("GET", "/campaigns", key.secret, *headers))
        answer = await read_answer(reader)
    assert answer.status == 431
    assert "application/problem+json" in answer.head
    assert msgspec.json.decode(answer.body)["code"] == "headers_too_large"


@pytest.mark.parametrize("start", [b"GET /campaigns HTTP/1.1\r\nX-Endless: ", b"GET /"], ids=["header", "target"])
async def test_a_head_without_an_end_is_cut_off(base_url: str, start: bytes) -> None:
    async with connected(base_url) as (reader, writer):
        reading = asyncio.create_task(read_answer(reader))
        writer.write(start)
        sent = 0
        with contextlib.suppress(ConnectionError):  # what is written after the refusal is reset
            while not reading.done() and sent < 100 * HEAD_BYTES_MAX:
                writer.write(b"v" * 10_000)
                await writer.drain()
                sent += 10_000
        assert sent < 100 * HEAD_BYTES_MAX
        with contextlib.suppress(ConnectionError):
            assert (await reading).status == 431


async def test_a_slow_head_is_cut_off(monkeypatch: pytest.MonkeyPatch, database_url: str, database: Database) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS_MAX", 0.3)
    async with running_api(database_url) as base_url:
        for beginning in (b"", b"GET /campaigns HTTP/1.1\r\nHos"):
            async with connected(base_url) as (reader, writer), asyncio.timeout(10):
                writer.write(beginning)
                assert await reader.read() == b""


async def test_a_slow_body_is_cut_off(database_url: str, database: Database, key: NewKey) -> None:
    async with (
        running_api(database_url, Settings(body_seconds=0.3)) as base_url,
        connected(base_url) as (reader, writer),
    ):
        writer.write(request_head("POST", "/campaigns", key.secret, JSON, f"Content-Length: {len(BODY)}"))
        writer.write(BODY[:10])
        answer = await read_answer(reader)
    assert answer.status == 408
    assert msgspec.json.decode(answer.body)["code"] == "body_too_slow"
    assert await count_campaigns(database) == 0


async def test_a_body_that_ends_early_is_no_request(base_url: str, database: Database, key: NewKey) -> None:
    for headers in ((), ("Idempotency-Key: broken",)):
        async with connected(base_url) as (reader, writer):
            writer.write(request_head("POST", "/campaigns", key.secret, JSON, f"Content-Length: {len(BODY)}", *headers))
            writer.write(BODY[:-1])
            writer.write_eof()
            async with asyncio.timeout(10):
                assert await reader.read() == b""
    assert (await Caller(base_url, key.secret).call("GET", "/campaigns")).body["items"] == []


async def test_who_closes_the_own_side_still_gets_the_answer(base_url: str, database: Database, key: NewKey) -> None:
    async with connected(base_url) as (reader, writer):
        async with nobody_writes_campaigns(database):
            writer.write(request_head("POST", "/campaigns", key.secret, JSON, f"Content-Length: {len(BODY)}"))
            writer.write(BODY)
            writer.write_eof()
            await until_waiting(database, 1)
        answer = await read_answer(reader)
    assert answer.status == 201
    assert await count_campaigns(database) == 1


@pytest.mark.parametrize("depth", [200, 5_000, 400_000])
async def test_a_body_nested_too_deeply_is_refused(api: Caller, depth: int) -> None:
    content = b'{"name": "deep", "configuration": ' + b"[" * depth + b"]" * depth + b"}"
    answer = await api.call("POST", "/campaigns", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.body["code"]) == (422, "body_invalid")


async def test_a_request_that_hangs_on_a_lock_is_given_up(database_url: str, database: Database, key: NewKey) -> None:
    async with running_api(database_url, Settings(statement_seconds=0.3)) as base_url:
        api = Caller(base_url, key.secret)
        path = f"/campaigns/{(await created(api))['id']}"
        async with nobody_writes_campaigns(database):
            for headers in ({}, {"Idempotency-Key": "again"}):
                answer = await api.call("POST", f"{path}/cancel", headers=headers)
                assert_problem(answer, 503, "took_too_long")
                assert int(answer.headers["retry-after"]) > 0
        assert (await api.call("GET", path)).headers["etag"] == '"1"'
        assert (await api.call("POST", f"{path}/cancel", headers={"Idempotency-Key": "again"})).status == 200


async def test_one_tenant_has_only_so_many_requests_under_way(
    database_url: str, database: Database, key: NewKey
) -> None:
    other = await key_of(database, "another")
    async with running_api(database_url, Settings(requests_in_flight=2)) as base_url:
        api, other_api = Caller(base_url, key.secret), Caller(base_url, other.secret)
        async with nobody_writes_campaigns(database):
            held: list[asyncio.Task[Any]] = [asyncio.create_task(created(api)) for _ in range(2)]
            await until_waiting(database, 2)
            refused = await api.call("GET", "/campaigns")
            assert_problem(refused, 429, "too_many_requests")
            assert refused.headers["retry-after"] == "1"
            assert (await other_api.call("GET", "/campaigns")).status == 200
        await asyncio.gather(*held)
        assert (await api.call("GET", "/campaigns")).status == 200
