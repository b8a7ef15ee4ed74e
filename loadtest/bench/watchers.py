"""Many watchers of the `campaign.progress` channel in one process: raw sockets that count, and time some messages.

    python -m loadtest.bench.watchers

It is told what to do in lines of JSON (`Order`), one after the other, and answers each with a line (`Sighting`). A
client library would cost more than what is measured.
"""

import asyncio
import base64
import random
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final, cast

import msgspec
import numpy as np
import uvloop

CONNECTING_AT_ONCE: Final = 100
TIMED_EVERY: Final = 20  # of the sockets, one is looked into
OCCURRED: Final = b'"occurredAt":"'
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
MASK_KEY: Final = b"\0\0\0\0"  # masking with zeros changes nothing


class Order(msgspec.Struct, frozen=True, tag_field="do"):
    pass


class Open(Order, frozen=True, tag="open"):
    """So many more sockets, each sending this text first, if any; done when all are open and have read something.

    Some at a time, as each is served, unless they come spread over a time, whether they are served or not.
    """

    host: str
    port: int
    path: str
    key: str
    count: int
    says: str
    offers: str = ""  # a Sec-WebSocket-Extensions header
    subprotocol: str = ""
    spread_seconds: float = 0.0  # each comes at some instant of so long a time, as clients do after a restart


class Watch(Order, frozen=True, tag="watch"):
    """Count for so long."""

    seconds: float


class Sighting(msgspec.Struct, frozen=True):
    """What all sockets together saw; delays from a change to its message, in milliseconds, of some of them."""

    sockets: int
    messages: int
    payload_bytes: int
    seconds: float
    closes: int
    p50_ms: float
    p99_ms: float
    most_ms: float


class Tally:
    """Shared by all sockets of the process."""

    def __init__(self) -> None:
        self.sockets = 0
        self.closes = 0
        self.reset()

    def reset(self) -> None:
        self.messages = 0
        self.payload_bytes = 0
        self.delays: list[float] = []

    def sighting(self, seconds: float) -> Sighting:
        delays = np.array(self.delays or [0.0]) * 1e3
        p50, p99 = np.percentile(delays, [50, 99])
        return Sighting(
            self.sockets,
            self.messages,
            self.payload_bytes,
            seconds,
            self.closes,
            float(p50),
            float(p99),
            float(delays.max()),
        )


class Watcher(asyncio.Protocol):
    """One socket: the handshake, one subscription, then frames."""

    def __init__(self, tally: Tally, order: Open, *, is_timed: bool, on_first: Callable[[], None]) -> None:
        self.tally, self.order, self.is_timed, self.on_first = tally, order, is_timed, on_first
        self.rest = b""
        self.is_open = False
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport = cast("asyncio.Transport", transport)
        nonce = base64.b64encode(np.random.default_rng().bytes(16)).decode()
        lines = [
            f"GET {self.order.path} HTTP/1.1",
            f"Host: {self.order.host}:{self.order.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {nonce}",
            "Sec-WebSocket-Version: 13",
            f"Authorization: Bearer {self.order.key}",
        ]
        if self.order.offers:
            lines.append(f"Sec-WebSocket-Extensions: {self.order.offers}")
        if self.order.subprotocol:
            lines.append(f"Sec-WebSocket-Protocol: {self.order.subprotocol}")
        transport.write("\r\n".join([*lines, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        data = self.rest + data
        if not self.is_open:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self.rest = data
                return
            assert data.startswith(b"HTTP/1.1 101 "), data[:200]
            data = data[end + 4 :]
            self.is_open = True
            self.tally.sockets += 1
            if self.order.says:
                self.subscribe()
        self.rest = data[self.read_frames(data) :]

    def subscribe(self) -> None:
        """As MessagePack where a subprotocol is asked for: there is no other."""
        if self.order.subprotocol:
            self.send(BINARY, msgspec.msgpack.encode(msgspec.json.decode(self.order.says)))
        else:
            self.send(TEXT, self.order.says.encode())

    def read_frames(self, data: bytes) -> int:
        """How many bytes were whole frames."""
        at = 0
        while len(data) - at >= 2:
            length, header = data[at + 1] & 0x7F, 2
            if length == 126:
                length, header = int.from_bytes(data[at + 2 : at + 4], "big"), 4
            elif length == 127:
                length, header = int.from_bytes(data[at + 2 : at + 10], "big"), 10
            if len(data) - at < header + length:
                break
            self.take(data[at] & 0x0F, data[at + header : at + header + length])
            at += header + length
        return at

    def take(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self.send(PONG, payload)
            return
        if opcode == CLOSE:
            self.tally.closes += 1
            return
        self.tally.messages += 1
        self.tally.payload_bytes += len(payload)
        self.on_first()
        if self.is_timed and (start := payload.find(OCCURRED)) >= 0:
            start += len(OCCURRED)
            occurred = datetime.fromisoformat(payload[start : payload.index(b'"', start)].decode())
            self.tally.delays.append(time.time() - occurred.timestamp())

    def send(self, opcode: int, payload: bytes) -> None:
        assert self.transport is not None
        size = len(payload)
        head = bytes([0x80 | opcode, 0x80 | size]) if size < 126 else bytes([0x80 | opcode, 0xFE]) + size.to_bytes(2)
        self.transport.write(head + MASK_KEY + payload)

    def connection_lost(self, _: Exception | None) -> None:
        self.tally.sockets -= self.is_open


async def open_sockets(tally: Tally, order: Open) -> None:
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(order.count if order.spread_seconds else CONNECTING_AT_ONCE)

    async def open_one(index: int) -> None:
        async with gate:
            await asyncio.sleep(random.uniform(0, order.spread_seconds))  # noqa: S311 -- no secret
            first = asyncio.Event()
            await loop.create_connection(
                lambda: Watcher(tally, order, is_timed=index % TIMED_EVERY == 0, on_first=first.set),
                order.host,
                order.port,
            )
            if order.says:
                await first.wait()

    async with asyncio.TaskGroup() as group:
        for index in range(order.count):
            group.create_task(open_one(index))


async def work() -> None:
    loop, tally = asyncio.get_running_loop(), Tally()
    decode = msgspec.json.Decoder(Open | Watch).decode
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = decode(line)
        begun = time.monotonic()
        tally.reset()
        if isinstance(order, Open):
            await open_sockets(tally, order)
        else:
            await asyncio.sleep(order.seconds)
        sys.stdout.write(msgspec.json.encode(tally.sighting(time.monotonic() - begun)).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(work())
