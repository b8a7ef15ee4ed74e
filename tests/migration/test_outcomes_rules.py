"""Words that the old system has for a domain, and our outcomes for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.campaigns.outcomes import LABELS
from service.fetching.outcomes import HttpOutcome
from service.migration.outcomes import DNS_WORDS, HTTP_WORDS, NOTHING, DomainWords, Oddity, judge, verdict_of
from service.progress.events import CampaignPhase
from service.resolving.outcomes import DnsOutcome
from service.scoring.score import Reason


@pytest.mark.parametrize(
    ("status", "reason", "outcome"),
    [
        ("ok", None, DnsOutcome.RESOLVED),
        ("resolved", "TIMEOUT", DnsOutcome.RESOLVED),
        ("error", "NXDOMAIN", DnsOutcome.ABSENT),
        ("unresolved", None, DnsOutcome.ABSENT),
        ("error", "NOANSWER", DnsOutcome.NO_DATA),
        ("error", "SERVFAIL", DnsOutcome.SERVFAIL),
        ("error", "REFUSED", DnsOutcome.REFUSED),
        ("timeout", None, DnsOutcome.TIMED_OUT),
        ("error", "ERROR", DnsOutcome.INTERNAL_ERROR),
        ("error", None, DnsOutcome.INTERNAL_ERROR),
        ("pending", None, NOTHING),
        (None, "NXDOMAIN", NOTHING),
    ],
)
def test_dns(status: str | None, reason: str | None, outcome: int) -> None:
    found = judge(DomainWords(dns_status=status, dns_reason=reason), has_dns=True)
    assert (found.dns, found.oddities) == (outcome, ())


@pytest.mark.parametrize(
    ("status", "reason", "code", "outcome"),
    [
        ("ok", None, 200, HttpOutcome.REACHED),
        ("lead_valid", None, 200, HttpOutcome.REACHED),
        ("http_valid_no_keywords", None, 200, HttpOutcome.REACHED),
        ("error", "CONTENT_MISMATCH", 200, HttpOutcome.REACHED),
        ("error", "STATUS_CODE_MISMATCH", 404, HttpOutcome.NOT_FOUND),
        ("error", "STATUS_CODE_MISMATCH", 403, HttpOutcome.CLIENT_ERROR),
        ("error", "STATUS_CODE_MISMATCH", 999, HttpOutcome.CLIENT_ERROR),
        ("error", "STATUS_CODE_MISMATCH", 301, HttpOutcome.REDIRECT_LOOP),
        ("invalid_http_code", None, 503, HttpOutcome.SERVER_ERROR),
        ("invalid_http_code", None, None, HttpOutcome.BROKEN_RESPONSE),
        ("error", "RATE_LIMIT", 429, HttpOutcome.RATE_LIMITED),
        ("error", None, 429, HttpOutcome.RATE_LIMITED),
        ("error", "TLS_HANDSHAKE", None, HttpOutcome.TLS_FAILED),
        ("error", "CONNECTION_REFUSED", None, HttpOutcome.CONNECTION_REFUSED),
        ("error", "DNS_RESOLVE_ERROR", None, HttpOutcome.UNRESOLVABLE),
        ("timeout", None, None, HttpOutcome.TIMED_OUT),
        ("error", "ERROR", None, HttpOutcome.INTERNAL_ERROR),
        ("pending", "TIMEOUT", None, NOTHING),
    ],
)
def test_http(status: str, reason: str | None, code: int | None, outcome: int) -> None:
    words = DomainWords(dns_status="ok", http_status=status, http_reason=reason, status_code=code)
    assert judge(words, has_dns=True).http == outcome


def test_a_parked_page_is_parked() -> None:
    words = DomainWords(dns_status="ok", http_status="ok", status_code=200, is_parked=True)
    assert judge(words, has_dns=True).http == HttpOutcome.PARKED


def test_words_that_nobody_knows_are_failures_and_told() -> None:
    found = judge(DomainWords(dns_status="quantum"), has_dns=True)
    assert (found.dns, found.oddities) == (DnsOutcome.INTERNAL_ERROR, (Oddity.WORD_UNKNOWN,))


# Columns that contradict each other


def test_a_page_proves_an_address() -> None:
    found = judge(DomainWords(dns_status="error", http_status="ok", status_code=200), has_dns=True)
    assert (found.dns, found.http) == (DnsOutcome.RESOLVED, HttpOutcome.REACHED)
    assert found.oddities == (Oddity.DNS_INFERRED,)


def test_a_failure_without_an_address_tells_nothing() -> None:
    found = judge(DomainWords(dns_status="timeout", http_status="error"), has_dns=True)
    assert (found.dns, found.http, found.oddities) == (DnsOutcome.TIMED_OUT, NOTHING, (Oddity.PAGE_DROPPED,))


def test_where_there_is_no_dns_phase_pages_stand_alone() -> None:
    found = judge(DomainWords(dns_status="error", http_status="timeout"), has_dns=False)
    assert (found.dns, found.http, found.oddities) == (NOTHING, HttpOutcome.TIMED_OUT, ())


@pytest.mark.parametrize(
    ("rejection_reason", "lead_status", "dns", "http", "verdict"),
    [
        ("qualified", None, DnsOutcome.ABSENT, NOTHING, Reason.DNS_NEGATIVE),
        (None, None, DnsOutcome.TIMED_OUT, NOTHING, Reason.DNS_FAILED),
        (None, None, DnsOutcome.RESOLVED, HttpOutcome.NOT_FOUND, Reason.HTTP_NEGATIVE),
        (None, None, DnsOutcome.RESOLVED, HttpOutcome.TIMED_OUT, Reason.HTTP_FAILED),
        ("qualified", None, DnsOutcome.RESOLVED, HttpOutcome.REACHED, Reason.QUALIFIED),
        (None, "match", NOTHING, HttpOutcome.REACHED, Reason.QUALIFIED),
        ("", "no_match", DnsOutcome.RESOLVED, HttpOutcome.REACHED, Reason.LOW_SCORE),
        ("no_keywords", "match", DnsOutcome.RESOLVED, HttpOutcome.PARKED, Reason.NO_KEYWORDS),
        ("dns_error", None, DnsOutcome.RESOLVED, HttpOutcome.REACHED, NOTHING),
        (None, "pending", DnsOutcome.RESOLVED, HttpOutcome.REACHED, NOTHING),
        (None, None, DnsOutcome.RESOLVED, NOTHING, NOTHING),
        (None, None, NOTHING, NOTHING, NOTHING),
    ],
)
def test_verdicts(rejection_reason: str | None, lead_status: str | None, dns: int, http: int, verdict: int) -> None:
    assert verdict_of(rejection_reason, lead_status, dns, http) == verdict


DNS_SPELLINGS = st.none() | st.sampled_from([*DNS_WORDS, "error", "pending"]) | st.text(max_size=5)
HTTP_SPELLINGS = st.none() | st.sampled_from([*HTTP_WORDS, "error", "pending"]) | st.text(max_size=5)


@given(
    st.builds(
        DomainWords,
        dns_status=DNS_SPELLINGS,
        dns_reason=DNS_SPELLINGS,
        http_status=HTTP_SPELLINGS,
        http_reason=HTTP_SPELLINGS,
        status_code=st.none() | st.integers(-1, 700),
        is_parked=st.none() | st.booleans(),
    ),
    st.booleans(),
    st.none() | st.sampled_from(["qualified", "parked", "dns_error"]),
)
def test_whatever_is_said_fits_together(words: DomainWords, has_dns: bool, reason: str | None) -> None:
    """Outcomes are of our lists, pages have an address where there is a DNS phase, and verdicts follow from both."""
    found = judge(words, has_dns=has_dns)
    verdict = verdict_of(reason, None, found.dns, found.http)
    for phase, code in zip(list(CampaignPhase)[1:], (found.dns, found.http, verdict), strict=True):
        assert code == NOTHING or code in LABELS[phase]
    assert not (has_dns and found.http) or found.dns == DnsOutcome.RESOLVED
    assert has_dns or found.dns == NOTHING
    if verdict in {Reason.QUALIFIED, Reason.PARKED}:
        assert found.http in {HttpOutcome.REACHED, HttpOutcome.PARKED}
