"""Hot queries on 60,000 domains in partitions of their own: which index, and how many rows are touched."""

from collections.abc import Iterator
from typing import Any

import asyncpg
import msgspec
import pytest

from service.access.model import Principal
from service.domains.reading import store
from service.domains.reading.model import POSITION_MAX, Filters, Sets, Sort, Wanted
from service.domains.reading.rows import Key
from service.domains.reading.views import list_domains
from service.fetching.outcomes import HttpOutcome
from service.postgres.database import Database
from service.postgres.partitions import LARGE_SET_ID_MIN
from service.postgres.queries import Query
from service.resolving.outcomes import DnsOutcome
from service.scoring.score import Reason
from tests.domains.reading.synthetic import Planted, expected, make_domains, plant
from tests.world import KEYWORDS

pytestmark = pytest.mark.made_up

DOMAINS = 60_000
TABLE_SCANS = {"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan"}
NO_CONDITIONS = store.conditions_of(Filters())


@pytest.fixture
async def planted(database: Database, principal: Principal) -> Planted:
    return await plant(database, principal, make_domains(DOMAINS, seed=1, rare=0.003), LARGE_SET_ID_MIN + 5)


@pytest.fixture(params=["analysed", "never analysed"])
async def connection(database: Database, planted: Planted, request: pytest.FixtureRequest) -> Any:
    async with database.pool.acquire() as held, held.transaction():
        if request.param == "analysed":
            await held.execute("ANALYZE names, dns_results, http_results, scores")
        await held.execute("SET LOCAL enable_nestloop = off")
        yield held


async def explain(connection: asyncpg.Connection, query: Query, *arguments: object) -> list[dict[str, Any]]:
    """The nodes of the plan, as it was carried out."""
    answer = await connection.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)\n{query.text}", *arguments)
    return list(nodes(msgspec.json.decode(answer)[0]["Plan"]))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def touched(plan: list[dict[str, Any]]) -> int:
    """Rows that came out of tables and indexes, or were looked at and thrown away there."""
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in plan
        if node["Node Type"] in TABLE_SCANS
    )


def relations(plan: list[dict[str, Any]]) -> set[str]:
    return {node["Relation Name"].rpartition("_")[0] for node in plan if "Relation Name" in node}


def indexes(plan: list[dict[str, Any]]) -> set[str]:
    return {node["Index Name"] for node in plan if "Index Name" in node}


def only_index(plan: list[dict[str, Any]]) -> str:
    """The one index that is read, and nothing else."""
    (name,) = indexes(plan)
    assert all("Index Name" in node for node in plan if node["Node Type"] in TABLE_SCANS)
    return str(name)


async def test_a_window_reads_only_the_tables_that_a_filter_needs(
    connection: asyncpg.Connection, planted: Planted
) -> None:
    bounds = (*planted.set_ids, 30_000, 31_000)
    plain = await explain(connection, store.LIST_POSITIONS, *bounds, *NO_CONDITIONS, 51, None)
    assert relations(plain) == {"names"}
    assert touched(plain) <= 51
    absent = store.conditions_of(Filters(dns_outcomes=(3,)))
    filtered = await explain(connection, store.LIST_POSITIONS, *bounds, *absent, 51, None)
    assert relations(filtered) == {"names", "dns_results"}
    assert touched(filtered) <= 2 * 1_000


async def test_candidates_are_looked_up_one_by_one(connection: asyncpg.Connection, planted: Planted) -> None:
    positions = [one.position for one in planted.domains[::1_200]]
    bounds = (*planted.set_ids, positions[0], positions[-1] + 1)
    conditions = store.conditions_of(Filters(dns_outcomes=(1,), score_min=0.5))
    plan = await explain(connection, store.LIST_POSITIONS, *bounds, *conditions, len(positions), positions)
    assert relations(plan) == {"names", "dns_results", "scores"}
    assert touched(plan) <= 3 * len(positions)


async def test_rows_at_positions_touch_nothing_else(connection: asyncpg.Connection, planted: Planted) -> None:
    positions = [one.position for one in planted.domains[::1_200]]
    bounds = (*planted.set_ids, positions[0], positions[-1] + 1)
    plan = await explain(connection, store.READ_ROWS, *bounds, *NO_CONDITIONS, len(positions), positions)
    assert relations(plan) == {"names", "dns_results", "http_results", "scores"}
    assert touched(plan) <= 4 * len(positions)
    assert not any(node["Node Type"] == "Seq Scan" for node in plan)


async def test_rows_of_a_window_stay_within_it(connection: asyncpg.Connection, planted: Planted) -> None:
    """Deep in the set: bounds stand on every table, so nothing is read from position 0 on."""
    bounds = (*planted.set_ids, 50_000, 52_000)
    plan = await explain(connection, store.READ_ROWS, *bounds, *NO_CONDITIONS, 5_000, None)
    assert touched(plan) <= 4 * 2_000


@pytest.mark.parametrize(
    ("query", "kind", "outcomes"),
    [
        (store.LIST_DNS_POSITIONS, 1, [int(DnsOutcome.SERVFAIL), int(DnsOutcome.MALFORMED)]),
        (store.LIST_HTTP_POSITIONS, 2, [int(HttpOutcome.REACHED), int(HttpOutcome.BLOCKED)]),
        (store.LIST_JUDGED_POSITIONS, 3, [int(Reason.QUALIFIED), int(Reason.THIN_CONTENT)]),
    ],
    ids=["dns", "http", "verdicts"],
)
async def test_an_outcome_is_found_where_it_stands(
    connection: asyncpg.Connection, planted: Planted, query: Query, kind: int, outcomes: list[int]
) -> None:
    """As many rows of each as are wanted, and of none else; that is so deep in the set, too."""
    for first in (0, 30_000):
        plan = await explain(connection, query, planted.set_ids[kind], outcomes, first, 60_000, 51)
        assert touched(plan) <= 51 * len(outcomes)
        assert "set_id_outcome_position" in only_index(plan)


async def test_scores_come_from_their_index(connection: asyncpg.Connection, planted: Planted) -> None:
    """From each kind of domain that there is, as many as are wanted, and one look for the next kind."""
    scores = planted.set_ids[3]
    kinds = len({(one.dns, one.http, one.outcome) for one in planted.domains if one.outcome and one.score > 0})
    plan = await explain(connection, store.LIST_SCORED, scores, 0.5, 30_000, 0.0, None, None, None, 51)
    assert touched(plan) <= kinds * (51 + 1) + 1
    assert "set_id_dns_outcome_http_outcome_outcome" in only_index(plan)


async def test_scores_of_one_kind_touch_no_other(connection: asyncpg.Connection, planted: Planted) -> None:
    scores, thin = planted.set_ids[3], [int(Reason.THIN_CONTENT)]
    kinds = len({(one.dns, one.http, one.outcome) for one in planted.domains if one.outcome and one.score > 0})
    plan = await explain(connection, store.LIST_SCORED, scores, 0.5, 30_000, 0.0, thin, None, None, 51)
    assert touched(plan) <= 51 + kinds + 1


async def test_few_scores_are_counted_no_further_than_they_are_few(
    connection: asyncpg.Connection, planted: Planted
) -> None:
    """The index of scores skips to what is so good in each kind of domain."""
    scores = planted.set_ids[3]
    good = sum(one.score >= 0.95 and one.outcome is not None for one in planted.domains)
    kinds = len({(one.dns, one.http, one.outcome) for one in planted.domains if one.outcome and one.score > 0})
    plan = await explain(connection, store.FIND_FEW_SCORED, scores, 0.95, None, 0, 60_000, 100_000, 51)
    assert touched(plan) <= good + kinds + 1
    assert "set_id_dns_outcome_http_outcome_outcome" in only_index(plan)
    plan = await explain(connection, store.FIND_FEW_SCORED, scores, 0.1, None, 0, 60_000, 500, 51)
    assert touched(plan) <= 500 + kinds


async def test_scores_with_a_rare_keyword_come_from_the_partial_index(
    connection: asyncpg.Connection, planted: Planted
) -> None:
    """So few pages have keywords that all of them are fewer than one stretch."""
    scores = planted.set_ids[3]
    with_keywords = sum(one.bits != 0 and one.outcome is not None for one in planted.domains)
    assert 20 < with_keywords < 300
    begun = (scores, 1.0, POSITION_MAX, 0.0)
    plan = await explain(connection, store.LIST_SCORED_WITH_KEYWORDS, *begun, None, None, None, 1, 1_000, 1_000)
    assert touched(plan) <= with_keywords
    end = await explain(connection, store.FIND_END_OF_SCORED_WITH_KEYWORDS, *begun, 1_000)
    assert touched(end) <= with_keywords


async def test_pages_with_a_keyword_come_from_the_partial_index(
    connection: asyncpg.Connection, planted: Planted
) -> None:
    with_keywords = sum(one.bits != 0 for one in planted.domains)
    window = (planted.set_ids[2], 0, POSITION_MAX)
    plan = await explain(connection, store.LIST_KEYWORD_POSITIONS, *window, 1, None, 1_000, 1_000)
    assert touched(plan) <= with_keywords
    end = await explain(connection, store.FIND_END_OF_KEYWORDS, *window, 1_000)
    assert touched(end) <= with_keywords


async def test_a_common_keyword_is_looked_for_no_further_than_it_is_wanted(
    connection: asyncpg.Connection, planted: Planted
) -> None:
    """Half of the pages with keywords have it, and the look ends with the last that is wanted."""
    plan = await explain(
        connection, store.LIST_KEYWORD_POSITIONS, planted.set_ids[2], 0, POSITION_MAX, 1, None, 1_000, 10
    )
    assert touched(plan) < 50


async def test_scores_of_nothing_are_read_backwards(connection: asyncpg.Connection, planted: Planted) -> None:
    scores = planted.set_ids[3]
    plan = await explain(connection, store.LIST_UNSCORED, scores, 30_000, None, None, None, 1_000, 51)
    assert touched(plan) <= 1_000
    end = await explain(connection, store.FIND_END_OF_UNSCORED, scores, 30_000, 1_000)
    assert touched(end) <= 1_000


async def test_scores_of_nothing_with_a_verdict_come_from_its_place(
    connection: asyncpg.Connection, planted: Planted
) -> None:
    scores, failed = planted.set_ids[3], [int(Reason.DNS_FAILED)]
    plan = await explain(connection, store.LIST_UNSCORED_JUDGED, scores, 30_000, failed, 500, 51)
    assert touched(plan) <= 500
    assert "set_id_outcome_position" in only_index(plan)
    end = await explain(connection, store.FIND_END_OF_UNSCORED_JUDGED, scores, 30_000, failed, 500)
    assert touched(end) <= 500


async def test_the_end_of_a_set_is_one_row(connection: asyncpg.Connection, planted: Planted) -> None:
    plan = await explain(connection, store.FIND_LAST_POSITION, planted.set_ids[0])
    assert touched(plan) <= 2


async def test_a_rare_keyword_by_score_is_one_step(database: Database, principal: Principal, planted: Planted) -> None:
    """Through everything: the right rows, and no more inspected than there are pages with keywords and zeros."""
    wanted = Wanted(keyword=KEYWORDS[0], score_min=0.025)
    async with database.transaction() as tx:
        page = await list_domains(
            tx, principal, planted.campaign_id, wanted=wanted, sort=Sort.SCORE, cursor=None, limit=200
        )
    assert [item.domain for item in page.items] == expected(planted.domains, wanted, Sort.SCORE)
    assert page.next_cursor is None
    assert page.inspected < 300


async def test_the_key_before_the_first_is_behind_nothing(database: Database, planted: Planted) -> None:
    sets = Sets(*planted.set_ids)
    async with database.transaction() as tx:
        keys = await store.list_scored(tx, sets, Filters(), Key(1.0, POSITION_MAX + 1), 10)
    best = sorted(((one.score, one.position) for one in planted.domains if one.outcome), reverse=True)[:10]
    assert [key.position for key in keys] == [position for _, position in best]
    assert [key.score for key in keys] == pytest.approx([score for score, _ in best])
