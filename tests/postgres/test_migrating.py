import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from service.errors import Conflict, Invalid, Refused, Unavailable
from service.postgres import migrating
from service.postgres.describing import describe_schema
from service.postgres.embedded import ConnectArguments
from service.postgres.migrating import (
    Standing,
    find_migrations_folder,
    migrate_down,
    migrate_up,
    migration_status,
    read_migrations,
    split_statements,
)

PEOPLE = ("CREATE TABLE people (id integer PRIMARY KEY);", "DROP TABLE people;")
NAMES = ("ALTER TABLE people ADD COLUMN name text;", "ALTER TABLE people DROP COLUMN name;")
BY_NAME = (
    "-- no transaction\nCREATE INDEX CONCURRENTLY people_by_name ON people (name);\nANALYZE people;",
    "-- No Transaction\nDROP INDEX CONCURRENTLY people_by_name;",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "0001_people", PEOPLE)
    write(tmp_path, "0002_names", NAMES)
    write(tmp_path, "0003_by_name", BY_NAME)
    return tmp_path


@pytest.fixture
async def other(fresh_database: ConnectArguments) -> AsyncIterator[asyncpg.Connection]:
    """A second connection to the same database."""
    opened = await asyncpg.connect(**fresh_database)
    yield opened
    await opened.close()


def write(folder: Path, label: str, ways: tuple[str, str]) -> None:
    for way, text in zip(("up", "down"), ways, strict=True):
        (folder / f"{label}.{way}.sql").write_text(text)


async def standings(connection: asyncpg.Connection, folder: Path) -> list[Standing]:
    return [status.standing for status in await migration_status(connection, folder=folder)]


async def held_locks(connection: asyncpg.Connection) -> object:
    return await connection.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")


# Up and down


async def test_up_applies_each_once_and_down_takes_them_back(connection: asyncpg.Connection, folder: Path) -> None:
    assert await standings(connection, folder) == [Standing.PENDING] * 3
    assert [m.label for m in await migrate_up(connection, target=1, folder=folder)] == ["0001_people"]
    assert await standings(connection, folder) == [Standing.APPLIED, Standing.PENDING, Standing.PENDING]
    assert [m.label for m in await migrate_up(connection, folder=folder)] == ["0002_names", "0003_by_name"]
    assert await migrate_up(connection, folder=folder) == []
    top = await describe_schema(connection)
    assert "people_by_name" in top

    assert [m.number for m in await migrate_down(connection, target=1, folder=folder)] == [3, 2]
    assert "name text" not in await describe_schema(connection)
    assert [m.number for m in await migrate_up(connection, folder=folder)] == [2, 3]
    assert await describe_schema(connection) == top
    assert await held_locks(connection) == 0
    assert await connection.fetchval("SHOW lock_timeout") == "0"


async def test_our_own_migrations_go_up_and_down_and_up_again(connection: asyncpg.Connection) -> None:
    empty = await describe_schema(connection)
    await migrate_up(connection)
    top = await describe_schema(connection)
    assert "CREATE TABLE public.campaigns" in top
    await migrate_down(connection, target=0)
    assert await describe_schema(connection) == empty
    await migrate_up(connection)
    assert await describe_schema(connection) == top


async def test_a_status_only_reads(connection: asyncpg.Connection, folder: Path) -> None:
    async with connection.transaction(readonly=True):
        statuses = await migration_status(connection, folder=folder)
    assert [(status.number, status.label, status.applied_at) for status in statuses] == [
        (1, "0001_people", None),
        (2, "0002_names", None),
        (3, "0003_by_name", None),
    ]


async def test_a_file_that_fails_leaves_nothing_and_the_ones_before_it(
    connection: asyncpg.Connection, folder: Path
) -> None:
    write(folder, "0002_names", ("ALTER TABLE people ADD COLUMN name text; SELECT 1/0;", NAMES[1]))
    with pytest.raises(Conflict, match=r"0002_names\.up\.sql failed, nothing of it was kept: division by zero"):
        await migrate_up(connection, folder=folder)
    assert await standings(connection, folder) == [Standing.APPLIED, Standing.PENDING, Standing.PENDING]
    assert "name text" not in await describe_schema(connection)
    assert await held_locks(connection) == 0
    write(folder, "0002_names", NAMES)
    assert [m.number for m in await migrate_up(connection, folder=folder)] == [2, 3]


async def test_a_file_without_transaction_keeps_what_came_before_its_failure(
    connection: asyncpg.Connection, folder: Path
) -> None:
    write(folder, "0003_by_name", ("-- no transaction\nCREATE TABLE early ();\nSELECT 1/0;", BY_NAME[1]))
    with pytest.raises(Conflict, match=r"0003_by_name\.up\.sql failed, the statements before it were kept"):
        await migrate_up(connection, folder=folder)
    assert "public.early" in await describe_schema(connection)
    assert await standings(connection, folder) == [Standing.APPLIED, Standing.APPLIED, Standing.PENDING]


async def test_a_file_may_not_end_its_transaction(connection: asyncpg.Connection, folder: Path) -> None:
    write(folder, "0002_names", (NAMES[0] + "COMMIT;", NAMES[1]))
    with pytest.raises(Invalid, match=r"0002_names\.up\.sql ends its transaction itself"):
        await migrate_up(connection, folder=folder)


# Refused: the database disagrees with the files


async def test_a_changed_file_is_refused(connection: asyncpg.Connection, folder: Path) -> None:
    await migrate_up(connection, folder=folder)
    write(folder, "0002_names", (NAMES[0] + " -- better", NAMES[1]))
    assert (await standings(connection, folder))[1] == Standing.CHANGED
    for move in (migrate_up(connection, folder=folder), migrate_down(connection, target=0, folder=folder)):
        with pytest.raises(Conflict, match=r"0002_names\.up\.sql is not the file that was applied") as refused:
            await move
        assert refused.value.code == "migration_changed"


async def test_other_line_endings_are_the_same_file(connection: asyncpg.Connection, folder: Path) -> None:
    await migrate_up(connection, folder=folder)
    file = folder / "0003_by_name.up.sql"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert await migrate_up(connection, folder=folder) == []


async def test_a_database_of_a_newer_version_is_refused(connection: asyncpg.Connection, folder: Path) -> None:
    await migrate_up(connection, folder=folder)
    for way in ("up", "down"):
        (folder / f"0003_by_name.{way}.sql").unlink()
    assert (await standings(connection, folder))[2] == Standing.UNKNOWN
    with pytest.raises(Conflict, match="has migration 0003_by_name, which this version does not know") as refused:
        await migrate_up(connection, folder=folder)
    assert refused.value.code == "schema_newer"


async def test_a_number_that_was_jumped_over_is_refused(connection: asyncpg.Connection, folder: Path) -> None:
    await migrate_up(connection, folder=folder)
    await connection.execute("DELETE FROM schema_migrations WHERE number = 2")
    with pytest.raises(Conflict, match="0003_by_name was applied but 0002_names before it was not") as refused:
        await migrate_up(connection, folder=folder)
    assert refused.value.code == "migration_skipped"


@pytest.mark.parametrize("target", [-1, 4])
async def test_a_target_that_does_not_exist_is_refused(
    connection: asyncpg.Connection, folder: Path, target: int
) -> None:
    with pytest.raises(Invalid, match=f"There is no migration {target}; the newest is 0003_by_name"):
        await migrate_up(connection, target=target, folder=folder)


# Refused: the files are not sound


@pytest.mark.parametrize(
    ("remove", "add", "code", "named"),
    [
        (["0002_names.up.sql", "0002_names.down.sql"], [], "migration_gap", "0002"),
        (["0002_names.down.sql"], [], "migration_half", "0002_names.down.sql"),
        (["0002_names.up.sql"], [], "migration_half", "0002_names.up.sql"),
        (["0002_names.down.sql"], ["0002_other.down.sql"], "migration_half", ".sql is missing"),
        ([], ["0002_other.up.sql"], "migration_double", "0002_other.up.sql"),
        ([], ["2_other.up.sql"], "migration_misnamed", "2_other.up.sql"),
        ([], ["0000_other.up.sql"], "migration_misnamed", "0000_other.up.sql"),
    ],
)
def test_unsound_files_are_refused_by_name(
    folder: Path, remove: list[str], add: list[str], code: str, named: str
) -> None:
    for name in remove:
        (folder / name).unlink()
    for name in add:
        (folder / name).touch()
    with pytest.raises(Invalid) as refused:
        read_migrations(folder)
    assert refused.value.code == code
    assert named in refused.value.message


def test_a_folder_without_migrations_is_refused(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").touch()
    with pytest.raises(Invalid, match="There are no migrations in"):
        read_migrations(tmp_path)


def test_our_own_folder_is_sound() -> None:
    assert read_migrations(find_migrations_folder())


# Beside others


async def test_of_two_that_migrate_at_once_one_does_the_work(
    connection: asyncpg.Connection, other: asyncpg.Connection, folder: Path
) -> None:
    """With the blocking form of the lock, the concurrent index would end in a deadlock."""
    both = await asyncio.gather(migrate_up(connection, folder=folder), migrate_up(other, folder=folder))
    assert sorted(len(applied) for applied in both) == [0, 3]


async def test_waiting_for_another_migration_is_bounded(
    connection: asyncpg.Connection, other: asyncpg.Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "LOCK_SECONDS", 0)
    async with migrating._alone(other):
        with pytest.raises(Unavailable, match="Another process has been migrating"):
            await migrate_up(connection, folder=folder)
    assert len(await migrate_up(connection, folder=folder)) == 3


@pytest.fixture
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrating, "TABLE_LOCK_TIMEOUT", "20ms")
    monkeypatch.setattr(migrating, "TABLE_LOCK_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(migrating, "TABLE_LOCK_ATTEMPTS", 5)


@pytest.mark.usefixtures("in_haste")
@pytest.mark.parametrize("head", ["", "-- no transaction\n"])
async def test_a_table_in_use_is_tried_again_until_it_is_free(
    connection: asyncpg.Connection, other: asyncpg.Connection, folder: Path, head: str
) -> None:
    write(folder, "0002_names", (head + NAMES[0], NAMES[1]))
    await migrate_up(connection, target=1, folder=folder)
    refused_once = asyncio.Event()

    def jitter() -> float:
        refused_once.set()
        return 0.5

    async with contextlib.AsyncExitStack() as reader:
        await reader.enter_async_context(other.transaction())
        await other.fetch("SELECT FROM people")
        moving = asyncio.create_task(migrate_up(connection, target=2, folder=folder, jitter=jitter))
        await refused_once.wait()
    assert [m.number for m in await moving] == [2]


async def test_in_a_ring_of_locks_it_is_the_migration_that_gives_way(
    connection: asyncpg.Connection, other: asyncpg.Connection, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is at work has one of its tables and asks for the other, which the migration has already."""
    monkeypatch.setattr(migrating, "TABLE_LOCK_PAUSE_SECONDS", 0.01)
    write(folder, "0001_people", (PEOPLE[0] + "CREATE TABLE pets (id integer);", "DROP TABLE pets;" + PEOPLE[1]))
    write(folder, "0002_names", (NAMES[0] + "ALTER TABLE pets ADD COLUMN name text;", NAMES[1]))
    await migrate_up(connection, target=1, folder=folder)
    async with other.transaction():
        await other.fetch("SELECT FROM pets")
        moving = asyncio.create_task(migrate_up(connection, target=2, folder=folder))
        while not await other.fetchval("SELECT bool_or(NOT granted) FROM pg_locks WHERE relation = 'pets'::regclass"):
            await asyncio.sleep(0.01)
        await other.fetch("SELECT FROM people")
    assert [m.number for m in await moving] == [2]


@pytest.mark.usefixtures("in_haste")
async def test_a_table_in_use_for_ever_is_given_up(
    connection: asyncpg.Connection, other: asyncpg.Connection, folder: Path
) -> None:
    await migrate_up(connection, target=1, folder=folder)
    pauses: list[float] = []

    def jitter() -> float:
        pauses.append(0.5)
        return 0.5

    async with other.transaction():
        await other.fetch("SELECT FROM people")
        with pytest.raises(
            Unavailable, match=r"0002_names\.up\.sql could not lock its tables in 5 attempts"
        ) as refused:
            await migrate_up(connection, folder=folder, jitter=jitter)
    assert refused.value.code == "migration_tables_busy"
    assert len(pauses) == 5
    assert await held_locks(connection) == 0


async def test_a_lost_connection_is_told_as_it_is(
    connection: asyncpg.Connection, other: asyncpg.Connection, folder: Path
) -> None:
    """The lock goes with the connection, so the next one can go on."""
    write(folder, "0002_names", ("SELECT pg_terminate_backend(pg_backend_pid());", ""))
    with pytest.raises((Refused, asyncpg.InterfaceError)):
        await migrate_up(connection, folder=folder)
    write(folder, "0002_names", NAMES)
    assert [m.number for m in await migrate_up(other, folder=folder)] == [2, 3]


# Statements


def test_statements_end_at_semicolons_that_mean_it() -> None:
    text = """-- first; comment
    CREATE TABLE a (b text DEFAULT 'x;''y', "c;d" text); /* nothing; here */
    SELECT E'it\\'s; one', $$ body; $$, $tag$ $$ ; $tag$, $1;
    ;
    -- only words; here
    SELECT 'last'"""
    assert split_statements(text) == [
        "-- first; comment\n    CREATE TABLE a (b text DEFAULT 'x;''y', \"c;d\" text)",
        "/* nothing; here */\n    SELECT E'it\\'s; one', $$ body; $$, $tag$ $$ ; $tag$, $1",
        "-- only words; here\n    SELECT 'last'",
    ]


def test_a_file_of_comments_has_no_statements() -> None:
    assert split_statements("-- nothing;\n/* here; */ ;;\n") == []
