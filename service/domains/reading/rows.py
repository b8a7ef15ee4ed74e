"""What is read from the database, as it is stored there, and where a walk through it stands. Pure."""

from collections.abc import Iterable
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


class Look(NamedTuple):
    """What a look at the next domains in some order found: the keys of those that may pass, and where it ended.

    `end` is `None` where nothing more lies beyond; `inspected` is how many were looked at, at the most.
    """

    keys: list[Key]
    end: Key | None
    inspected: int


class StretchEnd(NamedTuple):
    """The last entry of a stretch of an index, and how many the stretch holds."""

    last: Key
    inspected: int


class FewScored(NamedTuple):
    """How many domains have a score between bounds, up to a number; if they are fewer, the first of a window."""

    amount: int
    positions: list[int]


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


class Tally(NamedTuple):
    """What the run that filled a set has counted; `outcomes[i]` counts code i + 1. `is_whole`: it counted all rows."""

    is_whole: bool
    outcomes: tuple[int, ...]

    def count(self, codes: Iterable[int]) -> int:
        return sum(self.outcomes[code - 1] for code in codes if code <= len(self.outcomes))


class SetCounts(NamedTuple):
    """What a set's run has counted; `outcomes[i]` counts code i + 1. `ended`: there is nothing more to come.

    `keyword_pages` are the pages reached that hold a keyword.
    """

    ended: bool
    total: int
    outcomes: tuple[int, ...]
    keyword_pages: int = 0
