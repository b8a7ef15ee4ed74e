"""A backup is one when it has been restored; what is none is told, and nothing is left of it."""

import asyncio
import contextlib
from pathlib import Path

import asyncpg
import pytest

from service.errors import Refused, Unavailable
from service.migration import commands
from service.migration.commands import Wishes
from service.migration.source.backup import make_backup
from service.postgres.database import Database
from service.postgres.dumping import run_program
from tests.migration.dumping import dump, typed
from tests.migration.old_system import OldCampaign, put
from tests.migration.operating import WAITING, locked, stage_of

TABLES = ("campaigns", "generated_domains")


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_backup_counts_what_it_restores(old_url: str, old: asyncpg.Connection, tmp_path: Path) -> None:
    await put(old, OldCampaign())
    backup = await make_backup(old_url, tmp_path / "new" / "old.dump", TABLES)
    assert backup.rows == {"campaigns": 1, "generated_domains": 40}
    assert len(backup.checksum) == 64
    assert {each.name: each.stat().st_size for each in files(tmp_path / "new")} == {"old.dump": backup.byte_count}


async def test_a_backup_that_was_made_by_somebody_else_is_taken(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes, tmp_path: Path
) -> None:
    await put(old, OldCampaign())
    file = tmp_path / "theirs.dump"
    await typed(f"pg_dump --format=custom --file={file} --dbname='{old_url}'")
    given = Wishes(wishes.tenant, wishes.network, wishes.backup_folder, file)
    assert (await commands.run(database, old_url, given)).backup == str(file)
    assert not wishes.backup_folder.exists()


async def test_a_backup_without_a_table_is_refused(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes, tmp_path: Path
) -> None:
    file = tmp_path / "theirs.dump"
    await typed(f"pg_dump --format=custom --exclude-table=campaign_phases --file={file} --dbname='{old_url}'")
    before = await dump(old_url)
    given = Wishes(wishes.tenant, wishes.network, wishes.backup_folder, file)
    with pytest.raises(Refused, match="has nothing of campaign_phases: it cannot be relied on"):
        await commands.run(database, old_url, given)
    assert await dump(old_url) == before
    assert await stage_of(database) is None


async def test_rows_that_are_missing_in_what_is_restored_are_counted(
    old_url: str, old: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dump whose rows are fewer than those of its snapshot."""
    await put(old, OldCampaign())

    async def dump_without_rows(program: str, *arguments: str, password: str | None = None) -> None:
        less = ("--exclude-table-data=generated_domains",) if program == "pg_dump" else ()
        await run_program(program, *less, *arguments, password=password)

    monkeypatch.setattr("service.migration.source.backup.run_program", dump_without_rows)
    with pytest.raises(Unavailable, match="has 0 of the 40 rows of generated_domains"):
        await make_backup(old_url, tmp_path / "old.dump", TABLES)


async def test_a_folder_that_is_none_is_told(old_url: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="No backup can be made in "):
        await make_backup(old_url, tmp_path / "file" / "old.dump", TABLES)


async def test_whoever_gives_up_leaves_no_program_and_no_file(
    old_url: str, old: asyncpg.Connection, tmp_path: Path
) -> None:
    async with locked(old_url, "LOCK TABLE generated_domains IN ACCESS EXCLUSIVE MODE") as held:
        making = asyncio.create_task(make_backup(old_url, tmp_path / "old.dump", TABLES))
        while not await held.fetchval(WAITING):
            await asyncio.sleep(0.02)
        making.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await making
        assert making.cancelled()
    assert files(tmp_path) == []
