import shutil
import subprocess
import sys
from pathlib import Path

from service.postgres.database import Database
from service.postgres.describing import describe_schema
from service.postgres.migrating import Standing, migrate_down, migrate_up, migration_status, read_migrations
from tests.contracts.schema_picture import picture, schema_file


async def test_up_down_up_gives_the_same_schema(database: Database) -> None:
    async with database.pool.acquire() as connection:
        built = await describe_schema(connection)
        await migrate_down(connection, target=0)
        empty = await describe_schema(connection)
        assert "CREATE" not in empty, "down leaves something behind"
        await migrate_up(connection)
        assert await describe_schema(connection) == built


async def test_each_step_down_undoes_its_step_up(database: Database) -> None:
    async with database.pool.acquire() as connection:
        await migrate_down(connection, target=0)
        pictures = [await describe_schema(connection)]
        numbers = [status.number for status in await migration_status(connection)]
        for number in numbers:
            await migrate_up(connection, target=number)
            pictures.append(await describe_schema(connection))
        for number, before in reversed(list(zip([0, *numbers[:-1]], pictures[:-1], strict=True))):
            await migrate_down(connection, target=number)
            assert await describe_schema(connection) == before


async def test_schema_file_is_what_the_migrations_build(database: Database) -> None:
    async with database.pool.acquire() as connection:
        assert schema_file().read_text() == await picture(connection)


async def test_everything_is_applied_after_up(database: Database) -> None:
    async with database.pool.acquire() as connection:
        statuses = await migration_status(connection)
    assert statuses
    assert {status.standing for status in statuses} == {Standing.APPLIED}


def test_squawk_has_nothing_to_say(repository: Path) -> None:
    squawk = shutil.which("squawk", path=str(Path(sys.executable).parent))
    assert squawk is not None
    files = [str(file) for file in sorted((repository / "migrations").glob("*.up.sql"))]
    assert len(files) == len(read_migrations(repository / "migrations"))
    answer = subprocess.run(
        [squawk, "--config", str(repository / ".squawk.toml"), *files], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout
