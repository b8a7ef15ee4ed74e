"""One request and its answer. The only file that sends anything."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final, Self

from msgspec.structs import replace
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import DetailedPyreqwestError
from pyreqwest.http import Url
from pyreqwest.proxy import ProxyBuilder
from pyreqwest.response import Response

from service.errors import Invalid
from service.fetching.compression import BROTLI, unpack_brotli
from service.fetching.failures import Failure, classify, classify_proxied, is_silent_end
from service.fetching.hops import Answer, Reply
from service.fetching.model import ProbeSettings
from service.fetching.outcomes import HttpOutcome
from service.fetching.persona import ProxyRoute, check_headers
from service.fetching.routes import Route

# Nothing is read ahead: a fault in the first bytes of a body would otherwise hide the answer and those bytes.
READ_AHEAD_BYTES_MAX: Final = 0
ACCEPT_ENCODING: Final = ("accept-encoding", "gzip, deflate, br, zstd")  # brotli is unpacked by ourselves
LENGTH_DIGITS_MAX: Final = 19
_UNDECODABLE: Final = Failure(HttpOutcome.BROKEN_RESPONSE, connecting=False)


class Wave:
    """The client of one wave: it knows the addresses of that wave's names and their proxies, and is closed with it."""

    __slots__ = ("_body_bytes_max", "_client", "_pins", "_proxies")

    def __init__(self, settings: ProbeSettings, routes: Iterable[Route]) -> None:
        # The library keeps one address per name; of two hops that mean different ones, both take the first.
        pins: dict[str, str] = {}
        proxies: dict[str, ProxyRoute] = {}
        for route in routes:
            if route.name:
                pins.setdefault(route.name, route.address)
            if route.proxy is not None:
                proxies.setdefault(host_of(route), route.proxy)
        for proxy in proxies.values():
            if proxy.name:
                pins.setdefault(proxy.name, proxy.address)
        self._pins = pins
        self._proxies = {host: proxy.url for host, proxy in proxies.items()}
        self._body_bytes_max = settings.body_bytes_max
        self._client = _build_client(settings, pins, self._proxies)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def exchange(self, route: Route, timeout_seconds: float) -> Answer:
        """Send the request and read the answer. Raises for faults of our own only.

        A name without a pin would be looked up by the system, unguarded: it is a fault, and nothing is sent. Nor is it
        where a request would not go through the proxy that it should.
        """
        url = Url(route.url)
        if url.domain is not None and url.domain not in self._pins:
            raise LookupError(f"{url.domain} is not pinned")
        if (route.proxy is not None) != ((url.host_str or "") in self._proxies):
            raise LookupError(f"the proxy of {url.host_str} is not known")
        builder = self._client.get(url).timeout(timedelta(seconds=timeout_seconds))
        if route.authority is not None:
            builder = builder.header("Host", route.authority)
        try:
            async with builder.streamed_read_buffer_limit(READ_AHEAD_BYTES_MAX).build_streamed() as response:
                return await self._read(response)
        except DetailedPyreqwestError as error:
            failure = classify(error) if route.proxy is None else classify_proxied(error)
            if failure is None:
                raise
            return failure

    async def _read(self, response: Response) -> Answer:
        reply = Reply(
            status=response.status,
            location=_header(response, "location"),
            retry_after=_header(response, "retry-after"),
            content_type=_header(response, "content-type"),
        )
        if not 200 <= response.status < 300:
            return reply
        body: bytes | None = await _read_body(response, bytes_max := self._body_bytes_max)
        if body and (_header(response, "content-encoding") or "").strip().lower() == BROTLI:
            body = unpack_brotli(body, bytes_max, is_whole=len(body) < bytes_max)
        return _UNDECODABLE if body is None else replace(reply, body=body)


async def _read_body(response: Response, bytes_max: int) -> bytes:
    """At most `bytes_max` bytes, decompressed but for brotli; the connection is dropped on what is beyond.

    A body that has all its bytes is not asked for its end: every question costs a way to the library's threads.
    """
    body = bytearray()
    length = _length_of(response)
    wanted = bytes_max if length is None else min(bytes_max, length)
    try:
        while len(body) < wanted and (chunk := await response.body_reader.read_chunk()) is not None:
            body += chunk.to_bytes()
    except DetailedPyreqwestError as error:
        if not is_silent_end(error) or response.get_header("content-length") is not None:
            raise
    return bytes(body[:bytes_max])


def _length_of(response: Response) -> int | None:
    """How long the body says it is; chunks go before a length (RFC 9112 6.3), and what is unpacked has lost its own."""
    length = _header(response, "content-length") or ""
    is_known = length.isascii() and length.isdecimal() and _header(response, "transfer-encoding") is None
    return int(length[:LENGTH_DIGITS_MAX]) if is_known else None


def _header(response: Response, name: str) -> str | None:
    """The first value, or `None` where there is none or it is not ASCII: the library raises for the latter."""
    try:
        return response.get_header(name)
    except ValueError:
        return None


def host_of(route: Route) -> str:
    """The host as the client writes it."""
    return Url(route.url).host_str or ""


def _build_client(settings: ProbeSettings, pins: Mapping[str, str], proxies: Mapping[str, str]) -> Client:
    """No redirects, cookies or idle connections: each request stands for itself. No proxies but our own."""
    builder = (
        ClientBuilder()
        .no_proxy()
        .follow_redirects(enable=False)
        .referer(enable=False)
        .http1_only()
        .pool_max_idle_per_host(0)
        .connect_timeout(timedelta(seconds=settings.connect_timeout_seconds))
        .brotli(enable=False)
        .danger_accept_invalid_certs(not settings.verify_tls)
        .user_agent(settings.user_agent)
        .default_headers((*settings.headers, ACCEPT_ENCODING))
    )
    if settings.trusted_ca_pem is not None:
        builder = builder.add_root_certificate_pem(settings.trusted_ca_pem)
    for name, address in pins.items():
        builder = builder.resolve(name, address, 0)  # port 0: the URL's
    if proxies:
        builder = builder.proxy(ProxyBuilder.custom(lambda url: proxies[url.host_str or ""]))
    return builder.build()


def check_settings(settings: ProbeSettings) -> None:
    """Raises Invalid for what the client would refuse at every request."""
    if settings.https_port is None and settings.http_port is None:
        raise Invalid("no_ports", "At least one of the https and http ports is needed.")
    check_headers(settings.headers, pointer="/headers")
    try:
        _build_client(settings, {}, {})
    except ValueError as error:
        raise Invalid("invalid_http_settings", "A header, user agent or certificate cannot be used.") from error
