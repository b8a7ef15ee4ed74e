"""Where names with a prefix stand in a space: at neighbouring offsets, since the first place varies slowest. Pure."""

import math
from collections.abc import Iterable, Iterator

from service.generating.pattern import Pattern, label_slots
from service.generating.ranges import OffsetRange


def offsets_with_prefix(pattern: Pattern, tld: str, prefix: str) -> range:
    """The offsets whose names begin so, those of invalid labels included; empty where none does."""
    slots = label_slots(pattern)
    label, rest = prefix[: len(slots)], prefix[len(slots) :]
    if not f".{tld}".startswith(rest):
        return range(0)
    first = 0
    for slot, character in zip(slots, label, strict=False):
        digit = slot.find(character)
        if digit < 0:
            return range(0)
        first = first * len(slot) + digit
    width = math.prod(len(slot) for slot in slots[len(label) :])
    return range(first * width, (first + 1) * width)


def positions_with_prefix(pattern: Pattern, ranges: Iterable[OffsetRange], prefix: str) -> Iterator[range]:
    """The positions at which names begin so, in each of the ranges in which there are any, in their order."""
    for leased in ranges:
        offsets = offsets_with_prefix(pattern, leased.tld, prefix)
        first, end = max(offsets.start, leased.first_offset), min(offsets.stop, leased.end_offset)
        if first < end:
            shift = leased.first_position - leased.first_offset
            yield range(first + shift, end + shift)
