"""Pure: what is decided about names."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.sandbox.behaviours import (
    DNS_WEIGHTS,
    WEB_WEIGHTS,
    WEIGHT_TOTAL,
    DnsBehaviour,
    TlsBehaviour,
    WebBehaviour,
)
from service.sandbox.truth import ADDRESSED, SEED_MAX, WEB_ADDRESSES, NameTruth, describe, dns_truth_of, truth_of

SAMPLE = 60_000
WILDCARD_ADDRESS = WEB_ADDRESSES[-1]

seeds = st.integers(0, SEED_MAX)
names = st.text(st.characters(codec="utf-8"), max_size=80)
labels = st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True)


@pytest.mark.parametrize(
    "golden",
    [
        ("name1.com", "absent", (), None, "", (), 0),
        ("name3.com", "existing", ("127.77.1.5",), "keyword_page", "Rosé Studio", ("free trial", "book a demo"), 6_052),
        ("shop.wild", "existing", ("127.77.1.2",), "page", "Harbour Garden Tools", (), 3_540),
        ("hop2-0a1b2c3d.alias", "alias", ("127.77.1.3",), "page", "Volta Coffee", (), 7_264),
        ("example.org", "existing", ("127.77.1.1",), "page", "Harbour Books", (), 2_224),
    ],
)
def test_the_truth_of_a_name_never_changes(golden: tuple[object, ...]) -> None:
    truth = truth_of(1, str(golden[0]))
    told = (truth.name, truth.dns, truth.addresses, truth.web, truth.title, truth.keywords, truth.body_bytes)
    assert told == golden


def test_weights_are_kept() -> None:
    truths = [truth_of(7, f"sample{number}.net") for number in range(SAMPLE)]
    dns = Counter(truth.dns for truth in truths)
    web = Counter(truth.web for truth in truths if truth.web is not None)
    for behaviour, weight in DNS_WEIGHTS.items():
        assert_share(dns[behaviour], SAMPLE, weight)
    for host_behaviour, weight in WEB_WEIGHTS.items():
        assert_share(web[host_behaviour], web.total(), weight)


def assert_share(seen: int, sample: int, weight: int) -> None:
    """Within five standard deviations of what the weight promises."""
    share = weight / WEIGHT_TOTAL
    deviation = (sample * share * (1 - share)) ** 0.5
    assert abs(seen - sample * share) <= 5 * deviation + 1


@given(seeds, names)
def test_any_text_has_a_truth_that_hangs_together(seed: int, name: str) -> None:
    truth = truth_of(seed, name)
    assert (truth.web is not None) == bool(truth.addresses) == (truth.dns in ADDRESSED)
    assert bool(truth.aliases) == (truth.dns is DnsBehaviour.alias)
    assert bool(truth.delay_ms) == (truth.dns is DnsBehaviour.slow)
    if truth.web is not None:
        assert (truth.tls is TlsBehaviour.absent) == (truth.web is WebBehaviour.plain_only)
        assert (truth.tls in {TlsBehaviour.good, TlsBehaviour.absent}) == (truth.web is not WebBehaviour.bad_tls)
    dns = dns_truth_of(seed, name)
    assert (dns.name, dns.behaviour, dns.addresses, dns.aliases, dns.delay_ms) == (
        truth.name,
        truth.dns,
        truth.addresses,
        truth.aliases,
        truth.delay_ms,
    )


@given(seeds, labels, labels)
def test_spelling_does_not_matter(seed: int, label: str, tld: str) -> None:
    assert truth_of(seed, f"{label}.{tld}") == truth_of(seed, f"{label.upper()}.{tld.title()}.")


def test_seeds_are_different_internets() -> None:
    sample = [f"name{number}.com" for number in range(200)]
    assert [truth_of(1, name).dns for name in sample] != [truth_of(2, name).dns for name in sample]


@given(seeds, labels, labels)
def test_wildcards_answer_for_whoever_has_no_address_of_its_own(seed: int, label: str, parent: str) -> None:
    for name in (f"{label}.wild", f"{label}.{parent}.wild"):
        truth = truth_of(seed, name)
        assert truth.dns in {DnsBehaviour.existing, DnsBehaviour.wildcard}
        assert (WILDCARD_ADDRESS in truth.addresses) == (truth.dns is DnsBehaviour.wildcard)
    assert WILDCARD_ADDRESS not in truth_of(seed, f"{label}.com").addresses


def test_the_wildcard_shows_every_name_the_same_page() -> None:
    shown = [truth for number in range(50) if (truth := truth_of(1, f"n{number}.wild")).dns is DnsBehaviour.wildcard]
    pages = {(truth.web, truth.title, truth.body_bytes, truth.wording) for truth in shown}
    assert len(shown) > 5
    assert len(pages) == 1


@given(seeds, st.from_regex(r"[a-z0-9]{20,40}", fullmatch=True), labels)
def test_nobody_owns_what_a_wildcard_probe_asks_for(seed: int, probe: str, parent: str) -> None:
    assert truth_of(seed, f"{probe}.com").dns is DnsBehaviour.absent
    assert truth_of(seed, f"{probe}.{parent}.com").dns is DnsBehaviour.absent
    assert truth_of(seed, f"{probe}.{parent}.wild").addresses == (WILDCARD_ADDRESS,)


def test_every_link_of_a_chain_says_what_the_whole_chain_says() -> None:
    chained = [truth for number in range(2_000) if (truth := truth_of(1, f"name{number}.com")).aliases]
    assert {len(truth.aliases) for truth in chained} == {1, 2, 3}
    for truth in chained:
        for at, target in enumerate(truth.aliases, start=1):
            link = truth_of(1, target)
            assert link.addresses == truth.addresses
            assert link.aliases == truth.aliases[at:]


def test_redirects_to_another_host_end_at_a_page() -> None:
    redirects = [
        t for number in range(5_000) if (t := truth_of(1, f"n{number}.com")).web is WebBehaviour.redirect_cross
    ]
    assert redirects
    for truth in redirects:
        assert truth.redirect_to is not None
        target = truth_of(1, truth.redirect_to.removeprefix("http://").removesuffix("/"))
        assert (target.dns, target.web) == (DnsBehaviour.existing, WebBehaviour.page)


def test_nothing_exists_under_invalid_nor_beside_the_hosts_that_we_hand_out() -> None:
    for name in ("name3.invalid", "www.landing", "hop4-00000000.alias", "hop0-00000000.alias", "a.00000000.landing"):
        assert truth_of(1, name).dns is DnsBehaviour.absent
    assert truth_of(1, "127.77.1.1").dns is DnsBehaviour.absent
    assert truth_of(1, "com").dns is truth_of(1, "").dns is DnsBehaviour.no_data


def test_a_description_is_the_truth_as_json() -> None:
    assert msgspec.json.decode(describe(1, "name3.com"), type=NameTruth) == truth_of(1, "name3.com")
