"""After the switch, back again: what was written here since is written into the old tables, where they have a place.

Domains are compared as they are in both databases, a window of positions at a time; whatever differs was found here, or
made here. Campaigns get their new standing. What has no place there is counted and told.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from service.campaigns import adopting, commands
from service.migration import store
from service.migration.carrying import GENERATION, Carrying, operator_of
from service.migration.model import Written, WrittenRow
from service.migration.prospects import Prospect, shape_of
from service.migration.rows import OldRow, Shape, with_outcomes
from service.migration.source.shape import Kind
from service.migration.source.words import Unreadable
from service.migration.source.writing import CampaignWrite, old_words_of, write_campaign, write_domains
from service.migration.survey import begin_survey

REASON = "the migration is rolled back"
WINDOW_POSITIONS = 10_000

CAMPAIGNS, CHANGED, ADDED = "campaigns", "domains changed", "domains added"
DELETED = "campaigns that were deleted here: they are there still"
NEW = "campaigns that were made here: they stay here"
SETTINGS = "campaigns whose settings were changed here: there they are as before"
RESULTS = "domains of campaigns whose results have a table of their own there, into which nothing is written"
TRAIL = "lines of the audit trail"


class Returned(msgspec.Struct, frozen=True, rename="camel"):
    """What was written into the old tables; and what has no place there, counted by what it is."""

    campaigns: int
    domains_changed: int
    domains_added: int
    lost: dict[str, int]


async def return_writes(carrying: Carrying) -> Returned:
    """Nothing is written here any more; then everything that was is written there. It can be asked again."""
    await take_back(carrying)
    survey = await begin_survey(carrying.source, carrying.record.network)
    told = Counter[str]()
    async for prospect in survey.prospects():
        if not isinstance(prospect, Unreadable):
            async with carrying.target.transaction() as tx:
                written = await store.find_written(tx, carrying.source_id, prospect.old_id, REASON)
            if written is not None and (written.line_count or prospect.will_run):
                await return_campaign(carrying, prospect, written, told)
    async with carrying.target.transaction() as tx:
        told[DELETED] = await store.count_deleted(tx, carrying.source_id)
        told[NEW] = await store.count_new_campaigns(tx, carrying.source_id)
    campaigns, changed, added = (told.pop(word, 0) for word in (CAMPAIGNS, CHANGED, ADDED))
    return Returned(campaigns, changed, added, {word: amount for word, amount in told.items() if amount})


async def take_back(carrying: Carrying) -> None:
    """Campaigns go back to who held them before, paused; whoever works on one of them is fenced off."""
    tenant = carrying.record.tenant_id
    async with carrying.target.transaction() as tx:
        if not await store.note_running(tx, carrying.source_id, tenant):
            return  # they were taken back before
        campaigns = await store.list_to_hand_over(tx, carrying.source_id)
        for campaign_id, is_running in campaigns:
            if is_running:
                await commands.pause_campaign(tx, operator_of(tenant), campaign_id, REASON, None)
        ids = [campaign_id for campaign_id, _ in campaigns]
        await store.release_leases(tx, ids)
        await adopting.hand_over(tx, ids, carrying.holder)


async def return_campaign(carrying: Carrying, prospect: Prospect, written: Written, told: Counter[str]) -> None:
    told[TRAIL] += written.line_count
    if written.configuration != prospect.configuration:
        told[SETTINGS] += 1
    stands = (written.name, written.phase, written.status)
    if stands != (prospect.name, prospect.phase, prospect.status):
        await write_campaign(carrying.source, CampaignWrite(prospect.old_id, *stands))
        told[CAMPAIGNS] += 1
    if GENERATION in written.sets:
        await return_domains(carrying, prospect, written, told)


async def return_domains(carrying: Carrying, prospect: Prospect, written: Written, told: Counter[str]) -> None:
    """All positions, a window at a time."""
    shape = shape_of(prospect, {**dict.fromkeys(prospect.carried_phases, 0), **written.sets})
    async with carrying.target.transaction() as tx:
        _, end = await store.count_names(tx, written.sets[GENERATION])
    for first in range(0, end, WINDOW_POSITIONS):
        async with carrying.target.transaction() as tx:
            rows = await store.read_written(tx, written.sets, first, first + WINDOW_POSITIONS)
            spelled = await store.list_spellings(tx, carrying.source_id, prospect.old_id, [row.name for row in rows])
        names = [spelled.get(row.name, row.name) for row in rows]
        old = await carrying.source.list_named_rows(prospect.kind, prospect.old_id, names)
        there = {row.name: row for row in old}
        await return_window(carrying, (prospect, written, shape), list(zip(names, rows, strict=True)), there, told)
        carrying.on_rows(len(rows))


Named = tuple[str, WrittenRow]


async def return_window(
    carrying: Carrying,
    what: tuple[Prospect, Written, Shape],
    named: Sequence[Named],
    there: dict[str | None, OldRow],
    told: Counter[str],
) -> None:
    prospect, written, shape = what
    keywords = written.configuration.http_validation.keywords
    changed = {name: old_words_of(row, keywords) for name, row in differing(named, there, shape)}
    added = {name: old_words_of(row, keywords) for name, row in named if name not in there}
    if prospect.kind is not Kind.OWN:
        told[RESULTS] += len(changed) + len(added)
        return
    if changed or added:
        await write_domains(carrying.source, prospect.old_id, changed, added)
    told[CHANGED] += len(changed)
    told[ADDED] += len(added)


def differing(named: Sequence[Named], there: dict[str | None, OldRow], shape: Shape) -> Iterator[Named]:
    """Domains that have other outcomes here than they would have if they were carried now."""
    for name, row in named:
        old = there.get(name)
        if old is None:
            continue
        carried, _ = with_outcomes(old, row.name, shape)
        if (carried.dns, carried.http, carried.verdict) != (row.dns or 0, row.http or 0, row.verdict or 0):
            yield name, row
