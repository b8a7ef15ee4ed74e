"""What a real campaign finds, drawn by chance: outcomes, addresses, pages and keywords in the shares that lists show.

The same positions draw the same results. Names resolve or do not without regard to their position, so that no window
of a campaign is better than another; that is how generated names are.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from loadtest.bench.workload import KEYWORDS
from service.fetching.model import Probe
from service.fetching.outcomes import HttpOutcome, TlsFault
from service.pipelines.model import DnsColumns, HostItems, NameItems, RowResults
from service.pipelines.transforms.http_validation import record
from service.resolving.outcomes import DnsOutcome

SEED = 11
NETWORK = 198 << 24 | 51 << 16  # documentation addresses (RFC 5737), and what lies behind them
ADDRESSES = 50_000  # many domains live at one
SEVERAL_ADDRESSES = 0.12
ADDRESSES_MAX = 4
ALIASES = 0.15
RESOLVERS = 4

DNS_SHARES = {
    DnsOutcome.RESOLVED: 0.4,
    DnsOutcome.NO_DATA: 0.04,
    DnsOutcome.ABSENT: 0.505,
    DnsOutcome.SERVFAIL: 0.02,
    DnsOutcome.REFUSED: 0.003,
    DnsOutcome.TIMED_OUT: 0.01,
    DnsOutcome.MALFORMED: 0.0005,
    DnsOutcome.WILDCARD: 0.0215,
}
HTTP_SHARES = {
    HttpOutcome.REACHED: 0.625,
    HttpOutcome.PARKED: 0.14,
    HttpOutcome.NOT_FOUND: 0.05,
    HttpOutcome.CLIENT_ERROR: 0.05,
    HttpOutcome.SERVER_ERROR: 0.02,
    HttpOutcome.RATE_LIMITED: 0.004,
    HttpOutcome.REDIRECT_LOOP: 0.003,
    HttpOutcome.BLOCKED: 0.003,
    HttpOutcome.UNRESOLVABLE: 0.01,
    HttpOutcome.CONNECTION_REFUSED: 0.03,
    HttpOutcome.CONNECTION_RESET: 0.01,
    HttpOutcome.TIMED_OUT: 0.035,
    HttpOutcome.TLS_FAILED: 0.015,
    HttpOutcome.BROKEN_RESPONSE: 0.005,
}
STATUS_CODES = {
    HttpOutcome.REACHED: 200,
    HttpOutcome.PARKED: 200,
    HttpOutcome.NOT_FOUND: 404,
    HttpOutcome.CLIENT_ERROR: 403,
    HttpOutcome.SERVER_ERROR: 500,
    HttpOutcome.RATE_LIMITED: 429,
}
PAGES = frozenset({HttpOutcome.REACHED, HttpOutcome.PARKED})
# On how many of the reached pages each keyword stands. The last one: on one of ten thousand domains.
KEYWORD_SHARES = dict(zip(KEYWORDS, (0.06, 0.02, 0.03, 0.005, 0.0004), strict=True))

BODY_LOGARITHM, BODY_SPREAD, BODY_BYTES_MAX = 9.6, 1.3, 262_144
TITLES = (
    "Home",
    "{name} - Walnut, copper and slate by the yard",
    "Welcome to {name}",
    "{name} | Everything for the workshop, delivered tomorrow",
    "Index of /",
)
CONTEXT = "wool and tweed, canvas and leather: see our {keyword}, or write to us, all of it made by hand"


def draw_answers(items: NameItems) -> DnsColumns:
    """What DNS says of each name."""
    count = len(items.positions)
    chance = chance_of(items.positions)
    outcomes = draw_codes(chance, DNS_SHARES, count)
    is_resolved = outcomes == DnsOutcome.RESOLVED
    return DnsColumns(
        positions=items.positions,
        outcomes=outcomes,
        resolver=chance.integers(RESOLVERS, size=count).astype(np.int16),
        duration_ms=(4 + chance.exponential(40, count)).astype(np.int32),
        addresses=[draw_addresses(chance) if found else b"" for found in is_resolved.tolist()],
        addresses_v6=[b""] * count,
        canonical_name=[
            f"{position % ADDRESSES}.pages.example" if is_alias else None
            for position, is_alias in zip(
                items.positions.tolist(), (is_resolved & (chance.random(count) < ALIASES)).tolist(), strict=True
            )
        ],
    )


def draw_addresses(chance: np.random.Generator) -> bytes:
    """Packed, one after the other: mostly one."""
    count = 1 if chance.random() >= SEVERAL_ADDRESSES else int(chance.integers(2, ADDRESSES_MAX + 1))
    return (NETWORK + chance.integers(ADDRESSES, size=count)).astype(">u4").tobytes()


def draw_pages(items: HostItems) -> RowResults:
    """What becomes of each host."""
    count = len(items.positions)
    chance = chance_of(items.positions)
    outcomes = draw_codes(chance, HTTP_SHARES, count)
    drawn = Draws(
        body_bytes=np.minimum(chance.lognormal(BODY_LOGARITHM, BODY_SPREAD, count), BODY_BYTES_MAX).astype(np.int64),
        durations_ms=(15 + chance.exponential(220, count)).astype(np.int64),
        keywords=chance.random((count, len(KEYWORDS))) < np.array(list(KEYWORD_SHARES.values())),
        hashes=chance.integers(-(2**63), 2**63 - 1, size=(count, 2)),
        luck=chance.random(count),
    )
    rows = [
        record(position, draw_page(HttpOutcome(code), name, drawn, index))
        for index, (position, name, code) in enumerate(
            zip(items.positions.tolist(), items.names, outcomes.tolist(), strict=True)
        )
    ]
    return RowResults(items.positions, outcomes, rows)


class Draws(NamedTuple):
    """Chance for all hosts of a chunk; `luck` is 0..1."""

    body_bytes: npt.NDArray[np.int64]
    durations_ms: npt.NDArray[np.int64]
    keywords: npt.NDArray[np.bool_]
    hashes: npt.NDArray[np.int64]
    luck: npt.NDArray[np.float64]


def draw_page(outcome: HttpOutcome, name: str, drawn: Draws, index: int) -> Probe:
    luck, duration_ms = float(drawn.luck[index]), int(drawn.durations_ms[index])
    if outcome not in PAGES:
        fault = TlsFault.WRONG_HOST if outcome is HttpOutcome.TLS_FAILED else None
        status = STATUS_CODES.get(outcome)
        return Probe(
            outcome=outcome, duration_ms=duration_ms, final_url=f"https://{name}/", status_code=status, tls_fault=fault
        )
    is_parked = outcome is HttpOutcome.PARKED
    found = [] if is_parked else np.flatnonzero(drawn.keywords[index]).tolist()
    body_hash, near_hash = drawn.hashes[index].tolist()
    return Probe(
        outcome=outcome,
        duration_ms=duration_ms,
        final_url=f"https://www.{name}/" if luck < 0.3 else f"https://{name}/",
        status_code=STATUS_CODES[outcome],
        body_bytes=int(drawn.body_bytes[index]),
        content_hash=body_hash,
        near_hash=near_hash,
        keyword_bits=sum(1 << bit for bit in found),
        keyword_hits=sum(1 + int(luck * 100) % (bit + 3) for bit in found),
        unique_keywords=len(found),
        keyword_contexts=tuple(CONTEXT.format(keyword=KEYWORDS[bit]) for bit in found),
        title=TITLES[int(luck * len(TITLES))].format(name=name),
        title_hit=bool(found) and luck < 0.2,
        parked_confidence=round(0.45 + luck / 2, 2) if is_parked else round(max(0.0, luck - 0.8), 2),
    )


def chance_of(positions: npt.NDArray[np.int32]) -> np.random.Generator:
    return np.random.default_rng([SEED, int(positions[0]) if len(positions) else 0])


def draw_codes(
    chance: np.random.Generator, shares: Mapping[DnsOutcome, float] | Mapping[HttpOutcome, float], count: int
) -> npt.NDArray[np.uint8]:
    """Codes in their shares, which add up to 1."""
    return chance.choice(np.array(list(shares), dtype=np.uint8), size=count, p=list(shares.values()))
