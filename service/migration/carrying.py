"""Carry campaigns batch by batch: each in one transaction of ours, so that it can break off anywhere and go on.

A batch is what lies between two rows of the old campaign, in the order of their places. What has changed there is
carried again as a whole batch; if more rows lie in it than it has positions, it and all behind it are carried anew.
"""

from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

import msgspec

from service.access.commands import OPERATOR
from service.access.model import ALL_SCOPES, Principal
from service.campaigns import adopting, commands
from service.campaigns.model import CreateCampaign
from service.migration import store
from service.migration.model import Batch, CarriedCampaign, Sets, SourceRecord
from service.migration.prospects import Prospect, shape_of
from service.migration.rows import OldRow, carry_rows
from service.migration.source.store import Source
from service.migration.source.words import BEGINNING, UNPLACED, RowKey
from service.pipelines.store import make_leaf
from service.postgres.database import Database, Tx
from service.progress.events import CampaignPhase

GENERATION = CampaignPhase.DOMAIN_GENERATION
BATCH_ROWS = 10_000
BATCH_ROWS_MAX = 2 * BATCH_ROWS  # a batch that has grown beyond this is cut anew
DIRTY_AT_A_TIME = 1_000
MERGED_AT_A_TIME = 100_000


class Carrying(msgspec.Struct, frozen=True):
    """From where to where. `on_rows` hears of rows that have been carried, as they are."""

    target: Database
    source: Source
    record: SourceRecord
    on_rows: Callable[[int], None]

    @property
    def source_id(self) -> int:
        return self.record.source_id

    @property
    def holder(self) -> UUID:
        return self.record.holding_tenant_id


def operator_of(tenant_id: UUID) -> Principal:
    """Who acts for a tenant here, without a key of it."""
    return Principal(tenant_id, uuid4(), OPERATOR, frozenset(ALL_SCOPES))


async def carry_campaign(carrying: Carrying, prospect: Prospect) -> CarriedCampaign:
    """All rows of a campaign that are not here as they are there; it is settled afterwards."""
    carried = await adopt(carrying, prospect)
    await carry_dirty(carrying, prospect, carried.sets)
    await carry_rest(carrying, prospect, carried.sets)
    await merge_equal_names(carrying, prospect, carried.sets)
    return carried


async def adopt(carrying: Carrying, prospect: Prospect) -> CarriedCampaign:
    """The campaign here, with a set for each run that it has by now; made anew where it would begin otherwise."""
    async with carrying.target.transaction() as tx:
        carried = await find_carried(tx, carrying, prospect.old_id)
        if carried is not None and carried.initial is not prospect.initial:
            await forget(tx, carrying.record, carried)
            carried = None
        if carried is None:
            campaign_id = await adopt_campaign(tx, carrying, prospect)
            await store.insert_campaign(tx, carrying.source_id, campaign_id, prospect)
        else:
            campaign_id = carried.campaign_id
            if carried.row_print != prospect.row_print:
                await store.mark_all_dirty(tx, carrying.source_id, prospect.old_id)
            if carried.fingerprint != prospect.fingerprint or carried.row_print != prospect.row_print:
                await store.update_campaign(tx, carrying.source_id, prospect)
        await adopt_sets(tx, carrying, prospect, campaign_id, {} if carried is None else carried.sets)
        found = await find_carried(tx, carrying, prospect.old_id)
        assert found is not None
        return found


async def find_carried(tx: Tx, carrying: Carrying, old_id: UUID) -> CarriedCampaign | None:
    return next(iter(await store.list_campaigns(tx, carrying.source_id, ids=[old_id], limit=1)), None)


async def adopt_campaign(tx: Tx, carrying: Carrying, prospect: Prospect) -> UUID:
    request = CreateCampaign(prospect.name, prospect.initial, prospect.configuration)
    return await adopting.adopt_campaign(tx, carrying.holder, request, prospect.created_at)


async def adopt_sets(tx: Tx, carrying: Carrying, prospect: Prospect, campaign_id: UUID, sets: Sets) -> None:
    """Those that are missing, in the order of their phases: each run is bound to the sets before it."""
    count = prospect.counts.total
    if not prospect.generates and GENERATION not in sets:
        set_id = await adopting.adopt_names(tx, campaign_id, count)
        await make_leaf(tx, GENERATION, set_id)
    for run in prospect.runs:
        if run.phase not in sets:
            set_id = await adopting.adopt_run(tx, carrying.holder, campaign_id, run.phase, count, run.started_at)
            await make_leaf(tx, run.phase, set_id)


async def forget(tx: Tx, record: SourceRecord, carried: CarriedCampaign) -> None:
    """It is there no more, or has to be carried anew: what there is of it goes in the background."""
    await commands.delete_campaign(tx, operator_of(record.holding_tenant_id), carried.campaign_id, None)
    await store.delete_campaign(tx, record.source_id, carried.old_id)


# Batches


async def carry_rest(carrying: Carrying, prospect: Prospect, sets: Sets) -> None:
    """What lies behind the last row that was carried."""
    if GENERATION not in sets:
        return
    async with carrying.target.transaction() as tx:
        last = await store.find_last_batch(tx, carrying.source_id, prospect.old_id)
    number, key, position = (0, BEGINNING, 0) if last is None else (last.number, last.last, last.end_position)
    while rows := await carrying.source.list_rows(prospect.kind, prospect.old_id, key, None, BATCH_ROWS):
        number, key = number + 1, key_of(rows[-1])
        position = await carry_batch(carrying, prospect, sets, (number, key, position), rows)


async def carry_batch(
    carrying: Carrying, prospect: Prospect, sets: Sets, place: tuple[int, RowKey, int], rows: Sequence[OldRow]
) -> int:
    """A new batch; the position behind it."""
    number, key, position = place
    carried = carry_rows(rows, position, shape_of(prospect, sets))
    batch = Batch(number, key, len(rows), position, carried.end_position)
    async with carrying.target.transaction() as tx:
        await unsettle(tx, carrying, prospect.old_id, sets)
        await store.write_batch(tx, carrying.source_id, prospect, batch, carried, sets)
    carrying.on_rows(len(rows))
    return batch.end_position


async def carry_dirty(carrying: Carrying, prospect: Prospect, sets: Sets) -> None:
    """Batches in which something has changed."""
    while True:
        async with carrying.target.transaction() as tx:
            numbers = await store.list_dirty_batches(tx, carrying.source_id, prospect.old_id, DIRTY_AT_A_TIME)
        if not numbers:
            return
        for number in numbers:
            await carry_again(carrying, prospect, sets, number, {})


async def carry_again(
    carrying: Carrying, prospect: Prospect, sets: Sets, number: int, elsewhere: dict[str, str]
) -> None:
    """A batch at the positions that it has, or, if it has not enough of them, it and all behind it anew."""
    async with carrying.target.transaction() as tx:
        found = await store.find_batch(tx, carrying.source_id, prospect.old_id, number)
    if found is None:  # it went with one before it
        return
    after, batch = found
    rows = await carrying.source.list_rows(prospect.kind, prospect.old_id, after, batch.last, BATCH_ROWS_MAX)
    carried = carry_rows(rows, batch.first_position, shape_of(prospect, sets), elsewhere)
    fits = len(rows) < BATCH_ROWS_MAX and carried.end_position <= batch.end_position
    async with carrying.target.transaction() as tx:
        await unsettle(tx, carrying, prospect.old_id, sets)
        if fits:
            await store.clear_batch(tx, carrying.source_id, prospect.old_id, batch, sets)
            await store.write_batch(tx, carrying.source_id, prospect, batch, carried, sets)
        else:
            await store.clear_from(tx, carrying.source_id, prospect.old_id, batch, sets)
    carrying.on_rows(len(rows) if fits else 0)


async def unsettle(tx: Tx, carrying: Carrying, old_id: UUID, sets: Sets) -> None:
    """Something is carried into it: what was planned for the rest of its runs is planned again."""
    await store.mark_settled(tx, carrying.source_id, old_id, is_settled=False)
    await store.delete_planned_chunks(tx, sets)


async def merge_equal_names(carrying: Carrying, prospect: Prospect, sets: Sets) -> None:
    """Names that stand in several batches stay in one of them; a batch without them is carried again."""
    if GENERATION not in sets:
        return
    old_id = prospect.old_id
    async with carrying.target.transaction() as tx:
        is_lost = await store.mark_lost_merges_dirty(tx, carrying.source_id, old_id, sets[GENERATION])
    if is_lost:
        await carry_dirty(carrying, prospect, sets)
    while True:
        async with carrying.target.transaction() as tx:
            twice = await store.list_names_twice(tx, carrying.source_id, old_id, sets, MERGED_AT_A_TIME)
        if not twice:
            return
        for number, names in twice.items():
            async with carrying.target.transaction() as tx:
                merged = await store.list_merged(tx, carrying.source_id, old_id, number)
            await carry_again(carrying, prospect, sets, number, {**merged, **names})


def key_of(row: OldRow) -> RowKey:
    return RowKey(UNPLACED if row.place is None else row.place, row.row_id)
