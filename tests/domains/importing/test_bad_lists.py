"""Bad lists as a whole over real HTTP: each gets the documented answer, leaves nothing, and holds nobody else up."""

import asyncio
import contextlib
import gzip
import itertools
import os
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from service.access.model import NewKey
from service.domains.importing.reader import LINE_BYTES_MAX
from service.postgres.database import Database
from tests.domains.importing.test_import import assert_nothing_is_left, names_of, send
from tests.web.raw_http import RawAnswer, connected, read_one_answer, request_head
from tests.world import Caller

BOUND_BYTES = 40_000_000  # of memory that a list of any size may take beyond what is there
GAP_SECONDS_MAX = 1.0
CSV, GZIP = "Content-Type: text/csv", "Content-Encoding: gzip"


class Listed(msgspec.Struct, frozen=True):
    """A list, piece by piece, and how it is sent."""

    name: str
    headers: tuple[str, ...]
    pieces: tuple[bytes, ...]
    times: int = 1

    def __iter__(self) -> Iterator[bytes]:
        return itertools.chain.from_iterable(itertools.repeat(self.pieces, self.times))


def deflated(content: bytes) -> bytes:
    """A block that may stand many times in one gzip stream."""
    deflating = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflating.compress(content) + deflating.flush(zlib.Z_FULL_FLUSH)


GZIP_HEAD = b"\x1f\x8b\x08" + bytes(7)
A_MEMBER = gzip.compress(b"a.com\n")
REFUSED = [
    (
        Listed("ten gigabytes in ten megabytes", (GZIP,), (GZIP_HEAD, *[deflated(bytes(10**6))] * 10_000)),
        "expansion_too_large",
    ),
    (
        Listed("quotes without end", (CSV, GZIP), (GZIP_HEAD, *[deflated(b'"' * 10**6)] * 1_000)),
        "expansion_too_large",
    ),
    (Listed("a damaged member behind a good one", (GZIP,), (A_MEMBER, b"\x1f\x8b\x08damaged")), "gzip_broken"),
    (Listed("an end in mid-member", (GZIP,), (A_MEMBER, A_MEMBER[:-1])), "gzip_truncated"),
    (Listed("UTF-16 in small pieces", (), (b"\xfe", b"\xff", b"\0a\0.\0c\0o\0m")), "encoding_unsupported"),
    (Listed("nothing but a mark", (), (b"\xef", b"\xbb\xbf")), "list_empty"),
    (Listed("nothing but NULs", (), (bytes(65_536),), 20), "list_empty"),
    (Listed("nothing but carriage returns", (), (b"\r" * 65_536,), 20), "list_empty"),
    (Listed("a line that never ends", (), (b"x" * 10**6,), 300), "list_empty"),
    (Listed("a quote that is never closed", (CSV,), (b'a"\n', *[b"\n" * 65_536] * 2)), "list_empty"),
]


async def send_list(base_url: str, secret: str, path: str, listed: Listed) -> RawAnswer:
    """Chunk by chunk; the answer may come before the list is sent to its end."""
    headers = ("Transfer-Encoding: chunked", *listed.headers)
    async with connected(base_url) as (reader, writer):
        writer.write(request_head("POST", f"{path}/domains/import", secret, *headers))
        for piece in listed:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        return await read_one_answer(reader)


async def assert_no_lock_is_left(database: Database) -> None:
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    assert await database.pool.fetchval(held) == 0


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(("listed", "code"), REFUSED, ids=lambda given: given.name if isinstance(given, Listed) else "")
async def test_a_bad_list_is_refused_as_a_whole(
    base_url: str, api: Caller, key: NewKey, database: Database, path: str, listed: Listed, code: str
) -> None:
    before = resident_bytes()
    answer = await send_list(base_url, key.secret, path, listed)
    assert (answer.status, msgspec.json.decode(answer.body)["code"]) == (422, code)
    assert resident_bytes() < before + BOUND_BYTES
    assert (await api.call("GET", f"{path}/domains/import")).body["items"] == []
    await assert_nothing_is_left(database)
    await assert_no_lock_is_left(database)
    assert (await send(api, path, b"a.com")).body["accepted"] == 1


TEXT, JSON_LINES = {"Content-Type": "text/plain"}, {"Content-Type": "application/x-ndjson"}
SHEET = {"Content-Type": "text/csv"}


@pytest.mark.parametrize(
    ("headers", "content", "rejects"),
    [
        (SHEET, b'"a.com"\r,x\nb.com,y\n', [(1, "csv_invalid")]),
        (SHEET, b'b.com,y\n5" tv,a.com\n6" tv,c.com\n', [(2, "csv_invalid"), (3, "csv_invalid")]),
        (SHEET, b'b.com\nc.com,"', [(2, "quote_unclosed")]),
        (JSON_LINES, b'{"domain":"b.com"}\n{"domain":"\\ud800"}\n', [(2, "json_invalid")]),
        (JSON_LINES, b'{"domain":"b.com"}\n{"n":%s}\n' % (b"9" * 9_000), [(2, "json_invalid")]),
        (TEXT, b"b.com\na\rc.com\n\x00\n\xff\n", [(2, "control_character"), (3, "control_character"), (4, "not_utf8")]),
        (TEXT, b"b.com\n" + b"x" * (LINE_BYTES_MAX + 1), [(2, "line_too_long")]),
    ],
)
async def test_a_bad_line_is_rejected_by_itself(
    api: Caller, database: Database, path: str, headers: dict[str, str], content: bytes, rejects: list[Any]
) -> None:
    answer = await send(api, path, content, headers)
    assert answer.status == 202, answer.body
    assert [(reject["line"], reject["reason"]) for reject in answer.body["rejects"]] == rejects
    assert await names_of(database, path) == ["b.com"]
    assert await database.pool.fetchval("SELECT count(*) FROM import_rejects") == len(rejects)


@contextlib.asynccontextmanager
async def measured_gaps() -> AsyncIterator[list[float]]:
    """How long the loop, which is the server's too, was kept from going round, each time that it went round."""
    gaps: list[float] = []
    loop = asyncio.get_running_loop()

    async def measure() -> None:
        last = loop.time()
        while True:
            await asyncio.sleep(0)
            last, before = loop.time(), last
            gaps.append(last - before)

    measuring = asyncio.create_task(measure())
    try:
        yield gaps
    finally:
        measuring.cancel()


async def test_a_few_bytes_that_become_millions_of_lines_hold_nobody_up(
    base_url: str, api: Caller, key: NewKey, path: str
) -> None:
    listed = Listed("blank lines", (GZIP,), (gzip.compress(b"\n" * 2_500_000 + b"a.com"),))
    async with measured_gaps() as gaps:
        answer = await send_list(base_url, key.secret, path, listed)
    assert answer.status == 202
    assert msgspec.json.decode(answer.body)["linesRead"] == 2_500_001
    assert max(gaps) < GAP_SECONDS_MAX
