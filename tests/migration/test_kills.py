"""Steps that are killed at their worst moments: whoever asks again, or rolls back, loses nothing and is never stuck."""

import asyncpg
import pytest

from loadtest.baseline.planting import Planted
from service.migration import commands
from service.migration.commands import Wishes
from service.postgres.database import Database
from tests.audit import audit_everything
from tests.migration.dumping import dump
from tests.migration.old_system import OldCampaign, put
from tests.migration.operating import CLOSED, WAITING, Operator, locked, stage_of, until_true

pytestmark = pytest.mark.timeout(400)

WRITE = "UPDATE campaigns SET name = name || '!'"
CARRIED = "SELECT count(*) >= $1 FROM legacy_batches"
COMPARED = "SELECT count(*) >= $1 FROM legacy_batches WHERE is_verified"


@pytest.fixture
async def pristine(old_url: str, old: asyncpg.Connection) -> str:
    """A dump of the old database, with one campaign in it, before anything is done."""
    await put(old, OldCampaign(resolved=20))
    return await dump(old_url)


async def verified(database: Database, old_url: str, wishes: Wishes) -> None:
    await commands.run(database, old_url, wishes)
    proof = await commands.prove(database, old_url)
    assert proof.holds, proof


async def test_rows_are_carried_and_compared_from_where_it_broke_off(
    old_url: str, planted: Planted, database: Database, operator: Operator, wishes: Wishes
) -> None:
    """Killed in the middle of its batches, several times, and of comparing them."""
    async with database.pool.acquire() as connection:
        for batches in (1, 5, 15):
            async with operator.started("run", "--sandbox") as process:
                await until_true(connection, CARRIED, process, batches)
        assert await stage_of(database) == "added"
        carried = await commands.run(database, old_url, wishes)
        assert carried.is_up_to_date
        async with operator.started("verify") as process:
            await until_true(connection, COMPARED, process, 5)
        proof = await commands.prove(database, old_url)
        assert proof.holds, proof
        assert proof.rows == carried.rows == proof.carried
        await audit_everything(connection)


@pytest.mark.parametrize("then", ["run", "rollback"])
async def test_killed_while_the_backup_is_made(
    old_url: str, pristine: str, database: Database, operator: Operator, wishes: Wishes, then: str
) -> None:
    """Nothing has begun."""
    async with locked(old_url, "LOCK TABLE users IN ACCESS EXCLUSIVE MODE") as held:
        await operator.killed_while_waiting(held, "run", "--sandbox")
        await held.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pg_dump'")
    assert await stage_of(database) is None
    if then == "run":
        await commands.run(database, old_url, wishes)
    else:
        assert "No migration was begun here" in await operator.refused("rollback")
        assert await dump(old_url) == pristine


@pytest.mark.parametrize("then", ["run", "rollback"])
async def test_killed_before_it_listens(
    old_url: str, pristine: str, database: Database, operator: Operator, wishes: Wishes, then: str
) -> None:
    """Noted here, and nothing is made there yet: both ways are open."""
    async with locked(old_url, "LOCK TABLE generated_domains IN ROW EXCLUSIVE MODE") as held:
        await operator.killed_while_waiting(held, "run", "--sandbox")
    assert await stage_of(database) == "added"
    if then == "run":
        await verified(database, old_url, wishes)
    await operator.goes("rollback")
    assert await dump(old_url) == pristine
    assert (await commands.run(database, old_url, wishes)).is_up_to_date


@pytest.mark.parametrize("then", ["switch", "rollback"])
async def test_killed_in_the_middle_of_the_switch(
    old_url: str,
    old: asyncpg.Connection,
    pristine: str,
    database: Database,
    database_url: str,
    operator: Operator,
    wishes: Wishes,
    then: str,
) -> None:
    """The old tables are closed, and nothing was handed over: it goes on, or they are opened."""
    await verified(database, old_url, wishes)
    async with locked(database_url, "LOCK TABLE legacy_sources IN SHARE ROW EXCLUSIVE MODE") as held:
        await operator.killed_while_waiting(held, "switch")
    assert await stage_of(database) == "verified"
    assert await old.fetchval(CLOSED)
    await operator.goes(then)
    if then == "switch":
        assert await stage_of(database) == "switched"
        await operator.goes("rollback", "--yes")
    assert await dump(old_url) == pristine
    await old.execute(WRITE)


@pytest.mark.parametrize("is_switched", [False, True])
async def test_killed_before_the_old_tables_are_left(
    old_url: str, pristine: str, database: Database, operator: Operator, wishes: Wishes, is_switched: bool
) -> None:
    """Everything was written back, or thrown away, and our triggers are there still."""
    await verified(database, old_url, wishes)
    if is_switched:
        await commands.switch(database, old_url)
    async with locked(old_url, "LOCK TABLE campaigns IN ROW EXCLUSIVE MODE") as held:
        await operator.killed_while_waiting(held, "rollback", "--yes")
    assert await dump(old_url) != pristine
    assert "ask for `rollback` again" in await operator.refused("run", "--sandbox")
    await operator.goes("rollback", "--yes")
    assert await dump(old_url) == pristine
    if is_switched:
        assert "is kept here since its rollback" in await operator.refused("run", "--sandbox")
        await operator.goes("rollback", "--discard")
    assert (await commands.run(database, old_url, wishes)).is_up_to_date


@pytest.mark.parametrize("then", ["finish", "rollback"])
async def test_killed_before_the_old_tables_are_dropped(
    old_url: str, pristine: str, database: Database, operator: Operator, wishes: Wishes, then: str
) -> None:
    """They are all there: it can be finished, and it can be rolled back."""
    await verified(database, old_url, wishes)
    await commands.switch(database, old_url)
    async with locked(old_url, "LOCK TABLE campaigns IN ACCESS SHARE MODE") as held:
        await operator.killed_while_waiting(held, "finish", "--yes")
    assert await stage_of(database) == "finishing"
    await operator.goes(then, "--yes")
    if then == "rollback":
        assert await dump(old_url) == pristine
    else:
        assert "generated_domains" not in await dump(old_url)


async def test_killed_after_the_old_tables_were_dropped(
    old_url: str,
    old: asyncpg.Connection,
    pristine: str,
    database: Database,
    database_url: str,
    operator: Operator,
    wishes: Wishes,
) -> None:
    """Nothing is left to be rolled back; asked again, it says how to restore what was dropped."""
    await verified(database, old_url, wishes)
    await commands.switch(database, old_url)
    reading = old.transaction()
    await reading.start()
    await old.execute("LOCK TABLE campaigns IN ACCESS SHARE MODE")
    async with database.pool.acquire() as connection, operator.started("finish", "--yes") as process:
        await until_true(connection, "SELECT stage = 'finishing' FROM legacy_sources", process)
        async with locked(database_url, "LOCK TABLE legacy_sources IN SHARE ROW EXCLUSIVE MODE") as held:
            await reading.rollback()
            await until_true(old, "SELECT to_regclass('campaigns') IS NULL", process)
            await until_true(held, WAITING, process)
            process.kill()
            await process.wait()
    assert await stage_of(database) == "finishing"
    assert "restore them from the backup" in await operator.refused("rollback", "--yes")
    assert "pg_restore" in await operator.goes("finish", "--yes")
    assert await stage_of(database) == "finished"
