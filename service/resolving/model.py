"""Values that go into and come out of the engine."""

import ipaddress
import re

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.errors import Invalid
from service.resolving.packets import RecordType

_BRACKETED = re.compile(r"\[(?P<host>[^]]*)](?::(?P<port>.*))?")
_PORT = re.compile(r"[0-9]{1,5}")

DNS_PORT = 53
RESOLVERS_MAX = 1_000
SOCKETS_PER_RESOLVER_MAX = 64
IN_FLIGHT_PER_SOCKET_MAX = 16_384  # a quarter of the id space: a fresh random id is found at the first or second try
ATTEMPTS_MAX = 50
TIMEOUT_SECONDS_MAX = 60.0
WILDCARD_PROBES_MAX = 10


class ResolverAddress(msgspec.Struct, frozen=True):
    """Where a resolver listens: `host` is an IP address, v4 or v6."""

    host: str
    port: int = DNS_PORT

    def __post_init__(self) -> None:
        try:
            ipaddress.ip_address(self.host)
        except ValueError as error:
            raise Invalid(
                "resolver_not_an_address", f"A resolver is given by IP address, not {self.host!r}."
            ) from error
        if not 0 < self.port < 65_536:
            raise Invalid("resolver_port_out_of_range", f"A resolver's port is 1 to 65535, not {self.port}.")


def parse_resolver(text: str) -> ResolverAddress:
    """Read `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`; raises Invalid."""
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed:
        host, port = bracketed["host"], bracketed["port"]
    elif text.count(":") == 1:
        host, port = text.split(":")
    else:
        host, port = text, None
    if port is None:
        return ResolverAddress(host)
    if not _PORT.fullmatch(port):
        raise Invalid("resolver_port_out_of_range", f"A resolver's port is 1 to 65535, not {port!r}.")
    return ResolverAddress(host, int(port))


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to ask. Rates and `in_flight_max`, which is per resolver, are for the whole installation.

    `DnsEngine.set_share` says what part of them is this process's. `record_types` are asked one after another, the next
    one only if the name was not absent. `attempts` counts the first. A rate of 0 is no cap. Probes are asked only where
    a name resolved.
    """

    resolvers: tuple[ResolverAddress, ...]
    record_types: tuple[RecordType, ...] = (RecordType.A,)
    timeout_seconds: float = 3.0
    attempts: int = 3
    queries_per_second: float = 0.0
    queries_per_second_per_resolver: float = 0.0
    in_flight_max: int = 1_000
    sockets_per_resolver: int = 4
    detect_wildcards: bool = True
    wildcard_probes: int = 3
    dead_after_seconds: float = 30.0

    def __post_init__(self) -> None:
        for field, is_inside, bounds in (
            ("resolvers", 0 < len(self.resolvers) <= RESOLVERS_MAX, f"1 to {RESOLVERS_MAX} of them"),
            ("resolvers", len(set(self.resolvers)) == len(self.resolvers), "each named once"),
            ("recordTypes", bool(self.record_types) and set(self.record_types) <= _ADDRESS_TYPES, "A, AAAA or both"),
            ("recordTypes", len(set(self.record_types)) == len(self.record_types), "each named once"),
            ("timeoutSeconds", 0 < self.timeout_seconds <= TIMEOUT_SECONDS_MAX, f"up to {TIMEOUT_SECONDS_MAX:g}"),
            ("attempts", 0 < self.attempts <= ATTEMPTS_MAX, f"1 to {ATTEMPTS_MAX}"),
            ("queriesPerSecond", self.queries_per_second >= 0, "0 (no cap) or more"),
            ("queriesPerSecondPerResolver", self.queries_per_second_per_resolver >= 0, "0 (no cap) or more"),
            ("socketsPerResolver", 0 < self.sockets_per_resolver <= SOCKETS_PER_RESOLVER_MAX, "1 to 64"),
            ("inFlightMax", 0 < self.in_flight_max <= self.in_flight_bound, f"1 to {self.in_flight_bound}"),
            ("wildcardProbes", 0 < self.wildcard_probes <= WILDCARD_PROBES_MAX, f"1 to {WILDCARD_PROBES_MAX}"),
            ("deadAfterSeconds", self.dead_after_seconds > 0, "more than 0"),
        ):
            if not is_inside:
                raise Invalid("dns_settings_out_of_range", f"{field} must be {bounds}.", pointer=f"/{field}")

    @property
    def in_flight_bound(self) -> int:
        """What the ids of a resolver's sockets leave room for."""
        return self.sockets_per_resolver * IN_FLIGHT_PER_SOCKET_MAX


_ADDRESS_TYPES = frozenset({RecordType.A, RecordType.AAAA})


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """One entry per name in each column, in the order of the names.

    `outcomes`: DnsOutcome, or 0 for a name left unfinished by a stop. `duration_ms`: from the first query to the end,
    retries and waiting for them included; 0 if nothing was asked. `resolver`: index in the settings of the one that
    answered, or failed last; -1 if nobody was asked. `addresses`: IPv4, packed, 4 bytes each. `addresses_v6`: IPv6,
    packed, 16 bytes each. `cname`: where the name's chain of aliases ends, None if it is no alias.
    """

    outcomes: NDArray[np.uint8]
    duration_ms: NDArray[np.int32]
    resolver: NDArray[np.int16]
    addresses: list[bytes]
    addresses_v6: list[bytes]
    cname: list[str | None]


class ResolverStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """One resolver since the engine began, but for the last three, which are now.

    `sent` counts every query, `retried` those of them that were a name's second attempt or later, `answered` every
    answer to a question of ours whatever it said, `late` packets that nobody waits for any more, `foreign` packets
    with a waiting id and another question, `streamed` queries over TCP, `refused` sockets' own errors.
    """

    address: ResolverAddress
    sent: int
    retried: int
    answered: int
    timed_out: int
    late: int
    foreign: int
    streamed: int
    refused: int
    in_flight: int
    window: int
    is_suspended: bool


class EngineStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """The sums over all resolvers, and each resolver."""

    sent: int
    retried: int
    answered: int
    timed_out: int
    late: int
    foreign: int
    in_flight: int
    resolvers: tuple[ResolverStatistics, ...]


class AllResolversDead(Exception):
    """No resolver has given a sign of life for `dead_after_seconds`, although all were asked."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"No resolver has answered anything for {seconds:g} seconds.")
