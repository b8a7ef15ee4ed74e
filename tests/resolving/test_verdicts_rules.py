"""Verdicts and how many probes they take: no sockets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.resolving.model import Answers
from service.resolving.outcomes import DnsOutcome
from service.resolving.verdicts import POOL_PROBES_MAX, UNKNOWN, DeepLook, FirstLook, Look, Verdict, with_probe
from service.resolving.wildcards import ancestor_of

ONE, TWO, SIX = b"\xc0\0\2\1", b"\xc0\0\2\2", bytes(15) + b"\1"
PROBES = 3


def probed(verdict: Verdict, outcome: DnsOutcome, *addresses: bytes, canonical_name: str | None = None) -> Verdict:
    answers = Answers(
        outcomes=np.array([outcome], dtype=np.uint8),
        duration_ms=np.zeros(1, dtype=np.int32),
        resolver=np.zeros(1, dtype=np.int16),
        addresses=[b"".join(each for each in addresses if len(each) == 4)],
        addresses_v6=[b"".join(each for each in addresses if len(each) == 16)],
        cname=[canonical_name],
    )
    return with_probe(verdict, answers, 0)


def probes_taken(look: Look, verdict: Verdict, *pool: tuple[DnsOutcome, tuple[bytes, ...]]) -> tuple[int, Verdict]:
    """How many probes a look takes of a parent that gives these answers in turn."""
    asked = 0
    while count := look.more(verdict, asked):
        for _ in range(count):
            outcome, addresses = pool[asked % len(pool)]
            verdict = probed(verdict, outcome, *addresses)
            asked += 1
    return asked, verdict


ABSENT = (DnsOutcome.ABSENT, ())
FAILS = (DnsOutcome.TIMED_OUT, ())
GIVES_ONE = (DnsOutcome.RESOLVED, (ONE,))
GIVES_TWO = (DnsOutcome.RESOLVED, (TWO,))


@pytest.mark.parametrize(
    ("pool", "count", "addresses"),
    [
        ([ABSENT], 1, set()),
        ([GIVES_ONE], 3, {ONE}),
        ([FAILS], 3, set()),
        ([FAILS, ABSENT], 3, set()),
        ([GIVES_ONE, GIVES_TWO], 8, {ONE, TWO}),
        ([(DnsOutcome.RESOLVED, (ONE, SIX))], 3, {ONE, SIX}),
    ],
)
def test_a_first_look_takes_as_few_probes_as_tell(
    pool: list[tuple[DnsOutcome, tuple[bytes, ...]]], count: int, addresses: set[bytes]
) -> None:
    taken, verdict = probes_taken(FirstLook(PROBES), UNKNOWN, *pool)
    assert taken == count
    assert set(verdict.addresses) == addresses
    assert FirstLook(PROBES).is_enough(verdict) == (pool != [FAILS])


def test_a_deep_look_goes_on_where_the_first_one_ended() -> None:
    taken, verdict = probes_taken(FirstLook(PROBES), UNKNOWN, GIVES_ONE, GIVES_TWO)
    assert verdict.is_thin
    more, verdict = probes_taken(DeepLook(), verdict, GIVES_ONE, GIVES_TWO)
    assert taken + more == verdict.probe_count == 16
    assert DeepLook().is_enough(verdict)


@given(st.integers(2, 300), st.booleans())
def test_no_pool_takes_more_probes_than_its_bound(size: int, fails_now_and_then: bool) -> None:
    pool = [(DnsOutcome.RESOLVED, (number.to_bytes(4, "big"),)) for number in range(size)]
    first, verdict = probes_taken(FirstLook(PROBES), UNKNOWN, *pool)
    assert first <= POOL_PROBES_MAX
    deep, verdict = probes_taken(DeepLook(), verdict, *(pool if not fails_now_and_then else [FAILS]))
    assert verdict.probe_count <= POOL_PROBES_MAX
    assert deep <= POOL_PROBES_MAX


def test_whoever_has_one_canonical_name_is_no_pool() -> None:
    verdict = probed(UNKNOWN, DnsOutcome.RESOLVED, ONE, canonical_name="lobby.test")
    verdict = probed(verdict, DnsOutcome.RESOLVED, TWO, canonical_name="lobby.test")
    assert not verdict.is_pool
    assert verdict.covers(frozenset({SIX}), "lobby.test")
    assert verdict.covers(frozenset({ONE}), None)
    assert not verdict.covers(frozenset({SIX}), None)
    assert not verdict.covers(frozenset({SIX}), "other.test")


def test_nothing_is_covered_by_no_wildcard() -> None:
    verdict = probed(UNKNOWN, DnsOutcome.ABSENT)
    assert not verdict.is_wildcard
    assert not verdict.covers(frozenset({ONE}), None)
    assert not verdict.covers(frozenset(), None)
    assert not verdict.explains(verdict)


def test_a_wildcard_explains_what_answers_like_it() -> None:
    above = Verdict(addresses=frozenset({ONE, TWO}), probe_count=8, varies=True)
    assert above.explains(Verdict(addresses=frozenset({ONE}), probe_count=1))
    assert not above.explains(Verdict(addresses=frozenset({ONE, SIX}), probe_count=1))
    assert not above.explains(probed(UNKNOWN, DnsOutcome.NO_DATA))
    assert not UNKNOWN.explains(above)


@pytest.mark.parametrize(
    ("parent", "label_count", "ancestor"),
    [
        (b"b.c.test", 1, b"test"),
        (b"b.c.test", 2, b"c.test"),
        (b"b.c.test", 3, None),
        (b"test", 1, None),
    ],
)
def test_ancestors(parent: bytes, label_count: int, ancestor: bytes | None) -> None:
    assert ancestor_of(parent, label_count) == ancestor
