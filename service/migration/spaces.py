"""Offsets of the old system's enumeration, as offsets of ours. Pure.

Both count in base N with the last character varying fastest, N being how many distinct characters there are. The old
system takes them in the order in which they were typed, we in an order of our own: so one of its ranges is several of
ours, one for each aligned block of N to the power j that it is made of.
"""

from collections.abc import Iterator

import msgspec

from service.campaigns.configuration import checked_pattern
from service.campaigns.model import DomainGeneration
from service.generating.names import name_at
from service.generating.pattern import Pattern, space_size


class Space(msgspec.Struct, frozen=True):
    """A pattern's space, and the order in which the old system walked through it."""

    pattern: Pattern
    tld: str
    characters: str  # as typed, each once

    @property
    def places(self) -> int:
        """How many characters vary."""
        return self.pattern.first_length + self.pattern.second_length

    @property
    def size(self) -> int:
        return space_size(self.pattern)


class Block(msgspec.Struct, frozen=True):
    """Neighbouring offsets of ours: `count` of them from `first_offset` on."""

    first_offset: int
    count: int

    @property
    def end_offset(self) -> int:
        return self.first_offset + self.count


def space_of(generation: DomainGeneration) -> Space:
    """Of a pattern that `checked_pattern` takes; the old system used its first TLD only."""
    pattern, tlds = checked_pattern(generation)
    return Space(pattern, tlds[0], "".join(dict.fromkeys(generation.character_set.lower())))


def our_blocks(space: Space, first: int, end: int) -> list[Block]:
    """The old offsets from `first` up to `end`, within the space, as ours; neighbours in both orders are one block."""
    blocks: list[Block] = []
    for block in aligned_blocks(space, first, end):
        if blocks and blocks[-1].end_offset == block.first_offset:
            before = blocks.pop()
            blocks.append(Block(before.first_offset, before.count + block.count))
        else:
            blocks.append(block)
    return blocks


def aligned_blocks(space: Space, first: int, end: int) -> Iterator[Block]:
    assert 0 <= first <= end <= space.size
    base = len(space.characters)
    while first < end:
        width = 1
        while first % (width * base) == 0 and first + width * base <= end and width < space.size:
            width *= base
        yield Block(our_offset(space, first) // width * width, width)  # the places that vary freely begin with ours
        first += width


def our_offset(space: Space, offset: int) -> int:
    """Where the name at an old offset stands in our order."""
    base = len(space.characters)
    found, weight = 0, 1
    for _ in range(space.places):
        offset, digit = divmod(offset, base)
        found += space.pattern.characters.index(space.characters[digit]) * weight
        weight *= base
    return found


def old_name(space: Space, offset: int) -> str:
    """The name that the old system made at an offset."""
    return name_at(space.pattern, space.tld, our_offset(space, offset))
