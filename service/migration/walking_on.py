"""Campaigns that still make names: which offsets are left for them, so that nobody makes a name twice.

The old system walks through a pattern's space for all campaigns together, from where it last ended. What lies below
that is taken for good; what its unfinished campaigns were still to make comes next, one after another, and is leased
for them. Offsets that the tenant's own campaigns here have taken meanwhile are left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from service.campaigns.model import DomainGeneration
from service.generating.ranges import OffsetRange
from service.migration.configuration import carry_pattern
from service.migration.prospects import Prospect
from service.migration.settings import OldSettings, Values
from service.migration.spaces import Block, Space, our_blocks, space_of
from service.progress.events import CampaignPhase


class Walker(msgspec.Struct, frozen=True):
    """A campaign of a space: how far it came, and how many offsets it is still to take; 0 where it has ended."""

    old_id: UUID
    generation: DomainGeneration
    created_at: datetime
    end_place: int
    left: int


class Walk(msgspec.Struct, frozen=True):
    """A space whose offsets below the end are taken, and what each of its campaigns gets behind that, if anything."""

    generation: DomainGeneration
    end_offset: int  # of ours: nothing of it may be leased to others
    blocks: Mapping[UUID, Sequence[Block]]


def walker_of(prospect: Prospect) -> Walker | None:
    """None for a campaign that makes no names."""
    generation = prospect.configuration.domain_generation
    if not prospect.generates or generation is None:
        return None
    begun = [run for run in prospect.runs if run.phase is CampaignPhase.DOMAIN_GENERATION]
    left = 0 if not begun or begun[0].has_ended else max(0, generation.count - prospect.counts.total)
    last = prospect.counts.last_place
    return Walker(prospect.old_id, generation, prospect.created_at, 0 if last is None else last + 1, left)


def walk(walkers: Iterable[Walker], states: Iterable[Values]) -> list[Walk]:
    """All spaces, each with its campaigns in the order in which they began."""
    spaces: dict[Space, list[Walker]] = {}
    for walker in sorted(walkers, key=lambda each: (each.created_at, each.old_id)):
        spaces.setdefault(space_of(walker.generation), []).append(walker)
    ends = {space: max(each.end_place for each in those) for space, those in spaces.items()}
    for space, end in map(state_of, states):
        if space in ends:
            ends[space] = max(ends[space], end)
    return [walk_on(space, those, min(max(ends[space], 0), space.size)) for space, those in spaces.items()]


def walk_on(space: Space, walkers: Sequence[Walker], place: int) -> Walk:
    blocks: dict[UUID, Sequence[Block]] = {}
    taken = our_blocks(space, 0, place)
    for walker in walkers:
        end = min(place + walker.left, space.size)
        blocks[walker.old_id] = our_blocks(space, place, end)
        taken += blocks[walker.old_id]
        place = end
    return Walk(walkers[0].generation, max((block.end_offset for block in taken), default=0), blocks)


def state_of(values: Values) -> tuple[Space | None, int]:
    """How far a pattern was walked through, as the old system keeps it; None for one that is none here."""
    details, last = values.get("config_details"), values.get("last_offset")
    pattern = carry_pattern(OldSettings("pattern", details if isinstance(details, dict) else {}), [])
    if pattern is None or not isinstance(last, int):
        return None, 0
    return space_of(pattern), last + 1


def ranges_of(blocks: Iterable[Block], tld: str, first_position: int, floor: int) -> list[OffsetRange]:
    """Positions for what lies at or above an offset that others have not taken."""
    ranges: list[OffsetRange] = []
    for block in blocks:
        first = max(block.first_offset, floor)
        if first < block.end_offset:
            end_position = first_position + block.end_offset - first
            ranges.append(OffsetRange(tld, first, first_position, end_position))
            first_position = end_position
    return ranges
