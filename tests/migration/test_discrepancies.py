"""Whatever is not here as it is there is found, told by what it is, and stops the switch."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import pytest

from service.errors import Conflict
from service.migration import commands, verifying
from service.migration.commands import Wishes
from service.migration.verifying import Proof
from service.postgres.database import Database
from tests.migration.old_system import PATTERN, OldCampaign, add_domains, put
from tests.migration.test_bad_sources import NO_CONSTRAINTS

NAMES = list(PATTERN.spell_names(0, 400))
PAST_THE_TRIGGERS = "SET session_replication_role = replica"  # as a restore, or replication, writes

HERE, THERE = "here", "there"
CHANGES: Sequence[tuple[str, str, str]] = (
    (HERE, "UPDATE names SET name = 'other.com' WHERE (set_id, position) = ({names}, 7)", "domain_generation_differs"),
    (HERE, "DELETE FROM dns_results WHERE (set_id, position) = ({dns}, 7)", "dns_validation_differs"),
    (HERE, "UPDATE campaigns SET name = 'other' WHERE campaign_id = '{ours}'", "standing_differs"),
    (HERE, "UPDATE legacy_batches SET is_dirty = true WHERE old_id = '{old}'", "rows_changed"),
    (HERE, "DELETE FROM names WHERE (set_id, position) = ({names}, 0)", "names_lost"),
    (THERE, "UPDATE campaigns SET name = 'other' WHERE id = '{old}'", "campaign_changed"),
    (
        THERE,
        "UPDATE generated_domains SET dns_status = 'timeout' WHERE offset_index < 9",
        "dns_validation_differs",
    ),
    (THERE, "DELETE FROM generated_domains WHERE campaign_id = '{old}' AND offset_index = 7", "rows_unaccounted"),
    (THERE, "DELETE FROM generated_domains WHERE campaign_id = '{old}' AND offset_index = 7", "rows_unnoticed"),
    (THERE, "UPDATE generated_domains SET offset_index = 999 WHERE offset_index = 7", "rows_missing"),
    (THERE, "DELETE FROM campaigns WHERE id = '{old}'", "campaign_gone"),
    (THERE, "INSERT INTO campaigns (id, name) VALUES (gen_random_uuid(), 'new')", "campaign_missing"),
)


async def carried(old: asyncpg.Connection, database: Database, old_url: str, wishes: Wishes) -> UUID:
    """A campaign whose first name stands twice; carried and verified."""
    await old.execute(NO_CONSTRAINTS)
    old_id = await put(old, OldCampaign(resolved=20, phase_status="paused", status="paused"))
    await add_domains(old, old_id, [NAMES[0]], first=40)
    await commands.run(database, old_url, wishes)
    proof = await commands.prove(database, old_url)
    assert (proof.holds, proof.merged) == (True, 1), proof
    return old_id


async def codes(database: Database, old_url: str) -> set[str]:
    proof = await commands.prove(database, old_url)
    assert not proof.holds
    with pytest.raises(Conflict, match="what can be done is: verify"):
        await commands.switch(database, old_url)
    return {each.code for each in proof.discrepancies}


@pytest.mark.parametrize(("side", "change", "code"), CHANGES)
async def test_each_is_found(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes, side: str, change: str, code: str
) -> None:
    old_id = await carried(old, database, old_url, wishes)
    async with database.pool.acquire() as connection:
        row = await connection.fetchrow("SELECT c.* FROM legacy_campaigns JOIN campaigns c USING (campaign_id)")
        sets = {"names": row["name_set_id"], "dns": row["dns_set_id"]}
        statement = change.format(old=old_id, ours=row["campaign_id"], **sets)
        if side == HERE:
            await connection.execute(statement)
        else:
            await old.execute(f"{PAST_THE_TRIGGERS}; {statement}")
    assert code in await codes(database, old_url)


async def test_no_more_are_told_than_somebody_reads(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "DISCREPANCIES_TOLD_MAX", 2)
    for first in range(0, 200, 50):
        await put(old, OldCampaign(resolved=20, first=first))
    await commands.run(database, old_url, wishes)
    async with database.pool.acquire() as connection:
        await connection.execute("DELETE FROM dns_results")
    proof: Proof = await commands.prove(database, old_url)
    assert len(proof.discrepancies) == 2


async def test_what_differs_when_the_old_tables_are_closed_opens_them_again(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    await carried(old, database, old_url, wishes)
    async with database.pool.acquire() as connection:
        await connection.execute("DELETE FROM dns_results WHERE position = 7")
        await connection.execute("UPDATE legacy_batches SET is_verified = false")
    switched = await commands.switch(database, old_url)
    assert not switched.is_done
    assert (switched.campaigns, switched.running) == (0, 0)
    await old.execute("UPDATE campaigns SET name = 'open'")
