"""Senders of lists that are slow or broken, on raw sockets: each is answered or cut off in time, and leaves nothing."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from service.access.model import NewKey
from service.domains.importing.api import Patience
from service.postgres.database import Database
from tests.domains.importing.test_import import (
    A_BATCH,
    assert_nothing_is_left,
    names_of,
    until_lines,
    until_sessions_are_gone,
)
from tests.served import serving
from tests.web.raw_http import connected, read_answer, read_one_answer, request_head
from tests.world import Caller

SILENCE_SECONDS_MAX = 0.4
PATIENCE = Patience(silence_seconds_max=SILENCE_SECONDS_MAX, grace_seconds=0.5, rate_bytes_per_second_min=1_000.0)
PACE_SECONDS = 0.05
CHUNKED = "Transfer-Encoding: chunked"
CUT_OFF_SECONDS_MAX = 10


@pytest.fixture
async def base_url(database_url: str) -> AsyncIterator[str]:
    async with serving(database_url, import_patience=PATIENCE) as served:
        yield served.base_url


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def import_head(path: str, key: NewKey, *headers: str) -> bytes:
    return request_head("POST", f"{path}/domains/import", key.secret, "Content-Type: text/plain", *headers)


async def assert_nothing_remains(database: Database) -> None:
    """Once the import has ended: its sender may hear nothing of that."""
    await until_sessions_are_gone(database)
    await assert_nothing_is_left(database)


async def assert_cut_off(reader: asyncio.StreamReader, sentence: str) -> None:
    """Told why, and the connection is closed."""
    answer = await read_answer(reader)
    problem = msgspec.json.decode(answer.body)
    assert (answer.status, problem["code"]) == (408, "body_too_slow")
    assert sentence in problem["detail"]


@pytest.mark.parametrize("beginning", [b"", b"5\r\na.com", chunk(b"a.com\n"), chunk(A_BATCH)])
async def test_a_sender_that_falls_silent_is_cut_off(
    base_url: str, key: NewKey, database: Database, path: str, beginning: bytes
) -> None:
    async with connected(base_url) as (reader, writer):
        writer.write(import_head(path, key, CHUNKED) + beginning)
        await assert_cut_off(reader, "Nothing was sent")
    await assert_nothing_remains(database)


async def test_a_body_that_is_announced_and_never_sent_is_not_waited_for(
    base_url: str, key: NewKey, database: Database, path: str
) -> None:
    async with connected(base_url) as (reader, writer):
        writer.write(import_head(path, key, "Content-Length: 1000000"))
        await assert_cut_off(reader, "Nothing was sent")
    await assert_nothing_remains(database)


async def test_a_sender_that_crawls_is_cut_off(base_url: str, key: NewKey, database: Database, path: str) -> None:
    """Never silent for long, but never at the rate."""
    async with connected(base_url) as (reader, writer):
        writer.write(import_head(path, key, CHUNKED))
        cut_off = asyncio.create_task(assert_cut_off(reader, "less than 1000 bytes a second"))
        while not cut_off.done():
            writer.write(chunk(b"a.com\n"))
            await asyncio.wait({cut_off}, timeout=PACE_SECONDS)
        await cut_off
    await assert_nothing_remains(database)


async def test_a_sender_that_takes_its_time_at_the_rate_is_heard_out(
    base_url: str, key: NewKey, database: Database, path: str
) -> None:
    """Longer than any silence or grace: it is the rate that counts."""
    loop = asyncio.get_running_loop()
    async with connected(base_url) as (reader, writer):
        writer.write(import_head(path, key, CHUNKED))
        answered = asyncio.create_task(read_one_answer(reader))
        until = loop.time() + 2 * (SILENCE_SECONDS_MAX + PATIENCE.grace_seconds)
        while loop.time() < until and not answered.done():
            writer.write(chunk(b"a.com\n" * 100))
            await asyncio.wait({answered}, timeout=PACE_SECONDS)
        writer.write(chunk(b""))
        assert (await answered).status == 202
    assert await names_of(database, path) == ["a.com"]


@pytest.mark.parametrize(
    "cut",
    [
        chunk(A_BATCH) + b"64\r\nhalf of a chunk",
        chunk(A_BATCH) + b"64",
        chunk(A_BATCH),
        chunk(A_BATCH)[:-1],
        chunk(A_BATCH) + b"0\r\n",
    ],
    ids=["in a chunk", "in a size", "between chunks", "before a chunk's end", "before the last line"],
)
async def test_a_list_that_is_cut_in_the_middle_is_none(
    base_url: str, api: Caller, key: NewKey, database: Database, path: str, cut: bytes
) -> None:
    async with connected(base_url) as (reader, writer):
        writer.write(import_head(path, key, CHUNKED) + cut)
        await until_lines(api, path, 1)
        writer.write_eof()
        async with asyncio.timeout(CUT_OFF_SECONDS_MAX):
            assert b" 202 " not in await reader.read()
    await assert_nothing_remains(database)


async def test_a_list_that_is_shorter_than_its_length_is_none(
    base_url: str, api: Caller, key: NewKey, database: Database, path: str
) -> None:
    async with connected(base_url) as (reader, writer):
        writer.write(import_head(path, key, f"Content-Length: {len(A_BATCH) + 1}") + A_BATCH)
        await until_lines(api, path, 1)
        writer.write_eof()
        async with asyncio.timeout(CUT_OFF_SECONDS_MAX):
            assert b" 202 " not in await reader.read()
    await assert_nothing_remains(database)


@pytest.mark.parametrize("garbage", [b"zz\r\n", b"-1\r\n", b"\r\n\r\n", b"1" * 30 + b"\r\n", b"\x00\xff"])
async def test_chunks_that_are_none_end_the_import(
    base_url: str, api: Caller, key: NewKey, database: Database, path: str, garbage: bytes
) -> None:
    async with connected(base_url) as (reader, writer):
        writer.write(import_head(path, key, CHUNKED) + chunk(A_BATCH))
        await until_lines(api, path, 1)
        writer.write(garbage)
        assert (await read_answer(reader)).status == 400
    await assert_nothing_remains(database)


@pytest.mark.parametrize("headers", [(CHUNKED,), ("Content-Length: 12",)])
async def test_who_closes_the_own_side_behind_the_list_still_gets_the_receipt(
    base_url: str, key: NewKey, database: Database, path: str, headers: tuple[str, ...]
) -> None:
    content = b"a.com\nb.com\n"
    async with connected(base_url) as (reader, writer):
        writer.write(import_head(path, key, *headers))
        writer.write(chunk(content) + chunk(b"") if headers == (CHUNKED,) else content)
        writer.write_eof()
        answer = await read_answer(reader)
    assert (answer.status, msgspec.json.decode(answer.body)["accepted"]) == (202, 2)
    assert await names_of(database, path) == ["a.com", "b.com"]
