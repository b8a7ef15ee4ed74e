"""Sources that are none, or hold what no system should: a clear sentence, each row accounted for, nothing half done."""

import contextlib

import asyncpg
import pytest

from service.errors import Conflict, Refused, Unavailable
from service.migration import commands
from service.migration.commands import Wishes
from service.migration.model import FateCount
from service.migration.planning import make_plan
from service.migration.source import capture
from service.migration.source.shape import Kind
from service.migration.source.store import SQL, open_source, over
from service.postgres.database import Database
from service.postgres.queries import load_queries
from tests.audit import audit_everything
from tests.link import linked
from tests.migration.dumping import dump
from tests.migration.old_system import PATTERN, OldCampaign, add_domains, find_addresses, find_pages, put

NAMES = list(PATTERN.spell_names(0, 400))


async def refused(old_url: str, database: Database, wishes: Wishes) -> str:
    """The sentence with which a run is refused; the old database is as it was."""
    before = await dump(old_url)
    with pytest.raises(Refused) as raised:
        await commands.run(database, old_url, wishes)
    assert await dump(old_url) == before
    return raised.value.message


async def carried_and_proved(old_url: str, database: Database, wishes: Wishes) -> dict[str, int]:
    """How many rows met which fate; both sides say the same, and the audit holds."""
    carried = await commands.run(database, old_url, wishes)
    proof = await commands.prove(database, old_url)
    assert proof.holds, proof
    assert proof.rows == proof.carried + proof.merged + proof.rejected
    async with database.pool.acquire() as connection:
        await audit_everything(connection)
    return counted(carried.fates)


def counted(fates: tuple[FateCount, ...]) -> dict[str, int]:
    return {f"{each.fate} {each.reason}": each.amount for each in fates}


# No old system, or none that is known


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("UPDATE schema_migrations SET version = 20990101", "of version 20990101; known are"),
        ("UPDATE schema_migrations SET dirty = true", "broke off: mend that with its own tools"),
        ("DROP TABLE campaigns", "neither of the tables campaigns and lead_generation_campaigns"),
        ("DROP TABLE generated_domains", "generated_domains has no id"),
        ("ALTER TABLE campaigns DROP COLUMN status, DROP COLUMN phase_status", "neither a type and status nor a phase"),
        ("ALTER TABLE generated_domains DROP COLUMN domain_name", "generated_domains has no domain_name"),
        ("ALTER TABLE campaigns ALTER id TYPE text", "campaigns.id is text, not uuid"),
        ("ALTER TABLE campaigns ADD tenant_id uuid", "a Phaseline database, not one of the old system"),
    ],
)
async def test_what_is_no_known_old_system_is_refused(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes, change: str, sentence: str
) -> None:
    await old.execute(change)
    assert sentence in await refused(old_url, database, wishes)


@pytest.mark.parametrize(
    ("change", "edition"),
    [
        ("ALTER TABLE campaigns DROP COLUMN current_phase, DROP COLUMN phase_status", "types"),
        ("ALTER TABLE campaigns DROP COLUMN campaign_type, DROP COLUMN status", "phases"),
        ("ALTER TABLE campaigns RENAME TO lead_generation_campaigns; DROP TABLE schema_migrations", "dual"),
        ("DROP TABLE dns_validation_results, http_keyword_results, campaign_phases, campaign_state_events", "dual"),
        ("ALTER TABLE generated_domains DROP COLUMN offset_index", "dual"),
    ],
)
async def test_editions_of_the_old_system(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes, change: str, edition: str
) -> None:
    """Whatever a version lacks is not carried, and the rest is."""
    old_id = await put(old, OldCampaign(resolved=20))
    await old.execute(change)
    async with open_source(old_url) as source:
        assert source.shape.edition == edition
    assert await carried_and_proved(old_url, database, wishes) == {}
    await find_addresses(old, old_id, NAMES[20:30])
    assert (await commands.prove(database, old_url)).holds


async def test_a_source_that_does_not_answer_is_told(database: Database, wishes: Wishes) -> None:
    for url in ("postgresql://127.0.0.1:1/old", "no address"):
        with pytest.raises(Unavailable, match=r"^The old database: .*Check --source\.$"):
            await commands.run(database, url, wishes)


async def test_a_user_who_may_not_listen_is_told_before_anything_is_done(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    await old.execute("CREATE ROLE reader LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    try:
        async with open_source(old_url) as source, source.transaction() as tx:
            await tx.define("SET LOCAL ROLE reader")
            row = await tx.find(SQL["may_carry"], list(source.shape.tables))
        assert row is not None
        assert not (row["may_create"] and row["may_listen"])
    finally:
        await old.execute("DROP OWNED BY reader; DROP ROLE reader")


async def test_a_source_that_another_installation_carries_is_refused(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    await commands.run(database, old_url, wishes)
    await old.execute("UPDATE phaseline_migration.state SET source_key = gen_random_uuid()")
    with pytest.raises(Conflict, match="carried by another installation"):
        await commands.run(database, old_url, wishes)
    with pytest.raises(Conflict, match="not the one that is being carried here"):
        await commands.prove(database, old_url)


async def test_two_sources_at_a_time_are_refused(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    await commands.run(database, old_url, wishes)
    await old.execute("DROP SCHEMA phaseline_migration CASCADE")
    assert "Another old database is being carried here" in await refused(old_url, database, wishes)


async def test_two_at_work_on_one_database_are_refused(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    async with commands.alone(database):
        assert "at work on this database" in await refused(old_url, database, wishes)


async def test_a_backup_that_does_not_hold_everything_is_refused(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    file = wishes.backup_folder / "given.dump"
    file.parent.mkdir()
    file.write_bytes(b"no dump")
    given = Wishes(wishes.tenant, wishes.network, wishes.backup_folder, file)
    assert "pg_restore failed" in await refused(old_url, database, given)
    missing = Wishes(wishes.tenant, wishes.network, wishes.backup_folder, file.with_name("none.dump"))
    assert "pg_restore failed" in await refused(old_url, database, missing)


# Rows that no system should hold


NO_CONSTRAINTS = """
    ALTER TABLE generated_domains DROP CONSTRAINT generated_domains_name_unique,
        DROP CONSTRAINT generated_domains_offset_unique, ALTER domain_name DROP NOT NULL,
        ALTER offset_index DROP NOT NULL, ALTER dns_status DROP NOT NULL, ALTER http_status DROP NOT NULL
"""


async def test_names_that_are_none_are_rejected_with_a_reason(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    await old.execute(NO_CONSTRAINTS)
    old_id = await put(old, OldCampaign(made=0, phase="dns"))
    names = [
        "good.com",
        "-bad.com",
        "no dots",
        "",
        "10.0.0.1",
        "x" * 64 + ".com",
        "EXAMPLE.com",
        "http://path.com/x",
        "ü.de",
    ]
    await add_domains(old, old_id, names, first=0)
    await old.execute("UPDATE generated_domains SET domain_name = NULL WHERE domain_name = 'no dots'")
    fates = await carried_and_proved(old_url, database, wishes)
    assert fates == {
        "rejected no_name": 2,
        "rejected hyphen_misplaced": 1,
        "rejected ip_address": 1,
        "rejected label_too_long": 1,
        "changed case_folded": 1,
        "changed scheme_stripped, path_stripped": 1,
        "changed converted_to_ascii": 1,
    }
    async with database.pool.acquire() as connection:
        found = await connection.fetch("SELECT name FROM names ORDER BY position")
    assert [row["name"] for row in found] == ["good.com", "example.com", "path.com", "xn--tda.de"]


async def test_names_that_stand_twice_are_merged(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    """In one batch and in others; the row whose results go furthest stays."""
    await old.execute(NO_CONSTRAINTS)
    old_id = await put(old, OldCampaign(made=0, phase="http"))
    many = list(PATTERN.spell_names(0, 25_000))
    await add_domains(old, old_id, many, first=0)
    await add_domains(old, old_id, [name.upper() for name in many[:50]] + many[:30], first=25_000)
    await old.execute(
        "UPDATE generated_domains SET dns_status = 'ok', http_status = 'ok', http_status_code = 200"
        " WHERE offset_index >= 25000 AND offset_index < 25020"
    )
    fates = await carried_and_proved(old_url, database, wishes)
    assert fates["merged same_name"] == 80
    async with database.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM names") == 25_000
        assert await connection.fetchval("SELECT count(*) FROM http_results WHERE outcome = 1") == 20
    again = await commands.run(database, old_url, wishes)
    assert counted(again.fates) == fates
    await old.execute("DELETE FROM generated_domains WHERE offset_index BETWEEN 25000 AND 25049")
    proof = await commands.prove(database, old_url)
    assert proof.holds, proof
    assert (proof.carried, proof.merged) == (25_000, 30)


async def test_two_campaigns_may_have_the_same_names(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    """The old system gave them twice where two campaigns walked at a time."""
    for _ in range(2):
        await put(old, OldCampaign(made=20, phase="generation"))
    assert await carried_and_proved(old_url, database, wishes) == {}
    assert (await commands.switch(database, old_url)).is_done
    async with database.pool.acquire() as connection:
        await audit_everything(connection)


async def test_rows_without_a_place_come_last(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    await old.execute(NO_CONSTRAINTS)
    old_id = await put(old, OldCampaign(made=40, resolved=20))
    await old.execute("UPDATE generated_domains SET offset_index = NULL WHERE offset_index >= 30 OR offset_index < 5")
    assert await carried_and_proved(old_url, database, wishes) == {}
    await find_addresses(old, old_id, NAMES[:2])
    await old.execute("UPDATE generated_domains SET dns_status = 'timeout' WHERE offset_index IS NULL")
    assert (await commands.prove(database, old_url)).holds


async def test_states_that_contradict_each_other_are_told(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    """A page without an address, an address that nobody asked for, words that nobody knows, NULLs."""
    await old.execute(NO_CONSTRAINTS)
    old_id = await put(old, OldCampaign(made=8, phase="analysis", phase_status="completed", status="running"))
    for offset, columns in enumerate(
        [
            "dns_status = 'error', http_status = 'ok', http_status_code = 200",
            "dns_status = 'timeout', http_status = 'error'",
            "dns_status = 'quantum'",
            "dns_status = NULL, http_status = NULL",
            "dns_status = 'ok', dns_ip = 'not an address, 192.0.2.9, 2001:db8::1', http_status = 'maybe'",
            "dns_status = 'ok', http_status = 'ok', lead_status = 'match', domain_score = 400",
            "dns_status = 'ok', http_status = 'ok', lead_status = 'quantum', http_title = E'two\\nlines \\u202e'",
            "dns_status = 'ok', http_status = 'ok', http_status_code = 99999, feature_vector = '{\"kw_unique\": []}'",
        ]
    ):
        await old.execute(f"UPDATE generated_domains SET {columns} WHERE offset_index = {offset}")
    fates = await carried_and_proved(old_url, database, wishes)
    assert fates == {"changed dns_inferred": 1, "changed page_dropped": 1, "changed word_unknown": 2}
    async with database.pool.acquire() as connection:
        told = await connection.fetchval("SELECT told FROM legacy_campaigns WHERE old_id = $1", old_id)
    assert "the phase is completed and the campaign running: taken as completed" in told


async def test_results_behind_the_phase_are_kept_as_stale(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    old_id = await put(old, OldCampaign(resolved=40, phase="dns", phase_status="paused", status="paused"))
    await find_pages(old, old_id, NAMES[:10])
    await carried_and_proved(old_url, database, wishes)
    async with database.pool.acquire() as connection:
        run = await connection.fetchrow("SELECT * FROM phase_runs WHERE phase = 'http_validation'")
        assert (run["phase_status"], run["stale"]) == ("cancelled", True)
        assert await connection.fetchval("SELECT count(*) FROM http_results") == 8


@pytest.mark.parametrize("name", ["", "x" * 300, "tab\tand\x01control"])
async def test_campaigns_with_names_that_ours_cannot_have(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes, name: str
) -> None:
    await put(old, OldCampaign(name=name))
    assert await carried_and_proved(old_url, database, wishes) == {}


async def test_a_campaign_that_cannot_be_read_is_rejected_and_the_rest_carried(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    await put(old, OldCampaign())
    broken = await put(old, OldCampaign(first=100))
    await old.execute("UPDATE campaigns SET metadata = '[1]' WHERE id = $1", broken)
    async with open_source(old_url) as source:
        plan = await make_plan(database, source, wishes.network, campaigns_told_max=10)
    assert list(plan.unreadable) == [str(broken)]
    carried = await commands.run(database, old_url, wishes)
    assert carried.rows == 40
    proof = await commands.prove(database, old_url)
    assert (proof.holds, proof.unreadable) == (True, 1)


async def test_orphans_are_counted(old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes) -> None:
    gone = await put(old, OldCampaign())
    await old.execute("DELETE FROM campaigns WHERE id = $1", gone)
    carried = await commands.run(database, old_url, wishes)
    assert carried.rows == 0
    assert (await commands.prove(database, old_url)).orphan_rows == 40


# Places that fail


async def test_a_source_that_disconnects_midway_is_gone_on_with(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    """The wire is cut at one place after another, until everything has come through it."""
    for number in range(3):
        await put(old, OldCampaign(made=300, asked=300, first=300 * number, resolved=150))
    await commands.run(database, old_url, wishes)  # so that the wire is needed for nothing but rows
    await old.execute("UPDATE generated_domains SET dns_status = 'timeout'")
    cuts = 0
    async with linked(old_url) as link:
        for bytes_sent in range(4_000, 400_000, 25_000):
            link.cut_after(bytes_sent)
            with contextlib.suppress(Unavailable):
                await commands.run(database, link.url, wishes)
                continue
            cuts += 1
        link.cut_after(0)
        with pytest.raises(Unavailable, match=r"^The old database: "):
            await commands.run(database, link.url, wishes)
    assert cuts > 3
    proof = await commands.prove(database, old_url)
    assert proof.holds, proof


async def test_a_lost_commit_is_no_lost_batch(
    old_url: str, old: asyncpg.Connection, database: Database, database_url: str, wishes: Wishes
) -> None:
    """Of ours: a batch whose commit nobody heard of is there, and is not carried twice."""
    from service.postgres.database import open_database

    await put(old, OldCampaign(made=300, asked=300, resolved=150))
    await commands.run(database, old_url, wishes)
    await old.execute("UPDATE generated_domains SET dns_status = 'timeout'")
    async with linked(database_url) as link, open_database(link.url, connections_max=4) as wired:
        link.lose_next_answer()
        with pytest.raises(Unavailable):
            await commands.run(wired, old_url, wishes)
        assert link.lost_count == 1
    assert (await commands.prove(database, old_url)).holds


async def test_a_plan_without_room_is_no_go(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(old, OldCampaign())
    monkeypatch.setattr("service.migration.planning.ROOM_FACTOR", 1e15)
    async with open_source(old_url) as source:
        plan = await make_plan(database, source, wishes.network, campaigns_told_max=10)
    assert not plan.goes
    assert "too little room" in plan.blockers[0]


async def test_tables_that_are_in_use_are_not_waited_for(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes for long is not made to wait behind us, nor we behind them for ever."""
    monkeypatch.setattr(capture, "LOCK_SECONDS", 0.05)
    monkeypatch.setattr(capture, "LOCK_ATTEMPTS", 3)
    await put(old, OldCampaign())
    async with old.transaction():
        await old.execute("UPDATE campaigns SET name = 'long'")
        with pytest.raises(Unavailable, match="could not be locked in 3 attempts"):
            await commands.run(database, old_url, wishes)
    assert (await commands.run(database, old_url, wishes)).is_up_to_date


async def test_old_tables_on_which_something_stands_are_not_dropped(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    """What is in the way is named; it is taken away, and finishing goes on."""
    await commands.run(database, old_url, wishes)
    await commands.prove(database, old_url)
    await commands.switch(database, old_url)
    await old.execute("CREATE VIEW report AS SELECT * FROM campaigns")
    with pytest.raises(Conflict, match="view report depends on table campaigns"):
        await commands.finish(database, old_url, wishes.backup_folder)
    await old.execute("DROP VIEW report")
    await commands.finish(database, old_url, wishes.backup_folder)
    assert await old.fetchval("SELECT to_regclass('campaigns')") is None


# What the tests of queries cannot prepare in our own database


async def test_all_queries_of_the_old_database_prepare(
    old_url: str, old: asyncpg.Connection, database: Database, wishes: Wishes
) -> None:
    await commands.run(database, old_url, wishes)
    async with open_source(old_url) as source, source.transaction() as tx:
        connection = await tx._ready()
        for query in load_queries("service.migration.source").values():
            for kind in Kind:
                await connection.prepare(over(kind, query).text)
