"""A 64-bit fingerprint of a text; between texts that say nearly the same, few bits differ. Pure.

Simhash (Charikar 2002) over shingles of `SHINGLE_WORDS` words, case ignored: each shingle votes on every bit. Words are
hashed all together: a word's hash is its bytes' part of one running sum over the text, brought to a common power.
Fingerprints are stored: a change here parts old results from new ones.
"""

import itertools
import struct
from collections.abc import Iterator, Sequence
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
    return near_hashes((text,))[0]


def near_hashes(texts: Sequence[str]) -> list[int | None]:
    """The same for many texts, hashed together: an array's cost lies in how often it is called, not in its length."""
    encoded = [text[:TEXT_BYTES_MAX].lower().encode(errors="replace")[:TEXT_BYTES_MAX].strip() for text in texts]
    hashes: list[int | None] = [None] * len(texts)
    for places in _runs(encoded):
        for place, value in zip(places, _hash_texts([encoded[place] for place in places]), strict=True):
            hashes[place] = value
    return hashes


def _runs(encoded: Sequence[bytes]) -> Iterator[list[int]]:
    """Places of texts that have words, as many together as the tables of powers reach over.

    A text too short for a shingle goes alone: it is one shingle, which beside others could not be told from theirs.
    """
    places: list[int] = []
    length = 0
    for place, text in enumerate(encoded):
        if _count_words(text) < SHINGLE_WORDS:
            if text:
                yield [place]
            continue
        if places and length + len(text) > TEXT_BYTES_MAX:
            yield places
            places, length = [], 0
        places.append(place)
        length += len(text) + 1
    if places:
        yield places


def _count_words(text: bytes) -> int:
    return text.count(b" ") + 1


def _hash_texts(texts: Sequence[bytes]) -> list[int]:
    """One fingerprint for each text. Shingles that reach from one text into the next are none."""
    words = _hash_words(np.frombuffer(b" %b " % b" ".join(texts), dtype=np.uint8))
    width = min(SHINGLE_WORDS, len(words))
    bounds = [0, *itertools.accumulate(_count_words(text) for text in texts)]
    groups: list[int] = []  # where groups of shingles begin, those that are none in groups of their own
    firsts: list[int] = []  # where the groups of a text begin, and those that are none
    for start, end in itertools.pairwise(bounds):
        last = end - width + 1
        firsts += [len(groups), len(groups) + len(range(start, last, _SUMMANDS_MAX))]
        groups += [*range(start, last, _SUMMANDS_MAX), last]
    counts = np.add.reduceat(_count_bits(_join(words, width), groups[:-1]), firsts[:-1], axis=0)[::2]
    totals = np.diff(bounds) - width + 1
    agreed: npt.NDArray[np.bool_] = counts * 2 > totals[:, np.newaxis]
    packed = np.packbits(agreed, axis=1, bitorder="little").tobytes()
    return [value for (value,) in struct.iter_unpack("<q", packed)]


def distance(one: int, other: int) -> int:
    """How many of the 64 bits differ."""
    return ((one ^ other) % _VALUES).bit_count()


def _hash_words(codes: npt.NDArray[np.uint8]) -> Hashes:
    """For each word between two spaces the sum of its bytes, each times the power of its place after the first."""
    spaces = np.flatnonzero(codes == _SPACE)
    sums = np.cumsum(codes * _POWERS[: len(codes)], dtype=np.uint64)[spaces]
    hashes: Hashes = (sums[1:] - sums[:-1]) * _DIVISORS[spaces[:-1]]
    return hashes


def _join(words: Hashes, width: int) -> Hashes:
    """Hashes of the shingles of so many words, every bit of which depends on all bits of the words."""
    count = len(words) - width + 1
    joined = words[:count] * _STEP
    for place in range(1, width):
        joined += words[place : place + count]
        joined *= _STEP
    joined ^= joined >> _HALF
    joined *= _STEP
    joined ^= joined >> _HALF
    return joined


def _count_bits(values: Hashes, groups: Sequence[int]) -> npt.NDArray[np.int64]:
    """How many values of each group have each bit, the lowest first; eight bits are counted at a time.

    A group of at most `_SUMMANDS_MAX` values begins at each of `groups`.
    """
    sums = np.add.reduceat((values >> _BIT_PLACES) & _LOW_BITS, groups, axis=1).astype("<u8", copy=False)  # bit, group
    counts: npt.NDArray[np.int64] = sums.view(np.uint8).reshape(8, -1, 8).transpose(1, 2, 0).astype(np.int64)
    return counts.reshape(-1, _BITS)  # group, byte and bit
