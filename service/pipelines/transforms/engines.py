"""Engines that several chunks share: one for each configuration in use, closed when nobody needed it for a while."""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Generic, TypeVar

import msgspec

from service.campaigns.configuration import (
    headers_of,
    keyword_rules,
    network_rules,
    politeness_of,
    proxies_of,
    resolver_addresses,
)
from service.campaigns.model import DnsValidation, HttpValidation, Network, RecordType
from service.fetching.prober import Prober, ProbeSettings
from service.pipelines.model import PhaseCannotContinue
from service.resolving import engine as resolving
from service.resolving.engine import (
    FORGETFUL,
    AllResolversDead,
    DnsEngine,
    EngineSettings,
    ResolverAddress,
    VerdictMemory,
)

IDLE_SECONDS = 60.0
VIEW_KEY_BYTES = 16

RECORD_TYPES = {RecordType.A: resolving.RecordType.A, RecordType.AAAA: resolving.RecordType.AAAA}


class SandboxPlace(msgspec.Struct, frozen=True):
    """Where this installation's sandbox answers: its resolvers, and which of its ports stand for 443 and 80."""

    resolvers: tuple[ResolverAddress, ...]
    port_map: tuple[tuple[int, int], ...]


DnsKey = tuple[Network, DnsValidation]
HttpKey = tuple[Network, DnsValidation, HttpValidation]
Engine = TypeVar("Engine", DnsEngine, Prober)
MemoryOf = Callable[[bytes], VerdictMemory]  # of a view's key


class Kept(Generic[Engine]):
    """An engine, who uses it now, and since when nobody does."""

    def __init__(self, engine: Engine) -> None:
        self.engine: Engine = engine
        self.users = 0
        self.idle_since = 0.0

    def is_wanted(self, idle_since_max: float) -> bool:
        return self.users > 0 or self.idle_since > idle_since_max


class Engines:
    """All engines of one worker process."""

    def __init__(self, sandbox: SandboxPlace) -> None:
        self._sandbox = sandbox
        self._resolvers: dict[DnsKey, Kept[DnsEngine]] = {}
        self._probers: dict[HttpKey, Kept[Prober]] = {}
        self._share = 1.0
        self._memory_of: MemoryOf = lambda _: FORGETFUL

    @contextlib.asynccontextmanager
    async def resolver(self, key: DnsKey) -> AsyncIterator[DnsEngine]:
        """The engine of one DNS configuration, opened with its first user."""
        kept = self._resolvers.get(key)
        if kept is None:
            settings = self.dns_settings(key)
            opened = DnsEngine(settings, memory=self._memory_of(view_key(key[0], settings)))
            opened.set_share(self._share)
            kept = self._resolvers[key] = Kept(opened)
            await opened.__aenter__()
        with in_use(kept):
            yield kept.engine

    @contextlib.asynccontextmanager
    async def prober(self, key: HttpKey) -> AsyncIterator[Prober]:
        """The prober of one HTTP configuration; it looks redirect targets up with the campaign's own resolvers."""
        kept = self._probers.get(key)
        if kept is None:
            opened = Prober(self.http_settings(key), Lookup(self, key[:2]))
            opened.set_share(self._share)
            kept = self._probers[key] = Kept(opened)
        with in_use(kept):
            yield kept.engine

    def set_share(self, share: float) -> None:
        """Set which part of every rate cap is this process's."""
        self._share = share
        for kept in self._resolvers.values():
            kept.engine.set_share(share)
        for kept_prober in self._probers.values():
            kept_prober.engine.set_share(share)

    def occupancy(self) -> float:
        """Which part of any cap on what is under way is in use, 0 to 1."""
        resolvers = (kept.engine.occupancy() for kept in self._resolvers.values())
        probers = (kept.engine.occupancy() for kept in self._probers.values())
        return max((*resolvers, *probers), default=0.0)

    def set_memory(self, memory_of: MemoryOf) -> None:
        """Set where engines that are opened from now on learn, and tell, what is known about wildcards."""
        self._memory_of = memory_of

    async def close_idle(self, *, idle_seconds: float = IDLE_SECONDS) -> None:
        """Close what nobody has needed for so long."""
        limit = asyncio.get_running_loop().time() - idle_seconds
        self._probers = {key: kept for key, kept in self._probers.items() if kept.is_wanted(limit)}
        idle = [key for key, kept in self._resolvers.items() if not kept.is_wanted(limit)]
        for engine in [self._resolvers.pop(key).engine for key in idle]:
            await engine.__aexit__(None, None, None)

    def dns_settings(self, key: DnsKey) -> EngineSettings:
        network, validation = key
        given = resolver_addresses(validation, network)
        return EngineSettings(
            resolvers=given or (self._sandbox.resolvers if network is Network.SANDBOX else ()),
            record_types=tuple(RECORD_TYPES[kind] for kind in validation.record_types),
            timeout_seconds=validation.timeout_seconds,
            attempts=validation.attempts,
            queries_per_second=validation.queries_per_second or 0.0,
            queries_per_second_per_resolver=validation.queries_per_second_per_resolver or 0.0,
            in_flight_max=validation.in_flight_max,
            detect_wildcards=validation.detect_wildcards,
        )

    def http_settings(self, key: HttpKey) -> ProbeSettings:
        network, _, validation = key
        politeness = politeness_of(validation, network)
        return ProbeSettings(
            rules=network_rules(network),
            https_port=validation.ports.https,
            http_port=validation.ports.http,
            port_map=dict(self._sandbox.port_map) if network is Network.SANDBOX else {},
            timeout_seconds=validation.timeout_seconds,
            connect_timeout_seconds=validation.connect_timeout_seconds,
            body_bytes_max=validation.body_bytes_max,
            redirects_max=validation.redirects_max,
            concurrency=validation.concurrency,
            connections_per_address=politeness.connections_per_address,
            requests_per_second_per_address=politeness.requests_per_second_per_address,
            bytes_per_second=validation.bytes_per_second,
            user_agent=validation.user_agent,
            headers=headers_of(validation),
            proxies=proxies_of(validation, network),
            verify_tls=validation.verify_tls,
            keywords=keyword_rules(validation),
        )


class Lookup:
    """Addresses of redirect targets, asked of the campaign's resolvers; none where there is no clear answer."""

    def __init__(self, engines: Engines, key: DnsKey) -> None:
        self._engines = engines
        self._key = key

    async def __call__(self, names: Sequence[str]) -> Sequence[tuple[bytes, ...]]:
        async with self._engines.resolver(self._key) as engine:
            try:
                answers = await engine.look_up(names)
            except AllResolversDead:
                raise resolvers_dead() from None
        return [(*cut(v4, 4), *cut(v6, 16)) for v4, v6 in zip(answers.addresses, answers.addresses_v6, strict=True)]


def view_key(network: Network, settings: EngineSettings) -> bytes:
    """Whose internet it is that an engine sees: resolvers may lie, and what one tenant's say is true for no other's."""
    resolvers = sorted((each.host, each.port) for each in settings.resolvers)
    seen = msgspec.json.encode((network, resolvers, sorted(settings.record_types)))
    return hashlib.blake2b(seen, digest_size=VIEW_KEY_BYTES).digest()


def cut(packed: bytes, width: int) -> tuple[bytes, ...]:
    return tuple(packed[start : start + width] for start in range(0, len(packed), width))


def resolvers_dead() -> PhaseCannotContinue:
    return PhaseCannotContinue(
        "resolvers_dead", "No resolver has answered for a while; check the resolvers and the network, then retry."
    )


def proxies_dead() -> PhaseCannotContinue:
    return PhaseCannotContinue(
        "proxies_dead", "No proxy can be used; check configuration.httpValidation.proxies, then retry."
    )


@contextlib.contextmanager
def in_use(kept: Kept[Engine]) -> Iterator[None]:
    kept.users += 1
    try:
        yield
    finally:
        kept.users -= 1
        kept.idle_since = asyncio.get_running_loop().time()
