"""Files and lists with the TypeScript client under Node, over connections that break."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from service.access.model import NewKey, Principal
from service.campaigns import commands
from service.campaigns.model import Advance, Campaign, Rerun, RerunScope, TransitionCampaign
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from tests.cli.wire import AT_ONCE, Wire, wired
from tests.clients.typescript.running import Program, run, running
from tests.contracts.node.running import needs_node
from tests.world import Caller, a_campaign, running_sandbox, running_worker, transition, until

pytestmark = needs_node

NAMES = 30_000
NAMES_RUN = 5_000
DNS = CampaignPhase.DNS_VALIDATION


@pytest.fixture
async def wire(base_url: str) -> AsyncIterator[Wire]:
    async with wired(base_url) as opened:
        yield opened


@pytest.fixture
async def campaign(database: Database, principal: Principal) -> Campaign:
    """A new one that takes a list."""
    async with database.transaction() as tx:
        wanted = msgspec.structs.replace(a_campaign(advance=Advance.MANUAL), initial_phase=DNS)
        return await commands.create_campaign(tx, principal, wanted)


def list_of(count: int) -> bytes:
    return b"".join(b"shop%07d.com\n" % number for number in range(count))


async def fill(api: Caller, campaign: Campaign, count: int) -> None:
    answer = await api.call("POST", f"/campaigns/{campaign.id}/domains/import", content=list_of(count))
    assert answer.body["accepted"] == count


async def export(api: Caller, campaign: Campaign, kind: str) -> bytes:
    """The whole file, over a connection that holds."""
    answer = await api.call("GET", f"/campaigns/{campaign.id}/domains/export?format={kind}")
    assert isinstance(answer.body, bytes)
    return answer.body


def exporting(
    built: Path, wire: Wire, key: NewKey, campaign: Campaign, kind: str, file: Path
) -> contextlib.AbstractAsyncContextManager[Program]:
    program = built / "tests/programs/export.js"
    return running(program, str(campaign.id), kind, file, url=wire.url, key=key.secret)


async def test_what_makes_a_file_of_several_answers(built: Path) -> None:
    await run(built / "tests/tables.test.js")


async def test_lists_and_files_on_a_live_server(built: Path, base_url: str, key: NewKey) -> None:
    await run(built / "tests/live/lists.test.js", url=base_url, key=key.secret)


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
async def test_a_broken_export_is_gone_on_with(
    built: Path, api: Caller, wire: Wire, key: NewKey, campaign: Campaign, kind: str, tmp_path: Path
) -> None:
    await fill(api, campaign, NAMES)
    whole = await export(api, campaign, kind)
    wire.cut_answers(100, 200_000, 0, 70_001, paths="/export")
    async with exporting(built, wire, key, campaign, kind, tmp_path / "file") as program:
        program.go_on()
        told = await program.until_said("whole")
    assert told == {"bytes": len(whole), "rows": NAMES, "resumed": 2}
    assert (tmp_path / "file").read_bytes() == whole
    assert whole.count(b"shop0000000.com") == 1


async def test_a_broken_parquet_file_is_told(
    built: Path, api: Caller, wire: Wire, key: NewKey, campaign: Campaign, tmp_path: Path
) -> None:
    await fill(api, campaign, NAMES)
    whole = await export(api, campaign, "parquet")
    wire.cut_answers(len(whole) // 2, paths="/export")
    async with exporting(built, wire, key, campaign, "parquet", tmp_path / "cut") as program:
        program.go_on()
        assert await program.until_said("error") == ["Interrupted", "export_cut"]
    async with exporting(built, wire, key, campaign, "parquet", tmp_path / "file") as program:
        program.go_on()
        assert (await program.until_said("whole"))["bytes"] == len(whole)
    assert (tmp_path / "file").read_bytes() == whole


async def test_rows_of_two_runs_make_no_file(
    built: Path,
    api: Caller,
    wire: Wire,
    key: NewKey,
    campaign: Campaign,
    database: Database,
    principal: Principal,
    tmp_path: Path,
) -> None:
    """DNS is run, its export breaks, and DNS is run again before the export goes on."""
    await fill(api, campaign, NAMES_RUN)
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        await transition(database, principal, campaign.id, DNS)
        await until(database, principal, campaign.id, DNS, PhaseStatus.COMPLETED)
        wire.cut_answers(100_000, paths="/export")
        async with exporting(built, wire, key, campaign, "csv", tmp_path / "file") as program:
            assert (await program.until_said("progress"))["resumed"] == 0
            async with database.transaction() as tx:
                again = TransitionCampaign(target_phase=DNS, rerun=Rerun(scope=RerunScope.ALL))
                await commands.transition_campaign(tx, principal, campaign.id, again, None)
            await until(database, principal, campaign.id, DNS, PhaseStatus.COMPLETED)
            program.go_on()
            assert await program.until_said("error") == ["Moved", "campaign_changed"]
    written = (tmp_path / "file").read_bytes()
    assert 0 < len(written) <= 100_000
    assert b"# complete" not in written


async def test_a_list_whose_answer_was_lost_was_taken(
    built: Path, wire: Wire, key: NewKey, campaign: Campaign, tmp_path: Path
) -> None:
    (tmp_path / "list").write_bytes(list_of(NAMES) + b"no name\n")
    wire.cut_answers(10_000_000, 0, paths="/import")  # the first question is which imports there are
    program = built / "tests/programs/import.js"
    async with running(program, str(campaign.id), tmp_path / "list", url=wire.url, key=key.secret) as importing:
        receipt = await importing.until_said("receipt")
    told = {name: receipt[name] for name in ("linesRead", "accepted", "rejectedCount", "skipped")}
    assert told == {"linesRead": NAMES + 1, "accepted": NAMES, "rejectedCount": 1, "skipped": 0}
    assert len([request for request in wire.requests if request.startswith("POST")]) == 1


async def test_a_list_that_broke_off_leaves_nothing(
    built: Path, api: Caller, wire: Wire, key: NewKey, campaign: Campaign, tmp_path: Path
) -> None:
    (tmp_path / "list").write_bytes(list_of(200_000))
    wire.cut_answers(10_000_000, AT_ONCE, paths="/import")
    program = built / "tests/programs/import.js"
    async with running(program, str(campaign.id), tmp_path / "list", url=wire.url, key=key.secret) as importing:
        assert await importing.until_said("error") == ["Interrupted", "import_cut"]
    await fill(api, campaign, 10)
