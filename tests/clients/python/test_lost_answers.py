"""A client behind a wire that breaks: what is asked for is done once."""

import asyncio

import pytest

from phaseline_client import AsyncPhaseline, CommandReason, GrantKey, Lost, NotFound, UpdateCampaign
from service.access.model import NewKey
from service.postgres.database import Database
from service.postgres.queries import Query
from service.settings import Settings
from tests.cli.wire import AT_ONCE, wired
from tests.clients.python.both import LISTED, opened
from tests.world import running_api

PATIENCE_SECONDS = 30
LOCK_CAMPAIGN = Query("test.lock_campaign", "SELECT FROM campaigns WHERE campaign_id = $1 FOR UPDATE")


@pytest.mark.parametrize("cuts", [(0,), (AT_ONCE, 0), (20, 0, 0)])
async def test_a_command_whose_answer_was_lost_is_done_once(
    kind: str, base_url: str, key: NewKey, cuts: tuple[int, ...]
) -> None:
    async with wired(base_url) as wire, opened(kind, wire.url, key.secret) as both:
        wire.cut_answers(*cuts)
        made = await both.ask(lambda client: client.campaigns.create_campaign(LISTED))
        listed = await both.ask(lambda client: client.campaigns.list_campaigns())
    assert [each.id for each in listed.items] == [made.id]
    assert wire.requests.count("POST /campaigns") == len(cuts) + 1
    assert len(wire.keys) == len(cuts) + 1
    assert len(set(wire.keys)) == 1


async def test_a_key_of_the_caller_is_the_one_that_is_sent(kind: str, base_url: str, key: NewKey) -> None:
    async with wired(base_url) as wire, opened(kind, wire.url, key.secret) as both:
        first, second = [
            await both.ask(lambda client: client.campaigns.create_campaign(LISTED, idempotency_key="mine"))
            for _ in range(2)
        ]
    assert first == second
    assert wire.keys == ["mine", "mine"]


async def test_every_command_carries_a_key_and_no_reading_does(kind: str, base_url: str, key: NewKey) -> None:
    async with wired(base_url) as wire, opened(kind, wire.url, key.secret) as both:
        made = await both.ask(lambda client: client.campaigns.create_campaign(LISTED))
        await both.ask(lambda client: client.campaigns.update_campaign(made.id, UpdateCampaign(name="other")))
        await both.ask(lambda client: client.campaigns.cancel_campaign(made.id, CommandReason(reason="enough")))
        await both.ask(lambda client: client.campaigns.get_phases(made.id))
        await both.ask(lambda client: client.campaigns.delete_campaign(made.id, if_match="*"))
    assert [request.split()[0] for request in wire.requests] == ["POST", "PATCH", "POST", "GET", "DELETE"]
    assert len(wire.keys) == len(set(wire.keys)) == 4


async def test_what_is_not_safe_to_repeat_is_sent_once(kind: str, base_url: str, key: NewKey) -> None:
    async with wired(base_url) as wire, opened(kind, wire.url, key.secret) as both:
        wire.cut_answers(0)
        with pytest.raises(Lost):
            await both.ask(lambda client: client.access.make_key(GrantKey(name="once")))
    assert (wire.requests, wire.keys) == (["POST /keys"], [])


async def test_a_deletion_whose_answer_was_lost_has_succeeded(kind: str, base_url: str, key: NewKey) -> None:
    async with wired(base_url) as wire, opened(kind, wire.url, key.secret) as both:
        made = await both.ask(lambda client: client.campaigns.create_campaign(LISTED))
        wire.cut_answers(0)
        deleted = await both.ask(lambda client: client.campaigns.delete_campaign(made.id))
        assert deleted.id == made.id
        with pytest.raises(NotFound):
            await both.ask(lambda client: client.campaigns.get_campaign(made.id))
    assert wire.requests.count(f"DELETE /campaigns/{made.id}") == 2


async def test_a_command_that_is_still_under_way_is_waited_for(
    kind: str, base_url: str, key: NewKey, database: Database
) -> None:
    """The first request has come to the server, which waits for a lock; the second one is told to come back."""
    async with wired(base_url) as wire, opened(kind, wire.url, key.secret) as both:
        made = await both.ask(lambda client: client.campaigns.create_campaign(LISTED))
        asked = len(wire.requests)
        async with database.transaction() as tx:
            await tx.fetch(LOCK_CAMPAIGN, made.id)
            wire.cut_answers(AT_ONCE)
            cancelling = asyncio.create_task(both.ask(lambda client: client.campaigns.cancel_campaign(made.id)))
            await asyncio.wait_for(wire.until_asked(asked + 3), PATIENCE_SECONDS)
        cancelled = await asyncio.wait_for(cancelling, PATIENCE_SECONDS)
    assert cancelled.version == made.version + 1


async def test_reading_is_asked_again_and_given_up_in_the_end(kind: str, base_url: str, key: NewKey) -> None:
    async with wired(base_url) as wire, opened(kind, wire.url, key.secret, jitter=lambda: 0.0) as both:
        made = await both.ask(lambda client: client.campaigns.create_campaign(LISTED))
        wire.cut_answers(0, AT_ONCE)
        assert await both.ask(lambda client: client.campaigns.get_campaign(made.id)) == made
        asked = len(wire.requests)
        wire.cut_answers(*(AT_ONCE,) * 20)
        with pytest.raises(Lost):
            await both.ask(lambda client: client.campaigns.get_campaign(made.id))
    assert len(wire.requests) - asked == 6


async def test_who_is_told_to_wait_waits(kind: str, database_url: str, key: NewKey) -> None:
    """One request at a time is answered: while an export is read slowly, others get 429."""
    async with (
        running_api(database_url, Settings(requests_in_flight=1)) as base_url,
        wired(base_url) as wire,
        AsyncPhaseline(base_url, key.secret) as direct,
        opened(kind, wire.url, key.secret) as both,
    ):
        made = await direct.campaigns.create_campaign(LISTED)
        names = b"".join(b"name%07d.com\n" % number for number in range(120_000))
        await direct.domains.import_domains(made.id, names, content_type="text/plain")
        async with direct.domains.export_domains(made.id) as parts:
            await anext(parts)
            asking = asyncio.create_task(both.ask(lambda client: client.campaigns.list_campaigns(limit=1)))
            await asyncio.wait_for(wire.until_asked(2), PATIENCE_SECONDS)
        assert [each.id for each in (await asyncio.wait_for(asking, PATIENCE_SECONDS)).items] == [made.id]
