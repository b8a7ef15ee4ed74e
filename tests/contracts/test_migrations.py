import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from service.access.model import Principal
from service.postgres.database import Database
from service.postgres.describing import describe_schema
from service.postgres.migrating import Standing, migrate_down, migrate_up, migration_status, read_migrations
from tests.contracts.schema_picture import picture, schema_file
from tests.domains.reading.synthetic import count_keyword_pages, make_domains, plant

KEYWORD_PAGES_OF_RUNS = """
    SELECT
        r.keyword_page_count AS counted,
        (SELECT sum(c.keyword_page_count) FROM chunks c WHERE c.run_id = r.run_id) AS in_chunks
    FROM phase_runs r
    WHERE r.campaign_id = $1
    ORDER BY r.run_id
"""


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


@pytest.mark.made_up
async def test_pages_with_a_keyword_are_counted_of_older_runs(database: Database, principal: Principal) -> None:
    """Of each run in all and, since it is the sum of its chunks, of these together; however many chunks it has."""
    planted = [await plant(database, principal, make_domains(400, seed=seed), seed) for seed in (11, 21)]
    async with database.pool.acquire() as connection:
        await migrate_down(connection, target=7)
        for one in planted:
            await connection.executemany(
                "INSERT INTO chunks (run_id, number, kind, first_position, end_position, item_count)"
                " VALUES ($1, $2, 'fresh', 0, 1000, 400)",
                [(set_id, number) for set_id in one.set_ids for number in (2, 3)],
            )
        await migrate_up(connection)
        for one in planted:
            wanted = count_keyword_pages(one.domains)
            runs = await connection.fetch(KEYWORD_PAGES_OF_RUNS, one.campaign_id)
            assert [(run["counted"], run["in_chunks"]) for run in runs] == [(0, 0), (0, 0), (wanted, wanted), (0, 0)]
            assert wanted > 0


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
