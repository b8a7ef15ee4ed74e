"""Lists in and out behind a wire that breaks: a file is whole, or it is told that it is not."""

import asyncio
import contextlib
import functools
import gzip
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from phaseline_client import (
    AsyncPhaseline,
    Campaign,
    CampaignPhase,
    Conflict,
    ExportFormat,
    ExportProgress,
    Interrupted,
    Invalid,
    Lost,
    Moved,
    RejectedLine,
    Sent,
    exports,
)
from service.access.model import NewKey, Principal
from service.campaigns.commands import update_campaign
from service.campaigns.model import UpdateCampaign
from service.postgres.database import Database
from tests.cli.wire import AT_ONCE, Wire, wired
from tests.clients.python.both import GENERATING, LISTED, Both, opened
from tests.clients.python.strangers import answer, answering

NAMES = 30_000
PATIENCE_SECONDS = 30
NOWHERE = UUID(int=7)
RESUMABLE = [ExportFormat.CSV, ExportFormat.NDJSON]


@pytest.fixture
async def wire(base_url: str) -> AsyncIterator[Wire]:
    async with wired(base_url) as made:
        yield made


@pytest.fixture
async def both(kind: str, wire: Wire, key: NewKey) -> AsyncIterator[Both]:
    async with opened(kind, wire.url, key.secret, jitter=lambda: 0.0) as made:
        yield made


@pytest.fixture
async def campaign(base_url: str, key: NewKey) -> Campaign:
    """A new one that takes a list."""
    async with AsyncPhaseline(base_url, key.secret) as client:
        return await client.campaigns.create_campaign(LISTED)


@pytest.fixture
async def filled(base_url: str, key: NewKey, campaign: Campaign) -> Campaign:
    """With names to export."""
    async with AsyncPhaseline(base_url, key.secret) as client:
        await client.domains.import_domains(campaign.id, names(NAMES), content_type="text/plain")
        return await client.campaigns.get_campaign(campaign.id)


def names(count: int) -> bytes:
    return b"".join(b"name%07d.com\n" % number for number in range(count))


async def exported(both: Both, act: Callable[[Any], Any]) -> bytes:
    """All that came, before it ended or broke."""
    out = bytearray()
    await export_into(out, both, act)
    return bytes(out)


async def export_into(out: bytearray, both: Both, act: Callable[[Any], Any]) -> None:
    if isinstance(both.client, AsyncPhaseline):
        async with contextlib.aclosing(act(both.client)) as parts:
            async for part in parts:
                out += part
        return
    await asyncio.to_thread(export_blocking, out, both, act)


def export_blocking(out: bytearray, both: Both, act: Callable[[Any], Any]) -> None:
    for part in act(both.client):
        out += part


# Exports


@pytest.mark.parametrize("written", RESUMABLE)
async def test_a_broken_export_is_gone_on_with(both: Both, wire: Wire, filled: Campaign, written: ExportFormat) -> None:
    told: list[ExportProgress] = []
    whole = await exported(both, lambda client: client.domains.export(filled.id, format=written))
    once = await both.read(lambda client: client.domains.export_domains(filled.id, format=written))
    assert whole == once
    wire.cut_answers(100, 200_000, 0, 70_001, paths="/export")
    broken = await exported(
        both, lambda client: client.domains.export(filled.id, format=written, on_progress=told.append)
    )
    assert broken == whole
    assert whole.count(b"name0000000.com") == 1
    # What broke off in its head or before it was simply asked for again.
    assert told[-1] == ExportProgress(len(whole), NAMES, 2)
    assert [each.bytes for each in told] == sorted(each.bytes for each in told)


@pytest.mark.parametrize("written", RESUMABLE)
async def test_an_export_goes_on_in_another_process(both: Both, filled: Campaign, written: ExportFormat) -> None:
    rest = await exported(both, lambda client: client.domains.export(filled.id, format=written, after=NAMES - 3))
    assert rest.count(b"name00") == 2
    assert b"name0029999.com" in rest


async def test_a_broken_parquet_file_is_told(both: Both, wire: Wire, filled: Campaign) -> None:
    whole = await exported(both, lambda client: client.domains.export(filled.id, format=ExportFormat.PARQUET))
    assert whole[:4] == whole[-4:] == b"PAR1"
    wire.cut_answers(len(whole) // 2, paths="/export")
    with pytest.raises(Interrupted, match="begun anew"):
        await exported(both, lambda client: client.domains.export(filled.id, format=ExportFormat.PARQUET))


async def test_one_answer_that_breaks_off_is_told(both: Both, wire: Wire, filled: Campaign) -> None:
    wire.cut_answers(200_000, paths="/export")
    with pytest.raises(Interrupted):
        await both.read(lambda client: client.domains.export_domains(filled.id))


async def test_an_export_that_cannot_begin_is_given_up(both: Both, wire: Wire, filled: Campaign) -> None:
    wire.cut_answers(*(100,) * 20, paths="/export")
    with pytest.raises(Lost):
        await exported(both, lambda client: client.domains.export(filled.id))


async def test_an_export_that_breaks_again_and_again_is_given_up(
    both: Both, wire: Wire, filled: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "RESUMES_MAX", 2)
    wire.cut_answers(*(100_000,) * 3, paths="/export")
    with pytest.raises(Interrupted, match="was cut 3 times"):
        await exported(both, lambda client: client.domains.export(filled.id))


async def test_rows_of_two_runs_make_no_file(
    both: Both, wire: Wire, filled: Campaign, database: Database, principal: Principal
) -> None:
    out = bytearray()
    wire.cut_answers(100_000, paths="/export")
    asked = len(wire.requests)
    exporting = asyncio.create_task(
        export_into(out, both, lambda client: client.domains.export(filled.id, version=filled.version))
    )
    await asyncio.wait_for(wire.until_asked(asked + 1), PATIENCE_SECONDS)
    async with database.transaction() as tx:
        await update_campaign(tx, principal, filled.id, UpdateCampaign(name="moved"), None)
    with pytest.raises(Moved, match="begin the export anew"):
        await asyncio.wait_for(exporting, PATIENCE_SECONDS)
    assert b"# complete" not in out


async def test_a_refused_export_is_refused_at_once(both: Both, wire: Wire, filled: Campaign) -> None:
    with pytest.raises(Invalid, match="no outcome 'nonsense'"):
        await exported(both, lambda client: client.domains.export(filled.id, dns_outcome=["nonsense"], version=1))
    assert len(wire.requests) == 1
    with pytest.raises(ValueError, match="cannot tell whether"):
        await exported(both, lambda client: client.domains.export(filled.id, format=ExportFormat("xlsx")))


async def test_an_export_is_read_as_slowly_as_is_wanted(base_url: str, key: NewKey, filled: Campaign) -> None:
    """Whoever stops reading ends the request, and the next one is answered."""
    async with AsyncPhaseline(base_url, key.secret) as client:
        async with contextlib.aclosing(client.domains.export(filled.id)) as parts:
            assert (await anext(parts)).startswith(b"position,")
        assert (await client.campaigns.get_campaign(filled.id)).id == filled.id


# Imports


async def test_a_file_is_brought_in_and_told_of(both: Both, campaign: Campaign, tmp_path: Path) -> None:
    told: list[Sent] = []
    file = tmp_path / "names.csv"
    file.write_bytes(b"id,name\n" + b"".join(b"%d,name%07d.com\n" % (number, number) for number in range(NAMES)))
    receipt = await both.ask(
        lambda client: client.domains.bring_in(campaign.id, file, column="name", on_progress=told.append)
    )
    assert (receipt.accepted, receipt.rejected_count) == (NAMES, 0)
    size = file.stat().st_size
    assert told[-1] == Sent(size, size)
    assert len(told) > 1
    assert [each.bytes for each in told] == sorted(each.bytes for each in told)


async def test_a_packed_list_is_seen_by_itself(both: Both, campaign: Campaign, tmp_path: Path) -> None:
    file = tmp_path / "names.txt.gz"
    file.write_bytes(gzip.compress(b"a.com\nb.com\n"))
    assert (await both.ask(lambda client: client.domains.bring_in(campaign.id, file))).accepted == 2
    packed = gzip.compress(b'{"host": "c.com"}\n')
    receipt = await both.ask(
        lambda client: client.domains.bring_in(campaign.id, packed, content_type="application/x-ndjson", field="host")
    )
    assert receipt.accepted == 1


@pytest.mark.parametrize("kind_of_list", [b"".join, list, iter])
async def test_bytes_and_parts_are_lists(both: Both, campaign: Campaign, kind_of_list: Callable[..., Any]) -> None:
    content = kind_of_list([b"a.c", b"", b"om\n"])
    assert (await both.ask(functools.partial(ask_to_bring_in, campaign, content))).accepted == 1


async def test_a_list_of_nothing_is_refused(both: Both, campaign: Campaign) -> None:
    nothings: list[Any] = [b"", [], b"\n"]
    for nothing in nothings:
        with pytest.raises(Invalid, match="holds no name"):
            await both.ask(functools.partial(ask_to_bring_in, campaign, nothing))


def ask_to_bring_in(campaign: Campaign, content: Any, client: Any) -> Any:
    return client.domains.bring_in(campaign.id, content)


async def test_parts_that_are_awaited_are_a_list(base_url: str, key: NewKey, campaign: Campaign) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for number in range(3):
            await asyncio.sleep(0)
            yield b"name%d.com\n" % number

    async with AsyncPhaseline(base_url, key.secret) as client:
        assert (await client.domains.bring_in(campaign.id, parts())).accepted == 3


async def test_all_rejects_are_told(both: Both, campaign: Campaign) -> None:
    receipt = await both.ask(lambda client: client.domains.bring_in(campaign.id, b"a.com\nno name\n10.0.0.1\n"))
    data = await both.read(lambda client: client.domains.stream_rejects(campaign.id, receipt.import_id))
    rejects = [msgspec.json.decode(line, type=RejectedLine) for line in data.splitlines()]
    assert [(each.line, each.text) for each in rejects] == [(2, "no name"), (3, "10.0.0.1")]
    assert list(receipt.rejects) == rejects


async def test_a_list_whose_receipt_was_lost_was_taken(both: Both, wire: Wire, campaign: Campaign) -> None:
    lost: list[Interrupted] = []
    wire.cut_answers(10_000_000, 0, paths="/import")  # the first question is which imports there are
    receipt = await both.ask(lambda client: client.domains.bring_in(campaign.id, names(5_000), on_lost=lost.append))
    assert (receipt.accepted, receipt.lines_read, receipt.skipped) == (5_000, 5_000, 0)
    assert len([request for request in wire.requests if request.startswith("POST")]) == 1
    assert len(lost) == 1


async def test_a_list_that_broke_off_leaves_nothing(both: Both, wire: Wire, campaign: Campaign) -> None:
    wire.cut_answers(10_000_000, AT_ONCE, paths="/import")
    with pytest.raises(Interrupted, match="nothing of it was brought in"):
        await both.ask(lambda client: client.domains.bring_in(campaign.id, [names(100_000)] * 3))
    assert (await both.ask(lambda client: client.domains.bring_in(campaign.id, names(10)))).accepted == 10


async def test_a_refused_list_is_refused(both: Both) -> None:
    made = await both.ask(lambda client: client.campaigns.create_campaign(GENERATING))
    assert made.initial_phase is CampaignPhase.DOMAIN_GENERATION
    with pytest.raises(Conflict):
        await both.ask(lambda client: client.domains.bring_in(made.id, b"a.com\n"))


class Waiting:
    """A list whose second part never comes."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.closed = asyncio.Event()

    async def parts(self) -> AsyncGenerator[bytes]:
        try:
            yield b"a.com\n"
            self.began.set()
            await asyncio.Event().wait()
        finally:
            self.closed.set()


async def test_a_refusal_does_not_wait_for_the_next_part() -> None:
    waiting = Waiting()
    refusal = answer('{"title":"Conflict","status":409,"code":"import_running","detail":"No."}', 409)
    async with (
        answering(answer('{"items":[]}'), refusal) as url,
        AsyncPhaseline(url, "phl_x") as client,
        contextlib.aclosing(waiting.parts()) as parts,
    ):
        with pytest.raises(Conflict):
            await asyncio.wait_for(client.domains.bring_in(NOWHERE, parts), PATIENCE_SECONDS)
    assert waiting.closed.is_set()


async def test_who_gives_up_sending_can_close_what_gave_the_parts(
    base_url: str, key: NewKey, campaign: Campaign
) -> None:
    waiting = Waiting()
    async with AsyncPhaseline(base_url, key.secret) as client, contextlib.aclosing(waiting.parts()) as parts:
        sending = asyncio.create_task(client.domains.bring_in(campaign.id, parts))
        await asyncio.wait_for(waiting.began.wait(), PATIENCE_SECONDS)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(sending, PATIENCE_SECONDS)
    assert waiting.closed.is_set()


async def test_a_file_that_is_not_there_or_has_no_kind_is_told(both: Both, campaign: Campaign, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await both.ask(lambda client: client.domains.bring_in(campaign.id, tmp_path / "none.txt"))
    with pytest.raises(ValueError, match=r"\.pdf does not tell"):
        await both.ask(lambda client: client.domains.bring_in(campaign.id, tmp_path / "names.pdf"))


async def test_what_gives_the_parts_may_fail(both: Both, wire: Wire, campaign: Campaign) -> None:
    class Broken(Exception):
        pass

    def parts() -> Any:
        yield b"a.com\n"
        raise Broken

    with pytest.raises(Broken):
        await both.ask(lambda client: client.domains.bring_in(campaign.id, parts()))
    imports = await both.ask(lambda client: client.domains.list_imports(campaign.id))
    assert not any(each.accepted for each in imports.items)
