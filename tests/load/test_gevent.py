"""Which parts of the generated client locust's users can have: all of them are greenlets of one thread."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from service.access.model import NewKey
from service.campaigns.model import Campaign
from service.postgres.database import Database
from tests.clients.python.conftest import campaign
from tests.clients.python.moving import count_up
from tests.load.seen import LAST, TICK_SECONDS, USERS, Seen
from tests.world import Caller

__all__ = ["campaign"]

ANSWER_SECONDS = 0.3
ANSWER = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n{"live":"yes"}'
SUBSCRIBERS = "phaseline_progress_subscribers"


@contextlib.asynccontextmanager
async def slow_server() -> AsyncIterator[str]:
    """It takes its time for each answer, and has any number of them under way."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(ANSWER_SECONDS)
                writer.write(ANSWER)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def run_program(repository: Path, *arguments: str) -> Seen:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.load.gevent_program", *arguments),
        cwd=repository,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return msgspec.json.decode(out, type=Seen)


async def test_the_generated_client_holds_up_all_users_and_their_own_way_none(repository: Path) -> None:
    async with slow_server() as url:
        blocking = await run_program(repository, "client", url, "phl_anybody")
        asking = await run_program(repository, "users", url, "phl_anybody")
    # One after the other, and nobody else has a turn; against all at once, and others have theirs.
    assert blocking.seconds > 0.8 * USERS * ANSWER_SECONDS
    assert blocking.ticks <= USERS
    assert asking.seconds < blocking.seconds / 2
    assert asking.ticks > 0.5 * ANSWER_SECONDS / TICK_SECONDS


async def test_the_generated_clients_watch_lets_all_users_go_on(
    repository: Path, base_url: str, key: NewKey, campaign: Campaign, database: Database
) -> None:
    watching = asyncio.create_task(run_program(repository, "watch", base_url, key.secret, str(campaign.id)))
    await until_watched(base_url)
    for processed in range(10, LAST + 1, 10):
        await count_up(database, campaign, processed)
        await asyncio.sleep(0.1)  # changes that come faster than they are sent are told as one
    seen = await watching
    assert seen.states > 2 * USERS
    assert seen.ticks > 0.3 * seen.seconds / TICK_SECONDS


async def until_watched(base_url: str) -> None:
    """All watchers are there."""
    caller = Caller(base_url, None)
    async with asyncio.timeout(30):
        while f"{SUBSCRIBERS} {USERS}.0" not in (await caller.call("GET", "/metrics")).body.decode():
            await asyncio.sleep(0.05)
