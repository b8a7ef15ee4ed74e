"""Pages, plans and exports of two million domains: as quick as those of a few thousand, in constant memory."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import msgspec
import pytest

from service.campaigns import commands
from service.domains.importing.commands import import_domains
from service.domains.importing.formats import ListFormat, rows_of
from service.domains.reading import store, views
from service.domains.reading.export import stream_domains
from service.domains.reading.filters import check_filters
from service.domains.reading.model import POSITION_MAX, ExportFormat, Filters, Sort, Wanted
from service.fetching.outcomes import HttpOutcome
from service.progress.events import CampaignPhase
from tests.audit import audit_everything
from tests.domains.reading.synthetic import make_domains, plant
from tests.domains.reading.test_plans import NO_CONDITIONS, explain, indexes, relations, touched
from tests.large.conftest import DOMAINS, Large
from tests.large.measuring import quick_seconds, sampled_memory, told
from tests.world import KEYWORDS, a_campaign, sweep_everything

pytestmark = [pytest.mark.large, pytest.mark.asyncio(loop_scope="session")]

SMALL = 5_000
PAGE = 50
MEMORY_GROWTH_MIB_MAX = 40
# Filters that an index serves, or that pass often: a page of them costs as much in a large campaign as in a small one.
QUICK = [
    (Wanted(), Sort.POSITION),
    (Wanted(dns_outcomes=("resolved",)), Sort.POSITION),
    (Wanted(dns_outcomes=("absent",)), Sort.POSITION),
    (Wanted(http_outcomes=("connection_refused",)), Sort.POSITION),
    (Wanted(keyword=KEYWORDS[0]), Sort.POSITION),
    (Wanted(keyword=KEYWORDS[0], http_outcomes=("reached",)), Sort.POSITION),
    (Wanted(), Sort.SCORE),
    (Wanted(score_min=0.2), Sort.SCORE),
    (Wanted(score_min=0.1, score_max=0.3), Sort.SCORE),
    (Wanted(keyword=KEYWORDS[0]), Sort.SCORE),
    (Wanted(http_outcomes=("reached",)), Sort.SCORE),
]
SLOWER_MAX = 4.0
# No page was asked of a name that is absent, yet nothing but a look at each page with a keyword tells so.
SCANNED = Wanted(keyword=KEYWORDS[0], dns_outcomes=("absent",))


async def first_page(large: Large, campaign_id: Any, wanted: Wanted, sort: Sort) -> Any:
    async with large.database.transaction() as tx:
        return await views.list_domains(
            tx, large.principal, campaign_id, wanted=wanted, sort=sort, cursor=None, limit=PAGE
        )


async def test_the_campaign_is_whole(large: Large) -> None:
    async with large.database.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM names") == DOMAINS
        await audit_everything(connection)


async def test_pages_are_as_quick_as_those_of_a_small_campaign(large: Large) -> None:
    """Ratios, one after the other in the same run; what no index serves is told apart below."""
    small = await plant(large.database, large.principal, make_domains(SMALL, seed=3, rare=0.02), 900_000)
    try:
        ratios = {}
        for wanted, sort in QUICK:
            here = await quick_seconds(partial(first_page, large, large.planted.campaign_id, wanted, sort), 15)
            there = await quick_seconds(partial(first_page, large, small.campaign_id, wanted, sort), 15)
            ratios[f"{described(wanted)} by {sort}"] = round(here / there, 2)
            told(f"page {described(wanted)} by {sort}: {here * 1e3:.1f} ms, {here / there:.1f} x a small campaign's")
    finally:
        async with large.database.transaction() as tx:
            await commands.delete_campaign(tx, large.principal, small.campaign_id, None)
        await sweep_everything(large.database)
    slow = {filters: ratio for filters, ratio in ratios.items() if ratio > SLOWER_MAX}
    assert not slow, f"slower than {SLOWER_MAX} times a small campaign's: {slow}"


def described(wanted: Wanted) -> str:
    given = {field: value for field, value in msgspec.structs.asdict(wanted).items() if value not in {None, ()}}
    return str(given or "of all")


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(dns_outcomes=("servfail",)),
        Wanted(http_outcomes=("blocked",)),
        Wanted(prefix="zzzz"),
        Wanted(keyword="careers", prefix="zz"),
        SCANNED,
    ],
)
async def test_a_page_of_what_is_not_there_is_bounded(large: Large, wanted: Wanted) -> None:
    """It looks so far and no further, says so, and can be gone on with to the end."""
    where = (large.principal, large.planted.campaign_id)
    seen, cursor = 0, None
    while True:
        async with large.database.transaction() as tx:
            page = await views.list_domains(tx, *where, wanted=wanted, sort=Sort.POSITION, cursor=cursor, limit=PAGE)
        assert page.inspected <= 250_000
        assert not page.items
        seen += page.inspected
        cursor = page.next_cursor
        if cursor is None:
            break
    assert (seen == 0) is (wanted != SCANNED), "what no index, no counter and no pattern knows is looked for"


async def test_hot_queries_touch_what_they_need(large: Large) -> None:
    names, dns, http, scores = large.planted.set_ids
    deep = (names, dns, http, scores, 1_500_000, 1_501_000)
    async with large.database.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_nestloop = off")
        plain = await explain(connection, store.LIST_POSITIONS, *deep, *NO_CONDITIONS, 51, None)
        assert (relations(plain), touched(plain) <= 51) == ({"names"}, True)
        absent = store.conditions_of(Filters(dns_outcomes=(3,)))
        assert touched(await explain(connection, store.LIST_POSITIONS, *deep, *absent, 51, None)) <= 2 * 1_000
        rows = await explain(connection, store.READ_ROWS, *deep, *NO_CONDITIONS, 1_000, None)
        assert touched(rows) <= 4 * 1_000
        positions = list(range(100, DOMAINS, DOMAINS // 50))
        spread = (names, dns, http, scores, positions[0], positions[-1] + 1)
        there = await explain(connection, store.READ_ROWS, *spread, *NO_CONDITIONS, len(positions), positions)
        assert touched(there) <= 4 * len(positions)
        best = await explain(connection, store.LIST_SCORED, scores, 1.0, POSITION_MAX, 0.0, None, None, None, 51)
        assert touched(best) <= 20 * 52, "there are no twenty kinds of domains that score above 0"
        assert len(indexes(best)) == 1
        bounds = (None, None, None, 1_000, 51)
        unscored = await explain(connection, store.LIST_UNSCORED, scores, 1_500_000, *bounds)
        assert touched(unscored) <= 1_000
        words = await explain(
            connection, store.LIST_KEYWORD_POSITIONS, http, 1_000_000, POSITION_MAX, 1, None, 1_000, 51
        )
        assert touched(words) <= 1_000
        reached = await explain(
            connection, store.LIST_HTTP_POSITIONS, http, [HttpOutcome.REACHED], 1_000_000, DOMAINS, 51
        )
        assert touched(reached) <= 51
        assert touched(await explain(connection, store.FIND_LAST_POSITION, names)) <= 2


async def export(large: Large, kind: ExportFormat, wanted: Wanted | None = None) -> AsyncIterator[bytes]:
    async with large.database.transaction() as tx:
        reading = await views.get_reading(tx, large.principal, large.planted.campaign_id)
    filters = check_filters(wanted or Wanted(), reading.keywords)
    async for part in stream_domains(large.database, reading, filters, kind, -1):
        yield part


@pytest.mark.parametrize("kind", [ExportFormat.PARQUET, ExportFormat.NDJSON])
async def test_an_export_takes_constant_memory(large: Large, kind: ExportFormat) -> None:
    size, last = 0, b""
    async with sampled_memory() as memory:
        async for part in export(large, kind):
            size += len(part)
            last = part or last
    assert size > 5 * DOMAINS
    assert memory.growth < MEMORY_GROWTH_MIB_MAX, f"{memory.growth:.0f} MiB"
    if kind is ExportFormat.NDJSON:
        assert msgspec.json.decode(last.splitlines()[-1]) == {"complete": True, "rows": DOMAINS}


async def test_an_export_comes_back_as_the_same_set(large: Large) -> None:
    """Straight from one campaign into another: every name, no name twice, no other name."""
    request = msgspec.structs.replace(a_campaign(), initial_phase=CampaignPhase.DNS_VALIDATION)
    async with large.database.transaction() as tx:
        copy = await commands.create_campaign(tx, large.principal, request)
    rows = rows_of(ListFormat.CSV, column=None, field=None)
    async with sampled_memory() as memory:
        receipt = await import_domains(
            large.database, large.principal, copy.id, source=export(large, ExportFormat.CSV), rows=rows, gunzip=None
        )
    assert (receipt.accepted, receipt.duplicates, receipt.rejected_count) == (DOMAINS, 0, 1)
    assert memory.growth < MEMORY_GROWTH_MIB_MAX, f"{memory.growth:.0f} MiB"
    async with large.database.pool.acquire() as connection:
        imported = await connection.fetchval("SELECT name_set_id FROM campaigns WHERE campaign_id = $1", copy.id)
        differing = await connection.fetchval(
            "SELECT count(*) FROM (SELECT name FROM names WHERE set_id = $1 EXCEPT SELECT name FROM names"
            " WHERE set_id = $2) AS d",
            large.planted.set_ids[0],
            imported,
        )
    assert differing == 0
    async with large.database.transaction() as tx:
        await commands.delete_campaign(tx, large.principal, copy.id, None)
    await sweep_everything(large.database)
