"""Senders of heads and bodies that are slow: whatever they trickle, and whenever, their connection ends in time."""

import asyncio
import itertools
from collections.abc import Callable, Iterator

import pytest

from service.access.model import NewKey
from service.web import connections
from tests.web.raw_http import connected, read_one_answer, request_head

PACE_SECONDS = 0.05
CUT_OFF_SECONDS_MAX = 10
JSON = "Content-Type: application/json"


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS_MAX", 0.4)


async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pieces: Iterator[bytes]) -> bytes:
    """Send piece after piece until the other side closes, which must come; what it sent."""
    ended = asyncio.create_task(reader.read())
    async with asyncio.timeout(CUT_OFF_SECONDS_MAX):
        while not ended.done():
            writer.write(next(pieces))
            await asyncio.wait({ended}, timeout=PACE_SECONDS)
    try:
        return await ended
    except ConnectionError:  # what was sent last found it closed
        return b""


def letters_of_a_head() -> Iterator[bytes]:
    yield b"GET /campaigns HTTP/1.1\r\nX-Long: "
    yield from itertools.repeat(b"v")


def headers_without_end() -> Iterator[bytes]:
    yield b"GET /campaigns HTTP/1.1\r\n"
    yield from (b"X-%d: v\r\n" % number for number in itertools.count())


@pytest.mark.parametrize("head", [letters_of_a_head, headers_without_end, lambda: itertools.repeat(b"\r\n")])
async def test_a_head_that_trickles_is_cut_off(base_url: str, head: Callable[[], Iterator[bytes]]) -> None:
    async with connected(base_url) as (reader, writer):
        assert await trickle(reader, writer, head()) == b""


async def test_a_second_head_that_trickles_is_cut_off(base_url: str, key: NewKey) -> None:
    async with connected(base_url) as (reader, writer):
        writer.write(request_head("GET", "/campaigns", key.secret))
        assert (await read_one_answer(reader)).status == 200
        assert await trickle(reader, writer, letters_of_a_head()) == b""


@pytest.mark.parametrize("length", ["Content-Length: 900000", "Transfer-Encoding: chunked"])
async def test_a_body_that_is_refused_early_does_not_keep_its_connection(
    base_url: str, key: NewKey, length: str
) -> None:
    """Without a key there is an answer at once; what still comes is nobody's, and must not hold the connection."""
    for secret, path, status in (("phl_none", "/campaigns", 401), (key.secret, "/nowhere", 404)):
        async with connected(base_url) as (reader, writer):
            writer.write(request_head("POST", path, secret, JSON, length))
            assert (await read_one_answer(reader)).status == status
            assert await trickle(reader, writer, itertools.repeat(b"1\r\n \r\n")) == b""


async def test_a_body_that_is_refused_early_may_end_in_time(base_url: str, key: NewKey) -> None:
    """Then the connection carries the next request."""
    async with connected(base_url) as (reader, writer):
        writer.write(request_head("POST", "/nowhere", key.secret, JSON, "Content-Length: 6") + b"abc")
        assert (await read_one_answer(reader)).status == 404
        writer.write(b"def" + request_head("GET", "/campaigns", key.secret))
        assert (await read_one_answer(reader)).status == 200
