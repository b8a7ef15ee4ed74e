"""Everything together in one event loop: names, webs and certificates, on loopback addresses only."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from service.errors import Invalid
from service.sandbox.answers import Ports, Scheme
from service.sandbox.behaviours import TlsBehaviour
from service.sandbox.certificates import Authority, Certificates
from service.sandbox.connections import Connections
from service.sandbox.counters import Counters
from service.sandbox.dns import Outbox, Responder, TcpDns, UdpDns
from service.sandbox.http import WebProtocol, Website
from service.sandbox.listening import bound_sockets, port_of
from service.sandbox.truth import DEFAULT_SEED, SANDBOX_RANGE, SEED_MAX, WEB_ADDRESSES, truth_of

DNS_ADDRESSES: Final = ("127.77.0.53", "127.77.0.54")
DNS_PORT: Final = 15_353
HTTP_PORT: Final = 18_080
HTTPS_PORT: Final = 18_443
PORT_MAX: Final = 65_535

WEB_CONNECTIONS_MAX: Final = 8_192
WEB_IDLE_SECONDS_MAX: Final = 60.0
TCP_CONNECTIONS_MAX: Final = 1_024  # of the DNS servers
TCP_IDLE_SECONDS_MAX: Final = 10.0
DELAYED_REPLIES_MAX: Final = 10_000
DELAY_MS_MAX: Final = 10_000
TLS_HANDSHAKE_SECONDS_MAX: Final = 10.0
TLS_SHUTDOWN_SECONDS_MAX: Final = 2.0
CLOSE_SECONDS_MAX: Final = 2.0
LISTEN_BACKLOG: Final = 1_024
WEB_ADDRESSES_MIN: Final = 2  # one for the hosts and one for the wildcard


class SandboxSettings(msgspec.Struct, frozen=True):
    """What a sandbox is made from. Port 0 is any free port, the same on each address.

    The last web address is the wildcard's alone. Each answer, of DNS and of the web, waits for `delay_ms` more than it
    would by its truth, as if it came from far away.
    """

    seed: int = DEFAULT_SEED
    delay_ms: int = 0
    dns_addresses: tuple[str, ...] = DNS_ADDRESSES
    web_addresses: tuple[str, ...] = WEB_ADDRESSES
    dns_port: int = DNS_PORT
    http_port: int = HTTP_PORT
    https_port: int = HTTPS_PORT
    web_connections_max: int = WEB_CONNECTIONS_MAX
    web_idle_seconds_max: float = WEB_IDLE_SECONDS_MAX


class Sandbox:
    """A running sandbox: `settings` have the real ports, `ca_pem` is what its clients may trust."""

    __slots__ = ("ca_pem", "counters", "settings")

    def __init__(self, settings: SandboxSettings, ca_pem: bytes, counters: Counters) -> None:
        self.settings = settings
        self.ca_pem = ca_pem
        self.counters = counters


@asynccontextmanager
async def running_sandbox(settings: SandboxSettings) -> AsyncIterator[Sandbox]:
    """Runs until the block ends. Raises Invalid for settings that make no sense, Unavailable for a port in use."""
    check_settings(settings)
    counters = Counters()
    authority = Authority(datetime.now(UTC))
    async with AsyncExitStack() as stack:
        sockets = _bind(settings, stack)
        real = msgspec.structs.replace(
            settings,
            dns_port=port_of(sockets.dns),
            http_port=port_of(sockets.http),
            https_port=port_of(sockets.https),
        )
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="phaseline-sandbox-")))
        certificates = Certificates(directory, authority, partial(_tls_of, real))
        await _serve_dns(real, sockets, certificates, counters, stack)
        await _serve_web(real, sockets, certificates, counters, stack)
        yield Sandbox(real, authority.ca_pem, counters)


def check_settings(settings: SandboxSettings) -> None:
    """Raises Invalid."""
    if not 0 <= settings.seed <= SEED_MAX:
        raise Invalid("seed_out_of_range", f"The sandbox's seed must be between 0 and {SEED_MAX}.")
    if not 0 <= settings.delay_ms <= DELAY_MS_MAX:
        raise Invalid("delay_out_of_range", f"The sandbox's delay must be between 0 and {DELAY_MS_MAX} ms.")
    if not settings.dns_addresses or len(settings.web_addresses) < WEB_ADDRESSES_MIN:
        raise Invalid("too_few_addresses", "The sandbox needs one address for DNS and two for the web at least.")
    for address in (*settings.dns_addresses, *settings.web_addresses):
        if not _is_ours(address):
            raise Invalid("address_out_of_range", f"The sandbox may only use addresses in {SANDBOX_RANGE}.")
    if not all(0 <= port <= PORT_MAX for port in (settings.dns_port, settings.http_port, settings.https_port)):
        raise Invalid("port_out_of_range", f"The sandbox's ports must be between 0 and {PORT_MAX}.")


def _is_ours(address: str) -> bool:
    try:
        return IPv4Address(address) in IPv4Network(SANDBOX_RANGE)
    except AddressValueError:
        return False


class _Sockets(NamedTuple):
    """What the sandbox listens on; `dns` are UDP and TCP sockets of one port."""

    dns: list[socket.socket]
    http: list[socket.socket]
    https: list[socket.socket]


def _bind(settings: SandboxSettings, stack: AsyncExitStack) -> _Sockets:
    both = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
    web = (socket.SOCK_STREAM,)
    return _Sockets(
        stack.enter_context(bound_sockets("DNS", settings.dns_addresses, settings.dns_port, both)),
        stack.enter_context(bound_sockets("HTTP", settings.web_addresses, settings.http_port, web)),
        stack.enter_context(bound_sockets("HTTPS", settings.web_addresses, settings.https_port, web)),
    )


def _tls_of(settings: SandboxSettings, name: str) -> TlsBehaviour:
    return truth_of(settings.seed, name, settings.web_addresses).tls


async def _serve_dns(
    settings: SandboxSettings,
    sockets: _Sockets,
    certificates: Certificates,
    counters: Counters,
    stack: AsyncExitStack,
) -> None:
    loop = asyncio.get_running_loop()
    responder = Responder(settings.seed, settings.web_addresses, counters, certificates.expect, settings.delay_ms)
    outbox = Outbox(DELAYED_REPLIES_MAX)
    connections = Connections(TCP_CONNECTIONS_MAX, TCP_IDLE_SECONDS_MAX)
    for bound in sockets.dns:
        if bound.type is socket.SOCK_DGRAM:
            _, udp = await loop.create_datagram_endpoint(lambda: UdpDns(responder, outbox), sock=bound)
            stack.push_async_callback(udp.close)
        else:
            tcp = await loop.create_server(
                lambda: TcpDns(responder, outbox, connections), sock=bound, backlog=LISTEN_BACKLOG
            )
            stack.push_async_callback(_close, tcp, connections)


async def _serve_web(
    settings: SandboxSettings,
    sockets: _Sockets,
    certificates: Certificates,
    counters: Counters,
    stack: AsyncExitStack,
) -> None:
    loop = asyncio.get_running_loop()
    connections = Connections(settings.web_connections_max, settings.web_idle_seconds_max)
    ports = Ports(settings.http_port, settings.https_port)
    site = Website(settings.seed, settings.web_addresses, ports, connections, counters, settings.delay_ms)
    context = certificates.server_context()
    for bound in sockets.http:
        plain = await loop.create_server(lambda: WebProtocol(site, Scheme.http), sock=bound, backlog=LISTEN_BACKLOG)
        stack.push_async_callback(_close, plain, connections)
    for bound in sockets.https:
        tls = await loop.create_server(
            lambda: WebProtocol(site, Scheme.https),
            sock=bound,
            backlog=LISTEN_BACKLOG,
            ssl=context,
            ssl_handshake_timeout=TLS_HANDSHAKE_SECONDS_MAX,
            ssl_shutdown_timeout=TLS_SHUTDOWN_SECONDS_MAX,
        )
        stack.push_async_callback(_close, tls, connections)


async def _close(server: asyncio.Server, connections: Connections) -> None:
    """Stops listening and cuts what is open; handshakes under way are not waited for beyond a bound."""
    server.close()
    connections.abort_all()
    with suppress(TimeoutError):
        await asyncio.wait_for(server.wait_closed(), CLOSE_SECONDS_MAX)
