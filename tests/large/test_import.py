"""Ten million lines come in, in constant memory, and those who watch see how far they are."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
import pytest

from service.campaigns import commands
from service.domains.importing import views
from service.domains.importing.commands import import_domains
from service.domains.importing.formats import ListFormat, rows_of
from service.domains.importing.model import ImportState
from service.progress.events import CampaignPhase
from tests.large.conftest import Large
from tests.large.measuring import sampled_memory, told
from tests.world import a_campaign, sweep_everything

pytestmark = [pytest.mark.large, pytest.mark.asyncio(loop_scope="session")]

LINES = 10_000_000
BLOCK_LINES = 2_000
REPEATED = 10  # one line in so many stands there already
BROKEN_LINES = 1_000
MEMORY_GROWTH_MIB_MAX = 60
LOOK_SECONDS = 1.0


async def lines() -> AsyncIterator[bytes]:
    """Names, every tenth of them for the second time, and some lines that are no names."""
    for first in range(0, LINES - BROKEN_LINES, BLOCK_LINES):
        numbers = range(first, min(first + BLOCK_LINES, LINES - BROKEN_LINES))
        yield b"".join(
            b"name%d.com\n" % (number - REPEATED // 2 if number % REPEATED == 9 else number) for number in numbers
        )
    yield b"no name at all\n" * BROKEN_LINES


async def test_ten_million_lines_in_constant_memory(large: Large) -> None:
    request = msgspec.structs.replace(a_campaign(), initial_phase=CampaignPhase.DNS_VALIDATION)
    async with large.database.transaction() as tx:
        campaign = await commands.create_campaign(tx, large.principal, request)
    rows = rows_of(ListFormat.TEXT, column=None, field=None)
    started = asyncio.get_running_loop().time()
    async with sampled_memory() as memory:
        importing = asyncio.create_task(
            import_domains(large.database, large.principal, campaign.id, source=lines(), rows=rows, gunzip=None)
        )
        seen = await watch(large, campaign.id, importing)
        receipt = await importing
    told(f"import of {LINES:,} lines: {asyncio.get_running_loop().time() - started:.0f} s, +{memory.growth:.0f} MiB")
    assert receipt.lines_read == LINES
    assert receipt.accepted + receipt.duplicates + receipt.rejected_count + receipt.skipped == LINES
    assert receipt.duplicates == (LINES - BROKEN_LINES) // REPEATED
    assert receipt.rejected_count == BROKEN_LINES == len(receipt.rejects)
    assert memory.growth < MEMORY_GROWTH_MIB_MAX, f"{memory.growth:.0f} MiB"
    assert len(set(seen)) > 3, "progress is seen"
    assert seen == sorted(seen)
    async with large.database.transaction() as tx:
        (done,) = (await views.list_imports(tx, large.principal, campaign.id)).items
        assert (done.state, done.lines_read, done.accepted) == (ImportState.COMPLETED, LINES, receipt.accepted)
        await commands.delete_campaign(tx, large.principal, campaign.id, None)
    await sweep_everything(large.database)


async def watch(large: Large, campaign_id: UUID, importing: "asyncio.Task[object]") -> list[int]:
    """Lines read, as they are told while the import is under way."""
    seen = []
    while not importing.done():
        async with large.database.transaction() as tx:
            seen += [one.lines_read for one in (await views.list_imports(tx, large.principal, campaign_id)).items]
        await asyncio.wait({importing}, timeout=LOOK_SECONDS)
    return seen
