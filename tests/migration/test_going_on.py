"""After the switch campaigns go on where they stood, as if they had always been here; and back, with what was found."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from loadtest.baseline.patterns import OldPattern
from service.access.model import Principal
from service.campaigns import commands as campaigns
from service.campaigns.model import Campaign, UpdateCampaign
from service.campaigns.views import get_campaign
from service.errors import Conflict
from service.migration import commands
from service.migration.commands import Wishes
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from tests.audit import audit_everything
from tests.migration.old_system import PATTERN, OldCampaign, move, put, score
from tests.world import running_sandbox, running_worker, transition, until

GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase
RUNNING, PAUSED, COMPLETED = PhaseStatus.RUNNING, PhaseStatus.PAUSED, PhaseStatus.COMPLETED
NAMES = list(PATTERN.spell_names(0, 400))


async def switched(database: Database, old_url: str, wishes: Wishes) -> None:
    await commands.run(database, old_url, wishes)
    proof = await commands.prove(database, old_url)
    assert proof.holds, proof
    done = await commands.switch(database, old_url)
    assert done.is_done, done


async def ours(database: Database, principal: Principal, old_id: UUID) -> Campaign:
    async with database.transaction() as tx:
        async with database.pool.acquire() as connection:
            found = await connection.fetchval("SELECT campaign_id FROM legacy_campaigns WHERE old_id = $1", old_id)
        return await get_campaign(tx, principal, found)


async def check(database: Database) -> None:
    async with database.pool.acquire() as connection:
        await audit_everything(connection)


async def fetch(database: Database, query: str, *arguments: object) -> list[Any]:
    async with database.pool.acquire() as connection:
        return list(await connection.fetch(query, *arguments))


async def test_a_phase_half_done_goes_on_in_the_middle(
    old_url: str, old: asyncpg.Connection, database: Database, principal: Principal, wishes: Wishes
) -> None:
    """What the old system found is kept, and the rest is asked here; then the next phases follow."""
    old_id = await put(old, OldCampaign(resolved=16))
    await switched(database, old_url, wishes)
    carried = await ours(database, principal, old_id)
    assert (carried.current_phase, carried.phase_status, carried.progress) == (DNS, RUNNING, 40.0)
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        await until(database, principal, carried.id, DNS, COMPLETED)
        await check(database)
        await transition(database, principal, carried.id, HTTP)
        await until(database, principal, carried.id, HTTP, COMPLETED)
        await transition(database, principal, carried.id, ANALYSIS)
        await until(database, principal, carried.id, ANALYSIS, COMPLETED)
    await check(database)
    kept = await fetch(database, "SELECT count(*) FROM dns_results WHERE addresses = '\\xc0000207'")
    assert kept[0][0] == 12
    assert (await fetch(database, "SELECT count(*) FROM dns_results"))[0][0] == 40


@pytest.mark.parametrize("characters", ["zyxwvutsrqponmlkjihgfedcba", "abcdefghijklmnopqrstuvwxyz"])
async def test_names_are_made_on_from_where_the_old_system_ended(
    old_url: str,
    old: asyncpg.Connection,
    database: Database,
    principal: Principal,
    wishes: Wishes,
    characters: str,
) -> None:
    """In whatever order it walked: no name twice, none left out, and none of those of the campaign after it."""
    pattern = OldPattern("prefix", "shop", characters, 3, ".com")
    wanted = OldCampaign(asked=900, made=300, pattern=pattern, phase="generation")
    old_id = await put(old, wanted)
    await put(old, OldCampaign(asked=200, made=200, pattern=pattern, first=300, phase="generation"))
    await switched(database, old_url, wishes)
    carried = await ours(database, principal, old_id)
    assert (carried.current_phase, carried.phase_status) == (GENERATION, RUNNING)
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        await until(database, principal, carried.id, GENERATION, COMPLETED)
    await check(database)
    found = await fetch(
        database,
        "SELECT n.name FROM names n JOIN campaigns c ON c.name_set_id = n.set_id AND c.campaign_id = $1",
        carried.id,
    )
    expected = {*pattern.spell_names(0, 300), *pattern.spell_names(500, 1_100)}
    assert {row["name"] for row in found} == expected
    assert len(found) == len(expected)


async def test_what_was_paused_there_waits_here(
    old_url: str, old: asyncpg.Connection, database: Database, principal: Principal, wishes: Wishes
) -> None:
    old_id = await put(old, OldCampaign(resolved=16, phase_status="paused", status="paused"))
    await switched(database, old_url, wishes)
    carried = await ours(database, principal, old_id)
    assert (carried.current_phase, carried.phase_status) == (DNS, PAUSED)
    async with database.transaction() as tx:
        await campaigns.resume_campaign(tx, principal, carried.id, "", None)
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        await until(database, principal, carried.id, DNS, COMPLETED)
    await check(database)


async def test_leads_are_leads(old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes) -> None:
    """With their scores, keywords and titles."""
    old_id = await put(
        old, OldCampaign(resolved=40, fetched=40, phase="analysis", phase_status="completed", status="completed")
    )
    await score(old, old_id)
    await switched(database, old_url, wishes)
    leads = await fetch(database, "SELECT * FROM scores WHERE outcome = 1")
    expected = await old.fetchval("SELECT count(*) FROM generated_domains WHERE lead_status = 'match'")
    assert len(leads) == expected
    assert {(row["score"], row["keyword_bits"]) for row in leads} == {(0.5, 1)}
    await check(database)


# And back


async def test_what_was_found_here_is_written_back(
    old_url: str, old: asyncpg.Connection, database: Database, principal: Principal, wishes: Wishes
) -> None:
    """Phases that were done here stand in the old tables, in the old words."""
    old_id = await put(old, OldCampaign(resolved=16))
    await put(old, OldCampaign(resolved=40, pattern=OldPattern("prefix", "other", PATTERN.characters, 4, ".com")))
    await switched(database, old_url, wishes)
    carried = await ours(database, principal, old_id)
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        await until(database, principal, carried.id, DNS, COMPLETED)
        await transition(database, principal, carried.id, HTTP)
        await until(database, principal, carried.id, HTTP, COMPLETED)
    async with database.transaction() as tx:
        await campaigns.update_campaign(tx, principal, carried.id, UpdateCampaign(name="renamed"), None)
    rolled = await commands.rollback(database, old_url)
    assert rolled.returned is not None
    assert rolled.returned.campaigns >= 1
    assert rolled.returned.domains_changed >= 24
    assert rolled.returned.lost["lines of the audit trail"] >= 3
    header = await old.fetchrow("SELECT * FROM campaigns WHERE id = $1", old_id)
    assert (header["name"], header["current_phase"]) == ("renamed", "http_keyword_validation")
    assert (header["phase_status"], header["status"]) == ("completed", "completed")
    pending = "SELECT count(*) FROM generated_domains WHERE campaign_id = $1 AND dns_status = 'pending'"
    assert await old.fetchval(pending, old_id) == 0
    there = await old.fetch("SELECT http_status FROM generated_domains WHERE campaign_id = $1", old_id)
    assert any(row["http_status"] != "pending" for row in there)
    again = await commands.rollback(database, old_url, discard=True)
    assert again.returned is None
    await commands.run(database, old_url, wishes)
    assert (await commands.prove(database, old_url)).holds
    await check(database)


async def test_names_that_were_made_here_are_written_back(
    old_url: str, old: asyncpg.Connection, database: Database, principal: Principal, wishes: Wishes
) -> None:
    old_id = await put(old, OldCampaign(asked=90, made=40, phase="generation"))
    await switched(database, old_url, wishes)
    carried = await ours(database, principal, old_id)
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        await until(database, principal, carried.id, GENERATION, COMPLETED)
    rolled = await commands.rollback(database, old_url)
    assert rolled.returned is not None
    assert rolled.returned.domains_added == 50
    found = await old.fetch("SELECT domain_name FROM generated_domains WHERE campaign_id = $1", old_id)
    assert {row["domain_name"] for row in found} == set(PATTERN.spell_names(0, 90))


async def test_what_has_no_place_there_is_told(
    old_url: str, old: asyncpg.Connection, database: Database, principal: Principal, wishes: Wishes
) -> None:
    deleted = await put(old, OldCampaign(phase_status="paused", status="paused"))
    await switched(database, old_url, wishes)
    async with database.transaction() as tx:
        await campaigns.delete_campaign(tx, principal, (await ours(database, principal, deleted)).id, None)
    rolled = await commands.rollback(database, old_url)
    assert rolled.returned is not None
    assert rolled.returned.lost == {"campaigns that were deleted here: they are there still": 1}
    assert await old.fetchval("SELECT count(*) FROM campaigns") == 1


async def test_a_rollback_that_breaks_off_is_asked_again(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    """What ran when it began runs again there."""
    old_id = await put(old, OldCampaign(resolved=16))
    await switched(database, old_url, wishes)

    def break_off(rows: int) -> None:
        raise KeyboardInterrupt(rows)

    with pytest.raises(KeyboardInterrupt):
        await commands.rollback(database, old_url, on_rows=break_off)
    with pytest.raises(Conflict, match="what can be done is: rollback"):
        await commands.run(database, old_url, wishes)
    await commands.rollback(database, old_url)
    header = await old.fetchrow("SELECT * FROM campaigns WHERE id = $1", old_id)
    assert (header["phase_status"], header["status"]) == ("in_progress", "running")
    await move(old, old_id, "http_keyword_validation", "in_progress", "running")
