"""The TypeScript client under Node, on live servers that stop, lose answers and delete what is watched."""

import asyncio
import contextlib
import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from datetime import UTC
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from service.access import commands as access
from service.access.engine import Admissions
from service.access.model import NewKey, Principal
from service.campaigns import commands
from service.campaigns.model import Campaign, ChunkCounts
from service.postgres.database import Database
from service.progress.events import CampaignPhase, CampaignProgress, PhaseStatus
from tests.cli.test_watching import api_at
from tests.cli.wire import AT_ONCE, wired
from tests.contracts.node.running import needs_node
from tests.contracts.typescript_client import build_tests
from tests.served import serving
from tests.world import a_campaign, running_api, start

pytestmark = needs_node

SECONDS_MAX = 60
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SAFE_INTEGER = 2**53  # beyond it, numbers of JavaScript lose digits
SCALARS = (
    st.none() | st.booleans() | st.integers(-SAFE_INTEGER, SAFE_INTEGER) | TEXT
    | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=20
)
OBJECTS = st.dictionaries(TEXT, VALUES, max_size=6)
COUNTS = st.integers(0, SAFE_INTEGER)
STATES = st.builds(
    CampaignProgress,
    campaign_id=st.uuids(),
    phase=st.sampled_from(CampaignPhase),
    phase_status=st.sampled_from(PhaseStatus),
    sequence=COUNTS,
    progress=st.floats(0, 100),
    processed=COUNTS,
    total=COUNTS,
    succeeded=COUNTS,
    negative=COUNTS,
    failed=COUNTS,
    rate_per_second=st.floats(0, 1e9),
    eta_seconds=st.none() | st.floats(0, 1e9),
    occurred_at=st.datetimes(timezones=st.just(UTC)),
    deleted=st.booleans(),
)


@pytest.fixture(scope="module")
def built() -> Path:
    return build_tests()


def environment(url: str, key: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PHASELINE_URL": url, "PHASELINE_KEY": key}


async def run(*arguments: str | Path, url: str = "", key: str = "") -> str:
    """What a program prints, which has to end well."""
    process = await asyncio.create_subprocess_exec(
        "node", *map(str, arguments), env=environment(url, key), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), SECONDS_MAX)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, printed.decode()
    return printed.decode()


class News:
    """What a watching program says, line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.lines: list[dict[str, Any]] = []
        self._process = process

    @property
    def told(self) -> list[dict[str, Any]]:
        return [line["told"] for line in self.lines if "told" in line]

    async def until(self, is_there: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first line from now on that is so."""
        assert self._process.stdout is not None
        async with asyncio.timeout(SECONDS_MAX):
            while data := await self._process.stdout.readline():
                self.lines.append(json.loads(data))
                if is_there(self.lines[-1]):
                    return self.lines[-1]
        raise AssertionError(f"it ended, having said {self.lines}")

    async def until_processed(self, count: int) -> None:
        await self.until(lambda line: line.get("told", {}).get("processed") == count)


@contextlib.asynccontextmanager
async def watching(
    built: Path, url: str, key: NewKey, *campaign_ids: UUID, options: tuple[str, ...] = ()
) -> AsyncIterator[News]:
    process = await asyncio.create_subprocess_exec(
        "node", *options, str(built / "tests/programs/watch.js"), *map(str, campaign_ids),
        env=environment(url, key.secret), stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield News(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
async def campaign(database: Database, principal: Principal) -> Campaign:
    """One that runs; nobody works on it, so that it goes on when the test says."""
    return await start(database, principal, a_campaign(1_000))


async def count_up(database: Database, campaign: Campaign, succeeded: int) -> None:
    run_id = await database.pool.fetchval("SELECT run_id FROM phase_runs WHERE campaign_id = $1", campaign.id)
    async with database.transaction() as tx:
        await commands.record_progress(tx, run_id, ChunkCounts(succeeded=succeeded, outcomes=(succeeded,)))


async def delete(database: Database, principal: Principal, campaign: Campaign) -> None:
    async with database.transaction() as tx:
        await commands.delete_campaign(tx, principal, campaign.id, None)


# Requests


async def test_what_the_client_decides_by(built: Path) -> None:
    await run("--test", built / "tests/following.test.js")


async def test_operations_and_errors_on_a_live_server(built: Path, base_url: str, key: NewKey) -> None:
    await run("--test", built / "tests/live/operations.test.js", url=base_url, key=key.secret)


@pytest.mark.parametrize("cuts", [(0,), (AT_ONCE, 0), (20, 0, 0)])
async def test_a_command_whose_answer_was_lost_is_done_once(
    built: Path, base_url: str, key: NewKey, database: Database, cuts: tuple[int, ...]
) -> None:
    async with wired(base_url) as wire:
        wire.cut_answers(*cuts)
        said = await run(built / "tests/programs/create.js", "campaign", url=wire.url, key=key.secret)
    made = [row["campaign_id"] for row in await database.pool.fetch("SELECT campaign_id FROM campaigns")]
    assert [str(each) for each in made] == [said.strip()]
    assert wire.requests == ["POST /campaigns"] * (len(cuts) + 1)
    assert len(wire.keys) == len(cuts) + 1
    assert len(set(wire.keys)) == 1


async def test_what_is_not_safe_to_repeat_is_sent_once(built: Path, base_url: str, key: NewKey) -> None:
    async with wired(base_url) as wire:
        wire.cut_answers(0)
        said = await run(built / "tests/programs/create.js", "key", url=wire.url, key=key.secret)
    assert (said.strip(), wire.requests, wire.keys) == ("Lost", ["POST /keys"], [])


# News


async def test_a_server_that_stops_is_waited_for(
    built: Path, database_url: str, database: Database, key: NewKey, campaign: Campaign
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with running_api(database_url) as base_url:
            news = await stack.enter_async_context(watching(built, base_url, key, campaign.id))
            await news.until_processed(0)
            await count_up(database, campaign, 5)
            await news.until_processed(5)
        assert "1001" in (await news.until(lambda line: "away" in line))["message"]
        await count_up(database, campaign, 6)
        await count_up(database, campaign, 8)
        async with api_at(database_url, int(base_url.rsplit(":", 1)[1])):
            await news.until_processed(8)
            await count_up(database, campaign, 9)
            await news.until_processed(9)
    assert [each["processed"] for each in news.told] == [0, 5, 8, 9]
    sequences = [each["sequence"] for each in news.told]
    assert sequences == sorted(set(sequences))


@pytest.mark.parametrize("options", [(), ("--experimental-websocket",)])
async def test_a_deletion_is_told_once_and_ends_the_watch(
    built: Path,
    base_url: str,
    database: Database,
    key: NewKey,
    principal: Principal,
    campaign: Campaign,
    options: tuple[str, ...],
) -> None:
    """With the package `ws`, and with the global WebSocket, which Node 20 has when it is asked."""
    async with watching(built, base_url, key, campaign.id, options=options) as news:
        await news.until_processed(0)
        await delete(database, principal, campaign)
        await news.until(lambda line: "over" in line)
    assert [each.get("deleted", False) for each in news.told] == [False, True]


async def test_of_all_campaigns_a_deletion_while_nobody_listened_is_told(
    built: Path, database_url: str, database: Database, key: NewKey, principal: Principal, campaign: Campaign
) -> None:
    kept = await start(database, principal, a_campaign(1_000))
    async with contextlib.AsyncExitStack() as stack:
        async with running_api(database_url) as base_url:
            news = await stack.enter_async_context(watching(built, base_url, key))
            await news.until(lambda _: len(news.told) == 2)
        await news.until(lambda line: "away" in line)
        await delete(database, principal, campaign)
        async with api_at(database_url, int(base_url.rsplit(":", 1)[1])):
            await news.until(lambda line: line.get("told", {}).get("deleted", False))
            await count_up(database, kept, 3)
            await news.until_processed(3)
    assert [each["campaignId"] for each in news.told[2:]] == [str(campaign.id), str(kept.id)]


async def test_a_key_that_ends_ends_the_watch(
    built: Path, database_url: str, database: Database, key: NewKey, principal: Principal, campaign: Campaign
) -> None:
    admissions = Admissions(database)
    async with (
        serving(database_url, admissions=admissions) as served,
        watching(built, served.base_url, key, campaign.id) as news,
    ):
        await news.until_processed(0)
        async with database.transaction() as tx:
            await access.revoke_key(tx, principal.tenant_id, key.key_id)
        assert await admissions.tick() == 1
        ended = await news.until(lambda line: "error" in line)
    assert ended["error"] == ["ChannelRefused", "closed_1008"]


async def test_what_was_never_there_is_not_waited_for(built: Path, base_url: str, key: NewKey) -> None:
    async with watching(built, base_url, key, UUID(int=7)) as news:
        ended = await news.until(lambda line: "error" in line)
    assert ended["error"] == ["NotFound", "campaign_not_found"]


# Round trips


def passed(built: Path, texts: list[str]) -> list[str]:
    """Texts of JSON, as the client read them and sent them on."""
    ended = subprocess.run(
        ["node", str(built / "tests/programs/pass.js")],
        input=json.dumps(texts), capture_output=True, text=True, timeout=SECONDS_MAX, check=True,
    )  # fmt: skip
    again: list[str] = json.loads(ended.stdout)
    return again


def as_doubles(text: str) -> Any:
    """JSON as JavaScript knows it: all numbers are of one kind, however they are written."""
    return json.loads(text, parse_int=float)


# Each example starts Node: a failing one is shown as it was found.
@settings(max_examples=20, phases=(Phase.reuse, Phase.generate), suppress_health_check=list(HealthCheck))
@given(sent=st.lists(STATES, min_size=1, max_size=5), later=st.lists(OBJECTS, max_size=5))
def test_a_message_comes_back_as_it_was_sent(
    built: Path, sent: list[CampaignProgress], later: list[dict[str, Any]]
) -> None:
    """Of today's Structs, and whatever a later server may add to them."""
    todays = [msgspec.json.encode(each).decode() for each in sent]
    laters = [json.dumps(each) for each in later]
    texts = passed(built, [*todays, *laters])
    assert [msgspec.json.decode(text, type=CampaignProgress) for text in texts[: len(sent)]] == sent
    assert [as_doubles(text) for text in texts[len(sent) :]] == [as_doubles(text) for text in laters]


def test_every_answer_that_the_contract_shows_comes_back_as_it_was_sent(built: Path, repository: Path) -> None:
    examples = json.loads((repository / "service/web/contract/examples.json").read_text())
    texts = [json.dumps({"of": name, "is": example}) for name, example in examples.items()]
    assert [json.loads(text) for text in passed(built, texts)] == [json.loads(text) for text in texts]
