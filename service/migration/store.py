"""What has been carried so far, in our database: sources, campaigns, batches, rows that changed, and the log."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg
import msgspec

from service.campaigns.model import Configuration, Network
from service.migration.checksums import Sums, sums_of
from service.migration.model import (
    Batch,
    CarriedCampaign,
    FateCount,
    Sets,
    SourceRecord,
    Stage,
    Standing,
    Written,
    WrittenRow,
)
from service.migration.prospects import Prospect
from service.migration.rows import SAME_NAME, CarriedRows, Fate, RowFate
from service.migration.source.words import BEGINNING, RowKey
from service.pipelines.model import Counted
from service.pipelines.sink import COLUMNS
from service.pipelines.store import TABLES, by_group
from service.postgres.database import Tx
from service.postgres.queries import load_queries
from service.progress.events import CampaignPhase, PhaseStatus

SQL = load_queries("service.migration")
LOCK_CARRYING = SQL["lock_carrying"]
FIND_SOURCE = SQL["find_source"]
INSERT_SOURCE = SQL["insert_source"]
UPDATE_STAGE = SQL["update_stage"]
UPDATE_BACKUP = SQL["update_backup"]
INSERT_LOG = SQL["insert_log"]
INSERT_CAMPAIGN = SQL["insert_campaign"]
UPDATE_CAMPAIGN = SQL["update_campaign"]
MARK_SETTLED = SQL["mark_settled"]
DELETE_CAMPAIGN = SQL["delete_campaign"]
LIST_CAMPAIGNS = SQL["list_campaigns"]
LIST_TO_HAND_OVER = SQL["list_to_hand_over"]
NOTE_RUNNING = SQL["note_running"]
RELEASE_LEASES = SQL["release_leases"]
FIND_WRITTEN = SQL["find_written"]
READ_WRITTEN = SQL["read_written"]
LIST_SPELLINGS = SQL["list_spellings"]
COUNT_DELETED = SQL["count_deleted"]
COUNT_NEW_CAMPAIGNS = SQL["count_new_campaigns"]
FIND_LAST_BATCH = SQL["find_last_batch"]
FIND_BATCH = SQL["find_batch"]
LIST_DIRTY_BATCHES = SQL["list_dirty_batches"]
LIST_BATCHES = SQL["list_batches"]
LIST_GONE_ROWS = SQL["list_gone_rows"]
SUM_CARRIED_ROWS = SQL["sum_carried_rows"]
COUNT_LOST_MERGES = SQL["count_lost_merges"]
GET_STANDING = SQL["get_standing"]
UPSERT_BATCH = SQL["upsert_batch"]
DELETE_BATCHES_FROM = SQL["delete_batches_from"]
MARK_PLACES_DIRTY = SQL["mark_places_dirty"]
MARK_ALL_DIRTY = SQL["mark_all_dirty"]
MARK_EVERYTHING_DIRTY = SQL["mark_everything_dirty"]
MARK_VERIFIED = SQL["mark_verified"]
MARK_LOST_MERGES_DIRTY = SQL["mark_lost_merges_dirty"]
LIST_NAMES_TWICE = SQL["list_names_twice"]
LIST_MERGED = SQL["list_merged"]
INSERT_FATES = SQL["insert_fates"]
DELETE_FATES = SQL["delete_fates"]
COUNT_FATES = SQL["count_fates"]
SUM_BATCHES = SQL["sum_batches"]
UPSERT_KEPT_CHUNK = SQL["upsert_kept_chunk"]
DELETE_CHUNKS_FROM = SQL["delete_chunks_from"]
DELETE_PLANNED_CHUNKS = SQL["delete_planned_chunks"]
COUNT_NAMES = SQL["count_names"]
DELETE_ROWS = {
    CampaignPhase.DOMAIN_GENERATION: SQL["delete_names"],
    CampaignPhase.DNS_VALIDATION: SQL["delete_dns_results"],
    CampaignPhase.HTTP_VALIDATION: SQL["delete_http_results"],
    CampaignPhase.ANALYSIS: SQL["delete_scores"],
}

CONFIGURATION = msgspec.json.Decoder(Configuration)
POSITION_MAX = 2**31 - 1
ELSEWHERE = "position"  # of the row that stays, in another batch


async def try_carrying_lock(tx: Tx) -> bool:
    """Be the only one who carries into this database, until the session ends."""
    return bool(await tx.value(LOCK_CARRYING))


async def find_source(tx: Tx) -> SourceRecord | None:
    """The carrying that is under way, or else the last one."""
    row = await tx.find(FIND_SOURCE)
    return None if row is None else source_of(row)


async def insert_source(tx: Tx, source: SourceRecord) -> int:
    return int(
        await tx.value(
            INSERT_SOURCE,
            str(source.source_key),
            source.edition,
            source.tenant_id,
            source.holding_tenant_id,
            source.network,
            source.backup_file,
            source.backup_checksum,
            tx.now,
        )
    )


async def update_stage(tx: Tx, source_id: int, stage: Stage) -> None:
    await tx.begin()
    await tx.execute(UPDATE_STAGE, source_id, stage, tx.now)


async def update_backup(tx: Tx, source_id: int, file: str, checksum: str) -> None:
    await tx.begin()
    await tx.execute(UPDATE_BACKUP, source_id, file, checksum, tx.now)


async def insert_log(tx: Tx, source_id: int, command: str, event: str, detail: Mapping[str, object]) -> None:
    await tx.begin()
    await tx.execute(INSERT_LOG, source_id, command, event, msgspec.json.encode(detail).decode(), tx.now)


# Campaigns


async def insert_campaign(tx: Tx, source_id: int, campaign_id: UUID, prospect: Prospect) -> None:
    prints = (prospect.fingerprint, prospect.row_print)
    told = told_of(prospect)
    await tx.execute(INSERT_CAMPAIGN, source_id, prospect.old_id, campaign_id, *prints, prospect.will_run, told)


async def update_campaign(tx: Tx, source_id: int, prospect: Prospect) -> None:
    prints = (prospect.fingerprint, prospect.row_print)
    await tx.execute(UPDATE_CAMPAIGN, source_id, prospect.old_id, *prints, prospect.will_run, told_of(prospect))


def told_of(prospect: Prospect) -> list[str]:
    return [*(each.sentence for each in prospect.differences), *prospect.told]


async def mark_settled(tx: Tx, source_id: int, old_id: UUID, *, is_settled: bool) -> None:
    await tx.execute(MARK_SETTLED, source_id, old_id, is_settled)


async def delete_campaign(tx: Tx, source_id: int, old_id: UUID) -> None:
    await tx.execute(DELETE_CAMPAIGN, source_id, old_id)


async def list_campaigns(
    tx: Tx, source_id: int, *, after: UUID | None = None, ids: Sequence[UUID] | None = None, limit: int
) -> list[CarriedCampaign]:
    rows = await tx.fetch(LIST_CAMPAIGNS, source_id, after, None if ids is None else list(ids), limit)
    return [campaign_of(row) for row in rows]


async def list_to_hand_over(tx: Tx, source_id: int) -> list[tuple[UUID, bool]]:
    """All of ours that are there still, and whether each is to run, or did."""
    return [(row["campaign_id"], row["will_run"]) for row in await tx.fetch(LIST_TO_HAND_OVER, source_id)]


async def note_running(tx: Tx, source_id: int, tenant_id: UUID) -> int:
    """Which campaigns of the tenant are under way."""
    return await tx.execute(NOTE_RUNNING, source_id, tenant_id)


async def release_leases(tx: Tx, campaign_ids: Sequence[UUID]) -> None:
    await tx.execute(RELEASE_LEASES, list(campaign_ids))


async def find_written(tx: Tx, source_id: int, old_id: UUID, ignored_reason: str) -> Written | None:
    """Where a campaign stands that was handed over; None if it was deleted, or never carried."""
    row = await tx.find(FIND_WRITTEN, source_id, old_id, ignored_reason)
    if row is None:
        return None
    return Written(
        campaign_id=row["campaign_id"],
        name=row["name"],
        phase=CampaignPhase(row["current_phase"]),
        status=PhaseStatus.RUNNING if row["will_run"] else PhaseStatus(row["phase_status"]),
        configuration=CONFIGURATION.decode(row["configuration"]),
        sets=sets_of(row),
        line_count=row["line_count"],
    )


async def read_written(tx: Tx, sets: Sets, first: int, end: int) -> list[WrittenRow]:
    await tx.join_linearly()
    ids = [sets.get(phase) for phase in CampaignPhase]
    return [WrittenRow(*row.values()) for row in await tx.fetch(READ_WRITTEN, *ids, first, end)]


async def list_spellings(tx: Tx, source_id: int, old_id: UUID, names: Sequence[str]) -> dict[str, str]:
    """How names are spelled there that are spelled otherwise here."""
    rows = await tx.fetch(LIST_SPELLINGS, source_id, old_id, list(names))
    return {row["name"]: row["old_name"] for row in rows}


async def count_deleted(tx: Tx, source_id: int) -> int:
    return int(await tx.value(COUNT_DELETED, source_id))


async def count_new_campaigns(tx: Tx, source_id: int) -> int:
    return int(await tx.value(COUNT_NEW_CAMPAIGNS, source_id))


# Batches


async def find_last_batch(tx: Tx, source_id: int, old_id: UUID) -> Batch | None:
    row = await tx.find(FIND_LAST_BATCH, source_id, old_id)
    return None if row is None else batch_of(row)


async def find_batch(tx: Tx, source_id: int, old_id: UUID, number: int) -> tuple[RowKey, Batch] | None:
    """A batch, and the row behind which it begins."""
    row = await tx.find(FIND_BATCH, source_id, old_id, number)
    if row is None:
        return None
    after = BEGINNING if row["after_place"] is None else RowKey(row["after_place"], row["after_row"])
    return after, batch_of(row)


async def list_dirty_batches(tx: Tx, source_id: int, old_id: UUID, limit: int) -> list[int]:
    return [row["number"] for row in await tx.fetch(LIST_DIRTY_BATCHES, source_id, old_id, limit)]


async def list_batches(tx: Tx, source_id: int, old_id: UUID, after: int, limit: int, *, again: bool) -> list[int]:
    """Batches that nobody has compared since they were carried; `again`: all of them."""
    return [row["number"] for row in await tx.fetch(LIST_BATCHES, source_id, old_id, after, limit, again)]


async def list_gone_rows(tx: Tx, source_id: int, old_id: UUID, number: int) -> dict[str, Fate]:
    """Rows of a batch that are not here by themselves."""
    rows = await tx.fetch(LIST_GONE_ROWS, source_id, old_id, number)
    return {row["old_row"]: Fate(row["fate"]) for row in rows}


async def sum_carried_rows(tx: Tx, sets: Sets, batch: Batch) -> Sums:
    """What a batch comes to here; computed by the database."""
    await tx.join_linearly()
    row = await tx.find(
        SUM_CARRIED_ROWS, *(sets.get(phase) for phase in CampaignPhase), batch.first_position, batch.end_position
    )
    assert row is not None
    return sums_of(row)


async def count_lost_merges(tx: Tx, source_id: int, old_id: UUID, name_set_id: int | None) -> int:
    """Rows that were merged into a name which is not there any more."""
    await tx.join_linearly()
    return int(await tx.value(COUNT_LOST_MERGES, source_id, old_id, name_set_id))


async def get_standing(tx: Tx, campaign_id: UUID) -> Standing:
    row = await tx.find(GET_STANDING, campaign_id)
    assert row is not None
    return Standing(row["name"], row["current_phase"], row["phase_status"], tuple(row["runs"]))


async def mark_places_dirty(tx: Tx, source_id: int, old_id: UUID, first: int, last: int) -> int:
    return await tx.execute(MARK_PLACES_DIRTY, source_id, old_id, first, last)


async def mark_all_dirty(tx: Tx, source_id: int, old_id: UUID) -> None:
    await tx.execute(MARK_ALL_DIRTY, source_id, old_id)


async def mark_everything_dirty(tx: Tx, source_id: int) -> None:
    await tx.execute(MARK_EVERYTHING_DIRTY, source_id)


async def mark_verified(tx: Tx, source_id: int, old_id: UUID, numbers: Sequence[int], *, is_verified: bool) -> None:
    await tx.execute(MARK_VERIFIED, source_id, old_id, list(numbers), is_verified)


async def mark_lost_merges_dirty(tx: Tx, source_id: int, old_id: UUID, name_set_id: int) -> int:
    await tx.join_linearly()
    return await tx.execute(MARK_LOST_MERGES_DIRTY, source_id, old_id, name_set_id)


async def list_names_twice(tx: Tx, source_id: int, old_id: UUID, sets: Sets, limit: int) -> dict[int, dict[str, str]]:
    """By batch: names in it that stand elsewhere too, and where they are to stay."""
    dns, http = sets.get(CampaignPhase.DNS_VALIDATION), sets.get(CampaignPhase.HTTP_VALIDATION)
    names = sets[CampaignPhase.DOMAIN_GENERATION]
    found: dict[int, dict[str, str]] = {}
    await tx.join_linearly()
    for row in await tx.fetch(LIST_NAMES_TWICE, source_id, old_id, names, dns, http, limit):
        found.setdefault(row["number"], {})[row["name"]] = f"{ELSEWHERE} {row['best_position']}"
    return found


async def list_merged(tx: Tx, source_id: int, old_id: UUID, number: int) -> dict[str, str]:
    """Names of a batch that were found to stand in another one, and where."""
    rows = await tx.fetch(LIST_MERGED, source_id, old_id, number, f"{SAME_NAME}: {ELSEWHERE}%")
    return {row["name"]: row["reason"].removeprefix(f"{SAME_NAME}: ") for row in rows}


async def write_batch(tx: Tx, source_id: int, prospect: Prospect, batch: Batch, rows: CarriedRows, sets: Sets) -> None:
    """The rows of one batch into the sets, counted on a chunk of each run, and what became of the others."""
    old_id, runs = prospect.old_id, {run.phase for run in prospect.carried}
    for phase, set_id in sets.items():
        if rows.records[phase]:
            records = ((set_id, *record) for record in rows.records[phase])
            await tx.copy_records(TABLES[phase], COLUMNS[phase], records)
        if phase in runs and batch.first_position < batch.end_position:
            await upsert_kept_chunk(tx, set_id, phase, batch, rows.counted[phase])
    await tx.execute(
        UPSERT_BATCH,
        source_id,
        old_id,
        batch.number,
        *batch.last,
        rows.row_count,
        batch.first_position,
        batch.end_position,
        rows.filled_count,
    )
    await insert_fates(tx, source_id, old_id, batch.number, rows.fates)


async def upsert_kept_chunk(tx: Tx, run_id: int, phase: CampaignPhase, batch: Batch, counted: Counted) -> None:
    await tx.execute(
        UPSERT_KEPT_CHUNK,
        run_id,
        batch.number,
        batch.first_position,
        batch.end_position,
        sum(counted.outcomes),
        list(counted.outcomes),
        counted.keyword_pages,
        *by_group(phase, counted.outcomes),
    )


async def insert_fates(tx: Tx, source_id: int, old_id: UUID, number: int, fates: Sequence[RowFate]) -> None:
    if fates:
        columns = [[getattr(fate, field) for fate in fates] for field in RowFate.__struct_fields__]
        await tx.execute(INSERT_FATES, source_id, old_id, number, *columns)


async def clear_batch(tx: Tx, source_id: int, old_id: UUID, batch: Batch, sets: Sets) -> None:
    """Its rows go, so that they can be carried again."""
    for phase, set_id in sets.items():
        await tx.execute(DELETE_ROWS[phase], set_id, batch.first_position, batch.end_position)
    await tx.execute(DELETE_FATES, source_id, old_id, batch.number)


async def clear_from(tx: Tx, source_id: int, old_id: UUID, batch: Batch, sets: Sets) -> None:
    """The batch and all behind it go, and are carried anew: more rows lie in it than have room."""
    for phase, set_id in sets.items():
        await tx.execute(DELETE_ROWS[phase], set_id, batch.first_position, POSITION_MAX)
        await tx.execute(DELETE_CHUNKS_FROM, set_id, batch.number)
    await tx.execute(DELETE_BATCHES_FROM, source_id, old_id, batch.number)


async def delete_planned_chunks(tx: Tx, sets: Sets) -> None:
    for set_id in sets.values():
        await tx.execute(DELETE_PLANNED_CHUNKS, set_id)


async def count_names(tx: Tx, set_id: int) -> tuple[int, int]:
    """How many there are, and the position behind the last one."""
    row = await tx.find(COUNT_NAMES, set_id)
    assert row is not None
    return row["amount"], row["end_position"]


async def count_fates(tx: Tx, source_id: int, old_id: UUID | None, limit: int) -> list[FateCount]:
    rows = await tx.fetch(COUNT_FATES, source_id, old_id, limit)
    return [FateCount(row["fate"], row["reason"], row["amount"]) for row in rows]


async def sum_batches(tx: Tx, source_id: int, old_id: UUID | None = None) -> tuple[int, int]:
    """Rows that were read, and outcomes that were filled in."""
    row = await tx.find(SUM_BATCHES, source_id, old_id)
    assert row is not None
    return row["row_count"], row["filled_count"]


def source_of(row: asyncpg.Record) -> SourceRecord:
    return SourceRecord(
        source_id=row["source_id"],
        source_key=UUID(row["source_key"]),
        edition=row["edition"],
        stage=Stage(row["stage"]),
        tenant_id=row["tenant_id"],
        holding_tenant_id=row["holding_tenant_id"],
        network=Network(row["network"]),
        backup_file=row["backup_file"],
        backup_checksum=row["backup_checksum"],
    )


def campaign_of(row: asyncpg.Record) -> CarriedCampaign:
    return CarriedCampaign(
        old_id=row["old_id"],
        campaign_id=row["campaign_id"],
        fingerprint=row["fingerprint"],
        row_print=row["row_print"],
        will_run=row["will_run"],
        is_settled=row["is_settled"],
        initial=CampaignPhase(row["initial_phase"]),
        sets=sets_of(row),
    )


def sets_of(row: asyncpg.Record) -> Sets:
    ids = (row["name_set_id"], row["dns_set_id"], row["http_set_id"], row["score_set_id"])
    return {phase: set_id for phase, set_id in zip(CampaignPhase, ids, strict=True) if set_id is not None}


def batch_of(row: asyncpg.Record) -> Batch:
    return Batch(
        number=row["number"],
        last=RowKey(row["last_place"], row["last_row"]),
        row_count=row["row_count"],
        first_position=row["first_position"],
        end_position=row["end_position"],
        filled_count=row["filled_count"],
        is_dirty=row["is_dirty"],
        is_verified=row["is_verified"],
    )
