"""What DNS and HTTP find, made up by the name alone: the same for both systems, whatever their batches are.

The shares are those that `loadtest.bench.drawing` draws by, but that a wildcard's echo is an address like any other,
since the old system has no word for it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from loadtest.bench.drawing import (
    ADDRESSES,
    ALIASES,
    BODY_BYTES_MAX,
    BODY_LOGARITHM,
    BODY_SPREAD,
    DNS_SHARES,
    HTTP_SHARES,
    KEYWORD_SHARES,
    NETWORK,
    RESOLVERS,
    SEED,
    SEVERAL_ADDRESSES,
    Draws,
    draw_page,
)
from service.fetching.model import Probe
from service.fetching.outcomes import HttpOutcome
from service.resolving.outcomes import DnsOutcome

Words = npt.NDArray[np.uint32]

WORDS = 16  # chances of one name
WORD = 2.0**32
BODY_SIZES = 4_096  # different ones

SHARES: dict[DnsOutcome, float] = {
    outcome: share for outcome, share in DNS_SHARES.items() if outcome is not DnsOutcome.WILDCARD
}
SHARES[DnsOutcome.RESOLVED] += DNS_SHARES[DnsOutcome.WILDCARD]


class Lots:
    """A table of shares, made ready for drawing whole columns."""

    def __init__(self, shares: Mapping[DnsOutcome, float] | Mapping[HttpOutcome, float]) -> None:
        self._codes = np.array(list(shares), dtype=np.uint8)
        self._bounds = np.cumsum(list(shares.values()))[:-1]

    def draw(self, words: Words) -> npt.NDArray[np.uint8]:
        drawn: npt.NDArray[np.uint8] = self._codes[np.searchsorted(self._bounds, words / WORD, side="right")]
        return drawn


DNS_LOTS, HTTP_LOTS = Lots(SHARES), Lots(HTTP_SHARES)
KEYWORD_BOUNDS = np.array(list(KEYWORD_SHARES.values()))
SIZES = np.minimum(np.random.default_rng(SEED).lognormal(BODY_LOGARITHM, BODY_SPREAD, BODY_SIZES), BODY_BYTES_MAX)


class FoundAddresses(NamedTuple):
    """A column each; an entry for each name. `addresses` are packed, one after the other."""

    outcomes: npt.NDArray[np.uint8]
    addresses: list[bytes]
    aliases: list[str | None]
    resolvers: npt.NDArray[np.int16]
    durations_ms: npt.NDArray[np.int32]


def find_addresses(names: Sequence[str]) -> FoundAddresses:
    words = words_of(names)
    outcomes = DNS_LOTS.draw(words[:, 0])
    is_resolved = outcomes == DnsOutcome.RESOLVED
    counts = np.where(is_resolved, 1 + (words[:, 1] / WORD < SEVERAL_ADDRESSES), 0)
    packed = (NETWORK + words[:, 2:4] % ADDRESSES).astype(">u4").view("S8").ravel()
    is_alias = is_resolved & (words[:, 4] / WORD < ALIASES)
    return FoundAddresses(
        outcomes=outcomes,
        addresses=[
            pair.ljust(8, b"\0")[: 4 * count] for pair, count in zip(packed.tolist(), counts.tolist(), strict=True)
        ],
        aliases=[
            f"{word % ADDRESSES}.pages.example" if alias else None
            for word, alias in zip(words[:, 5].tolist(), is_alias.tolist(), strict=True)
        ],
        resolvers=(words[:, 6] % RESOLVERS).astype(np.int16),
        durations_ms=(4 + words[:, 7] % 80).astype(np.int32),
    )


def find_pages(names: Sequence[str]) -> list[Probe]:
    """In the order of the names, all of which resolve."""
    words = words_of(names)
    drawn = Draws(
        body_bytes=SIZES[words[:, 9] % BODY_SIZES].astype(np.int64),
        durations_ms=(15 + words[:, 7] % 440).astype(np.int64),
        keywords=words[:, 10 : 10 + len(KEYWORD_BOUNDS)] / WORD < KEYWORD_BOUNDS,
        hashes=np.ascontiguousarray(words[:, 2:6]).view(np.int64),
        luck=words[:, 15] / WORD,
    )
    outcomes = HTTP_LOTS.draw(words[:, 8]).tolist()
    return [
        draw_page(HttpOutcome(code), name, drawn, index)
        for index, (name, code) in enumerate(zip(names, outcomes, strict=True))
    ]


def words_of(names: Sequence[str]) -> Words:
    """A hash of each name, as independent numbers: shape (count, WORDS)."""
    digests = b"".join(hashlib.blake2b(name.encode(), digest_size=WORDS * 4).digest() for name in names)
    return np.frombuffer(digests, dtype="<u4").reshape(-1, WORDS)
