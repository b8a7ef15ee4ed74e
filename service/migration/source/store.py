"""The old database, read over one connection. Its errors say whose they are, and nothing of it is changed here."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import asyncpg
import msgspec

from service.errors import Refused, Unavailable
from service.migration.checksums import Sums, sums_of
from service.migration.rows import OldRow
from service.migration.settings import Values
from service.migration.source.documents import (
    CampaignDocument,
    EventDocument,
    OldCampaign,
    PersonaDocument,
    PhaseDocument,
    RuleDocument,
    SettingsDocument,
    Shared,
)
from service.migration.source.shape import Kind, OldShape, check_server, recognise, view_of
from service.migration.source.words import UNPLACED, Origin, RowKey, Unreadable, WordCount
from service.postgres.database import (
    CONNECT_SECONDS_MAX,
    DATABASE_ERRORS,
    STATEMENT_SECONDS_MAX,
    Database,
    Tx,
    explain_connection_error,
    use_plain_uuids,
)
from service.postgres.queries import Query, load_queries
from service.postgres.sessions import HeldConnection, close_connection

SQL = load_queries("service.migration.source")
LIST_COLUMNS = SQL["list_columns"]
FIND_VERSION = SQL["find_version"]
LIST_CAMPAIGNS = SQL["list_campaigns"]
LIST_CAMPAIGN_IDS = SQL["list_campaign_ids"]
LIST_SHARED = SQL["list_shared"]
COUNT_ROWS = SQL["count_rows"]
LIST_PLACED_ROWS = SQL["list_placed_rows"]
LIST_UNPLACED_ROWS = SQL["list_unplaced_rows"]
LIST_NAMED_ROWS = SQL["list_named_rows"]
LIST_WORDS = SQL["list_words"]
COUNT_BATCH = SQL["count_batch"]
LIST_ODD_ROWS = SQL["list_odd_rows"]
SUM_PLAIN_ROWS = SQL["sum_plain_rows"]
MEASURE_TABLES = SQL["measure_tables"]
MAY_CARRY = SQL["may_carry"]

VALUES = msgspec.json.Decoder(dict[str, object])

D = TypeVar("D", PersonaDocument, RuleDocument)


class Source:
    """An open old database."""

    def __init__(self, session: Database, url: str, shape: OldShape, version: int | None) -> None:
        self._session = session
        self.url = url
        self.shape = shape
        self.version = version

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        with telling_whose():
            async with self._session.transaction() as tx:
                yield tx

    async def list_origins(self) -> list[Origin]:
        async with self.transaction() as tx:
            rows = await tx.fetch(LIST_CAMPAIGN_IDS)
        return [Origin(row["campaign_id"], uuid_of(row["names_of"]), uuid_of(row["given_by"])) for row in rows]

    async def list_campaigns(
        self, *, after: UUID | None = None, ids: Sequence[UUID] | None = None, limit: int
    ) -> list[OldCampaign | Unreadable]:
        """A page in the order of their ids."""
        async with self.transaction() as tx:
            rows = await tx.fetch(LIST_CAMPAIGNS, after, None if ids is None else list(ids), limit)
        return [read_campaign(row) for row in rows]

    async def list_shared(self) -> Shared:
        async with self.transaction() as tx:
            rows = await tx.fetch(LIST_SHARED)
        personas = {persona.id: persona for persona in documents(rows, "persona", PersonaDocument)}
        return Shared(personas, list(documents(rows, "keyword_rule", RuleDocument)))

    async def list_spaces(self) -> list[Values]:
        """How far patterns were enumerated, by whichever campaign."""
        async with self.transaction() as tx:
            rows = await tx.fetch(LIST_SHARED)
        return [VALUES.decode(row["document"]) for row in rows if row["kind"] == "space"]

    async def count_rows(self, kind: Kind, ids: Sequence[UUID] | None = None) -> list[WordCount]:
        async with self.transaction() as tx:
            rows = await tx.fetch(over(kind, COUNT_ROWS), None if ids is None else list(ids))
        return [WordCount(*row.values()) for row in rows]

    async def list_rows(
        self, kind: Kind, campaign_id: UUID, after: RowKey, until: RowKey | None, limit: int
    ) -> list[OldRow]:
        """The next domains of a campaign. A list ends before the first domain without a place, unless that is first."""
        async with self.transaction() as tx:
            if after.place < UNPLACED:
                place, row_id = (None, None) if until is None else until
                bounds = (campaign_id, *after, place, row_id, limit)
                rows = await tx.fetch(over(kind, LIST_PLACED_ROWS), *bounds)
                if rows or (until is not None and until.place < UNPLACED):
                    return [OldRow(*row.values()) for row in rows]
            first = after.row_id if after.place == UNPLACED else ""
            last = None if until is None else until.row_id
            rows = await tx.fetch(over(kind, LIST_UNPLACED_ROWS), campaign_id, first, last, limit)
        return [OldRow(*row.values()) for row in rows]

    async def list_named_rows(self, kind: Kind, campaign_id: UUID, names: Sequence[str]) -> list[OldRow]:
        """Domains of a campaign, by their names as they are spelled there."""
        async with self.transaction() as tx:
            rows = await tx.fetch(over(kind, LIST_NAMED_ROWS), campaign_id, list(names))
        return [OldRow(*row.values()) for row in rows]

    async def list_words(self, kind: Kind, campaign_id: UUID, after: RowKey, until: RowKey) -> list[OldRow]:
        """The different words that the domains of a batch have, as rows that have nothing else."""
        async with self.transaction() as tx:
            rows = await tx.fetch(*within(kind, LIST_WORDS, campaign_id, after, until))
        return [OldRow(None, "", None, **row) for row in rows]

    async def list_odd_rows(
        self, kind: Kind, campaign_id: UUID, after: RowKey, until: RowKey, *, merged: Sequence[str]
    ) -> list[OldRow]:
        """Domains of a batch that are changed on the way, but for those that were merged into others."""
        async with self.transaction() as tx:
            rows = await tx.fetch(*within(kind, LIST_ODD_ROWS, campaign_id, after, until), list(merged))
        return [OldRow(*row.values()) for row in rows]

    async def count_batch(self, kind: Kind, campaign_id: UUID, after: RowKey, until: RowKey) -> int:
        async with self.transaction() as tx:
            return int(await tx.value(*within(kind, COUNT_BATCH, campaign_id, after, until)))

    async def sum_plain_rows(
        self,
        kind: Kind,
        campaign_id: UUID,
        after: RowKey,
        until: RowKey,
        *,
        merged: Sequence[str],
        outcomes: Sequence[Mapping[str, object]],
        keyword_bits: Mapping[str, int],
        score_scale: float,
    ) -> Sums:
        """What the other domains of a batch come to; computed by the old database."""
        bits = [{"word": word, "bit": bit} for word, bit in keyword_bits.items()]
        documents = [msgspec.json.encode(each).decode() for each in (outcomes, bits)]
        async with self.transaction() as tx:
            found = within(kind, SUM_PLAIN_ROWS, campaign_id, after, until)
            row = await tx.find(*found, list(merged), *documents, score_scale)
        assert row is not None
        return sums_of(row)

    async def measure_tables(self) -> Mapping[str, int]:
        """Bytes of each table that is carried, with its indexes."""
        async with self.transaction() as tx:
            rows = await tx.fetch(MEASURE_TABLES, list(self.shape.tables))
        return {row["name"]: row["byte_count"] for row in rows}

    async def may_carry(self) -> bool:
        """Whether we may make a schema there, and triggers."""
        async with self.transaction() as tx:
            row = await tx.find(MAY_CARRY, list(self.shape.tables))
        return row is not None and row["may_create"] and row["may_listen"]


@contextlib.asynccontextmanager
async def open_source(url: str) -> AsyncIterator[Source]:
    """Connect, recognise, and lay the views over it; `Invalid` where it is no old system that is known."""
    with telling_whose():
        try:
            connection = await asyncpg.connect(
                url,
                timeout=CONNECT_SECONDS_MAX,
                command_timeout=STATEMENT_SECONDS_MAX,
                server_settings={"application_name": "phaseline migrate legacy"},
            )
        except (*DATABASE_ERRORS, ValueError) as error:
            raise explain_connection_error(error, given_as="--source") from error
    try:
        with telling_whose():
            check_server(connection.get_server_version().major)
            await use_plain_uuids(connection)
            source = await look(Database(HeldConnection(connection), url), url)
        yield source  # what goes wrong from here on may be ours
    finally:
        await close_connection(connection)


async def look(session: Database, url: str) -> Source:
    async with session.transaction() as tx:
        columns: dict[str, dict[str, str]] = {}
        for row in await tx.fetch(LIST_COLUMNS):
            columns.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
        stated = None
        if {"version", "dirty"} <= columns.get("schema_migrations", {}).keys():
            stated = await tx.find(FIND_VERSION)
        version, is_dirty = (None, False) if stated is None else (int(stated["version"]), bool(stated["dirty"]))
        shape = recognise(columns, version, is_dirty=is_dirty)
        for view, rows in shape.views.items():
            await tx.define(f"CREATE TEMPORARY VIEW {view} AS {rows}")
    return Source(session, url, shape, version)


@contextlib.contextmanager
def telling_whose() -> Iterator[None]:
    """What goes wrong inside is the old database's; `Unavailable` where it is lost, or forbids something."""
    try:
        yield
    except Unavailable as error:
        raise Unavailable(f"source_{error.code.removeprefix('source_')}", about_source(error.message)) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise Refused("source_forbidden", about_source(f"It forbids this: {error}.")) from error


def about_source(message: str) -> str:
    return message if message.startswith(ABOUT_SOURCE) else f"{ABOUT_SOURCE}: {message}"


ABOUT_SOURCE = "The old database"


def over(kind: Kind, query: Query) -> Query:
    """The same statement over the rows of another kind of campaign."""
    return Query(f"{query.name}.{kind}", query.text.replace(view_of(Kind.OWN), view_of(kind)))


def within(
    kind: Kind, query: Query, campaign_id: UUID, after: RowKey, until: RowKey
) -> tuple[Query, UUID, int, str, int, str]:
    """A statement over the rows of a batch, which has either only rows with a place or only such without."""
    text = over(kind, query).text
    assert PLACED in text
    if until.place == UNPLACED:
        text = text.replace(PLACED, NOT_PLACED)
        after = after if after.place == UNPLACED else RowKey(UNPLACED, "")
    return Query(query.name, text), campaign_id, *after, *until


PLACED = "(d.place, d.row_id) > ($2::bigint, $3::text) AND (d.place, d.row_id) <= ($4::bigint, $5::text)"
NOT_PLACED = (  # takes all of the arguments
    "d.place IS NULL AND d.row_id > $3::text AND d.row_id <= $5::text AND $2::bigint IS NOT NULL AND $4::bigint > 0"
)


def read_campaign(row: asyncpg.Record) -> OldCampaign | Unreadable:
    try:
        return OldCampaign(
            campaign=msgspec.json.decode(row["document"], type=CampaignDocument, strict=False),
            generation=values_of(row["generation"]),
            dns=values_of(row["dns"]),
            http=values_of(row["http"]),
            settings=tuple(msgspec.json.decode(each, type=SettingsDocument) for each in row["settings"]),
            phases=tuple(msgspec.json.decode(each, type=PhaseDocument) for each in row["phases"]),
            events=tuple(msgspec.json.decode(each, type=EventDocument) for each in row["events"]),
            weights=values_of(row["profile"]),
        )
    except msgspec.DecodeError as error:
        return Unreadable(row["campaign_id"], str(error))


def values_of(text: str | None) -> Values | None:
    return None if text is None else VALUES.decode(text)


def documents(rows: Sequence[asyncpg.Record], kind: str, type_: type[D]) -> Iterator[D]:
    """Those of a kind that can be read: a persona that cannot be is none."""
    for row in rows:
        if row["kind"] == kind:
            with contextlib.suppress(msgspec.DecodeError):
                yield msgspec.json.decode(row["document"], type=type_)


def uuid_of(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
