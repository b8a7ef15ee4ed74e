"""A 64-bit fingerprint of a text; between texts that say nearly the same, few bits differ. Pure.

Simhash (Charikar 2002) over shingles of `SHINGLE_WORDS` words, case ignored: each shingle votes on every bit. Words are
hashed all together: a word's hash is its bytes' part of one running sum over the text, brought to a common power.
Fingerprints are stored: a change here parts old results from new ones.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

SHINGLE_WORDS: Final = 3
TEXT_BYTES_MAX: Final = 65_536  # of a text; what follows has no say
_BITS: Final = 64
_VALUES: Final = 1 << _BITS
_SPACE: Final = ord(" ")
_FACTOR: Final = 0x9E37_79B9_7F4A_7C15  # odd, so that it can be divided by
_STEP: Final = np.uint64(_FACTOR)
_HALF: Final = np.uint64(32)
# One bit of each byte; sums of so many such numbers do not flow over from one byte into the next.
_LOW_BITS: Final = np.uint64(0x0101_0101_0101_0101)
_SUMMANDS_MAX: Final = 255
_BIT_PLACES: Final = np.arange(8, dtype=np.uint64).reshape(8, 1)

Hashes = npt.NDArray[np.uint64]


def _powers(base: int) -> Hashes:
    """base, base**2, … modulo 2**64, one for each byte of a text."""
    powers = np.full(TEXT_BYTES_MAX + 2, base, dtype=np.uint64)
    return np.cumprod(powers, dtype=np.uint64)


_POWERS: Final = _powers(_FACTOR)
_DIVISORS: Final = _powers(pow(_FACTOR, -1, _VALUES))


def near_hash(text: str) -> int | None:
    """Signed 64 bits of a text whose words are parted by single spaces; `None` if it has none."""
    encoded = text[:TEXT_BYTES_MAX].lower().encode(errors="replace")[:TEXT_BYTES_MAX].strip()
    if not encoded:
        return None
    shingles = _join(_hash_words(np.frombuffer(b" %b " % encoded, dtype=np.uint8)))
    agreed: npt.NDArray[np.bool_] = _count_bits(shingles) * 2 > len(shingles)
    packed: bytes = np.packbits(agreed, bitorder="little").tobytes()
    return int.from_bytes(packed, "little", signed=True)


def distance(one: int, other: int) -> int:
    """How many of the 64 bits differ."""
    return ((one ^ other) % _VALUES).bit_count()


def _hash_words(codes: npt.NDArray[np.uint8]) -> Hashes:
    """For each word between two spaces the sum of its bytes, each times the power of its place after the first."""
    spaces = np.flatnonzero(codes == _SPACE)
    sums = np.cumsum(codes * _POWERS[: len(codes)], dtype=np.uint64)[spaces]
    hashes: Hashes = (sums[1:] - sums[:-1]) * _DIVISORS[spaces[:-1]]
    return hashes


def _join(words: Hashes) -> Hashes:
    """Hashes of the shingles, every bit of which depends on all bits of the words; a short text is one shingle."""
    width = min(SHINGLE_WORDS, len(words))
    count = len(words) - width + 1
    joined = words[:count] * _STEP
    for place in range(1, width):
        joined += words[place : place + count]
        joined *= _STEP
    joined ^= joined >> _HALF
    joined *= _STEP
    joined ^= joined >> _HALF
    return joined


def _count_bits(values: Hashes) -> npt.NDArray[np.int64]:
    """How many of the values have each bit, the lowest first; eight bits are counted at a time."""
    groups = np.arange(0, len(values), _SUMMANDS_MAX)
    sums = np.add.reduceat((values >> _BIT_PLACES) & _LOW_BITS, groups, axis=1).astype("<u8", copy=False)  # bit, group
    counts: npt.NDArray[np.int64] = sums.view(np.uint8).reshape(8, -1, 8).sum(axis=1, dtype=np.int64)  # bit, byte
    return counts.T.reshape(_BITS)
