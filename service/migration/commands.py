"""The commands of a migration: each refuses what its stage does not allow, and can be asked again after it broke off.

They hold the database of ours for themselves, by a lock of their session; what they did stands in `migration_log`.
"""

import contextlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import msgspec

from service.access import commands as access
from service.campaigns.model import Network
from service.errors import Conflict, Invalid, Refused, Unavailable
from service.migration import store
from service.migration.carrying import Carrying, forget
from service.migration.changes import carry_changes, carry_everything
from service.migration.model import FateCount, SourceRecord, Stage
from service.migration.planning import list_blockers, measure_room
from service.migration.returning import Returned, return_writes
from service.migration.source import backup as backups
from service.migration.source.backup import Backup
from service.migration.source.capture import (
    add_capture,
    close_writes,
    count_changes,
    drop_tables,
    find_capture,
    open_writes,
    remove_capture,
)
from service.migration.source.store import Source, open_source
from service.migration.switching import hand_over
from service.migration.verifying import CampaignProof, Proof, verify
from service.postgres.database import Database
from service.postgres.sessions import open_session

ROUNDS_MAX = 5  # of comparing while the old system goes on writing
FATES_TOLD_MAX = 100
CAMPAIGNS_AT_A_TIME = 500
NOT_CONFIRMED = (
    "Campaigns are under way here since the switch: they stop here, and go on in the old system; confirm with --yes."
)
STILL_CLOSED = "The old tables are closed still: `switch` goes on from there, and `rollback` opens them."
HOLDING_TENANT = "held for the migration {}"


class Wishes(msgspec.Struct, frozen=True):
    """How a migration is to be begun. `backup_file`: a dump that there is already; else one is made in the folder."""

    tenant: str
    network: Network
    backup_folder: Path
    backup_file: Path | None = None


class Carried(msgspec.Struct, frozen=True, rename="camel"):
    """What was carried. `isUpToDate`: nothing was written in the old database that is not here."""

    rows: int
    filled: int
    fates: tuple[FateCount, ...]
    seconds: float
    backup: str | None
    is_up_to_date: bool


class Switched(msgspec.Struct, frozen=True, rename="camel"):
    """Whether the switch was made: only if nothing differs. `seconds`: how long the old tables were closed for it."""

    proof: Proof
    campaigns: int
    running: int
    seconds: float

    @property
    def is_done(self) -> bool:
        return self.proof.holds


class RolledBack(msgspec.Struct, frozen=True, rename="camel"):
    """From which stage, what was written back, and how long it took."""

    stage: Stage
    returned: Returned | None
    seconds: float


class Finished(msgspec.Struct, frozen=True, rename="camel"):
    """The old tables that are gone, and the backup from which they can be restored."""

    tables: tuple[str, ...]
    backup: str
    restore: tuple[str, ...]


OnRows = Callable[[int], None]


def deaf(rows: int) -> None:
    """For who does not watch."""


@contextlib.asynccontextmanager
async def alone(target: Database) -> AsyncIterator[None]:
    """Nobody else carries into this database meanwhile; Conflict where somebody does."""
    async with open_session(target) as session:
        async with session.transaction() as tx:
            is_alone = await store.try_carrying_lock(tx)
        if not is_alone:
            raise Conflict("migration_running", "Another `phaseline migrate legacy` is at work on this database.")
        yield


# run


async def run(target: Database, source_url: str, wishes: Wishes, on_rows: OnRows = deaf) -> Carried:
    """Begin, or go on: everything that is there is here afterwards, and what is written meanwhile follows."""
    began = time.monotonic()
    async with alone(target), open_source(source_url) as source:
        record, backup = await begin(target, source, wishes)
        carrying = Carrying(target, source, record, on_rows)
        await log(carrying, "run", "began", {})
        await carry_everything(carrying)
        is_up_to_date = await carry_changes(carrying)
        await move(carrying, Stage.CARRIED)
        carried = await tell_carried(carrying, time.monotonic() - began, backup, is_up_to_date=is_up_to_date)
        await log(carrying, "run", "ended", {"rows": carried.rows, "seconds": carried.seconds})
        return carried


async def begin(target: Database, source: Source, wishes: Wishes) -> tuple[SourceRecord, str | None]:
    """The carrying that is under way, or a new one: then with a backup first, and our triggers in the old database."""
    record = await find_active(target)
    needed, free = await measure_room(target, source, wishes.network) if record is None else (0, None)
    blockers = await list_blockers(target, source, needed, free)
    if blockers:
        raise Conflict("migration_blocked", blockers[0])
    if record is None:
        backup = await secure(source, wishes)
        record = await add(target, source, wishes, backup)
    elif record.stage not in {Stage.ADDED, Stage.CARRIED, Stage.VERIFIED}:
        raise wrong_stage(record, "run")
    if await find_capture(source) is None:
        await add_capture(source, record.source_key)
    return record, record.backup_file


async def secure(source: Source, wishes: Wishes) -> Backup:
    """A backup that restores, before anything is made in the old database."""
    if wishes.backup_file is not None:
        return await backups.check_backup(wishes.backup_file, source.shape.tables)
    return await backups.make_backup(source.url, backup_file(wishes.backup_folder, "before"), source.shape.tables)


def backup_file(folder: Path, word: str) -> Path:
    return folder / f"legacy-{datetime.now(UTC):%Y%m%dT%H%M%S}-{word}.dump"


async def add(target: Database, source: Source, wishes: Wishes, backup: Backup) -> SourceRecord:
    key = uuid4()
    async with target.transaction() as tx:
        record = SourceRecord(
            source_id=0,
            source_key=key,
            edition=source.shape.edition,
            stage=Stage.ADDED,
            tenant_id=await access.find_or_make_tenant(tx, wishes.tenant),
            holding_tenant_id=await access.find_or_make_tenant(tx, HOLDING_TENANT.format(key)),
            network=wishes.network,
            backup_file=backup.file,
            backup_checksum=backup.checksum,
        )
        source_id = await store.insert_source(tx, record)
        detail = {"backup": backup.file, "checksum": backup.checksum, "rows": dict(backup.rows)}
        await store.insert_log(tx, source_id, "run", "added", detail)
    return msgspec.structs.replace(record, source_id=source_id)


async def count_carried(target: Database) -> int:
    """Rows that the migration under way has read so far."""
    async with target.transaction() as tx:
        record = await store.find_source(tx)
        if record is None or record.stage.is_over:
            return 0
        rows, _ = await store.sum_batches(tx, record.source_id)
    return rows


async def tell_carried(carrying: Carrying, seconds: float, backup: str | None, *, is_up_to_date: bool) -> Carried:
    async with carrying.target.transaction() as tx:
        rows, filled = await store.sum_batches(tx, carrying.source_id)
        fates = await store.count_fates(tx, carrying.source_id, None, FATES_TOLD_MAX)
    return Carried(rows, filled, tuple(fates), round(seconds, 3), backup, is_up_to_date)


# verify


async def prove(
    target: Database, source_url: str, on_rows: OnRows = deaf, proofs: list[CampaignProof] | None = None
) -> Proof:
    """Compare everything; what the old system writes meanwhile is carried, and compared again."""
    async with alone(target), open_source(source_url) as source:
        carrying = await resume(target, source, "verify", {Stage.CARRIED, Stage.VERIFIED}, on_rows)
        proof = await compare(carrying, again=True, proofs=proofs)
        await move(carrying, Stage.VERIFIED if proof.holds else Stage.CARRIED)
        await log(carrying, "verify", "holds" if proof.holds else "differs", {"discrepancies": proof.discrepancies})
        return proof


async def compare(carrying: Carrying, *, again: bool, proofs: list[CampaignProof] | None = None) -> Proof:
    """What differs because it was written just now is carried and compared once more."""
    for _ in range(ROUNDS_MAX):
        await carry_changes(carrying)
        if proofs is not None:
            proofs.clear()
        proof = await verify(carrying, again=again, proofs=proofs)
        if proof.holds or not await count_changes(carrying.source):
            return proof
    return proof


# switch


async def switch(target: Database, source_url: str, on_rows: OnRows = deaf) -> Switched:
    """Close the old tables, carry the rest, compare what has not been compared, and hand all campaigns over at once.

    If anything differs, or goes wrong before that, the old tables are opened again and nothing has happened.
    """
    async with alone(target), open_source(source_url) as source:
        carrying = await resume(target, source, "switch", {Stage.VERIFIED}, on_rows)
        await carry_changes(carrying)
        began = time.monotonic()
        try:
            await close_writes(source)
            await carry_changes(carrying)
            proof = await verify(carrying, again=False)
            campaigns, running = await hand_over(carrying) if proof.holds else (0, 0)
        except BaseException:
            await reopen(target, source_url)
            raise
        if not proof.holds:
            await open_writes(source)
            await move(carrying, Stage.CARRIED)
        switched = Switched(proof, campaigns, running, round(time.monotonic() - began, 3))
        await log(carrying, "switch", "done" if switched.is_done else "differs", {"seconds": switched.seconds})
        return switched


async def reopen(target: Database, source_url: str) -> None:
    """Let the old system write again, over a new connection; not if the switch was made and nobody heard of it.

    Where that cannot be known, or cannot be done, the old tables stay closed: better nobody writes than both do.
    """
    try:
        record = await find_last(target)
        if record.stage is Stage.VERIFIED:
            async with open_source(source_url) as source:
                await open_writes(source)
    except Refused as error:
        raise Unavailable("source_closed", f"{STILL_CLOSED} {error.message}") from error


# rollback


async def rollback(
    target: Database, source_url: str, *, discard: bool = False, may_return: bool = True, on_rows: OnRows = deaf
) -> RolledBack:
    """Back to the old system, with nothing of ours left in its database.

    After the switch, what was written here is written there; what has no place there is told, and the campaigns are
    held here until they are discarded. Our triggers there go last: until then it is known which database it is.
    """
    began = time.monotonic()
    async with alone(target):
        record = await find_last(target)
        if record.stage is Stage.ROLLED_BACK:
            return await leave_behind(target, record, source_url, began, discard=discard)
        if record.stage is Stage.FINISHED or (record.stage is Stage.FINISHING and await are_dropped(source_url)):
            raise too_late(record, source_url)
        async with open_source(source_url) as source:
            carrying = await resume(target, source, "rollback", set(Stage), on_rows, record)
            returned: Returned | None = None
            if record.stage in {Stage.SWITCHED, Stage.RETURNING, Stage.FINISHING}:
                if not may_return:
                    raise Conflict("not_confirmed", NOT_CONFIRMED)
                await move(carrying, Stage.RETURNING)
                returned = await return_writes(carrying)
            if returned is None or discard:
                await forget_copies(target, record)
            await move(carrying, Stage.ROLLED_BACK)
            await remove_capture(source)
            rolled = RolledBack(record.stage, returned, round(time.monotonic() - began, 3))
            await log(carrying, "rollback", "done", {"stage": record.stage, "returned": returned})
            return rolled


async def leave_behind(
    target: Database, record: SourceRecord, source_url: str, began: float, *, discard: bool
) -> RolledBack:
    """What was kept after a rollback from the switch, and what one that broke off has left in the old database."""
    if discard:
        await forget_copies(target, record)
    async with open_source(source_url) as source:
        capture = await find_capture(source)
        is_ours = capture is not None and capture.source_key == record.source_key
        if is_ours:
            await remove_capture(source)
    if not (discard or is_ours):
        raise Conflict("rolled_back", "This migration was rolled back; `--discard` removes what was kept of it here.")
    return RolledBack(record.stage, None, round(time.monotonic() - began, 3))


def too_late(record: SourceRecord, source_url: str) -> Refused:
    assert record.backup_file is not None
    commands = " && ".join(backups.restore_commands(record.backup_file, source_url))
    return Conflict(
        "finished",
        f"The old tables are gone, so that nothing can be rolled back; restore them from the backup: {commands}",
    )


async def forget_copies(target: Database, record: SourceRecord) -> None:
    """All that was carried; its rows go in the background."""
    while True:
        async with target.transaction() as tx:
            page = await store.list_campaigns(tx, record.source_id, limit=CAMPAIGNS_AT_A_TIME)
            for carried in page:
                await forget(tx, record, carried)
        if not page:
            return


# finish


async def finish(target: Database, source_url: str, folder: Path) -> Finished:
    """Drop the old tables, after a backup of how they were in the end. There is no way back but that backup."""
    async with alone(target):
        record = await find_last(target)
        if record.stage is Stage.FINISHING and await are_dropped(source_url):
            return await finished(target, record, source_url, ())
        async with open_source(source_url) as source:
            carrying = await resume(target, source, "finish", {Stage.SWITCHED, Stage.FINISHING}, deaf, record)
            tables = source.shape.tables
            backup = await backups.make_backup(source.url, backup_file(folder, "final"), tables)
            async with target.transaction() as tx:
                await store.update_backup(tx, record.source_id, backup.file, backup.checksum)
            await move(carrying, Stage.FINISHING)
            await drop_tables(source)
        return await finished(target, await find_last(target), source_url, tables)


async def are_dropped(source_url: str) -> bool:
    """Whether the old tables are gone: they go all at once."""
    try:
        async with open_source(source_url):
            return False
    except Invalid as error:
        if error.code != "source_unknown":
            raise
        return True


async def finished(target: Database, record: SourceRecord, source_url: str, tables: tuple[str, ...]) -> Finished:
    assert record.backup_file is not None
    async with target.transaction() as tx:
        await store.update_stage(tx, record.source_id, Stage.FINISHED)
        await store.insert_log(tx, record.source_id, "finish", "done", {"backup": record.backup_file})
    return Finished(tables, record.backup_file, backups.restore_commands(record.backup_file, source_url))


# What they share


async def resume(
    target: Database,
    source: Source,
    command: str,
    allowed: set[Stage],
    on_rows: OnRows,
    record: SourceRecord | None = None,
) -> Carrying:
    """The carrying of this old database; Conflict where it is at another stage, or another database."""
    found = record or await find_last(target)
    if found.stage not in allowed:
        raise wrong_stage(found, command)
    capture = await find_capture(source)
    is_unmarked = capture is None and found.stage is Stage.ADDED  # it broke off before it made anything there
    if not is_unmarked and (capture is None or capture.source_key != found.source_key):
        raise Conflict("source_differs", "The database in --source is not the one that is being carried here.")
    return Carrying(target, source, found, on_rows)


async def find_active(target: Database) -> SourceRecord | None:
    async with target.transaction() as tx:
        record = await store.find_source(tx)
    return None if record is None or record.stage.is_over else record


async def find_last(target: Database) -> SourceRecord:
    async with target.transaction() as tx:
        record = await store.find_source(tx)
    if record is None:
        raise Conflict("migration_missing", "No migration was begun here: `phaseline migrate legacy run` begins one.")
    return record


NEXT = {
    Stage.ADDED: "run",
    Stage.CARRIED: "verify",
    Stage.VERIFIED: "switch, or rollback",
    Stage.SWITCHED: "finish, or rollback",
    Stage.RETURNING: "rollback",
    Stage.FINISHING: "finish, or rollback",
    Stage.FINISHED: "nothing",
    Stage.ROLLED_BACK: "run",
}


def wrong_stage(record: SourceRecord, command: str) -> Conflict:
    return Conflict(
        "wrong_stage",
        f"The migration is {record.stage.replace('_', ' ')}, so that `{command}` cannot be done now; "
        f"what can be done is: {NEXT[record.stage]}.",
    )


async def move(carrying: Carrying, stage: Stage) -> None:
    async with carrying.target.transaction() as tx:
        await store.update_stage(tx, carrying.source_id, stage)


async def log(carrying: Carrying, command: str, event: str, detail: dict[str, object]) -> None:
    async with carrying.target.transaction() as tx:
        await store.insert_log(tx, carrying.source_id, command, event, detail)
