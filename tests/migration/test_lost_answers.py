"""Connections that break at the worst moments: never do both systems write, and never is ours taken for the old one."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from loadtest.baseline.planting import Planted
from service.errors import Conflict, Refused, Unavailable
from service.migration import commands, switching
from service.migration.carrying import Carrying
from service.migration.commands import Wishes
from service.postgres.database import Database, open_database
from service.postgres.embedded import ConnectArguments, EmbeddedServer
from tests.conftest import connected, url_of
from tests.link import linked
from tests.migration.dumping import dump
from tests.migration.old_system import OldCampaign, put
from tests.migration.operating import CLOSED, stage_of

WRITE = "UPDATE campaigns SET name = name || '!'"
OUR_SESSIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'phaseline migrate legacy'
"""


async def verified(database: Database, old_url: str, wishes: Wishes) -> None:
    await commands.run(database, old_url, wishes)
    assert (await commands.prove(database, old_url)).holds


def before_handing_over(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[object]]) -> None:
    """The old tables are closed, and everything is compared."""

    async def hand_over(carrying: Carrying) -> tuple[int, int]:
        await happens()
        return await switching.hand_over(carrying)

    monkeypatch.setattr(commands, "hand_over", hand_over)


async def test_a_switch_of_which_nobody_heard_leaves_the_old_tables_closed(
    old_url: str,
    old: asyncpg.Connection,
    database: Database,
    database_url: str,
    wishes: Wishes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was made: the answer to its commit was lost."""
    await put(old, OldCampaign(resolved=20))
    await verified(database, old_url, wishes)
    async with linked(database_url) as link, open_database(link.url, connections_max=4) as wired:

        async def lose_answer() -> None:
            link.lose_next_answer()

        before_handing_over(monkeypatch, lose_answer)
        with pytest.raises(Unavailable, match=r"^The connection to the database was lost"):
            await commands.switch(wired, old_url)
        assert link.lost_count == 1
    assert await stage_of(database) == "switched"
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await old.execute(WRITE)
    with pytest.raises(Conflict, match="The migration is switched"):
        await commands.switch(database, old_url)


async def test_a_session_that_the_old_database_ends_opens_the_old_tables_again(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over another one."""
    await put(old, OldCampaign(resolved=20))
    await verified(database, old_url, wishes)
    before_handing_over(monkeypatch, lambda: old.execute(OUR_SESSIONS))
    with pytest.raises(Unavailable, match=r"^The old database: "):
        await commands.switch(database, old_url)
    assert not await old.fetchval(CLOSED)
    await old.execute(WRITE)
    assert await stage_of(database) == "verified"


async def test_an_old_database_that_is_gone_cannot_be_opened_and_that_is_told(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await dump(old_url)
    await verified(database, old_url, wishes)
    async with linked(old_url) as link:

        async def cut() -> None:
            link.cut_after(0)

        before_handing_over(monkeypatch, cut)
        with pytest.raises(Unavailable, match="The old tables are closed still: `switch` goes on from there"):
            await commands.switch(database, link.url)
    assert await old.fetchval(CLOSED)
    await commands.rollback(database, old_url)
    assert await dump(old_url) == before


async def test_only_the_old_database_can_be_finished(
    old_url: str, old: asyncpg.Connection, database: Database, database_url: str, wishes: Wishes
) -> None:
    """Another one that has no old tables does not mean that they are dropped."""
    await verified(database, old_url, wishes)
    await commands.switch(database, old_url)
    await old.execute("CREATE VIEW report AS SELECT * FROM campaigns")
    for _ in range(2):
        with pytest.raises(Conflict, match="view report depends on table campaigns"):
            await commands.finish(database, old_url, wishes.backup_folder)
    with pytest.raises(Refused, match="a Phaseline database"):
        await commands.finish(database, database_url, wishes.backup_folder)
    assert await stage_of(database) == "finishing"
    assert (await commands.rollback(database, old_url)).returned is not None
    await old.execute(WRITE)


async def test_who_may_not_read_is_told_what_is_forbidden(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    """Not that there is no old system."""
    await put(old, OldCampaign())
    await old.execute("CREATE ROLE blind")
    try:
        with pytest.raises(Refused, match=r"^The old database: It forbids this: permission denied for "):
            await commands.run(database, f"{old_url}&role=blind", wishes)
        await old.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO blind")
        with pytest.raises(Conflict, match="may not make a schema and triggers"):
            await commands.run(database, f"{old_url}&role=blind", wishes)
    finally:
        await old.execute("DROP OWNED BY blind; DROP ROLE blind")
    assert await stage_of(database) is None


# A target without room

LEFT_BYTES = 512 * 1024


def owner_of(server: EmbeddedServer) -> int:
    return Path(f"/proc/{server.pid}").stat().st_uid


@contextlib.contextmanager
def small_disk(owner: int) -> Iterator[Path]:
    """A file system of 64 MB that belongs to PostgreSQL's user; skips where nobody may mount one."""
    with tempfile.TemporaryDirectory(prefix="phaseline-disk-") as folder:
        Path(folder).chmod(0o755)
        disk = Path(folder) / "disk"
        disk.mkdir()
        mount = ("mount", "-t", "tmpfs", "-o", f"size=64m,mode=700,uid={owner}", "none", str(disk))
        if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
            pytest.skip("only who may mount has a small disk")
        try:
            yield disk
        finally:
            subprocess.run(("umount", str(disk)), check=True)


@pytest.fixture
async def cramped(embedded_server: EmbeddedServer, migrated_template: str) -> AsyncIterator[tuple[Database, Path]]:
    """A database of ours on a small disk, and that disk."""
    with small_disk(owner_of(embedded_server)) as disk:
        async with connected(embedded_server.connect_arguments) as owner:
            await owner.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
            await owner.execute(f"CREATE DATABASE cramped TEMPLATE {migrated_template} TABLESPACE small")
        try:
            arguments = ConnectArguments(**{**embedded_server.connect_arguments, "database": "cramped"})
            async with open_database(url_of(arguments), connections_max=4) as database:
                yield database, disk
        finally:
            async with connected(embedded_server.connect_arguments) as owner:
                await owner.execute("DROP DATABASE cramped WITH (FORCE)")
                await owner.execute("DROP TABLESPACE small")


async def test_a_disk_that_fills_up_is_ours_and_what_was_carried_stays(
    old_url: str, planted: Planted, cramped: tuple[Database, Path], wishes: Wishes
) -> None:
    """Not half a batch; with some space, it goes on from there."""
    database, disk = cramped
    filler = disk / "filler"
    with filler.open("wb") as opened:
        os.posix_fallocate(opened.fileno(), 0, shutil.disk_usage(disk).free - LEFT_BYTES)
    with pytest.raises(Unavailable, match=r"^The database's disk is full; free some space and go on"):
        await commands.run(database, old_url, wishes)
    assert await stage_of(database) == "added"
    filler.unlink()
    carried = await commands.run(database, old_url, wishes)
    proof = await commands.prove(database, old_url)
    assert proof.holds, proof
    assert proof.rows == proof.carried == carried.rows


async def test_a_run_for_which_there_is_no_room_does_not_begin(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(old, OldCampaign())
    before = await dump(old_url)
    monkeypatch.setattr("service.migration.planning.ROOM_FACTOR", 1e15)
    with pytest.raises(Conflict, match="too little room for our database"):
        await commands.run(database, old_url, wishes)
    assert await dump(old_url) == before
    assert await stage_of(database) is None
