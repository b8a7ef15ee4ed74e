"""A scripted web server on loopback: each host and path has its own raw answer."""

import asyncio
import ipaddress
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress

from service.fetching.prober import Probe, Prober, ProbeSettings, Target

# The server answers plain HTTP on all three, TLS on the first, a plain-text refusal of TLS on the third.
BOTH = ipaddress.ip_address("127.77.0.1").packed
PLAIN_ONLY = ipaddress.ip_address("127.77.0.2").packed
NO_TLS = ipaddress.ip_address("127.77.0.3").packed
NOBODY = ipaddress.ip_address("127.77.0.9").packed

Answer = bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def reply(body: bytes = b"", *headers: str, status: str = "200 OK", content_type: str = "text/html") -> bytes:
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", f"Content-Type: {content_type}", *headers, "", "")
    return "\r\n".join(lines).encode("latin-1") + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    return reply(b"", f"Location: {location}", status=status)


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close with RST."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Web:
    """`pages` maps "host/path" to what is answered; `requests` is what came, as (scheme, request head)."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer] = {}
        self.requests: list[tuple[str, str]] = []
        self.connection_count = 0
        self.stalled = asyncio.Event()
        self.released = asyncio.Event()
        self.http_port = 0
        self.https_port = 0
        self.raw_tls: Answer | None = None
        self.writers: list[asyncio.StreamWriter] = []

    async def stall(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        """Answer nothing until the client has gone."""
        self.stalled.set()
        await reader.read()
        self.released.set()

    def paths(self, scheme: str) -> list[str]:
        return [_page_key(head) for seen, head in self.requests if seen == scheme]

    async def serve(self, scheme: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connection_count += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.requests.append((scheme, head))
            answer = self.pages.get(_page_key(head), reply(status="404 Not Found"))
            await send(answer, reader, writer)
        writer.close()

    async def refuse_tls(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await send(self.raw_tls or reply(status="400 Bad Request"), reader, writer)
        writer.close()

    async def close(self) -> None:
        """Drop every connection: TLS ones would wait for a closing note that clients do not send."""
        for writer in self.writers:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in self.writers), return_exceptions=True)


async def send(answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if not isinstance(answer, bytes):
        await answer(reader, writer)
        return
    writer.write(answer)
    await writer.drain()


def _page_key(head: str) -> str:
    """ "host/path" of a request head."""
    path = head.split(" ", 2)[1]
    hosts = [line.split(":", 1)[1].strip() for line in head.split("\r\n") if line.lower().startswith("host:")]
    assert len(hosts) == 1, head
    return hosts[0] + path


def listen(addresses: Sequence[str]) -> list[socket.socket]:
    """Sockets on the same free port of each address."""
    for port in _free_ports(addresses[0]):
        with ExitStack() as opened:
            try:
                found = [opened.enter_context(socket.create_server((one, port), backlog=256)) for one in addresses]
            except OSError:
                continue
            opened.pop_all()
            return found
    raise AssertionError("no port is free on all addresses")


def _free_ports(address: str) -> Iterator[int]:
    for _ in range(20):
        with socket.create_server((address, 0)) as probe:
            port: int = probe.getsockname()[1]
        yield port


class Names:
    """The DNS that is handed to the prober: a table, and what was asked of it."""

    def __init__(self, table: Mapping[str, tuple[bytes, ...]]) -> None:
        self.table = table
        self.asked: list[Sequence[str]] = []

    async def lookup(self, names: Sequence[str]) -> Sequence[tuple[bytes, ...]]:
        self.asked.append(tuple(names))
        return [self.table.get(name, ()) for name in names]


async def probe_one(
    settings: ProbeSettings, host: str, *addresses: bytes, names: Mapping[str, tuple[bytes, ...]] | None = None
) -> Probe:
    prober = Prober(settings, Names(names or {}).lookup)
    (probe,) = await prober.probe([Target(host, addresses or (BOTH,))], asyncio.Event())
    assert probe is not None
    return probe
