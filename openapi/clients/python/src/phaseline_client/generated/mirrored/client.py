# Made from `awaited/client.py` by `make client-python`; a change here is lost.

"""The client: one server, asked with one key."""

import os
import random
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Self

from phaseline_client.asking import TIMEOUTS, Timeouts
from phaseline_client.calls import find_place
from phaseline_client.following import AWAY_SECONDS_MAX, SNAPSHOT_SECONDS, Absence, Wanted, Watching
from phaseline_client.generated.blocking.access import Access
from phaseline_client.generated.blocking.operations import Operations
from phaseline_client.generated.blocking.workers import Workers
from phaseline_client.generated.mirrored.campaigns import Campaigns
from phaseline_client.generated.mirrored.domains import Domains
from phaseline_client.generated.mirrored.server import Server
from phaseline_client.generated.mirrored.watching import watch
from phaseline_client.generated.models import CampaignProgress
from phaseline_client.repeating import REPEATING, Jitter, Repeating


class Phaseline:
    """A Phaseline server: `campaigns`, `domains`, `access`, `workers`, `operations`, and `watch`.

    Where `url` or `key` is not given, PHASELINE_URL and PHASELINE_KEY say it; without an URL, the server is looked for
    on this machine. Nothing is sent before the first call. What is read, and every command, is asked again while the
    server is away or busy for a moment; a command carries an Idempotency-Key, so that it is done once.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeouts: Timeouts = TIMEOUTS,
        repeating: Repeating = REPEATING,
        jitter: Jitter = random.random,
    ) -> None:
        """ValueError where the URL or the key cannot be one."""
        place = find_place(url, key, os.environ)
        self._server = Server(place, timeouts, repeating, jitter)
        self.campaigns = Campaigns(self._server)
        self.domains = Domains(self._server)
        self.access = Access(self._server)
        self.workers = Workers(self._server)
        self.operations = Operations(self._server)

    def watch(
        self,
        campaign_ids: Wanted = "all",
        *,
        on_away: Callable[[Absence], object] | None = None,
        on_back: Callable[[], object] | None = None,
        away_seconds_max: float = AWAY_SECONDS_MAX,
        timeout_seconds: float | None = None,
        snapshot_seconds: float = SNAPSHOT_SECONDS,
    ) -> Generator[CampaignProgress]:
        """First the present state of each campaign, then its changes, through restarts of the server.

        A campaign never goes back, its last state always comes, and that it was deleted is told once, by `deleted`; the
        watch ends when all of `campaign_ids` have been. Who reads slowly gets the newest state of each campaign. While
        the server is away it is asked again, with growing pauses of which `on_away` is told, for `away_seconds_max` at
        most; `on_back` is told when it is heard again, though nothing may have changed meanwhile. WaitedTooLong after
        `timeout_seconds`. Campaigns that the server says nothing of are asked for after `snapshot_seconds`.
        """
        watching = Watching(
            on_away=on_away,
            on_back=on_back,
            away_seconds_max=away_seconds_max,
            timeout_seconds=timeout_seconds,
            snapshot_seconds=snapshot_seconds,
        )
        return watch(self._server, campaign_ids, watching)

    def close(self) -> None:
        self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
