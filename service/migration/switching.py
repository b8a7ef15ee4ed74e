"""The switch itself: one transaction of ours, after which the campaigns are their tenant's, and go on.

Whatever is under way there is resumed here. What unfinished campaigns were still to make names of is leased for them in
the same transaction, so that a switch that breaks off has leased nothing.
"""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from service.campaigns import adopting, commands
from service.campaigns.configuration import checked_pattern
from service.domains.importing.normalise import Name, normalise
from service.migration import store
from service.migration.carrying import Carrying, find_carried, operator_of
from service.migration.model import Stage
from service.migration.prospects import Prospect
from service.migration.settling import settle_in
from service.migration.source.words import RowKey, Unreadable
from service.migration.spaces import old_name, space_of
from service.migration.survey import begin_survey
from service.migration.walking_on import Walk, Walker, ranges_of, walk, walker_of
from service.postgres.database import Tx

REASON = "the old system was switched off"


async def hand_over(carrying: Carrying) -> tuple[int, int]:
    """How many campaigns were handed over, and how many of them run."""
    walks, unfinished = await list_walks(carrying)
    async with carrying.target.transaction() as tx:
        for each in walks:
            await lease(tx, carrying, each, unfinished)
        campaigns = await store.list_to_hand_over(tx, carrying.source_id)
        tenant_id = carrying.record.tenant_id
        await adopting.hand_over(tx, [campaign_id for campaign_id, _ in campaigns], tenant_id)
        running = [campaign_id for campaign_id, will_run in campaigns if will_run]
        for campaign_id in running:
            await commands.resume_campaign(tx, operator_of(tenant_id), campaign_id, REASON, None)
        await store.update_stage(tx, carrying.source_id, Stage.SWITCHED)
    return len(campaigns), len(running)


async def list_walks(carrying: Carrying) -> tuple[list[Walk], dict[UUID, Prospect]]:
    """The spaces of all patterns, and the campaigns that have not come to the end of what they were to make.

    Those of which nobody knows where they stand in their space are among these, and make no more.
    """
    survey = await begin_survey(carrying.source, carrying.record.network)
    walkers: list[Walker] = []
    unfinished: dict[UUID, Prospect] = {}
    async for each in survey.prospects():
        walker = None if isinstance(each, Unreadable) else walker_of(each)
        if walker is None or isinstance(each, Unreadable):
            continue
        if walker.left:
            unfinished[each.old_id] = each
        goes_on = walker.left and await stand_where_they_should(carrying, each, walker)
        walkers.append(walker if goes_on else msgspec.structs.replace(walker, left=0))
    return walk(walkers, await carrying.source.list_spaces()), unfinished


async def stand_where_they_should(carrying: Carrying, prospect: Prospect, walker: Walker) -> bool:
    """Whether the last name is the one that we find at its place: otherwise we do not know how to walk on."""
    place = prospect.counts.last_place
    if place is None:
        return prospect.counts.total == 0
    rows = await carrying.source.list_rows(prospect.kind, prospect.old_id, RowKey(place, ""), None, 1)
    found = normalise(rows[0].name or "-") if rows else None
    space = space_of(walker.generation)
    return isinstance(found, Name) and 0 <= place < space.size and found.name == old_name(space, place)


async def lease(tx: Tx, carrying: Carrying, walk: Walk, unfinished: Mapping[UUID, Prospect]) -> None:
    """What is left for its campaigns; those to whom nothing is left fall short."""
    floor = await adopting.lease_up_to(tx, carrying.record.tenant_id, walk.generation, walk.end_offset)
    _, (tld, *_) = checked_pattern(walk.generation)
    for old_id, blocks in walk.blocks.items():
        if old_id not in unfinished:
            continue
        carried = await find_carried(tx, carrying, old_id)
        last = await store.find_last_batch(tx, carrying.source_id, old_id)
        assert carried is not None, "what is verified is carried"
        ranges = ranges_of(blocks, tld, 0 if last is None else last.end_position, floor)
        await settle_in(tx, carrying, unfinished[old_id], carried, ranges)
