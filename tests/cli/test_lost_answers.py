"""A client behind a wire that breaks: what is asked for is done once, and what is read is whole."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from service.access.model import NewKey, Principal
from service.campaigns.commands import update_campaign
from service.campaigns.model import Campaign, UpdateCampaign
from service.cli.client import Client, open_client
from service.cli.exporting import Job, transfer
from service.cli.filters import ALL_DOMAINS, Filters
from service.cli.importing import Writing, bring_in
from service.cli.lists import ListKind, NameList, open_list
from service.cli.places import Place
from service.cli.refusals import Interrupted
from service.domains.reading.model import ExportFormat
from service.errors import Conflict, Refused, Unavailable
from service.postgres.database import Database
from service.postgres.queries import Query
from service.progress.events import CampaignPhase
from service.settings import Settings
from tests.cli.wire import AT_ONCE, Wire, wired
from tests.world import a_campaign, running_api

NAMES = 30_000
PATIENCE_SECONDS = 30
AS_TEXT = Writing(ListKind.TEXT)
LOCK_CAMPAIGN = Query("test.lock_campaign", "SELECT FROM campaigns WHERE campaign_id = $1 FOR UPDATE")


@pytest.fixture
async def wire(database_url: str) -> AsyncIterator[Wire]:
    async with running_api(database_url) as base_url, wired(base_url) as opened:
        yield opened


@pytest.fixture
async def client(wire: Wire, key: NewKey) -> AsyncIterator[Client]:
    async with open_client(Place(wire.url, key.secret)) as opened:
        yield opened


@pytest.fixture
async def campaign(client: Client) -> Campaign:
    """A new one that takes a list."""
    return await client.create_campaign(
        msgspec.structs.replace(a_campaign(), initial_phase=CampaignPhase.DNS_VALIDATION)
    )


@pytest.fixture
async def filled(client: Client, campaign: Campaign) -> Campaign:
    """With names to export."""
    await bring_in(client, campaign.id, list_of(NAMES), AS_TEXT)
    return await client.get_campaign(campaign.id)


def list_of(count: int) -> NameList:
    async def parts() -> AsyncIterator[bytes]:
        for first in range(0, count, 1_000):
            yield b"".join(b"name%07d.com\n" % number for number in range(first, min(count, first + 1_000)))

    return NameList(total_bytes=None, parts=parts())


# Commands


@pytest.mark.parametrize("cuts", [(0,), (AT_ONCE, 0), (20, 0, 0)])
async def test_a_command_whose_answer_was_lost_is_done_once(client: Client, wire: Wire, cuts: tuple[int, ...]) -> None:
    wire.cut_answers(*cuts)
    made = await client.create_campaign(a_campaign())
    listed = await client.list_campaigns(limit=10)
    assert [each.id for each in listed.items] == [made.id]
    assert wire.requests.count("POST /campaigns") == len(cuts) + 1
    assert len(set(wire.keys)) == 1


async def test_two_commands_have_two_keys(client: Client, wire: Wire) -> None:
    for _ in range(2):
        await client.create_campaign(a_campaign())
    assert len(set(wire.keys)) == 2
    assert len((await client.list_campaigns(limit=10)).items) == 2


async def test_every_command_carries_a_key_and_no_reading_does(client: Client, wire: Wire, campaign: Campaign) -> None:
    wire.keys.clear()
    wire.requests.clear()
    await client.update_campaign(campaign.id, UpdateCampaign(name="other"))
    await client.command_campaign(campaign.id, "cancel", "")
    await client.get_phases(campaign.id)
    await client.delete_campaign(await client.get_campaign(campaign.id))
    assert [request.split()[0] for request in wire.requests] == ["PATCH", "POST", "GET", "GET", "DELETE"]
    assert len(set(wire.keys)) == 3


async def test_a_deletion_whose_answer_was_lost_has_succeeded(client: Client, wire: Wire, campaign: Campaign) -> None:
    wire.cut_answers(0)
    await client.delete_campaign(campaign)
    assert wire.requests.count(f"DELETE /campaigns/{campaign.id}") == 2
    with pytest.raises(Refused, match="no such campaign"):
        await client.get_campaign(campaign.id)


async def test_what_has_changed_is_not_deleted(client: Client, campaign: Campaign) -> None:
    changed = await client.update_campaign(campaign.id, UpdateCampaign(name="other"))
    with pytest.raises(Refused, match="version 2 now"):
        await client.delete_campaign(campaign)
    assert (await client.get_campaign(campaign.id)).version == changed.version


async def test_a_command_that_is_still_under_way_is_waited_for(
    client: Client, wire: Wire, campaign: Campaign, database: Database
) -> None:
    """The first request has come to the server, which waits for a lock; the second one is told to come back."""
    asked = len(wire.requests)
    async with database.transaction() as tx:
        await tx.fetch(LOCK_CAMPAIGN, campaign.id)
        wire.cut_answers(AT_ONCE)
        cancelling = asyncio.create_task(client.command_campaign(campaign.id, "cancel", "once"))
        await asyncio.wait_for(wire.until_asked(asked + 3), PATIENCE_SECONDS)
    cancelled = await asyncio.wait_for(cancelling, PATIENCE_SECONDS)
    assert cancelled.version == campaign.version + 1


async def test_reading_is_asked_again_and_given_up_in_the_end(client: Client, wire: Wire, campaign: Campaign) -> None:
    wire.cut_answers(0, AT_ONCE)
    assert await client.get_campaign(campaign.id) == campaign
    asked = len(wire.requests)
    wire.cut_answers(*(AT_ONCE,) * 20)
    with pytest.raises(Unavailable, match="was lost, and asking again did not help"):
        await client.get_campaign(campaign.id)
    assert len(wire.requests) - asked < 10


async def test_who_is_told_to_wait_waits(database_url: str, key: NewKey) -> None:
    """One request at a time is answered: while an export is read slowly, others get 429."""
    async with (
        running_api(database_url, Settings(requests_in_flight=1)) as base_url,
        wired(base_url) as wire,
        open_client(Place(base_url, key.secret)) as direct,
        open_client(Place(wire.url, key.secret)) as client,
    ):
        made = await direct.create_campaign(
            msgspec.structs.replace(a_campaign(), initial_phase=CampaignPhase.DNS_VALIDATION)
        )
        await bring_in(direct, made.id, list_of(NAMES * 4), AS_TEXT)
        export = direct.export(await direct.get_campaign(made.id), ExportFormat.CSV, ALL_DOMAINS, lambda _: None)
        async with contextlib.aclosing(export) as parts:
            await anext(parts)
            asking = asyncio.create_task(client.list_campaigns(limit=1))
            await asyncio.wait_for(wire.until_asked(2), PATIENCE_SECONDS)
        assert (await asyncio.wait_for(asking, PATIENCE_SECONDS)).items == (await direct.list_campaigns(limit=1)).items


# Exports


async def exported(client: Client, seen: Campaign, kind: ExportFormat) -> tuple[bytes, int]:
    """The file, and how often it was gone on with."""
    out = io.BytesIO()
    done = await transfer(Job(client, seen, kind, ALL_DOMAINS, out.write))
    assert done.bytes == len(out.getvalue())
    return out.getvalue(), done.resumed


@pytest.mark.parametrize("kind", [ExportFormat.CSV, ExportFormat.NDJSON])
async def test_a_broken_export_is_gone_on_with(
    client: Client, wire: Wire, filled: Campaign, kind: ExportFormat
) -> None:
    whole, _ = await exported(client, filled, kind)
    wire.cut_answers(100, 200_000, 0, 70_001, paths="/export")
    broken, resumed = await exported(client, filled, kind)
    assert resumed == 2  # what broke off in its head or before it was simply asked for again
    assert broken == whole
    assert whole.count(b"name0000000.com") == 1
    assert len(whole.splitlines()) == NAMES + (2 if kind is ExportFormat.CSV else 1)


async def test_a_broken_parquet_file_is_told(client: Client, wire: Wire, filled: Campaign) -> None:
    whole, _ = await exported(client, filled, ExportFormat.PARQUET)
    wire.cut_answers(len(whole) // 2, paths="/export")
    with pytest.raises(Interrupted, match="begun anew"):
        await exported(client, filled, ExportFormat.PARQUET)


async def test_an_export_that_cannot_begin_is_given_up(client: Client, wire: Wire, filled: Campaign) -> None:
    wire.cut_answers(*(100,) * 20, paths="/export")
    with pytest.raises(Unavailable, match="asking again did not help"):
        await exported(client, filled, ExportFormat.CSV)


async def test_rows_of_two_runs_make_no_file(
    client: Client, wire: Wire, filled: Campaign, database: Database, principal: Principal
) -> None:
    wire.cut_answers(100_000)
    out = io.BytesIO()
    exporting = asyncio.create_task(transfer(Job(client, filled, ExportFormat.CSV, ALL_DOMAINS, out.write)))
    await asyncio.wait_for(wire.until_asked(len(wire.requests) + 1), PATIENCE_SECONDS)
    await move(database, principal, filled.id)
    with pytest.raises(Conflict, match="begin the export anew"):
        await asyncio.wait_for(exporting, PATIENCE_SECONDS)
    assert b"# complete" not in out.getvalue()


async def move(database: Database, principal: Principal, campaign_id: UUID) -> None:
    """Somebody changes something: the campaign is of another version."""
    async with database.transaction() as tx:
        await update_campaign(tx, principal, campaign_id, UpdateCampaign(name="moved"), None)


async def test_a_refused_export_is_refused_at_once(client: Client, wire: Wire, filled: Campaign) -> None:
    asked = len(wire.requests)
    filters = Filters(dns_outcome=("nonsense",))
    with pytest.raises(Refused, match="no outcome 'nonsense'"):
        await transfer(Job(client, filled, ExportFormat.CSV, filters, io.BytesIO().write))
    assert len(wire.requests) == asked + 1


# Imports


async def test_a_list_whose_answer_was_lost_was_taken(client: Client, wire: Wire, campaign: Campaign) -> None:
    wire.requests.clear()
    wire.cut_answers(10_000_000, 0, paths="/import")  # the first question is which imports there are
    receipt = await bring_in(client, campaign.id, list_of(5_000), AS_TEXT)
    assert (receipt.accepted, receipt.lines_read, receipt.skipped) == (5_000, 5_000, 0)
    assert len([request for request in wire.requests if request.startswith("POST")]) == 1


async def test_a_list_that_broke_off_leaves_nothing(client: Client, wire: Wire, campaign: Campaign) -> None:
    wire.cut_answers(10_000_000, AT_ONCE, paths="/import")
    with pytest.raises(Unavailable, match="nothing of it was brought in"):
        await bring_in(client, campaign.id, list_of(200_000), AS_TEXT)
    receipt = await bring_in(client, campaign.id, list_of(10), AS_TEXT)
    assert receipt.accepted == 10


async def test_a_file_and_a_pipe_are_the_same_list(tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    file.write_bytes(b"a.com\n" * 100_000)
    async with open_list(file) as names:
        read = b"".join([part async for part in names.parts])
    assert (read, names.total_bytes) == (file.read_bytes(), 600_000)
