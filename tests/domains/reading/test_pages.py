"""Pages against a model in plain Python: every filter alone and together, in both orders, whatever the page size."""

import itertools
from collections.abc import Iterator
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from service.access.model import Principal
from service.domains.reading import scanning, views, ways
from service.domains.reading.model import Sort, Wanted
from service.errors import Conflict, Invalid, NotFound
from service.postgres.database import Database
from tests.domains.reading.paging import read_all
from tests.domains.reading.synthetic import (
    ANALYSIS,
    DNS,
    HTTP,
    Planted,
    copy_results,
    expected,
    make_domains,
    plant,
    plant_pattern,
)
from tests.world import KEYWORDS

pytestmark = pytest.mark.made_up

SOME_SCORES = st.sampled_from([0.0, 0.025, 0.25, 0.5, 0.975, 1.0])
FILTERS: dict[str, st.SearchStrategy[Any]] = {
    "dns_outcomes": st.lists(st.sampled_from(sorted(DNS.values())), min_size=1, max_size=3).map(tuple),
    "http_outcomes": st.lists(st.sampled_from(sorted(HTTP.values())), min_size=1, max_size=3).map(tuple),
    "analysis_outcomes": st.lists(st.sampled_from(sorted(ANALYSIS.values())), min_size=1, max_size=3).map(tuple),
    "keyword": st.sampled_from(KEYWORDS),
    "score_min": SOME_SCORES,
    "score_max": SOME_SCORES,
    "prefix": st.sampled_from(["a", "by", "cz1", "q"]),
}
PAIRS = [(name,) for name in FILTERS] + list(itertools.combinations(FILTERS, 2))


@pytest.fixture
async def planted(database: Database, principal: Principal) -> Planted:
    """A campaign among others, whose rows lie in the same tables."""
    await plant(database, principal, make_domains(300, seed=7), 11)
    own = await plant(database, principal, make_domains(2_500, seed=8, scored=0.9), 21)
    await plant(database, principal, make_domains(300, seed=9), 31)
    return own


def combinations() -> Iterator[Wanted]:
    """Each filter, and each pair, with one value of its own."""
    values: dict[str, Any] = {
        "dns_outcomes": ("resolved", "absent"),
        "http_outcomes": ("reached",),
        "analysis_outcomes": ("qualified", "parked"),
        "keyword": KEYWORDS[1],
        "score_min": 0.25,
        "score_max": 0.5,
        "prefix": "ax",
    }
    for names in PAIRS:
        yield Wanted(**{name: values[name] for name in names})


@pytest.mark.parametrize("sort", Sort)
async def test_each_filter_alone_and_in_pairs(
    database: Database, principal: Principal, planted: Planted, sort: Sort
) -> None:
    for wanted in combinations():
        found = await read_all(database, principal, planted.campaign_id, wanted, sort, 97)
        assert [item.domain for item in found] == expected(planted.domains, wanted, sort), wanted


@hypothesis.settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.fixed_dictionaries({}, optional=FILTERS), sort=st.sampled_from(Sort), limit=st.integers(1, 200))
async def test_any_filters(
    database: Database, principal: Principal, planted: Planted, chosen: dict[str, Any], sort: Sort, limit: int
) -> None:
    wanted = Wanted(**chosen)
    if chosen.get("score_min", 0) > chosen.get("score_max", 1):
        with pytest.raises(Invalid):
            await read_all(database, principal, planted.campaign_id, wanted, sort, limit)
        return
    found = await read_all(database, principal, planted.campaign_id, wanted, sort, max(limit, 20))
    assert [item.domain for item in found] == expected(planted.domains, wanted, sort)


@pytest.mark.parametrize("sort", Sort)
async def test_stretches_of_any_length_give_the_same(
    database: Database, principal: Principal, planted: Planted, sort: Sort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bounds decide where pages end, never what stands on them."""
    monkeypatch.setattr(scanning, "INSPECT_FIRST", 7)
    monkeypatch.setattr(scanning, "INSPECT_GROWTH", 2)
    monkeypatch.setattr(scanning, "INSPECT_TOTAL_MAX", 60)
    for wanted in (Wanted(), Wanted(keyword=KEYWORDS[0]), Wanted(prefix="ax"), Wanted(http_outcomes=("parked",))):
        found = await read_all(database, principal, planted.campaign_id, wanted, sort, 10)
        assert [item.domain for item in found] == expected(planted.domains, wanted, sort), wanted


@pytest.mark.parametrize("common_of", [0, 10**9], ids=["along an index where there is one", "through windows"])
async def test_each_way_gives_the_same(
    database: Database, principal: Principal, planted: Planted, common_of: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts decide which way is taken, never what is found; so even where they are wrong."""
    monkeypatch.setattr(scanning, "COMMON_OF", common_of)
    monkeypatch.setattr(scanning, "INSPECT_FIRST", 60)
    async with database.pool.acquire() as connection:
        await connection.execute("UPDATE phase_runs SET phase_status = 'running', outcome_counts = '{1}'")
    for wanted in (*combinations(), Wanted(dns_outcomes=("servfail", "wildcard"), prefix="ax")):
        found = await read_all(database, principal, planted.campaign_id, wanted, Sort.POSITION, 23)
        assert [item.domain for item in found] == expected(planted.domains, wanted, Sort.POSITION), wanted


@pytest.mark.parametrize("tlds", [1, 3, 40])
@pytest.mark.parametrize("common_of", [0, 10**9], ids=["along an index where there is one", "through windows"])
async def test_a_prefix_is_found_where_the_pattern_has_it(
    database: Database, principal: Principal, tlds: int, common_of: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone and with each other filter, in both orders; within a label, over its end, and where no name begins so."""
    monkeypatch.setattr(scanning, "COMMON_OF", common_of)
    monkeypatch.setattr(scanning, "INSPECT_FIRST", 60)
    planted = await plant_pattern(database, principal, make_domains(1_500, seed=8, scored=0.9), 21, tlds)
    some = planted.domains[700].name
    for other in (one for one in combinations() if one.prefix is None):
        for prefix in ("a", "aaab", "q", some[:6], some[:-1], f"{some}x"):
            wanted = msgspec.structs.replace(other, prefix=prefix)
            found = await read_all(database, principal, planted.campaign_id, wanted, Sort.POSITION, 23)
            assert [item.domain for item in found] == expected(planted.domains, wanted, Sort.POSITION), wanted
    wanted = Wanted(prefix=some[:6])
    by_score = await read_all(database, principal, planted.campaign_id, wanted, Sort.SCORE, 23)
    assert [item.domain for item in by_score] == expected(planted.domains, wanted, Sort.SCORE)


async def test_a_prefix_of_a_pattern_looks_at_nothing_else(database: Database, principal: Principal) -> None:
    planted = await plant_pattern(database, principal, make_domains(3_000, seed=8), 21, 2)
    wanted = Wanted(prefix=planted.domains[-1].name[:6])
    names = expected(planted.domains, wanted, Sort.POSITION)
    async with database.transaction() as tx:
        page = await views.list_domains(
            tx, principal, planted.campaign_id, wanted=wanted, sort=Sort.POSITION, cursor=None, limit=200
        )
    assert [item.domain for item in page.items] == names
    assert 0 < len(names) <= page.inspected < 2 * len(names)


@pytest.mark.parametrize("few", [1, 10_000], ids=["many", "few"])
async def test_scores_are_found_whether_many_have_them_or_few(
    database: Database, principal: Principal, planted: Planted, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways, "FEW_AFTER", 60)
    monkeypatch.setattr(ways, "FEW_MAX", few)
    monkeypatch.setattr(scanning, "INSPECT_FIRST", 20)
    for wanted in (Wanted(score_min=0.5), Wanted(score_min=0.5, score_max=0.75), Wanted(score_min=0.999)):
        found = await read_all(database, principal, planted.campaign_id, wanted, Sort.POSITION, 23)
        assert [item.domain for item in found] == expected(planted.domains, wanted, Sort.POSITION), wanted


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(dns_outcomes=("rate_limited",)),
        Wanted(http_outcomes=("internal_error", "blocked")),
        Wanted(analysis_outcomes=("internal_error",)),
    ],
)
async def test_what_nobody_has_is_known_beforehand(
    database: Database, principal: Principal, wanted: Wanted, sort: Sort
) -> None:
    """By the counts of runs that are completed; while one is under way somebody may get it, so it is looked for."""
    domains = [one for one in make_domains(300, seed=12) if one.dns != 9 and one.http not in {8, 15}]
    planted = await plant(database, principal, [one for one in domains if one.outcome != 10], 21)
    inspected = []
    for status in ("completed", "running"):
        async with database.pool.acquire() as connection:
            await connection.execute("UPDATE phase_runs SET phase_status = $1", status)
        async with database.transaction() as tx:
            page = await views.list_domains(
                tx, principal, planted.campaign_id, wanted=wanted, sort=sort, cursor=None, limit=10
            )
        assert (page.items, page.next_cursor) == ((), None)
        inspected.append(page.inspected)
    assert inspected[0] == 0


async def test_a_page_that_finds_nothing_says_how_far_it_looked(
    database: Database, principal: Principal, planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "INSPECT_TOTAL_MAX", 1_000)
    async with database.transaction() as tx:
        page = await views.list_domains(
            tx,
            principal,
            planted.campaign_id,
            wanted=Wanted(prefix="none-begins-so"),
            sort=Sort.POSITION,
            cursor=None,
            limit=10,
        )
    assert (page.items, page.inspected) == ((), 1_000)
    assert page.next_cursor is not None


async def test_stale_scores_are_not_trusted_for_what_they_repeat(
    database: Database, principal: Principal, planted: Planted
) -> None:
    """A score row that says something else than the current DNS and HTTP rows does not change an answer."""
    async with database.pool.acquire() as connection:
        await connection.execute(
            "UPDATE scores SET dns_outcome = 3, http_outcome = 3, keyword_bits = 0 WHERE set_id = $1",
            planted.set_ids[3],
        )
        await connection.execute("UPDATE phase_runs SET stale = true WHERE run_id = $1", planted.set_ids[3])
    for wanted in combinations():
        found = await read_all(database, principal, planted.campaign_id, wanted, Sort.SCORE, 200)
        assert [item.domain for item in found] == expected(planted.domains, wanted, Sort.SCORE), wanted


async def test_paging_while_domains_are_added_shows_each_once(
    database: Database, principal: Principal, planted: Planted
) -> None:
    """What was there at the first page is seen, once; what comes later may be seen, once."""
    end = planted.domains[-1].position + 1
    added = [one._replace(position=one.position + end, name=f"new-{one.name}") for one in planted.domains[:500]]
    seen: list[str] = []
    cursor = None
    for number in itertools.count():
        async with database.transaction() as tx:
            page = await views.list_domains(
                tx, principal, planted.campaign_id, wanted=Wanted(), sort=Sort.POSITION, cursor=cursor, limit=200
            )
        seen += [item.domain for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        async with database.transaction() as tx:
            await copy_results(tx, planted.set_ids, added[number * 40 : number * 40 + 40])
    assert len(seen) == len(set(seen))
    assert seen[: len(planted.domains)] == [one.name for one in planted.domains]
    assert seen == [one.name for one in [*planted.domains, *added]][: len(seen)]


async def test_a_new_set_of_scores_refuses_cursors_of_the_old_one(
    database: Database, principal: Principal, planted: Planted
) -> None:
    other = await plant(database, principal, make_domains(10, seed=3), 41)
    async with database.transaction() as tx:
        page = await views.list_domains(
            tx, principal, planted.campaign_id, wanted=Wanted(), sort=Sort.SCORE, cursor=None, limit=5
        )
    async with database.pool.acquire() as connection:
        await connection.execute(
            "UPDATE campaigns SET score_set_id = $2 WHERE campaign_id = $1", planted.campaign_id, other.set_ids[3]
        )
    with pytest.raises(Conflict) as refused:
        async with database.transaction() as tx:
            await views.list_domains(
                tx,
                principal,
                planted.campaign_id,
                wanted=Wanted(),
                sort=Sort.SCORE,
                cursor=page.next_cursor,
                limit=5,
            )
    assert refused.value.code == "scores_replaced"


async def test_another_tenants_campaign_is_not_found(database: Database, stranger: Principal, planted: Planted) -> None:
    async with database.transaction() as tx:
        with pytest.raises(NotFound):
            await views.get_reading(tx, stranger, planted.campaign_id)
