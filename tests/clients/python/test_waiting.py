"""Who reads slowly gets the newest state, and who waits gets the campaign when it has ended."""

import asyncio
import contextlib
from uuid import UUID

import pytest

from phaseline_client import (
    AsyncPhaseline,
    NotFound,
    Phaseline,
    PhaseStatus,
    WaitedTooLong,
)
from service.access.model import NewKey
from service.campaigns.model import Campaign
from service.postgres.database import Database
from tests.clients.python.both import LISTED, opened
from tests.clients.python.moving import count_up
from tests.world import running_api

PATIENCE_SECONDS = 30
NOWHERE = UUID(int=7)


# Who reads slowly


async def test_who_reads_slowly_gets_the_newest_state(
    base_url: str, database: Database, key: NewKey, campaign: Campaign
) -> None:
    async with (
        AsyncPhaseline(base_url, key.secret) as client,
        contextlib.aclosing(client.watch([campaign.id])) as states,
    ):
        first = await anext(states)
        for processed in range(1, 8):
            await count_up(database, campaign, processed)
            await asyncio.sleep(0.25)  # longer than two messages of a campaign are apart
        then = await asyncio.wait_for(anext(states), PATIENCE_SECONDS)
    assert (first.processed, then.processed) == (0, 7)


async def test_who_blocks_and_reads_slowly_gets_the_newest_state(
    base_url: str, database: Database, key: NewKey, campaign: Campaign
) -> None:
    client = Phaseline(base_url, key.secret)
    states = client.watch([campaign.id])
    first = await asyncio.to_thread(next, states)
    for processed in range(1, 8):
        await count_up(database, campaign, processed)
        await asyncio.sleep(0.25)
    then = await asyncio.wait_for(asyncio.to_thread(next, states), PATIENCE_SECONDS)
    await asyncio.to_thread(states.close)
    await asyncio.to_thread(client.close)
    assert (first.processed, then.processed) == (0, 7)


# Waiting


async def test_who_waits_gets_the_campaign_when_it_has_ended(kind: str, base_url: str, key: NewKey) -> None:
    async with opened(kind, base_url, key.secret) as both:
        made = await both.ask(lambda client: client.campaigns.create_campaign(LISTED))
        with pytest.raises(WaitedTooLong):
            await both.ask(lambda client: client.campaigns.wait(made.id, timeout_seconds=0.3))
        waiting = asyncio.create_task(both.ask(lambda client: client.campaigns.wait(made.id, timeout_seconds=30)))
        await both.ask(lambda client: client.campaigns.cancel_campaign(made.id))
        assert (await waiting).phase_status is PhaseStatus.CANCELLED
        running = await both.ask(
            lambda client: client.campaigns.wait(made.id, until=lambda progress: progress.sequence > 0)
        )
        assert running.id == made.id
        with pytest.raises(NotFound):
            await both.ask(lambda client: client.campaigns.wait(NOWHERE, timeout_seconds=30))


async def test_a_server_that_is_away_is_waited_for_until_the_time_is_over(
    kind: str, database_url: str, key: NewKey, campaign: Campaign
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with running_api(database_url) as base_url:
            both = await stack.enter_async_context(opened(kind, base_url, key.secret))
            away = asyncio.Event()
            loop = asyncio.get_running_loop()
            waiting = asyncio.create_task(
                both.ask(
                    lambda client: client.campaigns.wait(
                        campaign.id, timeout_seconds=3, on_away=lambda _: loop.call_soon_threadsafe(away.set)
                    )
                )
            )
            await asyncio.sleep(0.5)
        await asyncio.wait_for(away.wait(), PATIENCE_SECONDS)
        with pytest.raises(WaitedTooLong):
            await asyncio.wait_for(waiting, PATIENCE_SECONDS)
