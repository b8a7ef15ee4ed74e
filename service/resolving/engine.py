"""The engine as its callers see it: names in, answers out."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import Self

from service.resolving.dispatcher import Dispatcher
from service.resolving.model import (
    AllResolversDead,
    Answers,
    EngineSettings,
    EngineStatistics,
    ResolverAddress,
    ResolverStatistics,
)
from service.resolving.packets import RecordType
from service.resolving.verdicts import Forgetful, Verdict, VerdictMemory
from service.resolving.wildcards import Wildcards

__all__ = [
    "AllResolversDead",
    "Answers",
    "DnsEngine",
    "EngineSettings",
    "EngineStatistics",
    "RecordType",
    "ResolverAddress",
    "ResolverStatistics",
    "Verdict",
    "VerdictMemory",
]

FORGETFUL = Forgetful()
PROBE_GRACE_SECONDS = 2.0  # without its parent's verdict no resolved name is settled: a stop lets probes end first


class DnsEngine:
    """Open it with `async with`, then call `resolve` as often and as concurrently as wanted.

    `memory` is where engines tell each other about wildcards; `entropy(n)` gives n unpredictable bytes, for query ids
    and for the names of wildcard probes.
    """

    def __init__(
        self,
        settings: EngineSettings,
        *,
        memory: VerdictMemory = FORGETFUL,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._detects_wildcards = settings.detect_wildcards
        self._wildcards = Wildcards(settings.wildcard_probes, entropy, memory)
        self._dispatcher = Dispatcher(settings, entropy)

    async def __aenter__(self) -> Self:
        await self._dispatcher.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Batches still open return with what they have."""
        await self._dispatcher.__aexit__(kind, error, trace)

    async def resolve(self, names: Sequence[str | bytes], stop: asyncio.Event) -> Answers:
        """Ask for each name; returns when all are settled, or soon after `stop`: what is in flight may still finish.

        Names that resolved before a stop are settled with it, unless their wildcard probes get no answer in time.
        Raises AllResolversDead. Cancelling it is safe at any time.
        """
        answers = await self._dispatcher.ask(names, stop)
        if self._detects_wildcards:
            async with stop_later(stop, PROBE_GRACE_SECONDS) as too_late:
                await self._wildcards.judge(names, answers, lambda probes: self._dispatcher.ask(probes, too_late))
        return answers

    async def look_up(self, names: Sequence[str | bytes]) -> Answers:
        """Ask for each name, and take an echo of a wildcard for an answer like any other. Raises AllResolversDead."""
        return await self._dispatcher.ask(names, asyncio.Event())

    def set_share(self, fraction: float) -> None:
        """What part of every rate and in-flight cap is this process's, 0 to 1; the other processes have the rest."""
        self._dispatcher.set_share(fraction)

    def occupancy(self) -> float:
        """Which part of the in-flight cap is in use, 0 to 1: after a smaller share was set it may be more than that."""
        return self._dispatcher.occupancy()

    def statistics(self) -> EngineStatistics:
        return self._dispatcher.statistics()


@contextlib.asynccontextmanager
async def stop_later(stop: asyncio.Event, seconds: float) -> AsyncIterator[asyncio.Event]:
    """An event that follows another after a while."""
    later = asyncio.Event()

    async def follow() -> None:
        await stop.wait()
        await asyncio.sleep(seconds)
        later.set()

    follower = asyncio.create_task(follow())
    try:
        yield later
    finally:
        follower.cancel()
