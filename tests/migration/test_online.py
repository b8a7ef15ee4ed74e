"""The old system goes on writing while it is carried: what it writes follows."""

import asyncio
from uuid import UUID

import asyncpg

from loadtest.baseline.patterns import OldPattern
from service.migration import commands
from service.migration.commands import Wishes
from service.postgres.database import Database
from tests.migration.old_system import (
    PATTERN,
    OldCampaign,
    add_domains,
    find_addresses,
    find_pages,
    move,
    put,
)

NAMES = list(PATTERN.spell_names(0, 400))


async def carried_rows(database: Database) -> dict[str, int]:
    async with database.pool.acquire() as connection:
        return {
            table: await connection.fetchval(f"SELECT count(*) FROM {table}")
            for table in ("names", "dns_results", "http_results", "campaigns", "phase_runs")
        }


async def test_what_was_written_since_is_carried(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    campaign = await put(old, OldCampaign(asked=100, made=60, resolved=10))
    await commands.run(database, old_url, wishes)
    await find_addresses(old, campaign, NAMES[10:30])
    await add_domains(old, campaign, NAMES[60:80], first=60)
    proof = await commands.prove(database, old_url)
    assert proof.holds, proof
    rows = await carried_rows(database)
    assert (rows["names"], rows["dns_results"]) == (80, 30)


async def test_a_phase_that_begins_meanwhile_is_carried(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    """The names that DNS left without an outcome have one when it has ended: none that is known."""
    campaign = await put(old, OldCampaign(resolved=38))
    await commands.run(database, old_url, wishes)
    await move(old, campaign, "http_keyword_validation", "in_progress", "running")
    await find_pages(old, campaign, NAMES[:20])
    proof = await commands.prove(database, old_url)
    assert proof.holds, proof
    rows = await carried_rows(database)
    assert (rows["dns_results"], rows["http_results"], rows["phase_runs"]) == (40, 15, 3)


async def test_campaigns_come_and_go(old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes) -> None:
    gone, stays = await put(old, OldCampaign()), await put(old, OldCampaign(first=100))
    await commands.run(database, old_url, wishes)
    await old.execute("DELETE FROM generated_domains WHERE campaign_id = $1", gone)
    await old.execute("DELETE FROM campaigns WHERE id = $1", gone)
    new = await put(old, OldCampaign(first=200))
    proof = await commands.prove(database, old_url)
    assert proof.holds, proof
    async with database.pool.acquire() as connection:
        found = await connection.fetch("SELECT old_id FROM legacy_campaigns")
    assert {row["old_id"] for row in found} == {stays, new}


async def test_rows_that_come_between_others_are_carried(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    """More rows lie in a batch than it has positions: it is carried anew."""
    campaign = await put(old, OldCampaign(made=20, asked=80))
    await old.execute("UPDATE generated_domains SET offset_index = 1000 + offset_index * 10")
    await commands.run(database, old_url, wishes)
    await old.execute("DELETE FROM generated_domains WHERE offset_index = 1000")
    await add_domains(old, campaign, NAMES[50:59], first=1041)
    proof = await commands.prove(database, old_url)
    assert proof.holds, proof
    assert (await carried_rows(database))["names"] == 28


async def test_an_emptied_table_is_emptied_here(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    await put(old, OldCampaign())
    await commands.run(database, old_url, wishes)
    await old.execute("TRUNCATE generated_domains")
    proof = await commands.prove(database, old_url)
    assert proof.holds, proof
    assert (await carried_rows(database))["names"] == 0


async def test_writers_that_never_rest_lose_nothing(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    """From the first moment to the switch, and until they are refused."""
    campaigns = [await put(old, OldCampaign(made=300, asked=400, pattern=pattern_of(number))) for number in range(3)]
    writing = asyncio.create_task(write_until_refused(old_url, campaigns))
    await commands.run(database, old_url, wishes)
    proof = await commands.prove(database, old_url)
    while not proof.holds:
        proof = await commands.prove(database, old_url)
    switched = await commands.switch(database, old_url)
    assert switched.is_done, switched
    written = await writing
    assert written > 0
    rows = await carried_rows(database)
    assert rows["names"] == await old.fetchval("SELECT count(*) FROM generated_domains")
    resolved = "SELECT count(*) FROM generated_domains WHERE dns_status <> 'pending'"
    assert rows["dns_results"] == await old.fetchval(resolved)


def pattern_of(number: int) -> OldPattern:
    return OldPattern("prefix", f"shop{number}", PATTERN.characters, 4, ".com")


async def write_until_refused(url: str, campaigns: list[UUID]) -> int:
    """Batches of each campaign in turn; how many were written."""
    connection = await asyncpg.connect(url)
    batches = 0
    try:
        while True:
            number = batches % len(campaigns)
            at = batches // len(campaigns) * 3
            names = list(pattern_of(number).spell_names(at, at + 3))
            await find_addresses(connection, campaigns[number], names)
            batches += 1
            await asyncio.sleep(0.02)
    except asyncpg.ReadOnlySQLTransactionError:
        return batches
    finally:
        await connection.close()
