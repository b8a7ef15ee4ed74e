"""Wildcards at any depth: who is told from whom, by how many probes, and who remembers it."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.resolving import learning, wildcards
from service.resolving.engine import FORGETFUL, DnsEngine, RecordType, Verdict
from service.resolving.outcomes import DnsOutcome
from tests.resolving.scripted import SERVFAIL, Query, Script, answer, scripted
from tests.resolving.test_engine import resolve, settings_for
from tests.resolving.zones import PROBE_LABEL_LENGTH, Records, Zones

ONE = Records(("192.0.2.1",))
TWO = Records(("192.0.2.2",))
POOL = Records(tuple(f"198.51.100.{n}" for n in range(1, 7)), at_a_time=1)
LOBBY = Records(tuple(f"203.0.113.{n}" for n in range(1, 200)), at_a_time=1, target="lobby.test")


class Notebook:
    """A memory that engines share, and what it was asked."""

    def __init__(self) -> None:
        self.verdicts: dict[bytes, Verdict] = {}
        self.asked: Counter[bytes] = Counter()

    async def find(self, parents: Sequence[bytes]) -> Mapping[bytes, Verdict]:
        self.asked.update(parents)
        return {parent: self.verdicts[parent] for parent in parents if parent in self.verdicts}

    async def remember(self, verdicts: Mapping[bytes, Verdict]) -> None:
        self.verdicts.update(verdicts)


@asynccontextmanager
async def engine_on(script: Script, **options: Any) -> AsyncIterator[DnsEngine]:
    memory = options.pop("memory", FORGETFUL)
    changes = {"detect_wildcards": True, "timeout_seconds": 1.0, **options}
    async with scripted(script) as server, DnsEngine(settings_for(server, **changes), memory=memory) as engine:
        yield engine


async def ends(engine: DnsEngine, *names: str) -> dict[str, str]:
    answers = await resolve(engine, *names)
    return {name: DnsOutcome(code).label for name, code in zip(names, answers.outcomes.tolist(), strict=True)}


async def test_a_wildcard_is_seen_from_any_depth() -> None:
    zones = Zones({}, {"c.test": ONE})
    async with engine_on(zones) as engine:
        names = ["a.c.test", "a.b.c.test", "a.x.b.c.test", "z.y.a.x.b.c.test"]
        assert await ends(engine, *names) == dict.fromkeys(names, "wildcard")
        assert await ends(engine, "test", "other.test") == {"test": "no_data", "other.test": "absent"}


async def test_a_name_that_was_made_is_kept_at_any_depth() -> None:
    made = {"www.c.test": TWO, "www.b.c.test": TWO, "deep.a.b.c.d.e.test": TWO}
    zones = Zones(made, {"c.test": ONE, "b.c.test": ONE, "e.test": ONE})
    async with engine_on(zones) as engine:
        assert await ends(engine, *made) == dict.fromkeys(made, "resolved")
        assert await ends(engine, "x.b.c.test", "x.a.b.c.d.e.test") == {
            "x.b.c.test": "wildcard",
            "x.a.b.c.d.e.test": "absent",
        }


async def test_a_wildcard_below_another_is_told_by_its_own_answer() -> None:
    zones = Zones({}, {"c.test": ONE, "b.c.test": TWO, "x.y.z.b.c.test": POOL})
    async with engine_on(zones) as engine:
        names = ["a.c.test", "a.b.c.test", "a.x.b.c.test", *(f"{n}.x.y.z.b.c.test" for n in range(40))]
        assert await ends(engine, *names) == dict.fromkeys(names, "wildcard")


async def test_a_name_made_with_the_addresses_of_a_wildcard_further_up_is_kept() -> None:
    """`shop.c.test` exists, so that `*.c.test` answers for nothing below it (RFC 4592, section 4.4)."""
    zones = Zones({"www.shop.c.test": ONE}, {"c.test": ONE})
    async with engine_on(zones) as engine:
        assert await ends(engine, "www.shop.c.test", "www.none.c.test", "echo.c.test") == {
            "www.shop.c.test": "resolved",
            "www.none.c.test": "wildcard",
            "echo.c.test": "wildcard",
        }


async def test_without_allowance_an_equal_answer_is_an_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wildcards, "CONFIRMATIONS_FREE", 0)
    zones = Zones({"www.shop.c.test": ONE, "www.made.c.test": TWO}, {"c.test": ONE})
    async with engine_on(zones) as engine:
        assert await ends(engine, "www.shop.c.test", "www.made.c.test") == {
            "www.shop.c.test": "wildcard",
            "www.made.c.test": "resolved",
        }
        assert zones.probes["shop.c.test"] == 0


async def test_the_allowance_goes_to_the_parents_of_most_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wildcards, "CONFIRMATIONS_FREE", 1)
    zones = Zones({f"{n}.shop.c.test": ONE for n in range(3)}, {"c.test": ONE})
    async with engine_on(zones) as engine:
        names = [*(f"{n}.none.c.test" for n in range(2)), *(f"{n}.shop.c.test" for n in range(3))]
        assert list((await ends(engine, *names)).values()) == ["wildcard"] * 2 + ["resolved"] * 3


async def test_a_pool_that_answers_with_one_address_of_several_is_learnt_whole() -> None:
    made = {"www.c.test": TWO}
    zones = Zones(made, {"c.test": POOL})
    async with engine_on(zones) as engine:
        names = [f"{n}.c.test" for n in range(300)]
        assert await ends(engine, *names, "www.c.test") == {
            **dict.fromkeys(names, "wildcard"),
            "www.c.test": "resolved",
        }
        assert zones.probes["c.test"] == 8 * len(POOL.pool), "one name is unexplained, so that it was looked at deeply"


async def test_a_pool_behind_one_canonical_name_is_known_by_that() -> None:
    zones = Zones({"www.c.test": TWO}, {"c.test": LOBBY})
    async with engine_on(zones) as engine:
        names = [f"{n}.x.c.test" for n in range(300)]
        assert await ends(engine, *names, "www.c.test") == {
            **dict.fromkeys(names, "wildcard"),
            "www.c.test": "resolved",
        }
        assert zones.probes["c.test"] == 3


async def test_both_kinds_of_addresses_are_compared() -> None:
    both = Records(("192.0.2.1", "2001:db8::1"))
    zones = Zones(
        {"www.c.test": Records(("192.0.2.1", "2001:db8::2"))}, {"c.test": both, "six.test": Records(("2001:db8::6",))}
    )
    async with engine_on(zones, record_types=(RecordType.A, RecordType.AAAA)) as engine:
        assert await ends(engine, "a.c.test", "www.c.test", "a.six.test") == {
            "a.c.test": "wildcard",
            "www.c.test": "resolved",
            "a.six.test": "wildcard",
        }


async def test_probes_that_fail_near_the_top_leave_the_judgement_to_those_below() -> None:
    zones = Zones({"www.c.test": TWO}, {"c.test": ONE})

    def script(query: Query) -> Sequence[bytes]:
        label, _, parent = query.name.partition(".")
        if len(label) == PROBE_LABEL_LENGTH and parent == "test":
            zones.probes[parent] += 1
            return (answer(query, rcode=SERVFAIL),)
        return zones(query)

    async with engine_on(script, attempts=1) as engine:
        for _ in range(2):
            assert await ends(engine, "a.c.test", "www.c.test") == {"a.c.test": "wildcard", "www.c.test": "resolved"}
            await resolve(engine, "a.d.test")
        assert zones.probes["test"] == 3, "it is not asked again on behalf of others"


async def test_flat_lists_cost_next_to_nothing() -> None:
    zones = Zones({f"{n}.test": TWO for n in range(1_000)}, {"wild": ONE})
    async with engine_on(zones) as engine:
        names = [*(f"{n}.test" for n in range(1_000)), *(f"{n}.wild" for n in range(1_000))]
        assert Counter((await ends(engine, *names)).values()) == {"resolved": 1_000, "wildcard": 1_000}
        assert zones.probes == {"test": 1, "wild": 3}


async def test_two_million_names_under_a_thousand_zones_at_a_hundredth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is a hundredth, so that the share of the probes is that of the whole."""
    monkeypatch.setattr(wildcards, "CONFIRMATIONS_FREE", wildcards.CONFIRMATIONS_FREE // 100)
    dice = random.Random(15)
    kinds: Sequence[tuple[str, Records | None]] = [("", ONE), ("", POOL), ("", LOBBY), ("apps.", ONE), ("", None)]
    zones = [f"zone{number}.test" for number in range(10)]
    wild = {f"{kinds[n % 5][0]}{zone}": records for n, zone in enumerate(zones) if (records := kinds[n % 5][1])}
    made = {f"www{n}.{zone}": TWO for zone in zones for n in range(50)}
    names = [*made, *(random_name(dice, zones) for _ in range(20_000 - len(made)))]
    dice.shuffle(names)
    internet = Zones(made, wild)
    async with engine_on(internet, attempts=4) as engine:
        chunks = [names[start : start + 2_000] for start in range(0, len(names), 2_000)]
        found = await asyncio.gather(*(ends(engine, *chunk) for chunk in chunks))
    told = {name: end for chunk in found for name, end in chunk.items()}
    assert told == {name: truth(internet, name) for name in names}
    assert sum(internet.probes.values()) <= len(names) * 0.01, internet.probes.most_common(12)


def random_name(dice: random.Random, zones: Sequence[str]) -> str:
    """One to three labels below a zone, or below its applications; hardly two of them share a parent."""
    labels = [f"{dice.getrandbits(40):x}" for _ in range(dice.randint(1, 3))]
    return ".".join([*labels, *dice.choice([[], ["apps"]]), dice.choice(zones)])


def truth(internet: Zones, name: str) -> str:
    if name in internet.made:
        return "resolved"
    return "absent" if internet.records_of(name) is None else "wildcard"


LABELS = st.sampled_from("abc")
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(lambda labels: ".".join([*labels, "test"]))
ADDRESSES = st.sampled_from([ONE, TWO])


@given(made=st.dictionaries(NAMES, ADDRESSES, max_size=6), wild=st.dictionaries(NAMES, ADDRESSES, max_size=4))
@settings(max_examples=60)
def test_names_are_judged_by_what_answers_for_their_parents_children(
    made: dict[str, Records], wild: dict[str, Records]
) -> None:
    asked = sorted({"a.test", "a.b.test", "b.b.test", "c.a.b.test", "a.c.a.b.test", "b.a.c.a.b.test", *made})
    internet = Zones(made, wild)

    async def ask() -> dict[str, str]:
        async with engine_on(internet) as engine:
            return await ends(engine, *asked)

    assert asyncio.run(ask()) == {name: exact_end(internet, name) for name in asked}


def exact_end(internet: Zones, name: str) -> str:
    """An echo is what equals the answer of a child that nobody made."""
    records = internet.records_of(name)
    if records is None:
        return "no_data" if name in internet.nodes else "absent"
    parent = name.partition(".")[2]
    return "wildcard" if records == internet.records_of(f"nobody.{parent}") else "resolved"


async def test_what_was_learnt_is_told_and_heard() -> None:
    zones, notebook = Zones({"www.c.test": TWO, "ftp.c.test": TWO, "www.d.test": TWO}, {"e.test": ONE}), Notebook()
    names = ["www.c.test", "ftp.c.test", "a.e.test", "a.b.e.test", "www.d.test"]
    async with engine_on(zones, memory=notebook) as engine:
        first = await ends(engine, *names)
    assert set(notebook.verdicts) == {b"test", b"c.test", b"e.test"}, "what stands for one name only is not told"
    before = zones.probes.copy()
    async with engine_on(zones, memory=notebook) as engine:
        assert await ends(engine, *names) == first
    assert set(zones.probes - before) == {"d.test", "b.e.test"}, "who has begun anew asks for nothing that was told"


async def test_what_is_remembered_is_looked_up_once() -> None:
    zones, notebook = Zones({}, {"c.test": ONE}), Notebook()
    async with engine_on(zones, memory=notebook) as engine:
        await asyncio.gather(*(ends(engine, f"{n}.c.test", f"{n}.x.c.test") for n in range(20)))
        assert notebook.asked == {b"test": 1, b"c.test": 1, b"x.c.test": 1}
    assert zones.probes == {"test": 1, "c.test": 3, "x.c.test": 1}


async def test_a_verdict_is_asked_for_again_when_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "VERDICT_SECONDS", -1.0)
    zones = Zones({}, {"test": ONE})
    async with engine_on(zones) as engine:
        for asked in (3, 6):
            assert await ends(engine, "a.test") == {"a.test": "wildcard"}
            assert zones.probes["test"] == asked


async def test_parents_that_were_not_needed_for_long_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "PARENTS_MAX", 2)
    zones = Zones({}, {"a": ONE, "b": ONE, "c": ONE})
    async with engine_on(zones) as engine:
        for name in ("x.a", "x.b", "y.a", "x.c", "z.a", "y.b"):
            await ends(engine, name)
    assert zones.probes == {"a": 3, "b": 6, "c": 3}
