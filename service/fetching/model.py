"""The values of probing: what is asked, how, and what comes back."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec import Struct

from service.fetching.guard import NetworkRules
from service.fetching.keywords import KeywordRule
from service.fetching.outcomes import HttpOutcome, TlsFault
from service.fetching.persona import Proxy

USER_AGENT: Final = "Mozilla/5.0 (compatible; Phaseline/0.1)"
ACCEPT: Final = (("accept", "text/html,application/xhtml+xml,text/plain;q=0.9,*/*;q=0.5"), ("accept-language", "en"))
TITLE_LENGTH_MAX: Final = 200  # characters
URL_LENGTH_MAX: Final = 2_048  # characters; longer redirects are a broken response

# Names -> for each, in the same order, its packed addresses (4 or 16 bytes); an empty tuple where it has none.
Lookup = Callable[[Sequence[str]], Awaitable[Sequence[tuple[bytes, ...]]]]


class ProbeSettings(Struct, frozen=True, kw_only=True):
    """How a campaign fetches. A port of `None` leaves that scheme out; https is tried first.

    `port_map` leads from the port that a URL means to the one that is really contacted, for a sandbox whose servers
    cannot have 80 and 443. Where it is not empty, ports outside it are refused.
    `verify_tls` is off by default: a page behind a bad certificate is still a page.
    The limits of addresses and bytes are for the whole installation: `Prober.set_share` says what part of them is this
    process's. `None` is no limit. Bytes are those of bodies, after decompression.
    """

    rules: NetworkRules
    https_port: int | None = 443
    http_port: int | None = 80
    port_map: dict[int, int] = {}
    timeout_seconds: float = 10.0  # for one target, over all its hops
    connect_timeout_seconds: float = 3.0  # for one connection, its TLS handshake included
    body_bytes_max: int = 262_144  # decompressed
    redirects_max: int = 5
    concurrency: int = 128  # requests in flight, in this process
    connections_per_address: int | None = None
    requests_per_second_per_address: float | None = None
    bytes_per_second: float | None = None
    user_agent: str = USER_AGENT
    headers: tuple[tuple[str, str], ...] = ACCEPT
    proxies: tuple[Proxy, ...] = ()  # where there are any, nothing is sent but through them
    keywords: tuple[KeywordRule, ...] = ()
    verify_tls: bool = False
    trusted_ca_pem: bytes | None = None  # trusted beside the usual roots; matters only with `verify_tls`


class Target(Struct, frozen=True):
    """A host and the packed addresses that DNS found for it, judged again here before use."""

    host: str
    addresses: tuple[bytes, ...]


class Probe(Struct, frozen=True, kw_only=True):
    """What became of a target. What only a page has is empty, zero or `None` where there was none.

    `status_code`: of the last answer, `None` where nothing answered. `content_hash`: of the decompressed body as read,
    `None` where no body was read. `near_hash`: alike for texts that are alike, `None` where there was no text.
    `keyword_bits`: bit i is rule i. `keyword_contexts`: where the first of these rules stand, in the same order.
    `parked_confidence`: 0 to 1. `tls_fault`: only where the outcome is `tls_failed`.
    """

    outcome: HttpOutcome
    duration_ms: int  # spent on the network, over all hops
    final_url: str
    status_code: int | None = None
    body_bytes: int = 0
    content_hash: int | None = None  # signed 64 bits
    near_hash: int | None = None  # signed 64 bits
    keyword_bits: int = 0
    keyword_hits: int = 0
    unique_keywords: int = 0
    keyword_contexts: tuple[str, ...] = ()
    title: str = ""
    title_hit: bool = False
    parked_confidence: float = 0.0
    retry_after_seconds: int | None = None
    tls_fault: TlsFault | None = None
