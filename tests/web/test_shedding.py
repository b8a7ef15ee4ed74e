"""Who is turned away while there is too much to do, who is not, and that nothing of it stays."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from phaseline_client import AsyncPhaseline
from service.access.model import NewKey
from service.postgres.database import Database
from service.settings import Settings
from tests.clients.python.both import LISTED
from tests.served import answers_counted
from tests.web.locks import nobody_writes_campaigns, until_waiting
from tests.web.raw_http import connected, read_answer, request_head
from tests.web.test_api import assert_problem, created
from tests.web.test_limits import BODY, CLOSE, JSON
from tests.world import Caller, running_api


@contextlib.asynccontextmanager
async def busy(api: Caller, database: Database, count: int) -> AsyncIterator[None]:
    """So many requests are worked on, and none of them ends before the block does."""
    async with nobody_writes_campaigns(database):
        held: list[asyncio.Task[Any]] = [asyncio.create_task(created(api)) for _ in range(count)]
        await until_waiting(database, count)
        yield
    await asyncio.gather(*held)


async def test_more_than_can_be_worked_on_is_turned_away_and_told_when_to_come_again(
    database_url: str, database: Database, key: NewKey
) -> None:
    async with running_api(database_url, Settings(requests_at_once=2)) as base_url:
        api = Caller(base_url, key.secret)
        async with busy(api, database, 2):
            refused = await api.call("GET", "/campaigns")
            assert_problem(refused, 503, "server_busy")
            assert refused.headers["retry-after"] == "1"
        assert len((await api.call("GET", "/campaigns")).body["items"]) == 2


async def test_whoever_is_turned_away_costs_no_look_at_the_database(
    database_url: str, database: Database, key: NewKey
) -> None:
    async with running_api(database_url, Settings(requests_at_once=1)) as base_url:
        api, nobody = Caller(base_url, key.secret), Caller(base_url, "phl_nobody")
        assert (await nobody.call("GET", "/campaigns")).status == 401
        async with busy(api, database, 1):
            assert_problem(await nobody.call("GET", "/campaigns"), 503, "server_busy")


async def test_probes_metrics_and_pages_are_answered_all_the_same(
    database_url: str, database: Database, key: NewKey
) -> None:
    async with running_api(database_url, Settings(requests_at_once=1)) as base_url:
        api = Caller(base_url, key.secret)
        before = answers_counted()["list_campaigns", "503"]
        async with busy(api, database, 1):
            await api.call("GET", "/campaigns")
            for path in ("/health/live", "/health/ready", "/metrics", "/schema/openapi.json"):
                assert (await api.call("GET", path)).status == 200
            assert answers_counted()["list_campaigns", "503"] == before + 1


async def test_while_a_body_is_waited_for_others_are_let_in(database_url: str, database: Database, key: NewKey) -> None:
    async with running_api(database_url, Settings(requests_at_once=1)) as base_url:
        api = Caller(base_url, key.secret)
        async with connected(base_url) as (reader, writer):
            head = (JSON, CLOSE, f"Content-Length: {len(BODY)}", "Expect: 100-continue")
            writer.write(request_head("POST", "/campaigns", key.secret, *head))
            assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n")  # it waits for the body
            writer.write(BODY[:10])
            for _ in range(3):
                assert (await api.call("GET", "/campaigns")).status == 200
            writer.write(BODY[10:])
            assert (await read_answer(reader)).status == 201
        assert (await api.call("GET", "/campaigns")).status == 200


async def test_while_an_export_is_read_others_are_let_in(database_url: str, key: NewKey) -> None:
    async with (
        running_api(database_url, Settings(requests_at_once=1)) as base_url,
        AsyncPhaseline(base_url, key.secret) as client,
    ):
        made = await client.campaigns.create_campaign(LISTED)
        names = b"".join(b"name%07d.com\n" % number for number in range(120_000))
        await client.domains.import_domains(made.id, names, content_type="text/plain")
        async with client.domains.export_domains(made.id) as parts:
            await anext(parts)
            api = Caller(base_url, key.secret)
            for _ in range(3):
                assert (await api.call("GET", "/campaigns")).status == 200
