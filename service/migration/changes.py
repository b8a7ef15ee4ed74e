"""Carry campaigns with all their rows; then what has been written in the old database since, as its triggers note."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from service.migration import store
from service.migration.carrying import Carrying, carry_campaign, find_carried, forget
from service.migration.prospects import Prospect
from service.migration.settling import settle_campaign
from service.migration.source.capture import Change, forget_changes, list_changes
from service.migration.source.shape import DNS_RESULTS, DOMAINS, HTTP_RESULTS, Kind
from service.migration.source.words import BEGINNING, UNPLACED, Unreadable
from service.migration.survey import Survey, begin_survey

ROUNDS_MAX = 20  # of looking again for what was written meanwhile
CAMPAIGNS_AT_A_TIME = 200
TABLES_OF_ROWS = frozenset({DOMAINS, DNS_RESULTS, HTTP_RESULTS})


async def carry_everything(carrying: Carrying) -> None:
    """Every campaign that is there. What broke off goes on where it was."""
    survey = await begin_survey(carrying.source, carrying.record.network)
    seen = await carry_campaigns(carrying, survey, None)
    after: UUID | None = None
    while True:
        async with carrying.target.transaction() as tx:
            page = await store.list_campaigns(tx, carrying.source_id, after=after, limit=CAMPAIGNS_AT_A_TIME)
            for carried in page:
                if carried.old_id not in seen:
                    await forget(tx, carrying.record, carried)
        if not page:
            return
        after = page[-1].old_id


async def carry_changes(carrying: Carrying) -> bool:
    """Whether all was carried: False where the old system writes as fast as we carry."""
    for _ in range(ROUNDS_MAX):
        changes = await list_changes(carrying.source)
        if not changes:
            return True
        survey = await begin_survey(carrying.source, carrying.record.network)
        ids = await note(carrying, survey, changes)
        if ids is None:
            await carry_everything(carrying)
        else:
            await carry_some(carrying, survey, ids)
        await forget_changes(carrying.source, changes)
    return False


async def note(carrying: Carrying, survey: Survey, changes: Iterable[Change]) -> list[UUID] | None:
    """Mark the batches that have to be carried again; the campaigns that were touched, or None for all of them."""
    touched: set[UUID] = set()
    async with carrying.target.transaction() as tx:
        for change in changes:
            if change.campaign_id is None:
                await store.mark_everything_dirty(tx, carrying.source_id)
                return None
            for old_id in (change.campaign_id, *survey.list_dependents(change.campaign_id)):
                touched.add(old_id)
                if change.source_table in tables_of(survey.find_kind(old_id)):
                    first = BEGINNING.place if change.first_place is None else change.first_place
                    last = UNPLACED if change.last_place is None else change.last_place
                    await store.mark_places_dirty(tx, carrying.source_id, old_id, first, last)
    return sorted(touched)


def tables_of(kind: Kind) -> frozenset[str]:
    """Those from which a campaign's rows are read; where it has rows of its own, results are details of these."""
    return frozenset({DOMAINS}) if kind is Kind.OWN else TABLES_OF_ROWS


async def carry_some(carrying: Carrying, survey: Survey, ids: Sequence[UUID]) -> None:
    """These campaigns; those that are gone there go here."""
    seen = await carry_campaigns(carrying, survey, ids)
    async with carrying.target.transaction() as tx:
        for old_id in ids:
            carried = None if old_id in seen else await find_carried(tx, carrying, old_id)
            if carried is not None:
                await forget(tx, carrying.record, carried)


async def carry_campaigns(carrying: Carrying, survey: Survey, ids: Sequence[UUID] | None) -> set[UUID]:
    """Carry and settle; which ones there were. One that cannot be read is not carried, and verification tells."""
    seen: set[UUID] = set()
    async for each in survey.prospects(ids):
        if not isinstance(each, Unreadable):
            await carry_and_settle(carrying, each)
            seen.add(each.old_id)
    return seen


async def carry_and_settle(carrying: Carrying, prospect: Prospect) -> None:
    await carry_campaign(carrying, prospect)
    async with carrying.target.transaction() as tx:
        carried = await find_carried(tx, carrying, prospect.old_id)
    if carried is not None and not carried.is_settled:
        await settle_campaign(carrying, prospect, carried)
