"""What is read from the database, as it is stored there, and where a walk through it stands. Pure."""

from typing import NamedTuple

from service.campaigns.model import Analysis


class Window(NamedTuple):
    """Positions from the first on, up to and without the end."""

    first_position: int
    end_position: int


class Key(NamedTuple):
    """A place in an order. By position: the last position, and a score that means nothing. By score: both."""

    score: float
    position: int


class Hits(NamedTuple):
    """What a look at some entries of an index found: the keys that pass, the last one looked at, and how many were."""

    keys: list[Key]
    last: Key | None
    inspected: int


class DomainRow(NamedTuple):
    """One row as it is stored: codes, packed addresses, bits. Parts are `None` where a phase has not come to it."""

    position: int
    name: str
    dns_outcome: int | None
    addresses: bytes | None
    addresses_v6: bytes | None
    canonical_name: str | None
    dns_duration_ms: int
    http_outcome: int | None
    status_code: int | None
    title: str | None
    final_url: str | None
    keyword_bits: int
    keyword_hits: int
    unique_keywords: int
    title_hit: bool
    body_bytes: int
    parked_confidence: float
    http_duration_ms: int
    content_hash: int | None
    near_hash: int | None
    keyword_contexts: list[str] | None
    tls_fault: int | None
    analysis_outcome: int | None
    score: float


class Scoring(NamedTuple):
    """What the scores were made with."""

    analysis: Analysis
    age_seconds: int


class SetCounts(NamedTuple):
    """What a set's run has counted; `outcomes[i]` counts code i + 1. `ended`: there is nothing more to come."""

    ended: bool
    total: int
    outcomes: tuple[int, ...]
