"""Watching goes on through the server's restarts, and tells of them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest

from phaseline_client import Absence
from service import assembly
from service.access.model import NewKey, Principal
from service.campaigns.commands import cancel_campaign
from service.cli.client import Client, open_client
from service.cli.places import Place
from service.cli.screens import Track
from service.cli.watching import watch
from service.errors import NotFound, Unauthenticated, Unavailable
from service.postgres.database import Database
from service.progress.events import CampaignProgress, PhaseStatus
from service.web.serving import listening_socket
from tests.world import a_campaign, running_api, start

PATIENCE_SECONDS = 20


class Noting:
    """A display that notes what it is told."""

    def __init__(self) -> None:
        self.noted: asyncio.Queue[Sequence[Track] | Absence] = asyncio.Queue()
        self.is_back = asyncio.Event()
        self.closed = False

    def begin(self, tracks: Sequence[Track]) -> None:
        self.noted.put_nowait(tracks)

    def tell(self, tracks: Sequence[Track], _news: CampaignProgress) -> None:
        self.noted.put_nowait(tracks)

    def tell_away(self, away: Absence) -> None:
        self.noted.put_nowait(away)

    def tell_back(self) -> None:
        self.is_back.set()

    def close(self) -> None:
        self.closed = True

    async def until_away(self) -> None:
        while not isinstance(await asyncio.wait_for(self.noted.get(), PATIENCE_SECONDS), Absence):
            pass


@contextlib.asynccontextmanager
async def api_at(url: str, port: int) -> AsyncIterator[None]:
    """The API where one was before."""
    stop = asyncio.Event()
    serving = asyncio.create_task(assembly.run_api(url, listening_socket("127.0.0.1", port), stop))
    try:
        yield
    finally:
        stop.set()
        await serving


@contextlib.asynccontextmanager
async def client_of(base_url: str, key: NewKey) -> AsyncIterator[Client]:
    async with open_client(Place(base_url, key.secret)) as client:
        yield client


async def test_a_restart_is_told_and_then_the_news_go_on(
    database_url: str, database: Database, key: NewKey, principal: Principal
) -> None:
    campaign = await start(database, principal, a_campaign(50))
    display = Noting()
    async with contextlib.AsyncExitStack() as stack:
        async with running_api(database_url) as base_url:
            client = await stack.enter_async_context(client_of(base_url, key))
            watching = asyncio.create_task(watch(client, (campaign.id,), display))
            begun = await asyncio.wait_for(display.noted.get(), PATIENCE_SECONDS)
            assert not isinstance(begun, Absence)
            assert [track.phases.phase_status for track in begun] == [PhaseStatus.RUNNING]
        await display.until_away()
        async with database.transaction() as tx:
            await cancel_campaign(tx, principal, campaign.id, "while nobody served", None)
        async with api_at(database_url, int(base_url.rsplit(":", 1)[1])):
            (track,) = await asyncio.wait_for(watching, PATIENCE_SECONDS)
            assert display.is_back.is_set()
    assert (track.phases.phase_status, track.ended, track.succeeded) == (PhaseStatus.CANCELLED, True, False)
    assert display.closed


async def test_the_first_message_is_the_present_state(
    database_url: str, database: Database, key: NewKey, principal: Principal
) -> None:
    campaign = await start(database, principal, a_campaign(50))
    async with (
        running_api(database_url) as base_url,
        client_of(base_url, key) as client,
        contextlib.aclosing(client.watch((campaign.id,), lambda _: None, lambda: None)) as news,
    ):
        first = await asyncio.wait_for(anext(news), PATIENCE_SECONDS)
    assert (first.campaign_id, first.phase_status) == (campaign.id, PhaseStatus.RUNNING)


async def test_a_stranger_watches_nothing(
    database_url: str, database: Database, key: NewKey, principal: Principal, stranger: Principal
) -> None:
    theirs = await start(database, stranger, a_campaign(50))
    async with running_api(database_url) as base_url, client_of(base_url, key) as client:
        with pytest.raises(NotFound):
            await watch(client, (theirs.id,), Noting())
        wrong = msgspec.structs.replace(key, secret="phl_wrong")
        async with client_of(base_url, wrong) as stranger_client:
            with pytest.raises(Unauthenticated):
                await anext(stranger_client.watch((theirs.id,), lambda _: None, lambda: None))


async def test_nobody_there_is_unavailable() -> None:
    with listening_socket("127.0.0.1", 0) as listener:
        free = listener.getsockname()[1]
    async with open_client(Place(f"http://127.0.0.1:{free}", "phl_x")) as client:
        with pytest.raises(Unavailable, match="No server answers"):
            await client.list_campaigns(limit=1)
