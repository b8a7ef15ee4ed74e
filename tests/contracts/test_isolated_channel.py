"""The one action of the one socket, with another tenant's ids: nothing of it comes, while its owner hears of it."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from websockets.asyncio.client import ClientConnection

from service.progress.events import Subscribe
from tests.contracts.tenants import Tenant, World, new_things, succeeded
from tests.progress.test_socket import receive, send, watching

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Channel(msgspec.Struct, frozen=True):
    """Both tenants on sockets, and a running campaign of each."""

    world: World
    owners: ClientConnection
    strangers: ClientConnection
    theirs: str
    own: str

    async def change_theirs(self) -> None:
        """The owner's campaign changes, and its owner is told: so every watcher who would be told was."""
        status = await toggled(self.world.owner, self.theirs)
        while (await receive(self.owners))["phaseStatus"] != status:
            pass

    async def heard_by_the_stranger(self) -> list[str]:
        """Whose frames came, until that of a change of the own campaign, which is the last."""
        status = await toggled(self.world.stranger, self.own)
        heard: list[Any] = [await receive(self.strangers)]
        while (heard[-1]["campaignId"], heard[-1]["phaseStatus"]) != (self.own, status):
            heard.append(await receive(self.strangers))
        return [frame["campaignId"] for frame in heard]


async def toggled(tenant: Tenant, campaign_id: str) -> str:
    """Pause or resume; the status then."""
    path = f"/campaigns/{campaign_id}"
    now = (await succeeded(tenant, "GET", path)).body["phaseStatus"]
    command = {"running": "pause", "paused": "resume"}[now]
    status: str = (await succeeded(tenant, "POST", f"{path}/{command}")).body["phaseStatus"]
    return status


@contextlib.asynccontextmanager
async def two_watchers(world: World) -> AsyncIterator[Channel]:
    theirs, own = await new_things(world.owner), await new_things(world.stranger)
    async with (
        watching(world.base_url, world.owner.key) as owners,
        watching(world.base_url, world.stranger.key) as strangers,
    ):
        channel = Channel(world, owners, strangers, theirs.campaigns["generating"], own.campaigns["generating"])
        await subscribe(owners, [channel.theirs])
        assert (await receive(owners))["campaignId"] == channel.theirs
        yield channel


async def subscribe(socket: ClientConnection, campaign_ids: list[str] | str) -> None:
    await send(socket, {"subscribe": ["campaign.progress"], "campaignIds": campaign_ids})


async def test_a_subscription_has_nothing_but_a_channel_and_campaigns() -> None:
    """Whatever else a client may send one day needs a test of its own here."""
    assert Subscribe.__struct_fields__ == ("subscribe", "campaign_ids")


async def test_the_ids_of_anothers_campaigns_bring_nothing(world: World) -> None:
    async with two_watchers(world) as channel:
        await subscribe(channel.strangers, [channel.theirs, str(uuid4()), channel.own])
        for _ in range(2):
            await channel.change_theirs()
            assert set(await channel.heard_by_the_stranger()) == {channel.own}


async def test_all_are_all_of_the_own_tenant(world: World) -> None:
    async with two_watchers(world) as channel:
        await subscribe(channel.strangers, "all")
        heard: list[str] = []
        for _ in range(2):
            await channel.change_theirs()
            heard += await channel.heard_by_the_stranger()
        assert channel.own in heard
        assert world.owner.marks.isdisjoint(heard)


async def test_subscribing_again_brings_nothing_either(world: World) -> None:
    """Not what was changed meanwhile, and not what waits still when the subscription is another one."""
    async with two_watchers(world) as channel:
        for first in ([channel.theirs], "all", [channel.theirs, channel.own]):
            await subscribe(channel.strangers, first)
            await channel.change_theirs()
            await subscribe(channel.strangers, [channel.theirs, channel.own])
            assert world.owner.marks.isdisjoint(await channel.heard_by_the_stranger())
