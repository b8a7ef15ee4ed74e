"""Imports over real HTTP: what comes of a list, what is refused, and that nothing is left of what broke."""

import asyncio
import gzip
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
import pytest

from service.access.model import NewKey
from service.postgres.database import Database
from tests.world import Answer, Caller, a_campaign, sweep_everything

TEXT = {"Content-Type": "text/plain"}
CSV = {"Content-Type": "text/csv"}
NDJSON = {"Content-Type": "application/x-ndjson"}
GZIP = {"Content-Encoding": "gzip"}


async def send(api: Caller, path: str, content: bytes, headers: dict[str, str] = TEXT, query: str = "") -> Answer:
    return await api.call("POST", f"{path}/domains/import{query}", content=content, headers=headers)


async def names_of(database: Database, path: str) -> list[str]:
    """The campaign's names in their order; positions are dense from 0."""
    rows = await database.pool.fetch(
        "SELECT n.position, n.name FROM names n JOIN campaigns c ON c.name_set_id = n.set_id "
        "WHERE c.campaign_id = $1::text::uuid ORDER BY n.position",
        path.rpartition("/")[2],
    )
    assert [row["position"] for row in rows] == list(range(len(rows)))
    return [row["name"] for row in rows]


async def assert_nothing_is_left(database: Database) -> None:
    """No name, no row of an import, no lock; sessions and their temporary tables end in their own time."""
    for table in ("names", "name_sets", "imports", "import_rejects", "staged_names", "staged_rejects"):
        assert await database.pool.fetchval(f"SELECT count(*) FROM public.{table}") == 0, table
    await until_sessions_are_gone(database)


async def until_sessions_are_gone(database: Database) -> None:
    async with asyncio.timeout(10):
        while await database.pool.fetchval(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE application_name = 'phaseline session' "
            "AND datname = current_database()) + (SELECT count(*) FROM pg_class WHERE relpersistence = 't')"
        ):
            await asyncio.sleep(0.02)


async def test_a_list_becomes_the_campaigns_names(api: Caller, database: Database, path: str) -> None:
    content = (
        "\ufeffB.example.com\r\nhttps://a.example.com:8443/x?y\r\n\r\n# a comment\r\nb.example.com.\nbücher.de\nnope\n"
    )
    answer = await send(api, path, content.encode())
    assert answer.status == 202, answer.body
    assert (answer.body["linesRead"], answer.body["accepted"], answer.body["duplicates"]) == (7, 3, 1)
    assert (answer.body["rejectedCount"], answer.body["skipped"]) == (1, 2)
    assert answer.body["rejects"] == [{"line": 7, "text": "nope", "reason": "no_dot"}]
    assert answer.body["notes"] == {
        "case_folded": 1, "scheme_stripped": 1, "path_stripped": 1, "port_stripped": 1,
        "trailing_dot_stripped": 1, "converted_to_ascii": 1,
    }  # fmt: skip
    assert await names_of(database, path) == ["b.example.com", "a.example.com", "xn--bcher-kva.de"]
    listed = (await api.call("GET", f"{path}/domains/import")).body["items"]
    assert [(each["importId"], each["state"], each["accepted"]) for each in listed] == [
        (answer.body["importId"], "completed", 3)
    ]
    await until_sessions_are_gone(database)


@pytest.mark.parametrize(
    ("headers", "query", "content"),
    [
        (TEXT, "", b"a.com\nb.com"),
        ({}, "", b"a.com\nb.com"),
        (CSV, "", b"rank,domain\n1,a.com\n2,b.com\n"),
        (CSV, "", b"a.com,1\nb.com,2\n"),
        (CSV, "?column=1", b"1;a.com\n2;b.com\n"),
        (CSV, "?column=Site", b'site\tnote\na.com\t"x\ny"\n"b.com"\t\n'),
        (NDJSON, "", b'{"domain":"a.com"}\n\n{"x":1,"domain":"b.com"}'),
        (NDJSON, "?field=host", b'{"host":"a.com"}\n{"host":" b.com "}'),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
async def test_each_format(
    api: Caller, database: Database, path: str, headers: dict[str, str], query: str, content: bytes, compressed: bool
) -> None:
    if compressed:
        content, headers = gzip.compress(content, mtime=0), {**headers, **GZIP}
    answer = await send(api, path, content, headers, query)
    assert answer.status == 202, answer.body
    assert answer.body["rejectedCount"] == 0
    assert await names_of(database, path) == ["a.com", "b.com"]


async def test_rejects_are_all_in_the_file_and_the_first_in_the_answer(api: Caller, path: str) -> None:
    content = (
        b"good.com\n" + b"".join(b"bad_%d.com\n" % number for number in range(6_500)) + b"nul\x00.com\n\xff\xfe.com"
    )
    receipt = (await send(api, path, content)).body
    assert receipt["rejectedCount"] == 6_502
    assert len(receipt["rejects"]) == 1_000
    answer = await api.call("GET", f"{path}/domains/import/{receipt['importId']}/rejects")
    rejects = [msgspec.json.decode(line) for line in answer.body.splitlines()]
    assert [reject["line"] for reject in rejects] == list(range(2, 6_504))
    assert rejects[:1_000] == receipt["rejects"]
    assert [reject["reason"] for reject in rejects[-2:]] == ["control_character", "not_utf8"]


async def test_a_second_list_adds_to_the_first(api: Caller, database: Database, path: str) -> None:
    await send(api, path, b"b.com\na.com")
    second = (await send(api, path, b"a.com\nc.com\nb.com\nc.com")).body
    assert (second["accepted"], second["duplicates"]) == (1, 3)
    assert await names_of(database, path) == ["b.com", "a.com", "c.com"]
    await sweep_everything(database)
    assert await database.pool.fetchval("SELECT count(*) FROM names") == 3
    assert await database.pool.fetchval("SELECT count(*) FROM name_sets") == 1
    assert await database.pool.fetchval("SELECT count(*) FROM name_sets") == 1
    campaign = await api.call("GET", path)
    assert campaign.headers["etag"] == '"3"'
    trail = (await api.call("GET", f"{path}/transitions")).body["items"]
    assert [(line["command"], line["reason"]) for line in trail] == [("import", "3 names"), ("import", "2 names")]


async def test_only_a_pending_campaign_that_does_not_generate_takes_names(api: Caller, path: str) -> None:
    generating = (await api.call("POST", "/campaigns", json=msgspec.to_builtins(a_campaign()))).body["id"]
    answer = await send(api, f"/campaigns/{generating}", b"a.com")
    assert (answer.status, answer.body["code"]) == (409, "names_generated")
    assert (await send(api, path, b"a.com")).status == 202
    await api.call("PUT", f"{path}/transition", json={"targetPhase": "dns_validation"})
    answer = await send(api, path, b"b.com")
    assert (answer.status, answer.body["code"]) == (409, "phase_not_pending")
    answer = await send(api, f"/campaigns/{uuid4()}", b"b.com")
    assert (answer.status, answer.body["code"]) == (404, "campaign_not_found")


BOMB = gzip.compress(bytes(40_000_000), mtime=0)


@pytest.mark.parametrize(
    ("headers", "query", "content", "status", "code"),
    [
        (TEXT, "", b"", 422, "list_empty"),
        (TEXT, "", b"nope\n\n#", 422, "list_empty"),
        (TEXT, "", b"\xff\xfea\x00.\x00c\x00\n\x00", 422, "encoding_unsupported"),
        (TEXT | GZIP, "", b"a.com\n", 422, "gzip_broken"),
        (TEXT | GZIP, "", gzip.compress(b"a.com\n" * 99, mtime=0)[:-9], 422, "gzip_truncated"),
        (TEXT | GZIP, "", gzip.compress(b"a.com\n", mtime=0) + b"tail", 422, "gzip_broken"),
        (TEXT | GZIP, "", BOMB, 422, "expansion_too_large"),
        (TEXT | {"Content-Encoding": "br"}, "", b"a.com\n", 415, "media_type_unsupported"),
        (TEXT | {"Content-Encoding": ""}, "", b"a.com\n", 415, "media_type_unsupported"),
        ({"Content-Type": "application/json"}, "", b"[]", 415, "media_type_unsupported"),
        (CSV, "?column=site", b"domain\na.com\n", 422, "column_unknown"),
    ],
)
async def test_what_cannot_be_read_is_refused_and_leaves_nothing(
    api: Caller,
    database: Database,
    path: str,
    headers: dict[str, str],
    query: str,
    content: bytes,
    status: int,
    code: str,
) -> None:
    answer = await send(api, path, content, headers, query)
    assert (answer.status, answer.body["code"]) == (status, code), answer.body
    await assert_nothing_is_left(database)


async def test_other_tenants_neither_import_nor_look(api: Caller, other_api: Caller, path: str) -> None:
    receipt = (await send(api, path, b"a.com\nbad_one.com")).body
    for method, where in (
        ("POST", "/domains/import"),
        ("GET", "/domains/import"),
        ("GET", f"/domains/import/{receipt['importId']}/rejects"),
    ):
        answer = await other_api.call(method, path + where, content=b"b.com", headers=TEXT)
        assert (answer.status, answer.body["code"]) == (404, "campaign_not_found")
    answer = await api.call("GET", f"{path}/domains/import/{uuid4()}/rejects")
    assert (answer.status, answer.body["code"]) == (404, "import_not_found")


class RawSender:
    """A client that sends a chunked body piece by piece, and may go away at any time."""

    def __init__(self, base_url: str, secret: str, path: str) -> None:
        self._address = urlsplit(base_url)
        self._head = (
            f"POST {path}/domains/import HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {secret}\r\n"
            "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
        )

    async def __aenter__(self) -> "RawSender":
        self._reader, self.writer = await asyncio.open_connection(self._address.hostname, self._address.port)
        self.writer.write(self._head.encode())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.transport.abort()

    async def piece(self, data: bytes) -> None:
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self.writer.drain()

    async def finish(self) -> bytes:
        self.writer.write(b"0\r\n\r\n")
        return await self._reader.readuntil(b"\r\n")


async def until_lines(api: Caller, path: str, lines: int) -> Any:
    """Wait until the running import tells so many lines."""
    async with asyncio.timeout(20):
        while True:
            items = (await api.call("GET", f"{path}/domains/import")).body["items"]
            if items and items[0]["linesRead"] >= lines:
                return items[0]
            await asyncio.sleep(0.02)


@pytest.fixture
async def sender(base_url: str, key: NewKey, path: str) -> AsyncIterator[RawSender]:
    async with RawSender(base_url, key.secret, path) as opened:
        yield opened


A_BATCH = b"".join(b"name%d.com\n" % number for number in range(25_000))


async def test_a_running_import_tells_its_progress_and_is_the_only_one(
    api: Caller, database: Database, path: str, sender: RawSender
) -> None:
    await sender.piece(A_BATCH)
    told = await until_lines(api, path, 1)
    assert told["state"] == "running"
    assert told["finishedAt"] is None
    assert await names_of(database, path) == [], "visible before it is whole"
    second = await send(api, path, b"b.com")
    assert (second.status, second.body["code"]) == (409, "import_running")
    assert b" 202 " in await sender.finish()
    assert len(await names_of(database, path)) == 25_000


async def test_a_sender_may_send_byte_by_byte(database: Database, path: str, sender: RawSender) -> None:
    for byte in "\ufeffa.com\r\nbücher.de\r\nb.com".encode():
        await sender.piece(bytes([byte]))
    assert b" 202 " in await sender.finish()
    assert await names_of(database, path) == ["a.com", "xn--bcher-kva.de", "b.com"]


async def test_the_campaign_may_change_while_a_list_is_sent(
    api: Caller, database: Database, path: str, sender: RawSender
) -> None:
    await sender.piece(A_BATCH)
    await until_lines(api, path, 1)
    assert (await api.call("POST", f"{path}/cancel")).status == 200
    assert b" 409 " in await sender.finish()
    await assert_nothing_is_left(database)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_senders_that_go_away_leak_nothing(
    api: Caller, database: Database, base_url: str, key: NewKey, path: str
) -> None:
    """Half-way through a list: at once, in the middle of a line, or with one side of the connection closed only."""
    await send(api, path, b"")
    await until_sessions_are_gone(database)
    before = open_files()
    for half_closed in (False, True) * 3:
        async with RawSender(base_url, key.secret, path) as sender:
            await sender.piece(A_BATCH[:-5])
            await until_lines(api, path, 1)
            if half_closed:
                sender.writer.write_eof()
                await until_sessions_are_gone(database)
        await until_sessions_are_gone(database)
        assert (await api.call("GET", f"{path}/domains/import")).body["items"] == []
    await assert_nothing_is_left(database)
    assert open_files() <= before + 2  # the test's own pool may have grown


async def test_a_killed_session_leaves_nothing_that_is_shown_or_stands_in_the_way(
    api: Caller, database: Database, path: str, sender: RawSender
) -> None:
    await sender.piece(A_BATCH)
    await until_lines(api, path, 1)
    await database.pool.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'phaseline session'"
    )
    await until_sessions_are_gone(database)
    assert (await api.call("GET", f"{path}/domains/import")).body["items"] == []
    assert b" 503 " in await sender.finish()
    assert (await send(api, path, b"a.com")).body["accepted"] == 1
    assert await database.pool.fetchval("SELECT count(*) FROM imports") == 1


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def many_names(count: int) -> Iterator[bytes]:
    """Each name twice, in blocks."""
    numbers = itertools.chain(range(count // 2), range(count // 2))
    while block := list(itertools.islice(numbers, 5_000)):
        yield b"".join(b"shop-%d.example.com\n" % number for number in block)


async def test_large_lists_in_bounded_memory(
    api: Caller, database: Database, base_url: str, key: NewKey, path: str
) -> None:
    """200,000 names and more get a leaf of their own; memory does not follow the number of lines."""
    grown = []
    for count in (100_000, 410_000):
        before = resident_bytes()
        async with RawSender(base_url, key.secret, path) as sender:
            for block in many_names(count):
                await sender.piece(block)
            assert b" 202 " in await sender.finish()
        grown.append(resident_bytes() - before)
    assert len(await names_of(database, path)) == 205_000
    set_id = await database.pool.fetchval("SELECT name_set_id FROM campaigns")
    assert await database.pool.fetchval("SELECT to_regclass($1::text)", f"names_{set_id}") is not None
    assert grown[1] < grown[0] + 30_000_000, grown
