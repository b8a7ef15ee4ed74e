"""Stored rows -> what callers see: codes as words, packed addresses as text, bits as keywords. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

from service.campaigns.outcomes import LABELS
from service.domains.reading.model import DnsFacts, Domain, HttpFacts, Verdict
from service.domains.reading.rows import DomainRow
from service.fetching.outcomes import TlsFault
from service.progress.events import CampaignPhase
from service.scoring.score import SCORE_DECIMALS, FactsRow, Reach

DNS = LABELS[CampaignPhase.DNS_VALIDATION]
HTTP = LABELS[CampaignPhase.HTTP_VALIDATION]
ANALYSIS = LABELS[CampaignPhase.ANALYSIS]
IPV4_BYTES, IPV6_BYTES = 4, 16
CONFIDENCE_DECIMALS = 3
HASH_VALUES = 2**64


def domain(row: DomainRow, keywords: Sequence[str]) -> Domain:
    return Domain(row.position, row.name, dns_facts(row), http_facts(row, keywords), verdict(row))


def dns_facts(row: DomainRow) -> DnsFacts | None:
    if row.dns_outcome is None:
        return None
    return DnsFacts(DNS[row.dns_outcome], addresses_of(row), row.canonical_name, row.dns_duration_ms)


def http_facts(row: DomainRow, keywords: Sequence[str]) -> HttpFacts | None:
    if row.http_outcome is None:
        return None
    return HttpFacts(
        outcome=HTTP[row.http_outcome],
        status_code=row.status_code,
        title=row.title,
        final_url=row.final_url,
        keywords=tuple(text for bit, text in enumerate(keywords) if row.keyword_bits >> bit & 1),
        keyword_hits=row.keyword_hits,
        body_bytes=row.body_bytes,
        parked_confidence=round(row.parked_confidence, CONFIDENCE_DECIMALS),
        duration_ms=row.http_duration_ms,
        content_hash=hash_text(row.content_hash),
        near_hash=hash_text(row.near_hash),
        keyword_contexts=tuple(row.keyword_contexts or ()),
        tls_fault=None if row.tls_fault is None else TlsFault(row.tls_fault).label,
    )


def hash_text(signed: int | None) -> str | None:
    """A stored hash as 16 hexadecimal digits: not every reader of JSON has 64-bit integers."""
    return None if signed is None else f"{signed % HASH_VALUES:016x}"


def verdict(row: DomainRow) -> Verdict | None:
    if row.analysis_outcome is None:
        return None
    return Verdict(round(row.score, SCORE_DECIMALS), ANALYSIS[row.analysis_outcome])


def addresses_of(row: DomainRow) -> tuple[str, ...]:
    """IPv4 before IPv6, each in the order in which DNS gave them."""
    return (
        *(str(IPv4Address(part)) for part in cut(row.addresses, IPV4_BYTES)),
        *(str(IPv6Address(part)) for part in cut(row.addresses_v6, IPV6_BYTES)),
    )


def cut(packed: bytes | None, width: int) -> list[bytes]:
    return [packed[start : start + width] for start in range(0, len(packed), width)] if packed else []


def page_facts(row: DomainRow, age_seconds: int) -> FactsRow:
    """What a qualified domain was scored by; only a page can qualify."""
    return FactsRow(
        reach=Reach.PAGE,
        unique_keywords=row.unique_keywords,
        keyword_hits=row.keyword_hits,
        body_bytes=row.body_bytes,
        title_hit=row.title_hit,
        parked_confidence=row.parked_confidence,
        age_seconds=age_seconds,
    )
