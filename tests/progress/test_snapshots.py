"""Present states are read once for all who come together, and never too early for anybody."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from service.access.model import Principal
from service.campaigns import commands
from service.campaigns.model import Campaign
from service.errors import Unavailable
from service.postgres.database import Database
from service.progress.events import PhaseStatus
from service.progress.hub import Hub
from service.progress.mailboxes import Mailbox
from service.progress.snapshots import SNAPSHOT_CAMPAIGNS_MAX
from service.runtime.telemetry import QUERY_SECONDS
from tests.world import a_campaign, start

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'progress_states'::regclass"
END_WAITING = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted AND relation = $1::regclass"


def reads(query: str) -> float:
    """How often this process has asked this query."""
    samples = [sample for metric in QUERY_SECONDS.collect() for sample in metric.samples]
    return sum(
        each.value for each in samples if each.name.endswith("_count") and each.labels["query"] == f"progress.{query}"
    )


def states_in(mailbox: Mailbox) -> dict[UUID, PhaseStatus]:
    return {each.progress.campaign_id: each.progress.phase_status for each in mailbox.take(len(mailbox))}


@contextlib.asynccontextmanager
async def reading_held(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """Nobody can read states for a while, but can begin to."""
    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE progress_states IN ACCESS EXCLUSIVE MODE")
        yield connection


async def until_reading(connection: asyncpg.Connection, count: int) -> None:
    async with asyncio.timeout(10):
        while await connection.fetchval(WAITING) < count:
            await asyncio.sleep(0.01)


async def test_who_comes_together_shares_one_read(database: Database, principal: Principal) -> None:
    hub = Hub(database)
    campaigns = [await start(database, principal, a_campaign(10)) for _ in range(3)]
    everything = [hub.open_mailbox(principal.tenant_id) for _ in range(100)]
    single = [hub.open_mailbox(principal.tenant_id) for _ in range(100)]
    before = reads("list_states_of_tenant"), reads("list_states_of_campaigns")
    async with asyncio.TaskGroup() as group:
        for number, (all_of_them, one) in enumerate(zip(everything, single, strict=True)):
            group.create_task(hub.subscribe(all_of_them, None))
            group.create_task(hub.subscribe(one, (campaigns[number % 3].id, uuid4())))
    after = reads("list_states_of_tenant"), reads("list_states_of_campaigns")
    assert [later - earlier for earlier, later in zip(before, after, strict=True)] == [1, 1]
    for number, (all_of_them, one) in enumerate(zip(everything, single, strict=True)):
        assert states_in(all_of_them).keys() == {campaign.id for campaign in campaigns}
        assert states_in(one).keys() == {campaigns[number % 3].id}


async def test_tenants_share_nothing(database: Database, principal: Principal, stranger: Principal) -> None:
    hub = Hub(database)
    mine = await start(database, principal, a_campaign(10))
    theirs = await start(database, stranger, a_campaign(10))
    mailboxes = [hub.open_mailbox(who.tenant_id) for who in (principal, stranger)]
    nosy = hub.open_mailbox(stranger.tenant_id)
    await asyncio.gather(*(hub.subscribe(each, None) for each in mailboxes), hub.subscribe(nosy, (mine.id, theirs.id)))
    assert [states_in(each).keys() for each in (*mailboxes, nosy)] == [{mine.id}, {theirs.id}, {theirs.id}]


async def test_who_comes_while_one_reads_takes_the_next_read(database: Database, principal: Principal) -> None:
    """What was read before it was listed might lack what was told to others only."""
    hub = Hub(database)
    await start(database, principal, a_campaign(10))
    early, late = (hub.open_mailbox(principal.tenant_id) for _ in range(2))
    before = reads("list_states_of_tenant")
    async with reading_held(database) as connection, asyncio.TaskGroup() as group:
        group.create_task(hub.subscribe(early, None))
        await until_reading(connection, 1)
        group.create_task(hub.subscribe(late, None))
        await asyncio.sleep(0.1)
        assert await connection.fetchval(WAITING) == 1, "one at a time"
        await connection.execute("COMMIT; BEGIN")  # lets go
    assert reads("list_states_of_tenant") - before == 2
    assert len(states_in(early)) == len(states_in(late)) == 1


async def test_who_goes_takes_nothing_from_the_others(database: Database, principal: Principal) -> None:
    hub = Hub(database)
    campaign = await start(database, principal, a_campaign(10))
    going, staying = (hub.open_mailbox(principal.tenant_id) for _ in range(2))
    async with reading_held(database) as connection:
        first, second = (asyncio.create_task(hub.subscribe(each, None)) for each in (going, staying))
        await until_reading(connection, 1)
        first.cancel()
        await asyncio.wait([first])
        await connection.execute("COMMIT; BEGIN")  # lets go
        await second
    assert first.cancelled()
    assert states_in(staying).keys() == {campaign.id}


async def test_a_read_that_fails_is_told_to_all_who_share_it_and_to_nobody_else(
    database: Database, principal: Principal
) -> None:
    hub = Hub(database)
    campaign = await start(database, principal, a_campaign(10))
    mailboxes = [hub.open_mailbox(principal.tenant_id) for _ in range(3)]
    async with reading_held(database) as connection:
        shared = [asyncio.create_task(hub.subscribe(each, None)) for each in mailboxes[:2]]
        await until_reading(connection, 1)
        later = asyncio.create_task(hub.subscribe(mailboxes[2], None))
        await asyncio.sleep(0.05)
        await connection.execute(END_WAITING, "progress_states")
        for each in shared:
            with pytest.raises(Unavailable):
                await each
        await connection.execute("COMMIT; BEGIN")  # lets go
        await later
    assert states_in(mailboxes[2]).keys() == {campaign.id}


async def test_a_read_asks_for_a_bounded_number_of_campaigns(database: Database, principal: Principal) -> None:
    hub = Hub(database)
    campaign = await start(database, principal, a_campaign(10))
    before = reads("list_states_of_campaigns")
    mailboxes = [hub.open_mailbox(principal.tenant_id) for _ in range(3)]
    asked = [(campaign.id, *(uuid4() for _ in range(SNAPSHOT_CAMPAIGNS_MAX // 2))) for _ in mailboxes]
    await asyncio.gather(*(hub.subscribe(*pair) for pair in zip(mailboxes, asked, strict=True)))
    assert reads("list_states_of_campaigns") - before == 3
    assert [states_in(each).keys() for each in mailboxes] == [{campaign.id}] * 3


async def test_a_change_between_two_reads_reaches_everybody(database: Database, principal: Principal) -> None:
    hub = Hub(database)
    await hub.tick()
    campaign: Campaign = await start(database, principal, a_campaign(10))
    mailboxes = [hub.open_mailbox(principal.tenant_id) for _ in range(40)]

    async def come(mailbox: Mailbox, number: int) -> None:
        await asyncio.sleep(number / 400)
        await hub.subscribe(mailbox, None if number % 2 else (campaign.id,))

    async with asyncio.TaskGroup() as group:
        for number, mailbox in enumerate(mailboxes):
            group.create_task(come(mailbox, number))
        await asyncio.sleep(0.05)
        async with database.transaction() as tx:
            await commands.pause_campaign(tx, principal, campaign.id, "", None)
        await hub.tick()
    assert [states_in(each) for each in mailboxes] == [{campaign.id: PhaseStatus.PAUSED}] * len(mailboxes)
