"""A backup of a database in which everything happened, restored into a new one: the same, row by row."""

import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from service.access.model import Principal
from service.campaigns.model import Advance
from service.errors import Conflict, Unavailable
from service.postgres.database import Database, open_database
from service.postgres.describing import describe_schema
from service.postgres.dumping import dump_database, password_of, restore_database, without_password
from service.postgres.embedded import ConnectArguments, EmbeddedServer
from service.progress.events import CampaignPhase, PhaseStatus
from tests.audit import audit
from tests.conftest import connected, url_of
from tests.world import a_campaign, running_sandbox, running_worker, start, until

OF_PROCESSES = {"workers", "room"}  # nobody of them is there after a restore
FUTURE = "'99999999999'::xid8"


@pytest.fixture
async def empty_url(embedded_server: EmbeddedServer) -> AsyncIterator[str]:
    name = f"restored_{time.monotonic_ns()}"
    async with connected(embedded_server.connect_arguments) as owner:
        await owner.execute(f"CREATE DATABASE {name}")
    yield url_of(ConnectArguments(**{**embedded_server.connect_arguments, "database": name}))
    async with connected(embedded_server.connect_arguments) as owner:
        await owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def prints(connection: asyncpg.Connection) -> dict[str, tuple[int, str]]:
    """How many rows each table has, and what they say altogether."""
    tables = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    found = {}
    for table in {row["relname"] for row in tables} - OF_PROCESSES:
        said = "(to_jsonb(t) - 'changed_in')::text"
        print_of_all = f"md5(string_agg({said}, ' ' ORDER BY {said} COLLATE \"C\"))"
        row = await connection.fetchrow(f"SELECT count(*) AS amount, {print_of_all} AS print FROM {table} t")
        found[table] = (row["amount"], row["print"] or "")
    return found


async def test_what_is_restored_is_the_same(
    database: Database, principal: Principal, empty_url: str, tmp_path: Path
) -> None:
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        whole = await start(database, principal, a_campaign(400))
        half = await start(database, principal, a_campaign(300, advance=Advance.MANUAL))
        await until(database, principal, whole.id, CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED)
        await until(database, principal, half.id, CampaignPhase.DOMAIN_GENERATION, PhaseStatus.COMPLETED)
    # As if it came from a cluster that is older than the one into which it goes.
    await database.pool.execute(f"UPDATE progress_states SET changed_in = {FUTURE}")
    file = tmp_path / "backup.dump"
    made = await dump_database(database.url, file)
    assert made.byte_count == file.stat().st_size > 10_000
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await restore_database(empty_url, file)
    async with open_database(empty_url, connections_max=4) as restored:
        async with database.pool.acquire() as ours, restored.pool.acquire() as theirs:
            before, after = await prints(ours), await prints(theirs)
            assert after == before
            assert before["names"][0] == 700
            assert await describe_schema(theirs) == await describe_schema(ours)
            await audit(theirs, whole.id)
            new = "SELECT count(*) FROM progress_states WHERE changed_in >= pg_snapshot_xmin(pg_current_snapshot())"
            assert await theirs.fetchval(new) == 0, "watchers would be told of them at every look"
        await goes_on(restored, principal)


async def goes_on(restored: Database, principal: Principal) -> None:
    """It is an installation like any other: numbers and ids go on where they were."""
    async with running_sandbox() as (_, settings), running_worker(restored, settings):
        another = await start(restored, principal, a_campaign(200))
        await until(restored, principal, another.id, CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED)
        async with restored.pool.acquire() as connection:
            await audit(connection, another.id)


def names_in(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


async def test_nothing_is_replaced(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "backup.dump"
    file.write_text("precious")
    with pytest.raises(Conflict, match="already"):
        await dump_database(database.url, file)
    assert file.read_text() == "precious"
    whole = tmp_path / "whole.dump"
    await dump_database(database.url, whole)
    with pytest.raises(Conflict, match="has tables already"):
        await restore_database(database.url, whole)


async def test_a_backup_that_fails_leaves_nothing(database: Database, empty_url: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="Cannot write"):
        await dump_database(database.url, tmp_path / "nowhere" / "backup.dump")
    with pytest.raises(Unavailable, match="pg_dump failed"):
        await dump_database(database.url.replace("/test_", "/no_test_"), tmp_path / "backup.dump")
    assert names_in(tmp_path) == []
    whole = tmp_path / "whole.dump"
    await dump_database(database.url, whole)
    torn = tmp_path / "torn.dump"
    torn.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(Unavailable, match="pg_restore failed"):
        await restore_database(empty_url, torn)
    with pytest.raises(Unavailable, match="There is no file"):
        await restore_database(empty_url, tmp_path / "none.dump")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:ge%40heim@db.example:5433/phaseline?sslmode=require",
        "postgresql://me@db.example:5433/phaseline?sslmode=require&password=ge%40heim",
    ],
)
def test_passwords_are_no_arguments(url: str) -> None:
    assert without_password(url) == "postgresql://me@db.example:5433/phaseline?sslmode=require"
    assert password_of(url) == "ge@heim"
