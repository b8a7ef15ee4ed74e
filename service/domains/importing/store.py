"""Staging, merging, and what imports came to. Writes and reads; nothing is decided here."""

from collections.abc import Iterable
from uuid import UUID

import asyncpg

from service.domains.importing.intake import NameRow, RejectRow
from service.domains.importing.model import ImportProgress, ImportState, RejectedLine, RejectReason
from service.postgres.database import Tx
from service.postgres.partitions import LARGE_SET_ID_MIN, attach_leaf, create_leaf
from service.postgres.queries import Query, load_queries

SQL = load_queries("service.domains.importing")
TRY_IMPORT_LOCK = SQL["try_import_lock"]
DELETE_DEAD_IMPORTS = SQL["delete_dead_imports"]
INSERT_IMPORT = SQL["insert_import"]
CREATE_STAGED_NAMES = SQL["create_staged_names"]
CREATE_STAGED_REJECTS = SQL["create_staged_rejects"]
UPDATE_IMPORT_PROGRESS = SQL["update_import_progress"]
ALLOW_MERGE_MEMORY = SQL["allow_merge_memory"]
STAGE_EARLIER_NAMES = SQL["stage_earlier_names"]
MERGE_NAMES = SQL["merge_names"]
MERGE_REJECTS = SQL["merge_rejects"]
FINISH_IMPORT = SQL["finish_import"]
DELETE_IMPORT = SQL["delete_import"]
LIST_IMPORTS = SQL["list_imports"]
FIND_IMPORT = SQL["find_import"]
LIST_REJECTS = SQL["list_rejects"]


async def try_import_lock(tx: Tx, campaign_id: UUID) -> bool:
    """Take the campaign's import lock for the rest of the session, unless somebody has it."""
    return bool(await tx.value(TRY_IMPORT_LOCK, campaign_id))


async def begin_import(tx: Tx, campaign_id: UUID) -> UUID:
    """Make staging; the session holds the campaign's lock. The new import's id."""
    await tx.execute(DELETE_DEAD_IMPORTS, campaign_id)
    await tx.execute(CREATE_STAGED_NAMES)
    await tx.execute(CREATE_STAGED_REJECTS)
    import_id: UUID = await tx.value(INSERT_IMPORT, campaign_id, tx.now)
    return import_id


async def copy_staged(tx: Tx, names: Iterable[NameRow], rejects: Iterable[RejectRow]) -> None:
    await tx.copy_records("staged_names", ("line", "name"), names)
    await tx.copy_records("staged_rejects", ("line", "reason", "text"), rejects)


async def update_import_progress(tx: Tx, import_id: UUID, bytes_read: int, lines_read: int, rejected: int) -> None:
    await tx.execute(UPDATE_IMPORT_PROGRESS, import_id, bytes_read, lines_read, rejected)


async def stage_earlier_names(tx: Tx, set_id: int) -> int:
    """Put an earlier set's names before the staged ones; how many there are."""
    return await tx.execute(STAGE_EARLIER_NAMES, set_id)


async def merge_names(tx: Tx, set_id: int) -> int:
    """Staging into a new set; how many distinct names. A large set's leaf is filled before others can see it."""
    await tx.execute(ALLOW_MERGE_MEMORY)
    if set_id < LARGE_SET_ID_MIN:
        return await tx.execute(MERGE_NAMES, set_id)
    leaf = await create_leaf(tx, "names", set_id)
    into_leaf = Query(MERGE_NAMES.name, MERGE_NAMES.text.replace("INSERT INTO names ", f"INSERT INTO {leaf} "))
    count = await tx.execute(into_leaf, set_id)
    await attach_leaf(tx, "names", set_id)
    return count


async def merge_rejects(tx: Tx, import_id: UUID) -> None:
    await tx.execute(MERGE_REJECTS, import_id)


async def finish_import(
    tx: Tx, import_id: UUID, *, bytes_read: int, lines_read: int, accepted: int, duplicates: int, rejected: int
) -> None:
    await tx.execute(FINISH_IMPORT, import_id, bytes_read, lines_read, accepted, duplicates, rejected, tx.now)


async def delete_import(tx: Tx, import_id: UUID) -> None:
    await tx.execute(DELETE_IMPORT, import_id)


async def list_imports(tx: Tx, campaign_id: UUID, limit: int) -> list[ImportProgress]:
    return [progress_of(row) for row in await tx.fetch(LIST_IMPORTS, campaign_id, limit)]


async def is_finished(tx: Tx, import_id: UUID, campaign_id: UUID) -> bool:
    return await tx.find(FIND_IMPORT, import_id, campaign_id) is not None


async def list_rejects(tx: Tx, import_id: UUID, after: int, limit: int) -> list[RejectedLine]:
    rows = await tx.fetch(LIST_REJECTS, import_id, after, limit)
    return [RejectedLine(row["line"], row["text"], RejectReason(row["reason"])) for row in rows]


def progress_of(row: asyncpg.Record) -> ImportProgress:
    return ImportProgress(
        import_id=row["import_id"],
        state=ImportState.RUNNING if row["finished_at"] is None else ImportState.COMPLETED,
        bytes_read=row["byte_count"],
        lines_read=row["line_count"],
        accepted=row["accepted_count"],
        duplicates=row["duplicate_count"],
        rejected_count=row["rejected_count"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
    )
