"""The client: one server, asked with one key."""

import os
import random
from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import Self

from phaseline_client.asking import TIMEOUTS, Timeouts
from phaseline_client.awaited.campaigns import AsyncCampaigns
from phaseline_client.awaited.domains import AsyncDomains
from phaseline_client.awaited.server import AsyncServer
from phaseline_client.awaited.watching import watch
from phaseline_client.calls import find_place
from phaseline_client.following import AWAY_SECONDS_MAX, SNAPSHOT_SECONDS, Absence, Wanted, Watching
from phaseline_client.generated.awaited.access import AsyncAccess
from phaseline_client.generated.awaited.operations import AsyncOperations
from phaseline_client.generated.awaited.workers import AsyncWorkers
from phaseline_client.generated.models import CampaignProgress
from phaseline_client.repeating import REPEATING, Jitter, Repeating


class AsyncPhaseline:
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
        self._server = AsyncServer(place, timeouts, repeating, jitter)
        self.campaigns = AsyncCampaigns(self._server)
        self.domains = AsyncDomains(self._server)
        self.access = AsyncAccess(self._server)
        self.workers = AsyncWorkers(self._server)
        self.operations = AsyncOperations(self._server)

    def watch(
        self,
        campaign_ids: Wanted = "all",
        *,
        on_away: Callable[[Absence], object] | None = None,
        on_back: Callable[[], object] | None = None,
        away_seconds_max: float = AWAY_SECONDS_MAX,
        timeout_seconds: float | None = None,
        snapshot_seconds: float = SNAPSHOT_SECONDS,
    ) -> AsyncGenerator[CampaignProgress]:
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

    async def close(self) -> None:
        await self._server.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
