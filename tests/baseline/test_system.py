"""The dual architecture at work: one process, a campaign through all phases, and two messages for each batch."""

import math
import sys
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.connection import Connection

from loadtest.baseline.creating import create_campaign, start_campaign
from loadtest.baseline.finding import find_addresses, find_pages
from loadtest.baseline.patterns import OldPattern
from loadtest.baseline.reading import BATCH
from loadtest.baseline.words import DNS_WORDS, old_page
from loadtest.bench.daemons import running_daemon
from loadtest.legacy.dual import channel_at, until_over
from loadtest.legacy.watching import watching

NAMES = 3_200
PATTERN = OldPattern("prefix", "shop", "abcdefghijklmnopqrstuvwxyz", 4, ".com")


@pytest.fixture(autouse=True)
def its_messages_are_in_no_contract_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """All other tests hold what they read against it."""
    monkeypatch.setattr(ClientConnection, "recv", Connection.recv)


@pytest.mark.parametrize("options", [(), ("--streamed",)], ids=["as it was", "streamed"])
async def test_a_campaign_goes_through_all_phases(
    dual: asyncpg.Connection, dual_url: str, repository: Path, options: tuple[str, ...]
) -> None:
    campaign_id = await create_campaign(dual, uuid4(), PATTERN, NAMES)
    command = (sys.executable, "-m", "loadtest.baseline.system", "--url", dual_url, *options)
    async with (
        running_daemon(command, folder=repository, ready="Serving on") as line,
        watching(channel_at(line)) as watched,
    ):
        await start_campaign(dual, campaign_id)
        await until_over(dual, campaign_id)
        traffic = await watched.traffic()
    rows = await dual.fetch("SELECT * FROM generated_domains ORDER BY offset_index")
    names = list(PATTERN.spell_names(0, NAMES))
    assert [row["domain_name"] for row in rows] == names
    assert [row["dns_status"] for row in rows] == [DNS_WORDS[code].status for code in find_addresses(names).outcomes]
    resolved = [row for row in rows if row["dns_status"] == "ok"]
    pages = [old_page(probe) for probe in find_pages([row["domain_name"] for row in resolved])]
    assert [(row["http_status"], row["http_title"]) for row in resolved] == [
        (page.http_status, page.http_title) for page in pages
    ]
    assert {row["http_status"] for row in rows if row["dns_status"] != "ok"} == {"pending"}
    assert all(row["rejection_reason"] for row in rows)
    batches = 3 * math.ceil(NAMES / BATCH) + math.ceil(len(resolved) / BATCH)
    assert {kind: told.messages for kind, told in traffic.items()} == {
        "campaign.progress": batches,
        "campaign_progress": batches,
    }
    await check_standing(dual)


async def check_standing(dual: asyncpg.Connection) -> None:
    """Both halves say that it is over, and the counters are the rows."""
    campaign = await dual.fetchrow("SELECT * FROM campaigns")
    assert (campaign["status"], campaign["progress_percentage"]) == ("completed", 100)
    assert (campaign["current_phase"], campaign["phase_status"], campaign["progress"]) == ("analysis", "completed", 100)
    statuses = await dual.fetch("SELECT status, processed_items = total_items AS whole FROM campaign_phases")
    assert [tuple(row) for row in statuses] == [("completed", True)] * 4
    counted = await dual.fetchrow("SELECT total, dns_pending, http_pending, lead_pending FROM campaign_domain_counters")
    assert tuple(counted) == (NAMES, 0, 0, 0)
    leads = await dual.fetchval("SELECT count(*) FROM generated_domains WHERE lead_status = 'match'")
    assert await dual.fetchval("SELECT lead_match FROM campaign_domain_counters") == leads > 0
