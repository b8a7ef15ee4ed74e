"""The routes over real HTTP: forged and misplaced cursors, bad parameters, other tenants, broken streams."""

import asyncio
import base64
from urllib.parse import quote
from uuid import uuid4

import pytest
from pyreqwest.exceptions import PyreqwestError

from service.access.model import Principal
from service.domains.reading import export, views
from service.domains.reading.model import ExportFormat, Filters, Sort, Wanted
from service.domains.reading.tables import writer_of
from service.postgres.database import Database
from tests.domains.reading.synthetic import Planted, expected, make_domains, plant
from tests.world import KEYWORDS, Answer, Caller

pytestmark = pytest.mark.made_up


@pytest.fixture
async def planted(database: Database, principal: Principal) -> Planted:
    return await plant(database, principal, make_domains(600, seed=5), 21)


@pytest.fixture
def path(planted: Planted) -> str:
    return f"/campaigns/{planted.campaign_id}"


def assert_refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.body["code"]) == (status, code), answer.body


async def test_pages_follow_one_another(api: Caller, path: str, planted: Planted) -> None:
    query = f"{path}/domains?sort=score&limit=40&dnsOutcome=resolved&dnsOutcome=absent&keyword={quote(KEYWORDS[4])}"
    names: list[str] = []
    cursor = ""
    while True:
        answer = await api.call("GET", query + cursor)
        assert answer.status == 200, answer.body
        names += [item["domain"] for item in answer.body["items"]]
        if answer.body["nextCursor"] is None:
            break
        cursor = f"&cursor={answer.body['nextCursor']}"
    wanted = Wanted(dns_outcomes=("resolved", "absent"), keyword=KEYWORDS[4])
    assert names == expected(planted.domains, wanted, Sort.SCORE)


async def test_a_list_begins_behind_a_position(api: Caller, path: str, planted: Planted) -> None:
    place = planted.domains[400].position
    query = f"{path}/domains?after={place}&limit=30&dnsOutcome=resolved"
    page = (await api.call("GET", query)).body
    rest = (await api.call("GET", f"{query}&cursor={page['nextCursor']}")).body
    names = [item["domain"] for item in [*page["items"], *rest["items"]]]
    behind = [one for one in planted.domains if one.position > place]
    assert names == expected(behind, Wanted(dns_outcomes=("resolved",)), Sort.POSITION)[:60]
    last = planted.domains[-1].position
    assert (await api.call("GET", f"{path}/domains?after={last}")).body["items"] == []
    assert_refused(await api.call("GET", f"{path}/domains?after=5&sort=score"), 422, "after_unsorted")


async def test_a_domain_as_it_is_shown(api: Caller, path: str, planted: Planted) -> None:
    made = next(one for one in planted.domains if one.bits and one.outcome)
    shown = (await api.call("GET", f"{path}/domains?prefix={made.name.upper()}")).body["items"][0]
    assert (shown["position"], shown["domain"]) == (made.position, made.name)
    assert shown["dns"] == {"outcome": "resolved", "addresses": ["192.0.2.1"], "canonicalName": None, "durationMs": 5}
    assert shown["http"]["keywords"] == [text for bit, text in enumerate(KEYWORDS) if made.bits >> bit & 1]
    assert shown["analysis"]["score"] == made.score
    absent = (await api.call("GET", f"{path}/domains?dnsOutcome=absent&limit=1")).body["items"][0]
    assert (absent["dns"]["addresses"], absent["http"]) == ([], None)


async def test_a_changed_cursor_is_refused(api: Caller, path: str) -> None:
    cursor = (await api.call("GET", f"{path}/domains?limit=5")).body["nextCursor"]
    sealed = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for index in range(len(sealed)):
        changed = bytearray(sealed)
        changed[index] ^= 1
        forged = base64.urlsafe_b64encode(changed).decode().rstrip("=")
        assert_refused(await api.call("GET", f"{path}/domains?limit=5&cursor={forged}"), 422, "cursor_invalid")
    for forged in ("", "A", cursor[:-1], cursor + "A", cursor + "%3D", "%00", "é", "A" * 600):
        assert_refused(await api.call("GET", f"{path}/domains?cursor={quote(forged, '%')}"), 422, "cursor_invalid")


async def test_a_cursor_of_another_list_is_refused(
    api: Caller, path: str, database: Database, principal: Principal
) -> None:
    other = await plant(database, principal, make_domains(50, seed=6), 31)
    cursor = (await api.call("GET", f"{path}/domains?limit=5&sort=score")).body["nextCursor"]
    for elsewhere in (
        f"{path}/domains?cursor={cursor}",
        f"{path}/domains?sort=score&prefix=a&cursor={cursor}",
        f"{path}/domains?sort=score&scoreMin=0&cursor={cursor}",
        f"{path}/leads?cursor={cursor}",
        f"{path}/transitions?cursor={cursor}",
        f"/campaigns/{other.campaign_id}/domains?sort=score&cursor={cursor}",
        f"/campaigns?cursor={cursor}",
    ):
        assert_refused(await api.call("GET", elsewhere), 422, "cursor_invalid")
    assert (await api.call("GET", f"{path}/domains?limit=9&sort=score&cursor={cursor}")).status == 200


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("dnsOutcome=resolvd", "outcome_unknown"),
        ("dnsOutcome=resolved&dnsOutcome=", "outcome_unknown"),
        ("httpOutcome=qualified", "outcome_unknown"),
        ("analysisOutcome=1", "outcome_unknown"),
        ("keyword=never-looked-for", "keyword_unknown"),
        ("scoreMin=0.5&scoreMax=0.4", "score_range_empty"),
    ],
)
async def test_values_that_there_are_not(api: Caller, path: str, query: str, code: str) -> None:
    for route in ("domains", "domains/export"):
        assert_refused(await api.call("GET", f"{path}/{route}?{query}"), 422, code)


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "scoreMin=-1", "scoreMax=nan", "sort=name", "prefix=", "prefix=a%25", "keyword="]
)
async def test_values_out_of_bounds(api: Caller, path: str, query: str) -> None:
    assert_refused(await api.call("GET", f"{path}/domains?{query}"), 400, "request_invalid")


async def test_other_tenants_find_nothing(api: Caller, other_api: Caller, path: str) -> None:
    for route in ("domains", "leads", "funnel", "domains/export"):
        assert (await api.call("GET", f"{path}/{route}")).status == 200
        assert_refused(await other_api.call("GET", f"{path}/{route}"), 404, "campaign_not_found")
        assert_refused(await api.call("GET", f"/campaigns/{uuid4()}/{route}"), 404, "campaign_not_found")


async def test_exports_by_their_formats(api: Caller, path: str, planted: Planted) -> None:
    sheet = await api.call("GET", f"{path}/domains/export")
    assert sheet.headers["content-type"] == "text/csv; header=present; charset=utf-8"
    assert sheet.headers["content-disposition"].endswith('.csv"')
    assert sheet.body.endswith(f"# complete rows={len(planted.domains)}\r\n".encode())
    parquet = await api.call("GET", f"{path}/domains/export?format=parquet")
    assert (parquet.body[:4], parquet.body[-4:]) == (b"PAR1", b"PAR1")
    assert_refused(await api.call("GET", f"{path}/domains/export?format=xlsx"), 400, "request_invalid")


@pytest.mark.parametrize("file_format", ["csv", "ndjson", "parquet"])
async def test_an_export_whose_results_are_replaced_is_cut_off(
    api: Caller, path: str, planted: Planted, database: Database, monkeypatch: pytest.MonkeyPatch, file_format: str
) -> None:
    """A caller sees an error, not a short file."""
    monkeypatch.setattr(export, "BATCH_ROWS", 50)
    async with database.pool.acquire() as connection:
        await connection.execute("DELETE FROM phase_runs WHERE run_id = $1", planted.set_ids[1])
        await connection.execute("UPDATE campaigns SET dns_set_id = $1", planted.set_ids[1])
    with pytest.raises(PyreqwestError):
        await api.call("GET", f"{path}/domains/export?format={file_format}")


async def test_an_export_holds_no_connection_while_nobody_reads(
    planted: Planted, database: Database, principal: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So one that is slow, or goes away, takes nothing from others."""
    monkeypatch.setattr(export, "BATCH_ROWS", 50)
    async with database.transaction() as tx:
        reading = await views.get_reading(tx, principal, planted.campaign_id)
    stream = export.stream_domains(database, reading, Filters(), ExportFormat.CSV, -1)
    assert b"domain" in await anext(stream)
    assert database.pool.get_idle_size() == database.pool.get_size()


@pytest.mark.parametrize("kind", ExportFormat)
async def test_while_an_export_is_made_others_have_their_turns(
    planted: Planted, database: Database, principal: Principal, kind: ExportFormat
) -> None:
    async with database.transaction() as tx:
        reading = await views.get_reading(tx, principal, planted.campaign_id)
    rows = await anext(export.batches(database, reading, Filters(), -1))
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    others = asyncio.create_task(take_turns())
    await export.written(writer_of(kind), rows, reading.keywords)
    others.cancel()
    assert len(rows) > 5 * export.SLICE_ROWS
    assert turns >= len(rows) / export.SLICE_ROWS - 1
