"""Probing many targets at once, in waves."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Final
from zlib import crc32

from msgspec.structs import replace

from service.fetching.exchange import Wave, check_settings
from service.fetching.failures import Failure
from service.fetching.gate import Gate, Queue
from service.fetching.guard import HostName, allowed_addresses
from service.fetching.hops import Answer, Hop, Reply, Verdict, first_hop, next_step
from service.fetching.keywords import compile_keywords
from service.fetching.model import Lookup, Probe, ProbeSettings, Target
from service.fetching.outcomes import HttpOutcome
from service.fetching.pages import PARKED_AT, Page, read_pages
from service.fetching.persona import Proxy, ProxyRoute, proxy_route
from service.fetching.routes import Route, Routes
from service.fetching.schedule import Pace

__all__ = ["Lookup", "Probe", "ProbeSettings", "Prober", "ProxiesDead", "Target"]

GRACE_SECONDS: Final = 5.0  # what is in flight may still take so long once a stop is asked
_OUT_OF_TIME: Final = Failure(HttpOutcome.TIMED_OUT, connecting=False)

# Pages wait for one another: in one go they cost a third less, as nothing else comes between. The loop stands still
# meanwhile, so there may not be many.
PAGES_UNREAD_MAX: Final = 32
BYTES_UNREAD_MAX: Final = 524_288
PROXY_FAILURES_MAX: Final = 8  # in a row, for each proxy there is; then they count as dead

logger = logging.getLogger(__name__)


class ProxiesDead(Exception):
    """No proxy can be used: asking on would only make false outcomes."""


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
        self._gate = Gate(pace_of(settings))
        self._proxy_failures = 0  # in a row

    def set_share(self, fraction: float) -> None:
        """What part of every limit is this process's, 0 to 1; the other processes have the rest."""
        self._gate.set_share(fraction)

    def occupancy(self) -> float:
        """Which part of the connections to one address is in use; after a smaller share was set it may be more."""
        return self._gate.occupancy()

    async def probe(self, targets: Sequence[Target], stop: asyncio.Event) -> list[Probe | None]:
        """What became of each target, in the order given; `None` for those unfinished because `stop` was set.

        Once `stop` is set nothing new begins, and what is in flight has `grace_seconds`. Raises what `lookup` raises,
        and ProxiesDead.
        """
        batch = _Batch(Routes(self._settings), Queue(self._gate), [None] * len(targets), stop)
        hops = [hop for index, target in enumerate(targets) if (hop := self._begin(batch, index, target)) is not None]
        async with _cut_short(batch, self._grace_seconds):
            batch.proxies = await self._find_proxies()
            while (hops or batch.resting) and not stop.is_set():
                hops = await self._travel(batch, hops) if hops else await batch.rest()
                self._check_proxies()
        self._read_pages(batch)
        return batch.probes

    async def _find_proxies(self) -> tuple[ProxyRoute, ...]:
        """Those that may be contacted, names looked up anew each time. Raises ProxiesDead if all are out of reach."""
        proxies = self._settings.proxies
        names = list(dict.fromkeys(proxy.host.name for proxy in proxies if isinstance(proxy.host, HostName)))
        known = dict(zip(names, await self._lookup(names) if names else (), strict=True))
        usable = tuple(
            proxy_route(proxy, allowed[0])
            for proxy in proxies
            if (allowed := allowed_addresses(self._settings.rules, addresses_of(proxy, known)))
        )
        if proxies and not usable:
            raise ProxiesDead
        return usable

    def _check_proxies(self) -> None:
        if self._proxy_failures >= PROXY_FAILURES_MAX * max(1, len(self._settings.proxies)):
            self._proxy_failures = 0
            raise ProxiesDead

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
        following: list[Hop] = batch.take_rested()
        async with Wave(self._settings, [route for _, route in ready]) as wave, asyncio.TaskGroup() as tasks:
            for hop, route in ready:
                tasks.create_task(self._go(batch, wave, hop, route, following))
        return following

    def _route(self, batch: "_Batch", hops: Sequence[Hop]) -> list[tuple[Hop, Route]]:
        ready: list[tuple[Hop, Route]] = []
        for hop in hops:
            route = batch.routes.find(hop.url, hop.rank)
            if isinstance(route, Route):
                ready.append((hop, replace(route, proxy=batch.choose_proxy(hop))))
            else:
                self._conclude(batch, hop, Verdict(route))
        return ready

    async def _go(self, batch: "_Batch", wave: Wave, hop: Hop, route: Route, following: list[Hop]) -> None:
        """Take one hop when its turn comes. A fault of ours costs one target, not the batch."""
        if not await batch.queue.wait(route.address):
            return
        byte_count = 0
        try:
            answer, seconds = await self._exchange(wave, hop, route)
            byte_count = len(answer.body) if isinstance(answer, Reply) else 0
            self._step(batch, replace(hop, spent_seconds=hop.spent_seconds + seconds), answer, route, following)
        except Exception:
            logger.exception("probing %s failed", hop.url)
            self._conclude(batch, hop, Verdict(HttpOutcome.INTERNAL_ERROR))
        finally:
            self._gate.leave(route.address, byte_count)

    def _step(self, batch: "_Batch", hop: Hop, answer: Answer, route: Route, following: list[Hop]) -> None:
        """Write the target's probe, or note its next hop: for the next wave, or for when the server wants it."""
        step = next_step(hop, answer, route.alternatives, self._settings, datetime.now(UTC))
        if isinstance(step, Verdict):
            if isinstance(answer, Failure) and answer.by_proxy:
                logger.warning("no proxy could be used for %s", hop.url)
            self._conclude(batch, hop, step)
        elif step.wait_seconds:
            assert isinstance(answer, Reply)
            batch.lay_down(step, probe_without_page(hop, Verdict(HttpOutcome.RATE_LIMITED, answer, step.wait_seconds)))
        else:
            following.append(step)

    async def _exchange(self, wave: Wave, hop: Hop, route: Route) -> tuple[Answer, float]:
        """The answer and the seconds it took, within what the target has left of its time."""
        left = self._settings.timeout_seconds - hop.spent_seconds
        if left <= 0:
            return _OUT_OF_TIME, 0.0
        begun = time.monotonic()
        answer = await wave.exchange(route, left)
        is_fault_of_proxy = isinstance(answer, Failure) and answer.by_proxy
        self._proxy_failures = self._proxy_failures + 1 if is_fault_of_proxy else 0
        return answer, time.monotonic() - begun

    def _conclude(self, batch: "_Batch", hop: Hop, verdict: Verdict) -> None:
        """Write the target's probe, or lay its page aside until there are some to be read together."""
        if verdict.outcome is HttpOutcome.REACHED and verdict.reply is not None:
            batch.unread.append((hop, verdict.reply))
            batch.unread_bytes += len(verdict.reply.body)
            if len(batch.unread) >= PAGES_UNREAD_MAX or batch.unread_bytes >= BYTES_UNREAD_MAX:
                self._read_pages(batch)
        else:
            batch.probes[hop.index] = probe_without_page(hop, verdict)

    def _read_pages(self, batch: "_Batch") -> None:
        unread, batch.unread, batch.unread_bytes = batch.unread, [], 0
        try:
            self._read(batch, unread)
        except Exception:  # noqa: BLE001 -- read_alone tells of it, and it costs one target as everywhere
            for hop, reply in unread:
                self._read_alone(batch, hop, reply)

    def _read_alone(self, batch: "_Batch", hop: Hop, reply: Reply) -> None:
        try:
            self._read(batch, [(hop, reply)])
        except Exception:
            logger.exception("reading the page of %s failed", hop.url)
            batch.probes[hop.index] = probe_without_page(hop, Verdict(HttpOutcome.INTERNAL_ERROR))

    def _read(self, batch: "_Batch", unread: Sequence[tuple[Hop, Reply]]) -> None:
        pages = read_pages([(reply.content_type, reply.body) for _, reply in unread], self._matcher)
        for (hop, reply), page in zip(unread, pages, strict=True):
            batch.probes[hop.index] = probe_with_page(hop, reply, page)


def probe_without_page(hop: Hop, verdict: Verdict) -> Probe:
    return Probe(
        outcome=verdict.outcome,
        duration_ms=round(hop.spent_seconds * 1_000),
        final_url=str(hop.url),
        status_code=None if verdict.reply is None else verdict.reply.status,
        retry_after_seconds=verdict.retry_after_seconds,
        tls_fault=verdict.tls_fault if verdict.outcome is HttpOutcome.TLS_FAILED else None,
    )


def probe_with_page(hop: Hop, reply: Reply, page: Page) -> Probe:
    return Probe(
        outcome=HttpOutcome.PARKED if page.parked_confidence >= PARKED_AT else HttpOutcome.REACHED,
        duration_ms=round(hop.spent_seconds * 1_000),
        final_url=str(hop.url),
        status_code=reply.status,
        body_bytes=len(reply.body),
        content_hash=page.content_hash,
        near_hash=page.near_hash,
        keyword_bits=page.keywords.bits,
        keyword_hits=page.keywords.hit_count,
        unique_keywords=page.keywords.unique_count,
        keyword_contexts=page.contexts,
        title=page.title,
        title_hit=page.title_hit,
        parked_confidence=page.parked_confidence,
    )


class _Batch:
    """The state of one call: what is known of its hosts, the probes written so far, and the hops that wait."""

    __slots__ = ("probes", "proxies", "queue", "resting", "routes", "stop", "unread", "unread_bytes")

    def __init__(self, routes: Routes, queue: Queue, probes: list[Probe | None], stop: asyncio.Event) -> None:
        self.routes = routes
        self.queue = queue
        self.probes = probes
        self.stop = stop
        self.proxies: tuple[ProxyRoute, ...] = ()
        self.unread: list[tuple[Hop, Reply]] = []
        self.unread_bytes = 0
        self.resting: list[tuple[float, Hop]] = []  # servers asked to be left alone until these instants

    def choose_proxy(self, hop: Hop) -> ProxyRoute | None:
        """Hosts are spread over the proxies, each with its own; another one after a failure."""
        if not self.proxies:
            return None
        return self.proxies[(crc32((hop.url.host_str or "").encode()) + hop.proxy_rank) % len(self.proxies)]

    def lay_down(self, hop: Hop, early_end: Probe) -> None:
        """Let a hop rest. If a stop comes first, that is its end: somebody else would go there before its time."""
        self.probes[hop.index] = early_end
        self.resting.append((asyncio.get_running_loop().time() + hop.wait_seconds, replace(hop, wait_seconds=0)))

    def take_rested(self) -> list[Hop]:
        now = asyncio.get_running_loop().time()
        rested = [hop for due_at, hop in self.resting if due_at <= now]
        self.resting = [(due_at, hop) for due_at, hop in self.resting if due_at > now]
        for hop in rested:
            self.probes[hop.index] = None
        return rested

    async def rest(self) -> list[Hop]:
        """Wait until the first hop is due, unless a stop comes before."""
        seconds = min(due_at for due_at, _ in self.resting) - asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), max(0.0, seconds))
        return self.take_rested()


def addresses_of(proxy: Proxy, known: Mapping[str, tuple[bytes, ...]]) -> tuple[bytes, ...]:
    return known[proxy.host.name] if isinstance(proxy.host, HostName) else (proxy.host.address,)


def pace_of(settings: ProbeSettings) -> Pace:
    return Pace(
        at_once=settings.concurrency,
        connections_per_address=settings.connections_per_address,
        requests_per_second_per_address=settings.requests_per_second_per_address,
        bytes_per_second=settings.bytes_per_second,
    )


@asynccontextmanager
async def _cut_short(batch: _Batch, grace_seconds: float) -> AsyncIterator[None]:
    """Once a stop is asked, let nobody begin; cancel the block `grace_seconds` later, and go on behind it."""
    limit = asyncio.timeout(None)

    async def watch() -> None:
        await batch.stop.wait()
        batch.queue.close()
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
