"""What both systems find: decided by the name alone, in the shares of real lists, and said in the old words."""

import numpy as np
import pytest

from loadtest.baseline.finding import SHARES, find_addresses, find_pages
from loadtest.baseline.words import DNS_WORDS, HTTP_WORDS, old_addresses, old_page, old_verdict
from loadtest.bench.drawing import HTTP_SHARES
from service.fetching.outcomes import HttpOutcome
from service.resolving.outcomes import DnsOutcome
from service.scoring.score import Reason

NAMES = [f"name{number}.market" for number in range(20_000)]
TOLERANCE = 0.01


def test_batches_change_nothing() -> None:
    whole, parts = find_addresses(NAMES[:100]), [find_addresses(NAMES[:33]), find_addresses(NAMES[33:100])]
    assert whole.addresses == [*parts[0].addresses, *parts[1].addresses]
    assert whole.aliases == [*parts[0].aliases, *parts[1].aliases]
    assert np.array_equal(whole.outcomes, np.concatenate([part.outcomes for part in parts]))
    assert find_pages(NAMES[:100]) == [*find_pages(NAMES[:1]), *find_pages(NAMES[1:100])]


def test_shares_are_those_of_lists() -> None:
    dns = find_addresses(NAMES).outcomes
    assert all(abs((dns == outcome).mean() - share) < TOLERANCE for outcome, share in SHARES.items())
    http = np.array([probe.outcome for probe in find_pages(NAMES)])
    assert all(abs((http == outcome).mean() - share) < TOLERANCE for outcome, share in HTTP_SHARES.items())


def test_who_resolves_has_addresses_and_nobody_else() -> None:
    found = find_addresses(NAMES)
    has_address = np.array([len(packed) in {4, 8} for packed in found.addresses])
    assert np.array_equal(has_address, found.outcomes == DnsOutcome.RESOLVED)
    assert all(alias is None or packed for alias, packed in zip(found.aliases, found.addresses, strict=True))
    assert any(len(packed) == 8 for packed in found.addresses)


def test_every_outcome_has_old_words() -> None:
    assert set(SHARES) == set(DNS_WORDS)
    assert set(HTTP_SHARES) == set(HTTP_WORDS)
    assert set(HttpOutcome) - set(HTTP_WORDS) == {HttpOutcome.INTERNAL_ERROR}


def test_addresses_are_spelled() -> None:
    assert old_addresses(bytes([192, 0, 2, 1, 192, 0, 2, 2])) == "192.0.2.1,192.0.2.2"
    assert old_addresses(b"") is None


def test_only_a_page_has_features() -> None:
    for probe in find_pages(NAMES[:500]):
        page = old_page(probe)
        assert (page.feature_vector is not None) == (page.http_status == "ok")
        assert page.is_parked is (None if page.feature_vector is None else probe.outcome is HttpOutcome.PARKED)


@pytest.mark.parametrize(
    ("dns_status", "http_status", "expected"),
    [
        ("error", "pending", ("error", "dns_error")),
        ("timeout", "pending", ("timeout", "dns_timeout")),
        ("ok", "timeout", ("timeout", "http_timeout")),
        ("ok", "ok", ("match", "qualified")),
    ],
)
def test_the_first_phase_that_a_domain_fails_in_says_why_it_is_no_lead(
    dns_status: str, http_status: str, expected: tuple[str, str]
) -> None:
    assert old_verdict(dns_status, http_status, Reason.QUALIFIED) == expected
