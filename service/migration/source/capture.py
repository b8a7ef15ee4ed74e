"""What we make in the old database, and nothing else: one schema, whose triggers write down what changes.

A statement leaves one line for each campaign that it touches, with the range of places in which its domains lie, so
that the old system hardly notices. When `writes_go_to` is no longer `legacy`, whoever writes to the old tables is
refused; who replays what was written after the switch says so in its own transaction. Dropping the schema takes the
triggers with it, and the old database is as it was.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from service.errors import Conflict, Unavailable
from service.migration.source.shape import DNS_RESULTS, DOMAINS, HTTP_RESULTS, WATCHED, OldShape
from service.migration.source.store import SQL, Source

IS_CAPTURED = SQL["is_captured"]
FIND_CAPTURE = SQL["find_capture"]
LIST_CHANGES = SQL["list_changes"]
DELETE_CHANGES = SQL["delete_changes"]
COUNT_CHANGES = SQL["count_changes"]

SCHEMA = "phaseline_migration"
LEGACY, PHASELINE = "legacy", "phaseline"
REPLAYING = "phaseline_migration.replaying"  # a setting of our own transactions
LOCK_SECONDS = 2.0  # whoever waits for our lock waits this long at most
LOCK_ATTEMPTS = 30
CHANGES_READ_MAX = 10_000

EVENTS = ("INSERT", "UPDATE", "DELETE")
TRANSITIONS = {"INSERT": "NEW", "UPDATE": "NEW", "DELETE": "OLD"}


class Capture(msgspec.Struct, frozen=True):
    """Which carrying our schema there belongs to, and where writes go."""

    source_key: UUID
    writes_go_to: str


class Change(NamedTuple):
    """A campaign that was touched, and where its domains lie; None: nobody knows which, or where."""

    change_id: int
    source_table: str
    campaign_id: UUID | None
    first_place: int | None
    last_place: int | None


async def find_capture(source: Source) -> Capture | None:
    async with source.transaction() as tx:
        if not await tx.value(IS_CAPTURED):
            return None
        row = await tx.find(FIND_CAPTURE)
    return None if row is None else Capture(row["source_key"], row["writes_go_to"])


async def add_capture(source: Source, source_key: UUID) -> None:
    """Write down what changes, from this transaction's commit on."""
    await patiently(source, list(capture_statements(source_key, source.shape)))


async def remove_capture(source: Source) -> None:
    """Leave nothing of ours there."""
    await patiently(source, [f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"])


async def drop_tables(source: Source) -> None:
    """The old tables go, and our schema; in one transaction. What stands on them is in the way, and told."""
    views, tables = ", ".join(source.shape.views), ", ".join(source.shape.tables)
    try:
        await patiently(source, [f"DROP VIEW {views}", f"DROP TABLE {tables}", f"DROP SCHEMA {SCHEMA} CASCADE"])
    except asyncpg.DependentObjectsStillExistError as error:
        raise Conflict("tables_in_use", f"The old tables cannot be dropped: {error.detail or error}") from error


async def list_changes(source: Source) -> list[Change]:
    async with source.transaction() as tx:
        rows = await tx.fetch(LIST_CHANGES, CHANGES_READ_MAX)
    return [Change(*row.values()) for row in rows]


async def count_changes(source: Source) -> int:
    async with source.transaction() as tx:
        return int(await tx.value(COUNT_CHANGES))


async def forget_changes(source: Source, changes: Sequence[Change]) -> None:
    """They have been carried."""
    async with source.transaction() as tx:
        await tx.execute(DELETE_CHANGES, [change.change_id for change in changes])


async def close_writes(source: Source) -> None:
    """From now on nobody writes to the old tables: whoever was writing has ended, whoever comes is refused."""
    tables = ", ".join(source.shape.tables)
    await patiently(source, [f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE", *writes_to(PHASELINE)])


async def open_writes(source: Source) -> None:
    """The old tables can be written to again."""
    await patiently(source, writes_to(LEGACY))


def writes_to(system: str) -> list[str]:
    return [f"UPDATE {SCHEMA}.state SET writes_go_to = '{system}'"]


async def patiently(source: Source, statements: Sequence[str]) -> None:
    """All of it in one transaction; again and again while locks are not to be had, so that nobody waits behind us."""
    for attempt in range(1, LOCK_ATTEMPTS + 1):
        try:
            async with source.transaction() as tx:
                await tx.define(f"SET LOCAL lock_timeout = {round(LOCK_SECONDS * 1_000)}")
                for statement in statements:
                    await tx.define(statement)
        except asyncpg.LockNotAvailableError:
            if attempt < LOCK_ATTEMPTS:
                await asyncio.sleep(LOCK_SECONDS)
        else:
            return
    raise Unavailable(
        "source_busy",
        f"The old database: its tables could not be locked in {LOCK_ATTEMPTS} attempts of {LOCK_SECONDS:.0f} seconds; "
        "try again when no long transaction uses them.",
    )


def capture_statements(source_key: UUID, shape: OldShape) -> Iterator[str]:
    """Everything that is made there; in one transaction."""
    yield f"CREATE SCHEMA {SCHEMA}"
    yield f"""CREATE TABLE {SCHEMA}.state (
        source_key uuid NOT NULL, writes_go_to text NOT NULL CHECK (writes_go_to IN ('{LEGACY}', '{PHASELINE}'))
    )"""
    yield f"INSERT INTO {SCHEMA}.state VALUES ('{source_key}', '{LEGACY}')"
    yield f"""CREATE TABLE {SCHEMA}.changes (
        change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, source_table text NOT NULL, campaign_id uuid,
        first_place bigint, last_place bigint
    )"""
    yield REFUSE_WRITES
    yield NOTE_EVERYTHING
    for table in shape.tables:
        column = "id" if table == shape.campaigns else WATCHED[table]
        rows = CHANGED_ROWS[table] if table in shape.placed else NO_PLACES
        yield from note_changes(table, rows.format(column=column))


def note_changes(table: str, rows: str) -> Iterator[str]:
    """The function and triggers of one table. An UPDATE that moves a row to another campaign touches both."""
    yield f"""CREATE FUNCTION {SCHEMA}.note_{table}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path FROM CURRENT AS $$
        BEGIN
            INSERT INTO {SCHEMA}.changes (source_table, campaign_id, first_place, last_place)
            SELECT '{table}', {rows};
            RETURN NULL;
        END $$"""
    for event in EVENTS:
        yield f"""CREATE TRIGGER phaseline_note_{event.lower()} AFTER {event} ON {table}
            REFERENCING {TRANSITIONS[event]} TABLE AS changed FOR EACH STATEMENT
            EXECUTE FUNCTION {SCHEMA}.note_{table}()"""
    yield f"""CREATE TRIGGER phaseline_note_update_from AFTER UPDATE ON {table}
        REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.note_{table}()"""
    yield f"""CREATE TRIGGER phaseline_note_truncate AFTER TRUNCATE ON {table} FOR EACH STATEMENT
        EXECUTE FUNCTION {SCHEMA}.note_everything()"""
    yield f"""CREATE TRIGGER phaseline_refuse BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION {SCHEMA}.refuse_writes()"""


# What is written down of changed rows: campaign, first and last place. Results lead to the domain that they are of.
NO_PLACES = "c.{column}, NULL, NULL FROM changed c GROUP BY c.{column}"
CHANGED_ROWS = {
    DOMAINS: "c.{column}, min(c.offset_index), max(coalesce(c.offset_index, 9223372036854775807))"
    " FROM changed c GROUP BY c.{column}",
    DNS_RESULTS: "c.{column}, min(coalesce(d.offset_index, -1)), max(coalesce(d.offset_index, 9223372036854775807))"
    f" FROM changed c LEFT JOIN {DOMAINS} d ON d.id = c.generated_domain_id GROUP BY c.{{column}}",
    HTTP_RESULTS: "c.{column}, min(coalesce(d.offset_index, -1)), max(coalesce(d.offset_index, 9223372036854775807))"
    f" FROM changed c LEFT JOIN {DNS_RESULTS} r ON r.id = c.dns_result_id"
    f" LEFT JOIN {DOMAINS} d ON d.id = r.generated_domain_id GROUP BY c.{{column}}",
}

REFUSE_WRITES = f"""CREATE FUNCTION {SCHEMA}.refuse_writes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog AS $$
    BEGIN
        IF (SELECT writes_go_to FROM {SCHEMA}.state) <> '{LEGACY}'
            AND current_setting('{REPLAYING}', true) IS DISTINCT FROM 'on'
        THEN
            RAISE EXCEPTION 'this database was carried over to Phaseline: write there'
                USING ERRCODE = 'read_only_sql_transaction';
        END IF;
        RETURN NULL;
    END $$"""
NOTE_EVERYTHING = f"""CREATE FUNCTION {SCHEMA}.note_everything() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog AS $$
    BEGIN
        INSERT INTO {SCHEMA}.changes (source_table) VALUES (TG_TABLE_NAME);
        RETURN NULL;
    END $$"""
