"""Campaigns that are otherwise than most: without a pattern, with names of another, unreadable, gone, or changed."""

import subprocess
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from loadtest.baseline.patterns import OldPattern
from service.access.model import Principal
from service.campaigns import commands as campaigns
from service.campaigns.model import ConfigurationUpdate, HttpValidation, Network, UpdateCampaign
from service.migration import carrying, changes, commands
from service.migration.commands import Wishes
from service.migration.planning import make_plan
from service.migration.prospects import Prospect
from service.migration.source.store import open_source
from service.migration.survey import begin_survey
from service.postgres.binaries import find_binaries
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from tests.audit import audit_everything
from tests.migration.old_system import PATTERN, OldCampaign, add_domains, find_pages, put
from tests.migration.test_bad_sources import NO_CONSTRAINTS
from tests.migration.test_going_on import fetch, ours, switched
from tests.world import running_sandbox, running_worker, until

NAMES = list(PATTERN.spell_names(0, 400))


async def proved(database: Database, old_url: str, wishes: Wishes) -> None:
    await commands.run(database, old_url, wishes)
    proof = await commands.prove(database, old_url)
    assert proof.holds, proof
    async with database.pool.acquire() as connection:
        await audit_everything(connection)


@pytest.mark.parametrize(
    ("phase", "phase_status", "stands"),
    [
        ("generation", "in_progress", ("dns_validation", "pending")),
        ("generation", "cancelled", ("dns_validation", "cancelled")),
        ("dns_validation", "paused", ("dns_validation", "paused")),
    ],
)
async def test_without_a_pattern_its_names_are_a_list(
    old_url: str,
    old: asyncpg.Connection,
    database: Database,
    wishes: Wishes,
    phase: str,
    phase_status: str,
    stands: tuple[str, str],
) -> None:
    """Known from the beginning, or lost while it is carried."""
    old_id = await put(old, OldCampaign(phase=phase, phase_status=phase_status, status=None))
    await commands.run(database, old_url, wishes)
    await old.execute("DELETE FROM domain_generation_campaign_params")
    await proved(database, old_url, wishes)
    (row,) = await fetch(
        database,
        "SELECT c.*, l.told FROM campaigns c JOIN legacy_campaigns l USING (campaign_id) WHERE l.old_id = $1",
        old_id,
    )
    assert row["initial_phase"] == "dns_validation"
    assert (row["current_phase"], row["phase_status"]) == stands
    assert "no usable pattern: its names are carried as a list, and no more are made" in row["told"]


@pytest.mark.parametrize("is_there", [True, False])
async def test_pages_of_another_campaigns_names(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes, is_there: bool
) -> None:
    """Without DNS between them; where the other one is gone, only what was fetched has a name."""
    source = await put(old, OldCampaign(made=10, phase="generation", phase_status="completed", status="completed"))
    fetching = await put(old, OldCampaign(0, 0, 0, 0, "http_keyword_validation", "completed", None, None))
    await old.execute(
        "INSERT INTO http_keyword_campaign_params (campaign_id, source_campaign_id, persona_ids) VALUES ($1, $2, '{}')",
        fetching,
        source,
    )
    await old.executemany(
        "INSERT INTO http_keyword_results (id, http_keyword_campaign_id, domain_name, validation_status,"
        " http_status_code) VALUES ($1, $2, $3, 'lead_valid', 200)",
        [(uuid4(), fetching, name) for name in NAMES[:4]],
    )
    if not is_there:
        await old.execute("DELETE FROM generated_domains WHERE campaign_id = $1", source)
    await proved(database, old_url, wishes)
    assert await found_pages(database, fetching) == {1: 4, 15: 6} if is_there else {1: 4}


async def found_pages(database: Database, old_id: UUID) -> dict[int, int]:
    rows = await fetch(
        database,
        "SELECT h.outcome, count(*) AS amount FROM http_results h JOIN campaigns c ON c.http_set_id = h.set_id"
        " JOIN legacy_campaigns l USING (campaign_id) WHERE l.old_id = $1 GROUP BY 1",
        old_id,
    )
    return {row["outcome"]: row["amount"] for row in rows}


async def test_an_empty_old_system(old_url: str, database: Database, wishes: Wishes) -> None:
    async with open_source(old_url) as source:
        plan = await make_plan(database, source, wishes.network, campaigns_told_max=10)
    assert (plan.campaigns, plan.sample_rows, plan.seconds, plan.goes) == (0, 0, 0.0, True)
    await switched(database, old_url, wishes)


async def test_plans_show_as_many_campaigns_as_are_asked_for(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.migration.planning.SENTENCES_MAX", 1)
    for made in (10, 30, 20):
        await put(old, OldCampaign(made=made))
    await old.execute("DELETE FROM domain_generation_campaign_params")
    async with open_source(old_url) as source:
        plan = await make_plan(database, source, wishes.network, campaigns_told_max=2)
    assert (len(plan.planned), plan.campaigns, plan.sample_rows) == (2, 3, 30)
    assert sum(plan.settings.values()) < 3 * len(plan.settings)


async def test_plans_tell_what_becomes_of_rows_and_nothing_of_a_disk_that_they_do_not_see(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await old.execute(NO_CONSTRAINTS)
    old_id = await put(old, OldCampaign(made=10))
    await add_domains(old, old_id, [NAMES[0], "no name", "UPPER.com"], first=10)

    def forbidden(_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("shutil.disk_usage", forbidden)
    async with open_source(old_url) as source:
        plan = await make_plan(database, source, wishes.network, campaigns_told_max=10)
    assert plan.bytes_free is None
    assert plan.goes
    assert plan.sample_fates.pop("merged: same_name") == 1
    assert sorted(plan.sample_fates.values()) == [1, 1]


async def test_where_nobody_knows_the_last_place_no_names_are_made(
    old_url: str, old: asyncpg.Connection, database: Database, principal: Principal, wishes: Wishes
) -> None:
    """A version without offsets: a campaign that has begun ends with what it has, and falls short; one that has not
    makes what it was asked for."""
    begun = await put(old, OldCampaign(asked=60, made=20, phase="generation"))
    other = OldPattern("prefix", "other", PATTERN.characters, 4, ".com")
    fresh = await put(old, OldCampaign(asked=60, made=0, phase="generation", pattern=other))
    await old.execute("ALTER TABLE generated_domains DROP COLUMN offset_index")
    await switched(database, old_url, wishes)
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        for old_id in (begun, fresh):
            there = await ours(database, principal, old_id)
            await until(database, principal, there.id, CampaignPhase.DOMAIN_GENERATION, PhaseStatus.COMPLETED)
    rows = await fetch(database, "SELECT total_count, shortfall_count FROM phase_runs ORDER BY total_count")
    assert [tuple(row) for row in rows] == [(20, 40), (60, 0)]


async def test_a_space_that_is_exhausted_is_told(
    old_url: str, old: asyncpg.Connection, database: Database, principal: Principal, wishes: Wishes
) -> None:
    small = OldPattern("prefix", "small", "ab", 3, ".com")
    old_id = await put(old, OldCampaign(asked=20, made=8, phase="generation", pattern=small))
    await switched(database, old_url, wishes)
    there = await ours(database, principal, old_id)
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        await until(database, principal, there.id, CampaignPhase.DOMAIN_GENERATION, PhaseStatus.COMPLETED)
    (row,) = await fetch(database, "SELECT total_count, shortfall_count FROM phase_runs")
    assert tuple(row) == (8, 12)


# Batches


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carrying, "BATCH_ROWS", 10)
    monkeypatch.setattr(carrying, "BATCH_ROWS_MAX", 20)


@pytest.mark.usefixtures("small_batches")
async def test_what_lies_behind_a_batch_that_has_grown_is_carried_with_it(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    """Though it has changed as well."""
    old_id = await put(old, OldCampaign(made=40, asked=90))
    await old.execute("UPDATE generated_domains SET offset_index = 1000 + offset_index * 10")
    await commands.run(database, old_url, wishes)
    await add_domains(old, old_id, NAMES[50:59], first=1001)
    await old.execute("UPDATE generated_domains SET dns_status = 'timeout' WHERE offset_index > 1100")
    proof = await commands.prove(database, old_url)
    assert proof.holds, proof
    assert proof.carried == 49


@pytest.mark.usefixtures("small_batches")
async def test_a_name_that_was_merged_comes_back_when_the_other_row_goes(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    await old.execute(NO_CONSTRAINTS)
    old_id = await put(old, OldCampaign(made=30, asked=90, phase="http"))
    await old.execute("UPDATE generated_domains SET dns_status = 'ok'")
    await add_domains(old, old_id, [name.upper() for name in NAMES[:5]], first=100)
    await old.execute("UPDATE generated_domains SET dns_status = 'ok' WHERE offset_index >= 100")
    await find_pages(old, old_id, [name.upper() for name in NAMES[:5]])
    await commands.run(database, old_url, wishes)
    proof = await commands.prove(database, old_url)
    assert (proof.holds, proof.carried, proof.merged) == (True, 30, 5)
    await old.execute("DELETE FROM generated_domains WHERE offset_index >= 100")
    proof = await commands.prove(database, old_url)
    assert (proof.holds, proof.carried, proof.merged) == (True, 30, 0), proof


# What changes between the steps


async def test_a_campaign_that_is_gone_when_it_is_run_again(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    gone = await put(old, OldCampaign())
    await put(old, OldCampaign(first=100))
    await commands.run(database, old_url, wishes)
    await old.execute("SET session_replication_role = replica")  # past the triggers
    await old.execute("DELETE FROM campaigns WHERE id = $1", gone)
    await proved(database, old_url, wishes)
    assert [row["old_id"] for row in await fetch(database, "SELECT old_id FROM legacy_campaigns")] != [gone]


async def test_who_writes_faster_than_we_carry_is_told_of(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(old, OldCampaign())
    await commands.run(database, old_url, wishes)
    await old.execute("UPDATE generated_domains SET dns_status = 'timeout'")
    monkeypatch.setattr(changes, "ROUNDS_MAX", 1)
    assert not (await commands.run(database, old_url, wishes)).is_up_to_date
    assert (await commands.run(database, old_url, wishes)).is_up_to_date


@pytest.mark.parametrize("rounds", [1, 5])
async def test_a_proof_that_is_overtaken_is_made_again(
    old_url: str,
    old: asyncpg.Connection,
    database: Database,
    wishes: Wishes,
    monkeypatch: pytest.MonkeyPatch,
    rounds: int,
) -> None:
    """What differs was written after the first campaign had been compared, and before the second was."""
    monkeypatch.setattr(commands, "ROUNDS_MAX", rounds)
    for first in (0, 100):
        await put(old, OldCampaign(resolved=20, first=first))
    await commands.run(database, old_url, wishes)
    compared: list[int] = []

    def write(rows: int) -> None:
        compared.append(rows)
        if len(compared) == 1:
            change = "UPDATE generated_domains SET dns_status = 'timeout'"
            subprocess.run([find_binaries() / "psql", "--quiet", old_url, "--command", change], check=True)

    proof = await commands.prove(database, old_url, write)
    assert proof.holds == (rounds > 1)
    assert compared == [40] * (6 if proof.holds else 2)  # both; both carried anew, and compared


async def test_campaigns_that_come_while_others_are_looked_at_wait(old_url: str, old: asyncpg.Connection) -> None:
    """The triggers have noted them."""
    old_id = await put(old, OldCampaign())
    async with open_source(old_url) as source:
        survey = await begin_survey(source, Network.SANDBOX)
        await put(old, OldCampaign(first=100))
        seen = [each async for each in survey.prospects()]
    assert [each.old_id for each in seen if isinstance(each, Prospect)] == [old_id]


async def test_what_is_left_is_known_when_it_goes_on(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    await put(old, OldCampaign())
    assert await commands.count_carried(database) == 0
    carried = await commands.run(database, old_url, wishes)
    assert await commands.count_carried(database) == carried.rows == 40
    await commands.rollback(database, old_url)
    assert await commands.count_carried(database) == 0


# And back


async def test_what_was_changed_here_is_written_back_or_told(
    old_url: str, old: asyncpg.Connection, database: Database, principal: Principal, wishes: Wishes
) -> None:
    """A name, settings, and a campaign that was cancelled before it began; one that nobody can read stays as it was."""
    paused = await put(old, OldCampaign(resolved=16, phase_status="paused", status="paused"))
    pending = await put(old, OldCampaign(made=0, phase="generation", phase_status="not_started", status="pending"))
    broken = await put(old, OldCampaign(first=300))
    await old.execute("UPDATE campaigns SET metadata = '[1]' WHERE id = $1", broken)
    await switched(database, old_url, wishes)
    there = (await ours(database, principal, paused)).id
    part = HttpValidation(user_agent="somebody else")
    async with database.transaction() as tx:
        change = UpdateCampaign(name="renamed", configuration=ConfigurationUpdate(http_validation=part))
        await campaigns.update_campaign(tx, principal, there, change, None)
    async with database.transaction() as tx:
        await campaigns.cancel_campaign(tx, principal, (await ours(database, principal, pending)).id, "", None)
    rolled = await commands.rollback(database, old_url)
    assert rolled.returned is not None
    assert rolled.returned.campaigns == 2
    assert rolled.returned.lost["campaigns whose settings were changed here: there they are as before"] == 1
    rows = {row["id"]: row for row in await old.fetch("SELECT * FROM campaigns")}
    assert (rows[paused]["name"], rows[paused]["phase_status"]) == ("renamed", "paused")
    assert (rows[pending]["phase_status"], rows[pending]["status"]) == ("cancelled", "cancelled")
    assert msgspec.json.decode(rows[broken]["metadata"]) == [1]
    assert CampaignPhase.DNS_VALIDATION in rows[paused]["current_phase"]
