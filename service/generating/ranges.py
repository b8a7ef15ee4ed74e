"""Which offsets of which TLD's space a campaign takes: an even share of each, as far as they reach. Pure."""

from collections.abc import Sequence

import msgspec


class FreeSpace(msgspec.Struct, frozen=True):
    """The offsets of one TLD's space that nobody has taken: from `first_offset` up to `offset_count`."""

    tld: str
    first_offset: int
    offset_count: int

    @property
    def size(self) -> int:
        return max(0, self.offset_count - self.first_offset)


class OffsetRange(msgspec.Struct, frozen=True):
    """Positions `first_position` up to `end_position` of a set are the offsets from `first_offset` on."""

    tld: str
    first_offset: int
    first_position: int
    end_position: int

    @property
    def end_offset(self) -> int:
        return self.first_offset + self.end_position - self.first_position


def share_offsets(count: int, spaces: Sequence[FreeSpace]) -> list[OffsetRange]:
    """Take `count` offsets, evenly over the spaces in their order; what one lacks, the others give.

    Fewer than `count` are taken where the spaces hold fewer.
    """
    sizes = share_evenly(count, [space.size for space in spaces])
    ranges: list[OffsetRange] = []
    position = 0
    for space, size in zip(spaces, sizes, strict=True):
        if size:
            ranges.append(OffsetRange(space.tld, space.first_offset, position, position + size))
            position += size
    return ranges


def share_evenly(count: int, capacities: Sequence[int]) -> list[int]:
    """Split `count` over the capacities as evenly as they allow; earlier ones get the odd units."""
    shares = [0] * len(capacities)
    left = min(count, sum(capacities))
    # From the smallest capacity up: each takes an even share of what is left, or all that it has.
    order = sorted(range(len(capacities)), key=lambda index: (capacities[index], -index))
    for done, index in enumerate(order):
        shares[index] = min(capacities[index], left // (len(order) - done))
        left -= shares[index]
    return shares
