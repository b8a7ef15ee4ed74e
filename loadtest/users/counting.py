"""What all users of this process see, gathered second by second, and told to whoever asked for it (`--tell`)."""

import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import gevent
import msgspec
from locust.env import Environment
from locust.runners import Runner

from loadtest.users.telling import DELAYS_TIMED_EVERY, Count, Farewell, Line, Second, Standing
from loadtest.users.troubles import Silent, Trouble
from loadtest.users.watches import Watch
from phaseline_client import CampaignProgress


class Tally:
    """Shared by all users of the process."""

    def __init__(self) -> None:
        self.watches: list[Watch] = []
        self.followed = 0
        self._begin()

    def _begin(self) -> None:
        self._taken_ms: defaultdict[str, list[float]] = defaultdict(list)
        self._troubles: Counter[tuple[str, str, str]] = Counter()
        self._states = self._news = 0
        self._delays_ms: list[float] = []
        self._absences = 0

    def on_request(self, name: str, response_time: float, exception: BaseException | None, **_: Any) -> None:
        """One attempt of one request, as locust's own statistics hear of it."""
        if exception is None:
            self._taken_ms[name].append(round(response_time, 2))
            return
        trouble = exception if isinstance(exception, Trouble) else Silent(type(exception).__name__)
        self._troubles[name, type(trouble).__name__, str(trouble)] += 1

    def on_state(self, state: CampaignProgress, *, is_news: bool) -> None:
        self._states += 1
        self._news += is_news
        if is_news and self._news % DELAYS_TIMED_EVERY == 0:
            self._delays_ms.append(round((time.time() - state.occurred_at.timestamp()) * 1e3, 2))

    def on_absence(self, *_: object) -> None:
        self._absences += 1

    def second(self, users: int) -> Second:
        """What came since the last one."""
        told = Second(
            at=time.time(),
            users=users,
            taken_ms=dict(self._taken_ms),
            troubles=tuple(Count(*what, count) for what, count in self._troubles.items()),
            states=self._states,
            delays_ms=self._delays_ms,
            absences=self._absences,
        )
        self._begin()
        return told

    def farewell(self) -> Farewell:
        standings = Counter(
            (campaign_id, watch.is_dashboard, last.sequence, last.deleted)
            for watch in self.watches
            for campaign_id, last in watch.last.items()
        )
        return Farewell(
            dashboards=sum(watch.is_dashboard for watch in self.watches),
            followed=self.followed,
            standings=tuple(Standing(*what, watchers) for what, watchers in standings.items()),
        )


TALLY = Tally()


def tell_every_second(environment: Environment, file: Path) -> None:
    """Until the process ends, and then once more."""
    runner = environment.runner
    assert isinstance(runner, Runner)
    events = environment.events
    encoder = msgspec.json.Encoder()
    lines = file.open("ab", buffering=0)

    def tell(line: Line) -> None:
        lines.write(encoder.encode(line) + b"\n")

    def go_on() -> None:
        due = time.monotonic()
        while True:
            due += 1.0
            time.sleep(max(0.0, due - time.monotonic()))
            tell(TALLY.second(runner.user_count))

    def end(**_: Any) -> None:
        tell(TALLY.second(runner.user_count))
        tell(TALLY.farewell())

    events.quitting.add_listener(end)
    gevent.spawn(go_on)
