"""A DNS server on loopback that does exactly what a test says, over UDP and TCP on one port.

It has its own small codec, so that it can write what ours must not believe; it shares none with `service.resolving`.
"""

import asyncio
import ipaddress
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from service.resolving.engine import ResolverAddress

A, CNAME, AAAA = 1, 5, 28
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
PORTS_TRIED_MAX = 20


class Query(NamedTuple):
    packet: bytes
    name: str
    record_type: int
    over: str  # "udp" or "tcp"
    arrived_at: float
    client: tuple[str, int]

    @property
    def question(self) -> bytes:
        return wire(self.name) + struct.pack("!HH", self.record_type, 1)


# Packets to send for a query, one after another; none is silence.
Script = Callable[[Query], Sequence[bytes]]


def wire(name: str) -> bytes:
    labels = name.encode().split(b".") if name else []
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def record(kind: int, data: bytes, owner: bytes = b"\xc0\x0c") -> bytes:
    return owner + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


def address(text: str, owner: bytes = b"\xc0\x0c") -> bytes:
    parsed = ipaddress.ip_address(text)
    return record(A if parsed.version == 4 else AAAA, parsed.packed, owner)


def answer(
    query: Query, *records: bytes, rcode: int = NOERROR, query_id: bytes | None = None, question: bytes | None = None
) -> bytes:
    return message(query_id or query.packet[:2], question or query.question, *records, rcode=rcode)


def message(query_id: bytes, question: bytes, *records: bytes, rcode: int = NOERROR, flags: int = 0x8180) -> bytes:
    return query_id + struct.pack("!HHHHH", flags | rcode, 1, len(records), 0, 0) + question + b"".join(records)


def cut_short(query: Query) -> bytes:
    return message(query.packet[:2], query.question, flags=0x8380)


def read_query(packet: bytes, over: str, client: tuple[str, int]) -> Query:
    labels, offset = [], 12
    while size := packet[offset]:
        labels.append(packet[offset + 1 : offset + 1 + size].decode())
        offset += size + 1
    record_type = int.from_bytes(packet[offset + 1 : offset + 3], "big")
    return Query(packet, ".".join(labels), record_type, over, time.monotonic(), client)


class ScriptedServer:
    """Keeps every query it saw in `queries`. `script` may be changed at any time."""

    def __init__(self, script: Script, host: str) -> None:
        self.script = script
        self.host = host
        self.queries: list[Query] = []
        self.datagrams = datagram_socket()
        self.port = 0
        self._waiters: list[tuple[int, asyncio.Event]] = []

    @property
    def address(self) -> ResolverAddress:
        return ResolverAddress(self.host, self.port)

    @property
    def names(self) -> list[str]:
        return [query.name for query in self.queries]

    async def has_seen(self, count: int) -> None:
        """Until that many queries have come in all."""
        seen = asyncio.Event()
        self._waiters.append((count, seen))
        self._wake()
        await seen.wait()

    def send(self, packet: bytes, client: tuple[str, int]) -> None:
        self.datagrams.sendto(packet, client)

    def read_datagrams(self) -> None:
        """All that have come: a transport of asyncio's takes one per turn of the loop, and would lose a burst."""
        while True:
            try:
                packet, client = self.datagrams.recvfrom(4_096)
            except BlockingIOError:
                return
            for reply in self._note(read_query(packet, "udp", client)):
                self.send(reply, client)

    async def serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            length = int.from_bytes(await reader.readexactly(2), "big")
            query = read_query(await reader.readexactly(length), "tcp", writer.get_extra_info("peername"))
            packets = self._note(query)
            for packet in packets:
                writer.write(len(packet).to_bytes(2, "big") + packet)
            if not packets:
                await reader.read()  # silence is no answer and no end; the other side hangs up
        finally:
            writer.close()

    def _note(self, query: Query) -> Sequence[bytes]:
        self.queries.append(query)
        self._wake()
        return self.script(query)

    def _wake(self) -> None:
        for count, seen in self._waiters:
            if len(self.queries) >= count:
                seen.set()

    @asynccontextmanager
    async def dead(self) -> AsyncIterator[None]:
        """Nobody listens for datagrams: whoever sends any is told so by the system. Afterwards it is back."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self.datagrams)
        self.datagrams.close()
        try:
            yield
        finally:
            self.datagrams = datagram_socket()
            self.datagrams.bind((self.host, self.port))
            loop.add_reader(self.datagrams, self.read_datagrams)


def datagram_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    made.settimeout(0)
    return made


@asynccontextmanager
async def scripted(script: Script, *, host: str = "127.0.0.1") -> AsyncIterator[ScriptedServer]:
    """A running server; UDP and TCP share the port, since truncation leads from one to the other."""
    server = ScriptedServer(script, host)
    loop = asyncio.get_running_loop()
    for _ in range(PORTS_TRIED_MAX):
        streams = await asyncio.start_server(server.serve_stream, host, 0)
        server.port = streams.sockets[0].getsockname()[1]
        try:
            server.datagrams.bind((host, server.port))
        except OSError:
            streams.close()
            continue
        break
    loop.add_reader(server.datagrams, server.read_datagrams)
    try:
        yield server
    finally:
        loop.remove_reader(server.datagrams)
        server.datagrams.close()
        streams.close()
        await streams.wait_closed()
