"""What all users that ask over HTTP have in common: one task is one request, so that so many a second are offered."""

import itertools
import os
import random
import time
from argparse import Namespace
from collections.abc import Generator, Iterator
from typing import Any, ClassVar
from uuid import UUID

from locust import FastHttpUser, task

from loadtest.users.asking import Asker
from loadtest.users.troubles import Wrong
from phaseline_client.asking import TIMEOUTS
from phaseline_client.calls import find_place
from phaseline_client.errors import PhaselineError, Refused
from phaseline_client.generated.calls.campaigns import list_campaigns
from phaseline_client.generated.models import CampaignPhase, PhaseStatus

NAME = "load"  # of all campaigns that users make
LATE_SECONDS_MAX = 5.0  # what is more than that behind is not caught up with
REST_SECONDS_MAX = 20.0


class PhaselineUser(FastHttpUser):
    """Lives one life after the other. `live` gives way after each request; what goes wrong ends that life.

    A user that was turned away comes again when it was told to, and not before.
    """

    abstract = True
    connection_timeout = TIMEOUTS.connect
    network_timeout = TIMEOUTS.answer
    # The chance that is thrown for: of each user its own, so that a seed of Python's does not make them all alike.
    chance: ClassVar[random.Random] = random.Random()  # noqa: S311

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.server = Asker(self.client, find_place(self.host, None, os.environ))
        self.lives = self.live_on()
        self.due = time.monotonic()

    def on_start(self) -> None:
        time.sleep(self.wait_time())  # they do not all come at once

    def wait_time(self) -> float:
        """Seconds to the next request, by chance (Poisson) and by the clock: a late answer puts off none of them."""
        now = time.monotonic()
        self.due = max(self.due + self.chance.expovariate(self.options.rate), now - LATE_SECONDS_MAX)
        return max(0.0, self.due - now)

    @task
    def act(self) -> None:
        try:
            next(self.lives)
        except Refused as refusal:  # locust has been told, as of all troubles
            self.lives = self.live_on()
            time.sleep(min(refusal.retry_after_seconds or 0.0, REST_SECONDS_MAX))
        except PhaselineError:
            self.lives = self.live_on()

    def live_on(self) -> Iterator[None]:
        return itertools.chain.from_iterable(self.live() for _ in itertools.count())

    def live(self) -> Iterator[None]:
        """One life, with at least one request in it."""
        raise NotImplementedError

    @property
    def options(self) -> Namespace:
        options = self.environment.parsed_options
        assert isinstance(options, Namespace), "there is a command line"
        return options

    def find_large(self) -> Generator[None, None, list[UUID]]:
        """The campaigns of `--browse`, or else those that are finished now, and that no user will delete."""
        if self.options.browse:
            return [UUID(text) for text in self.options.browse.split(",")]
        page = self.server.ask(list_campaigns, current_phase=CampaignPhase.ANALYSIS, phase_status=PhaseStatus.COMPLETED)
        yield
        return [campaign.id for campaign in page.items if campaign.name != NAME]

    def check(self, what: str, *, holds: bool) -> None:
        """Something that an answer has to say."""
        if not holds:
            wrong = Wrong(what)
            self.environment.events.request.fire(
                request_type="CHECK", name=what, response_time=0, response_length=0, exception=wrong, context={}
            )
