"""A migration from its plan to its end, and back from each of its stages."""

import asyncpg
import pytest

from loadtest.baseline.planting import Planted
from service.access.model import Principal
from service.campaigns.model import Campaign, Network
from service.campaigns.views import list_campaigns
from service.errors import Conflict
from service.migration import commands
from service.migration.commands import Wishes
from service.migration.planning import make_plan
from service.migration.returning import Returned
from service.migration.source.store import open_source
from service.postgres.database import Database
from tests.audit import audit_everything
from tests.migration.dumping import dump, typed


async def listed(database: Database, principal: Principal) -> list[Campaign]:
    async with database.transaction() as tx:
        page = await list_campaigns(tx, principal, cursor=None, phase=None, status=None, limit=1_000)
    return list(page.items)


async def check(database: Database) -> None:
    async with database.pool.acquire() as connection:
        await audit_everything(connection)


async def test_a_plan_tells_what_is_there_and_changes_nothing(
    old_url: str, planted: Planted, database: Database
) -> None:
    before = await dump(old_url)
    async with open_source(old_url) as source:
        plan = await make_plan(database, source, Network.SANDBOX, campaigns_told_max=1_000)
    assert plan.goes
    assert (plan.edition, plan.version) == ("dual", 20250801)
    assert plan.campaigns == len(planted.plans) == len(plan.planned) == sum(plan.standings.values())
    assert plan.domains >= planted.rows["generated_domains"]
    assert plan.bytes_needed > 0
    assert plan.bytes_free is not None
    assert await dump(old_url) == before


async def test_from_the_plan_to_the_end(
    old_url: str, planted: Planted, database: Database, principal: Principal, wishes: Wishes
) -> None:
    """Nobody finds a campaign before the switch, and all of them after it; the audit holds at each stage."""
    carried = await commands.run(database, old_url, wishes)
    await check(database)
    assert carried.is_up_to_date
    assert await listed(database, principal) == []
    proof = await commands.prove(database, old_url)
    assert proof.holds, proof
    assert proof.rows == proof.carried == carried.rows
    switched = await commands.switch(database, old_url)
    assert switched.is_done
    assert switched.campaigns == len(planted.plans)
    assert len(await listed(database, principal)) == len(planted.plans)
    await check(database)
    finished = await commands.finish(database, old_url, wishes.backup_folder)
    assert "generated_domains" in finished.tables
    with pytest.raises(Conflict, match="pg_restore"):
        await commands.rollback(database, old_url)
    await check(database)


async def test_the_backup_brings_the_old_tables_back(
    old_url: str, planted: Planted, database: Database, wishes: Wishes
) -> None:
    """By the commands that are told, exactly as they are told."""
    before = await dump(old_url)
    await commands.run(database, old_url, wishes)
    await commands.prove(database, old_url)
    await commands.switch(database, old_url)
    finished = await commands.finish(database, old_url, wishes.backup_folder)
    assert "generated_domains" not in await dump(old_url)
    for command in finished.restore:
        await typed(command)
    assert await dump(old_url) == before


async def test_before_the_switch_nothing_is_left_of_us(
    old_url: str, planted: Planted, database: Database, principal: Principal, wishes: Wishes
) -> None:
    before = await dump(old_url)
    await commands.run(database, old_url, wishes)
    assert await dump(old_url) != before
    rolled = await commands.rollback(database, old_url)
    assert rolled.returned is None
    assert await dump(old_url) == before
    await check(database)
    assert await listed(database, principal) == []


async def test_after_the_switch_it_goes_back(
    old_url: str, planted: Planted, database: Database, principal: Principal, wishes: Wishes
) -> None:
    """Nothing was done here meanwhile: the old database is as it was."""
    before = await dump(old_url)
    await commands.run(database, old_url, wishes)
    await commands.prove(database, old_url)
    await commands.switch(database, old_url)
    rolled = await commands.rollback(database, old_url)
    assert rolled.returned == Returned(0, 0, 0, {})
    assert await dump(old_url) == before
    assert await listed(database, principal) == []
    await check(database)
    await commands.rollback(database, old_url, discard=True)
    again = await commands.run(database, old_url, wishes)
    assert again.is_up_to_date


@pytest.mark.usefixtures("planted")
async def test_the_old_tables_are_closed_from_the_switch_on(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    write = "UPDATE campaigns SET name = name || '!'"
    await commands.run(database, old_url, wishes)
    await old.execute(write)
    await commands.prove(database, old_url)
    await commands.switch(database, old_url)
    for refused in (write, "DELETE FROM generated_domains", "TRUNCATE campaign_phases"):
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError, match="carried over to Phaseline"):
            await old.execute(refused)
    assert await old.fetchval("SELECT count(*) FROM campaigns WHERE name LIKE '%!'")
    await commands.rollback(database, old_url)
    await old.execute(write)


async def test_each_step_has_its_stage(old_url: str, database: Database, wishes: Wishes) -> None:
    with pytest.raises(Conflict, match="No migration was begun"):
        await commands.prove(database, old_url)
    await commands.run(database, old_url, wishes)
    with pytest.raises(Conflict, match="what can be done is: verify"):
        await commands.switch(database, old_url)
    await commands.prove(database, old_url)
    with pytest.raises(Conflict, match="switch, or rollback"):
        await commands.finish(database, old_url, wishes.backup_folder)
    await commands.switch(database, old_url)
    with pytest.raises(Conflict, match="finish, or rollback"):
        await commands.run(database, old_url, wishes)
    with pytest.raises(Conflict, match="confirm with --yes"):
        await commands.rollback(database, old_url, may_return=False)
    await commands.rollback(database, old_url)
    with pytest.raises(Conflict, match="--discard"):
        await commands.rollback(database, old_url)
