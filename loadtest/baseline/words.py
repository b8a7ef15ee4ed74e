"""What became of a domain, in the old system's words: status and reason in DNS and HTTP, and why it is no lead."""

import socket
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from loadtest.bench.workload import KEYWORDS
from service.fetching.model import Probe
from service.fetching.outcomes import HttpOutcome
from service.resolving.outcomes import DnsOutcome
from service.scoring.score import Reason

ADDRESS_BYTES = 4


class Ended(NamedTuple):
    """A status column and its reason."""

    status: str
    reason: str | None


OK = Ended("ok", None)

DNS_WORDS: Mapping[int, Ended] = {
    DnsOutcome.RESOLVED: OK,
    DnsOutcome.NO_DATA: Ended("error", "NOANSWER"),
    DnsOutcome.ABSENT: Ended("error", "NXDOMAIN"),
    DnsOutcome.SERVFAIL: Ended("error", "SERVFAIL"),
    DnsOutcome.REFUSED: Ended("error", "REFUSED"),
    DnsOutcome.TIMED_OUT: Ended("timeout", "TIMEOUT"),
    DnsOutcome.MALFORMED: Ended("error", "ERROR"),
}
HTTP_WORDS: Mapping[int, Ended] = {
    HttpOutcome.REACHED: OK,
    HttpOutcome.PARKED: OK,
    HttpOutcome.NOT_FOUND: Ended("error", "NOT_FOUND"),
    HttpOutcome.CLIENT_ERROR: Ended("error", "FORBIDDEN"),
    HttpOutcome.SERVER_ERROR: Ended("error", "UPSTREAM_5XX"),
    HttpOutcome.RATE_LIMITED: Ended("error", "RATE_LIMIT"),
    HttpOutcome.REDIRECT_LOOP: Ended("error", "FETCH_ERROR"),
    HttpOutcome.BLOCKED: Ended("error", "FETCH_ERROR"),
    HttpOutcome.UNRESOLVABLE: Ended("error", "DNS_RESOLVE_ERROR"),
    HttpOutcome.CONNECTION_REFUSED: Ended("error", "CONNECTION_REFUSED"),
    HttpOutcome.CONNECTION_RESET: Ended("error", "CONNECTION_RESET"),
    HttpOutcome.TIMED_OUT: Ended("timeout", "TIMEOUT"),
    HttpOutcome.TLS_FAILED: Ended("error", "TLS_HANDSHAKE"),
    HttpOutcome.BROKEN_RESPONSE: Ended("error", "ERROR"),
}
# Of pages; what became of the others, their earlier phases say.
LEAD_WORDS: Mapping[int, Ended] = {
    Reason.QUALIFIED: Ended("match", "qualified"),
    Reason.LOW_SCORE: Ended("no_match", "low_score"),
    Reason.NO_KEYWORDS: Ended("no_match", "no_keywords"),
    Reason.PARKED: Ended("no_match", "parked"),
    Reason.THIN_CONTENT: Ended("no_match", "low_score"),
}


class OldPage(NamedTuple):
    """The columns of a domain that its HTTP phase writes."""

    http_status: str
    http_status_code: int | None
    http_title: str | None
    http_keywords: str | None
    http_reason: str | None
    feature_vector: str | None
    is_parked: bool | None
    parked_confidence: float | None


class Features(msgspec.Struct, frozen=True):
    """The feature vector of a page, as far as both systems find it; scores are made of it."""

    status_code: int
    content_bytes: int
    kw_unique: int
    kw_hits_total: int
    title_has_keyword: bool
    parked_confidence: float
    is_parked: bool
    keyword_set_hits: tuple[str, ...]
    keyword_contexts: tuple[str, ...]
    content_hash: str
    final_url: str


encode = msgspec.json.Encoder().encode


def old_addresses(packed: bytes) -> str | None:
    """Comma-separated; None where there are none."""
    starts = range(0, len(packed), ADDRESS_BYTES)
    return ",".join(socket.inet_ntoa(packed[start : start + ADDRESS_BYTES]) for start in starts) or None


def old_page(probe: Probe) -> OldPage:
    ended = HTTP_WORDS[probe.outcome]
    if ended is not OK:
        return OldPage(ended.status, probe.status_code, None, None, ended.reason, None, None, None)
    found = tuple(word for bit, word in enumerate(KEYWORDS) if probe.keyword_bits >> bit & 1)
    is_parked = probe.outcome is HttpOutcome.PARKED
    features = Features(
        status_code=probe.status_code or 0,
        content_bytes=probe.body_bytes,
        kw_unique=probe.unique_keywords,
        kw_hits_total=probe.keyword_hits,
        title_has_keyword=probe.title_hit,
        parked_confidence=probe.parked_confidence,
        is_parked=is_parked,
        keyword_set_hits=found,
        keyword_contexts=probe.keyword_contexts,
        content_hash=f"{(probe.content_hash or 0) & 0xFFFFFFFFFFFFFFFF:016x}",
        final_url=probe.final_url,
    )
    return OldPage(
        http_status=ended.status,
        http_status_code=probe.status_code,
        http_title=probe.title,
        http_keywords=",".join(found) or None,
        http_reason=None,
        feature_vector=encode(features).decode(),
        is_parked=is_parked,
        parked_confidence=probe.parked_confidence,
    )


def old_verdict(dns_status: str, http_status: str, reason: int) -> Ended:
    """Whether a domain is a lead, and why not; `reason` counts only for a page."""
    if dns_status != OK.status:
        return Ended(dns_status, f"dns_{dns_status}")
    if http_status != OK.status:
        return Ended(http_status, f"http_{http_status}")
    return LEAD_WORDS[reason]
