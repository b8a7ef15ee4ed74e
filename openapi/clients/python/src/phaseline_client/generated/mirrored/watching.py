# Made from `awaited/watching.py` by `make client-python`; a change here is lost.

"""The news of campaigns from the websocket, kept up through restarts of the server and losses of the network."""

import contextlib
from collections.abc import Callable, Generator
from uuid import UUID

from phaseline_client.blocking.sockets import open_channel
from phaseline_client.blocking.time import now, pause
from phaseline_client.errors import NetworkFault, NotFound, Refused, WaitedTooLong, passes
from phaseline_client.following import GLANCE_SECONDS, LOOK_SECONDS_MAX, Away, Bearing, Follower, Wanted, Watching
from phaseline_client.generated.calls import campaigns as calls
from phaseline_client.generated.mirrored.server import Server
from phaseline_client.generated.models import CampaignProgress


def watch(server: Server, campaign_ids: Wanted, watching: Watching) -> Generator[CampaignProgress]:
    """First the present states, then every change. Ends when all that was wanted has been deleted, and was told so."""
    follower = Follower(None if campaign_ids == "all" else frozenset(campaign_ids))
    bearing = Bearing(watching.away_seconds_max, server.jitter)
    left = deadline(watching.timeout_seconds)
    while not follower.is_over:
        try:
            with contextlib.closing(news(server, follower, bearing, left, watching)) as states:
                for state in states:
                    bearing.end()
                    yield state
        except Away as away:
            absence = bearing.begin(away, now())
            if watching.on_away is not None:
                watching.on_away(absence)
            pause(min(absence.seconds, left()))


def deadline(seconds: float | None) -> Callable[[], float]:
    """Seconds until then; WaitedTooLong behind it."""
    end = None if seconds is None else now() + seconds

    def left() -> float:
        if end is None:
            return LOOK_SECONDS_MAX
        if now() >= end:
            raise WaitedTooLong("waited_too_long", "The time that was given is over.")
        return min(end - now(), LOOK_SECONDS_MAX)

    return left


def news(
    server: Server, follower: Follower, bearing: Bearing, left: Callable[[], float], watching: Watching
) -> Generator[CampaignProgress]:
    """What comes over one connection. Away when it ends for a while."""
    with open_channel(server.place, min(server.timeouts.connect, left())) as channel:
        follower.begin()
        channel.send(follower.subscription)
        bearing.connected(now())
        snapshot_at = now() + watching.snapshot_seconds
        while not follower.is_over:
            patience = max(GLANCE_SECONDS, snapshot_at - now()) if follower.unheard else LOOK_SECONDS_MAX
            state = channel.next(min(patience, left()))
            if state is not None and bearing.is_back() and watching.on_back is not None:
                watching.on_back()
            if state is not None and follower.accept(state):
                yield state
            if follower.unheard and now() >= snapshot_at:
                gone = look_for(server, follower, follower.unheard.pop())
                if gone is not None:
                    yield gone


def look_for(server: Server, follower: Follower, campaign_id: UUID) -> CampaignProgress | None:
    """A campaign that was not heard of: told as deleted if it is gone. NotFound if it was never there."""
    try:
        server.ask(calls.get_campaign(campaign_id))
    except NotFound:
        gone = follower.miss(campaign_id)
        if gone is None:
            raise
        return gone
    except (NetworkFault, Refused) as error:
        raise (Away(error) if passes(error) else error) from None
    return None
