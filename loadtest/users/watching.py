"""Who watches `/ws` by the generated client's own watch: dashboards see all campaigns, followers one to its end."""

import os
import random
from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

import gevent
from locust import User, constant, task

from loadtest.users.counting import TALLY
from loadtest.users.watches import Watch
from phaseline_client import CampaignProgress, Phaseline
from phaseline_client.following import ENDED

PAUSE_SECONDS = 0.2  # while there is nothing to follow


class Moving:
    """Campaigns that are under way, as the dashboards of this process see it."""

    def __init__(self) -> None:
        self._ids: dict[UUID, None] = {}

    def see(self, state: CampaignProgress) -> None:
        if state.deleted or state.phase_status in ENDED:
            self._ids.pop(state.campaign_id, None)
        elif state.processed:
            self._ids[state.campaign_id] = None

    def choose(self) -> UUID | None:
        return random.choice(tuple(self._ids)) if self._ids else None  # noqa: S311


class Watcher(User):
    """All of a process share one client: of its HTTP, which blocks, a watch needs nothing as long as all goes well."""

    abstract = True
    wait_time = constant(0)
    moving: ClassVar[Moving] = Moving()
    clients: ClassVar[dict[str, Phaseline]] = {}

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        host = str(self.host)
        self.phaseline = self.clients.setdefault(host, Phaseline(host, os.environ.get("PHASELINE_KEY")))

    def watch(self, watch: Watch, campaign_ids: set[UUID] | None) -> Iterator[CampaignProgress]:
        """Each state, told to whoever counts."""
        TALLY.watches.append(watch)
        for state in self.phaseline.watch("all" if campaign_ids is None else campaign_ids, on_away=TALLY.on_absence):
            TALLY.on_state(state, is_news=watch.see(state))
            yield state


class Dashboard(Watcher):
    fixed_count = 10

    @task
    def watch_all(self) -> None:
        for state in self.watch(Watch(is_dashboard=True), None):
            self.moving.see(state)


class Follower(Watcher):
    """Follows what a dashboard of the same process sees moving."""

    fixed_count = 190

    @task
    def follow(self) -> None:
        campaign_id = self.moving.choose()
        if campaign_id is None:
            gevent.sleep(PAUSE_SECONDS)
            return
        watch = Watch(is_dashboard=False)
        for state in self.watch(watch, {campaign_id}):
            if state.deleted or state.phase_status in ENDED:
                watch.leave(campaign_id)
                TALLY.followed += 1
                return
