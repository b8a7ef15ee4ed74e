"""One import, from its first byte to its receipt.

No transaction is open while the sender is waited for: each batch has one of its own, and the merge is the last.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import msgspec

from service.access.model import Principal
from service.campaigns import commands as campaigns
from service.domains.importing import store
from service.domains.importing.formats import Rows
from service.domains.importing.intake import Intake
from service.domains.importing.model import ImportReceipt
from service.domains.importing.reader import Gunzip
from service.errors import Conflict, Exhausted, Invalid, Refused
from service.postgres.database import DATABASE_ERRORS, Database
from service.postgres.room import check_room
from service.postgres.sessions import open_session

IMPORTS_MAX = 4  # at a time in one process: each holds a connection for as long as its sender takes
BATCH_ROWS = 20_000


class Slots:
    """How many imports this process may carry still."""

    def __init__(self, free: int = IMPORTS_MAX) -> None:
        self._free = free

    @contextlib.contextmanager
    def take(self) -> Iterator[None]:
        """One of them, until the import ends; Exhausted where none is left."""
        if self._free == 0:
            raise Exhausted("imports_busy", f"{IMPORTS_MAX} imports are under way here; try again shortly.")
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


class Job(msgspec.Struct, frozen=True):
    """Which import this is, whose, and for which campaign."""

    import_id: UUID
    principal: Principal
    campaign_id: UUID


async def import_domains(
    database: Database,
    principal: Principal,
    campaign_id: UUID,
    *,
    source: AsyncIterator[bytes],
    rows: Rows,
    gunzip: Gunzip | None,
) -> ImportReceipt:
    """Read a list to its end and make it the campaign's names.

    Conflict where the campaign takes no names now or another import is under way; Invalid where the list cannot be
    read.
    """
    async with database.transaction() as tx:
        await campaigns.check_import(tx, principal, campaign_id)
        await check_room(tx)
    async with open_session(database) as session:
        job = await begin(session, principal, campaign_id)
        try:
            intake = Intake(rows, gunzip)
            await stage(session, job, source, intake)
            return await merge(session, job, intake)
        except Exception:
            await forget(session, job)
            raise


async def begin(session: Database, principal: Principal, campaign_id: UUID) -> Job:
    """Take the campaign's turn; the lock is the session's, not this transaction's."""
    async with session.transaction() as tx:
        if not await store.try_import_lock(tx, campaign_id):
            raise Conflict("import_running", "Another import into this campaign is under way.")
        return Job(await store.begin_import(tx, campaign_id), principal, campaign_id)


async def stage(session: Database, job: Job, source: AsyncIterator[bytes], intake: Intake) -> None:
    """Everything that the sender sends, in batches."""
    async for data in source:
        for piece in intake.pieces(data):
            intake.feed(piece)
            if intake.rows_held() >= BATCH_ROWS:
                await copy_batch(session, job, intake)
            await asyncio.sleep(0)  # a few bytes of gzip give many pieces: others are answered in between
    intake.finish()
    await copy_batch(session, job, intake)


async def copy_batch(session: Database, job: Job, intake: Intake) -> None:
    names, rejects = intake.take()
    async with session.transaction() as tx:
        await store.copy_staged(tx, names, rejects)
        await store.update_import_progress(
            tx, job.import_id, intake.bytes_read, intake.lines_read, intake.rejected_count
        )


async def merge(session: Database, job: Job, intake: Intake) -> ImportReceipt:
    """All or nothing: names, rejects, and the campaign's new set.

    The campaign itself is held for the last moments only, and asked once more whether it takes names.
    """
    async with session.transaction() as tx:
        earlier = await campaigns.find_name_set(tx, job.principal, job.campaign_id)
        known = await store.stage_earlier_names(tx, earlier) if earlier is not None else 0
        if known + intake.name_count == 0:
            raise Invalid("list_empty", "The list holds no name that can be used.")
        set_id = await campaigns.next_set_id(tx, known + intake.name_count)
        count = await store.merge_names(tx, set_id)
        await store.merge_rejects(tx, job.import_id)
        await campaigns.import_names(tx, job.principal, job.campaign_id, set_id, count)
        receipt = receipt_of(job, intake, accepted=count - known)
        await store.finish_import(
            tx,
            job.import_id,
            bytes_read=intake.bytes_read,
            lines_read=receipt.lines_read,
            accepted=receipt.accepted,
            duplicates=receipt.duplicates,
            rejected=receipt.rejected_count,
        )
    return receipt


async def forget(session: Database, job: Job) -> None:
    """Take the import's line away; if the database is gone, nobody shows it and the next import does."""
    with contextlib.suppress(*DATABASE_ERRORS, Refused):
        async with session.transaction() as tx:
            await store.delete_import(tx, job.import_id)


def receipt_of(job: Job, intake: Intake, *, accepted: int) -> ImportReceipt:
    return ImportReceipt(
        import_id=job.import_id,
        lines_read=intake.lines_read,
        accepted=accepted,
        duplicates=intake.name_count - accepted,
        rejected_count=intake.rejected_count,
        skipped=intake.lines_read - intake.name_count - intake.rejected_count,
        rejects=tuple(intake.first_rejects),
        notes=dict(intake.notes),
    )
