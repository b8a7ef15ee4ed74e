"""What a migration would do, before anything is done: what is there, what becomes of it, what it takes. Only reads."""

import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from service.campaigns.model import Network
from service.migration import store
from service.migration.model import SourceRecord, Stage
from service.migration.prospects import Prospect, shape_of
from service.migration.rows import Fate, OldRow, carry_rows
from service.migration.source.capture import Capture, find_capture
from service.migration.source.store import Source
from service.migration.source.words import BEGINNING, Unreadable
from service.migration.survey import begin_survey
from service.postgres.database import DATABASE_ERRORS, Database
from service.progress.events import CampaignPhase

GENERATION = CampaignPhase.DOMAIN_GENERATION
# Measured (storage background): names, DNS, HTTP and scores with their indexes; the log of what is written goes beside.
BYTES_PER_ROW = {
    CampaignPhase.DOMAIN_GENERATION: 80,
    CampaignPhase.DNS_VALIDATION: 80,
    CampaignPhase.HTTP_VALIDATION: 180,
    CampaignPhase.ANALYSIS: 110,
}
ROOM_FACTOR = 1.5  # free space wanted, as a multiple of what the tables will take
SAMPLE_ROWS = 5_000  # of the largest campaign
WRITING_FACTOR = 3.0  # carrying takes so much longer than reading and converting; measured by the rehearsal
SENTENCES_MAX = 1_000


class PlannedCampaign(msgspec.Struct, frozen=True, rename="camel"):
    """What becomes of one campaign; `told`: what is otherwise than it was."""

    old_id: UUID
    name: str
    rows: int
    initial_phase: str
    current_phase: str
    phase_status: str
    told: tuple[str, ...]


class Plan(msgspec.Struct, frozen=True, rename="camel"):
    """What is there, what will happen, what would be rejected and why, and what it takes.

    `differences` counts campaigns by why they stand elsewhere than the seed's rules, or one of their columns, say;
    `settings` counts settings that are not carried; `sampleFates` is what became of a sample of the largest campaign's
    rows. `blockers` are reasons not to begin.
    """

    edition: str
    version: int | None
    tables: dict[str, int]
    campaigns: int
    domains: int
    standings: dict[str, int]
    differences: dict[str, int]
    settings: dict[str, int]
    unreadable: dict[str, str]
    orphan_rows: int
    sample_rows: int
    sample_fates: dict[str, int]
    bytes_needed: int
    bytes_free: int | None
    seconds: float
    blockers: tuple[str, ...]
    planned: tuple[PlannedCampaign, ...]

    @property
    def goes(self) -> bool:
        return not self.blockers


async def make_plan(target: Database, source: Source, network: Network, *, campaigns_told_max: int) -> Plan:
    survey = await begin_survey(source, network)
    standings, differences, settings = Counter[str](), Counter[str](), Counter[str]()
    unreadable: dict[str, str] = {}
    planned: list[PlannedCampaign] = []
    largest: Prospect | None = None
    campaigns = domains = needed = 0
    async for each in survey.prospects():
        if isinstance(each, Unreadable):
            unreadable[str(each.campaign_id)] = each.reason
            continue
        campaigns, domains, needed = campaigns + 1, domains + each.counts.total, needed + bytes_of(each)
        standings[f"{each.phase} {each.status}"] += 1
        differences.update({told.difference.value for told in each.differences})
        if len(settings) < SENTENCES_MAX:
            settings.update(set(each.told))
        if len(planned) < campaigns_told_max:
            planned.append(planned_campaign(each))
        if largest is None or each.counts.total > largest.counts.total:
            largest = each
    rows, fates, seconds = await take_sample(source, largest)
    free = await find_free_bytes(target)
    return Plan(
        edition=source.shape.edition,
        version=source.version,
        tables=dict(await source.measure_tables()),
        campaigns=campaigns,
        domains=domains,
        standings=dict(standings.most_common()),
        differences=dict(differences.most_common()),
        settings=dict(settings.most_common()),
        unreadable=unreadable,
        orphan_rows=survey.orphan_rows,
        sample_rows=rows,
        sample_fates=fates,
        bytes_needed=needed,
        bytes_free=free,
        seconds=seconds * domains / rows * WRITING_FACTOR if rows else 0.0,
        blockers=tuple(await list_blockers(target, source, needed, free)),
        planned=tuple(planned),
    )


def planned_campaign(prospect: Prospect) -> PlannedCampaign:
    return PlannedCampaign(
        prospect.old_id,
        prospect.name,
        prospect.counts.total,
        prospect.initial,
        prospect.phase,
        prospect.status,
        (*(told.sentence for told in prospect.differences), *prospect.told),
    )


def bytes_of(prospect: Prospect) -> int:
    """What its rows will take, if every domain has one in each phase that was begun."""
    phases = {GENERATION, *(run.phase for run in prospect.carried)}
    return prospect.counts.total * sum(BYTES_PER_ROW[phase] for phase in phases)


async def take_sample(source: Source, prospect: Prospect | None) -> tuple[int, dict[str, int], float]:
    """Some rows of a campaign, converted and thrown away: how many, what became of them, and how long it took."""
    if prospect is None:
        return 0, {}, 0.0
    began = time.perf_counter()
    rows = await source.list_rows(prospect.kind, prospect.old_id, BEGINNING, None, SAMPLE_ROWS)
    fates = fates_of(rows, prospect)
    return len(rows), fates, time.perf_counter() - began


def fates_of(rows: Sequence[OldRow], prospect: Prospect) -> dict[str, int]:
    carried = carry_rows(rows, 0, shape_of(prospect, dict.fromkeys(CampaignPhase, 0)))
    return dict(Counter(f"{fate.fate}: {short(fate.fate, fate.reason)}" for fate in carried.fates).most_common())


def short(fate: Fate, reason: str) -> str:
    return reason.partition(":")[0] if fate is Fate.MERGED else reason


async def measure_room(target: Database, source: Source, network: Network) -> tuple[int, int | None]:
    """Bytes that everything will take here, and those that are free, if anybody can tell."""
    survey = await begin_survey(source, network)
    needed = sum([bytes_of(each) async for each in survey.prospects() if not isinstance(each, Unreadable)])
    return needed, await find_free_bytes(target)


async def find_free_bytes(target: Database) -> int | None:
    """Room where our database lies, if that is a folder of this machine that we may look at."""
    try:
        async with target.pool.acquire() as connection:
            folder = Path(await connection.fetchval("SHOW data_directory"))
        return shutil.disk_usage(folder).free if target.url.partition("@")[2].startswith("/") else None
    except DATABASE_ERRORS:
        return None


async def list_blockers(target: Database, source: Source, needed: int, free: int | None) -> list[str]:
    found: list[str] = []
    if not await source.may_carry():
        found.append("This user may not make a schema and triggers in the old database: name its owner in --source.")
    if free is not None and free < needed * ROOM_FACTOR:
        wanted = needed * ROOM_FACTOR
        found.append(
            f"There is too little room for our database: {free:,} bytes are free, and {wanted:,.0f} are wanted."
        )
    async with target.transaction() as tx:
        record = await store.find_source(tx)
        kept = [] if record is None else await store.list_campaigns(tx, record.source_id, limit=1)
    found += standing_in_the_way(record, await find_capture(source), has_kept=bool(kept))
    return found


def standing_in_the_way(record: SourceRecord | None, capture: Capture | None, *, has_kept: bool) -> Iterator[str]:
    """What other migrations have left, or are about; `has_kept`: campaigns of the last one are here."""
    if record is not None and record.stage is Stage.ROLLED_BACK:
        if capture is not None and capture.source_key == record.source_key:
            yield "A rollback broke off before it left the old database: ask for `rollback` again."
            return
        if has_kept:
            yield "What an earlier migration carried is kept here since its rollback: `rollback --discard` removes it."
    key = None if record is None or record.stage.is_over else record.source_key
    if capture is not None and capture.source_key != key:
        yield "The old database is being carried by another installation: roll that back first."
    if capture is None and key is not None and record is not None and record.stage is not Stage.ADDED:
        yield "Another old database is being carried here: finish that, or roll it back, first."
