"""Probing many targets at once, in waves."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from service.fetching.exchange import Wave, check_settings
from service.fetching.failures import Failure
from service.fetching.hops import Answer, Hop, Verdict, first_hop, next_step
from service.fetching.keywords import compile_keywords
from service.fetching.model import Lookup, Probe, ProbeSettings, Target
from service.fetching.outcomes import HttpOutcome
from service.fetching.pages import PARKED_AT, read_page
from service.fetching.routes import Route, Routes

__all__ = ["Lookup", "Probe", "ProbeSettings", "Prober", "Target"]

GRACE_SECONDS: Final = 5.0  # what is in flight may still take so long once a stop is asked
_OUT_OF_TIME: Final = Failure(HttpOutcome.TIMED_OUT, connecting=False)

logger = logging.getLogger(__name__)


class Prober:
    """Fetches by one campaign's settings. Several tasks may probe at once and share its concurrency.

    Raises Invalid for settings that cannot work.
    """

    def __init__(self, settings: ProbeSettings, lookup: Lookup, *, grace_seconds: float = GRACE_SECONDS) -> None:
        check_settings(settings)
        self._settings = settings
        self._lookup = lookup
        self._grace_seconds = grace_seconds
        self._matcher = compile_keywords(settings.keywords)
        self._slots = asyncio.Semaphore(settings.concurrency)

    async def probe(self, targets: Sequence[Target], stop: asyncio.Event) -> list[Probe | None]:
        """What became of each target, in the order given; `None` for those unfinished because `stop` was set.

        Once `stop` is set nothing new begins, and what is in flight has `grace_seconds`. Raises what `lookup` raises.
        """
        batch = _Batch(Routes(self._settings), [None] * len(targets), stop)
        hops = [hop for index, target in enumerate(targets) if (hop := self._begin(batch, index, target)) is not None]
        async with _cut_short(stop, self._grace_seconds):
            while hops and not stop.is_set():
                hops = await self._travel(batch, hops)
        return batch.probes

    def _begin(self, batch: "_Batch", index: int, target: Target) -> Hop | None:
        hop = first_hop(index, target.host, self._settings)
        if hop is None:
            batch.probes[index] = Probe(outcome=HttpOutcome.BLOCKED, duration_ms=0, final_url="")
        else:
            batch.routes.learn(hop.url, target.addresses)
        return hop

    async def _travel(self, batch: "_Batch", hops: Sequence[Hop]) -> list[Hop]:
        """One wave: look up what is unknown, send every hop that may go, and collect the hops that follow."""
        names = batch.routes.list_unknown(hop.url for hop in hops)
        for name, addresses in zip(names, await self._lookup(names) if names else (), strict=True):
            batch.routes.learn_name(name, addresses)
        ready = self._route(batch, hops)
        if not ready:
            return []
        # Those that must wait come last, so that they hold up nobody.
        queue = iter(sorted(ready, key=lambda one: one[0].wait_seconds))
        following: list[Hop] = []
        async with Wave(self._settings, [route for _, route in ready]) as wave, asyncio.TaskGroup() as workers:
            for _ in range(min(self._settings.concurrency, len(ready))):
                workers.create_task(self._work(batch, wave, queue, following))
        return following

    def _route(self, batch: "_Batch", hops: Sequence[Hop]) -> list[tuple[Hop, Route]]:
        ready: list[tuple[Hop, Route]] = []
        for hop in hops:
            route = batch.routes.find(hop.url, hop.rank)
            if isinstance(route, Route):
                ready.append((hop, route))
            else:
                batch.probes[hop.index] = self._conclude(hop, Verdict(route))
        return ready

    async def _work(
        self, batch: "_Batch", wave: Wave, queue: Iterator[tuple[Hop, Route]], following: list[Hop]
    ) -> None:
        """One of the workers that empty a wave's queue. A fault of ours costs one target, not the batch."""
        for hop, route in queue:
            await _pause(batch.stop, hop.wait_seconds)
            if batch.stop.is_set():
                return
            try:
                step = await self._take(batch, wave, hop, route)
            except Exception:
                logger.exception("probing %s failed", hop.url)
                batch.probes[hop.index] = self._conclude(hop, Verdict(HttpOutcome.INTERNAL_ERROR))
                continue
            if step is not None:
                following.append(step)

    async def _take(self, batch: "_Batch", wave: Wave, hop: Hop, route: Route) -> Hop | None:
        """Take one hop. The target's next one, or `None` if its probe is written."""
        async with self._slots:
            if batch.stop.is_set():
                return None
            answer, seconds = await self._exchange(wave, hop, route)
        hop = replace(hop, spent_seconds=hop.spent_seconds + seconds)
        step = next_step(hop, answer, route.alternatives, self._settings, datetime.now(UTC))
        if isinstance(step, Hop):
            return step
        batch.probes[hop.index] = self._conclude(hop, step)
        return None

    async def _exchange(self, wave: Wave, hop: Hop, route: Route) -> tuple[Answer, float]:
        """The answer and the seconds it took, within what the target has left of its time."""
        left = self._settings.timeout_seconds - hop.spent_seconds
        if left <= 0:
            return _OUT_OF_TIME, 0.0
        begun = time.monotonic()
        answer = await wave.exchange(route, left)
        return answer, time.monotonic() - begun

    def _conclude(self, hop: Hop, verdict: Verdict) -> Probe:
        probe = Probe(
            outcome=verdict.outcome,
            duration_ms=round(hop.spent_seconds * 1_000),
            final_url=str(hop.url),
            status_code=None if verdict.reply is None else verdict.reply.status,
            retry_after_seconds=verdict.retry_after_seconds,
        )
        if verdict.outcome is not HttpOutcome.REACHED or verdict.reply is None:
            return probe
        page = read_page(verdict.reply.content_type, verdict.reply.body, self._matcher)
        return replace(
            probe,
            outcome=HttpOutcome.PARKED if page.parked_confidence >= PARKED_AT else HttpOutcome.REACHED,
            body_bytes=len(verdict.reply.body),
            content_hash=page.content_hash,
            keyword_bits=page.keywords.bits,
            keyword_hits=page.keywords.hit_count,
            unique_keywords=page.keywords.unique_count,
            title=page.title,
            title_hit=page.title_hit,
            parked_confidence=page.parked_confidence,
        )


class _Batch:
    """The state of one call: what is known of its hosts, and the probes written so far."""

    __slots__ = ("probes", "routes", "stop")

    def __init__(self, routes: Routes, probes: list[Probe | None], stop: asyncio.Event) -> None:
        self.routes = routes
        self.probes = probes
        self.stop = stop


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, unless a stop comes first."""
    if seconds > 0:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)


@asynccontextmanager
async def _cut_short(stop: asyncio.Event, grace_seconds: float) -> AsyncIterator[None]:
    """Cancel the block `grace_seconds` after `stop` is set, and go on behind it."""
    limit = asyncio.timeout(None)

    async def watch() -> None:
        await stop.wait()
        limit.reschedule(asyncio.get_running_loop().time() + grace_seconds)

    try:
        async with limit:
            watcher = asyncio.create_task(watch())
            try:
                yield
            finally:
                watcher.cancel()
                await asyncio.wait((watcher,))
    except TimeoutError:
        if not limit.expired():
            raise
