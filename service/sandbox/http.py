"""The sandbox's web servers: HTTP/1.1 over asyncio's transports, plain and TLS."""

import asyncio
import struct
from collections.abc import Iterator, Sequence
from itertools import chain
from socket import SO_LINGER, SOL_SOCKET
from typing import Final, assert_never, cast

import httptools
import msgspec

from service.sandbox.answers import Answer, Delivery, Ports, Scheme, WebRequest, answer_of, plain_answer
from service.sandbox.connections import Connections
from service.sandbox.counters import Counters
from service.sandbox.pages import filler_chunks
from service.sandbox.truth import plain_name, truth_of

REQUEST_BYTES_MAX: Final = 65_536
PIPELINED_REQUESTS_MAX: Final = 32
DRIP_BYTES: Final = 16
DRIP_SECONDS: Final = 0.5
BROKEN_PROMISE_FACTOR: Final = 2  # a body that breaks off is this many times shorter than promised

_LINGER_RESET: Final = struct.pack("ii", 1, 0)
_REASONS: Final = {
    200: "OK",
    301: "Moved Permanently",
    302: "Found",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    421: "Misdirected Request",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class Arrival(msgspec.Struct, frozen=True):
    """A request as it arrived: `host` is the one Host header, or empty if there was none or several."""

    method: str
    host: str
    local_address: str
    request: WebRequest


class Website:
    """All hosts behind one pair of ports: finds out which of them is meant, and counts."""

    def __init__(
        self,
        seed: int,
        web_addresses: Sequence[str],
        ports: Ports,
        connections: Connections,
        counters: Counters,
        delay_ms: int = 0,
    ) -> None:
        self.delay_seconds = delay_ms / 1_000
        self.connections = connections
        self.counters = counters
        self._seed = seed
        self._web_addresses = tuple(web_addresses)
        self._ports = ports

    def answer_to(self, arrival: Arrival) -> Answer:
        if not arrival.host:
            return self.bad_request(400)
        if arrival.method not in {"GET", "HEAD"}:
            return self.bad_request(405)
        truth = truth_of(self._seed, host_name(arrival.host), self._web_addresses)
        if truth.web is None or arrival.local_address not in truth.addresses:
            self.counters.misdirected += 1
            return plain_answer(421, _REASONS[421])
        self.counters.requests[truth.web] += 1
        return answer_of(truth, arrival.request, self._ports)

    def bad_request(self, status: int) -> Answer:
        self.counters.bad_requests += 1
        return plain_answer(status, _REASONS[status])


class WebProtocol(asyncio.Protocol):
    """One connection: requests one after the other, until an answer is its last."""

    def __init__(self, site: Website, scheme: Scheme) -> None:
        self._site = site
        self._scheme = scheme
        self._parser = httptools.HttpRequestParser(self)
        self._is_over = False
        self._is_paused = False
        self._unanswered_bytes = 0
        self._pipelined_count = 0
        self._stream: Iterator[bytes] | None = None
        self._drip: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do the same work without being asyncio's subclasses.
        self._transport = cast(asyncio.Transport, transport)
        self._local_address: str = transport.get_extra_info("sockname")[0]
        self._site.counters.connections[self._scheme] += 1
        if not self._site.connections.admit(self._transport):
            self._site.counters.refused_connections += 1
            self._is_over = True

    def eof_received(self) -> None:
        """Whoever hangs up is told no more; the transport closes itself after this."""
        self._fall_silent()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._site.connections.forget(self._transport)
        self._fall_silent()

    def _fall_silent(self) -> None:
        self._is_over = True
        self._stream = None
        if self._drip is not None:
            self._drip.cancel()

    def pause_writing(self) -> None:
        self._is_paused = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._is_paused = False
        self._transport.resume_reading()
        # Not at once: asyncio is in the middle of a write here, and would end a transport closed by us a second time.
        asyncio.get_running_loop().call_soon(self._pump)

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        self._unanswered_bytes += len(data)
        self._pipelined_count = 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._transport.close()
        except httptools.HttpParserError:
            self._refuse()
        if self._unanswered_bytes > REQUEST_BYTES_MAX:
            self._refuse()

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._url = b""
        self._hosts: list[bytes] = []
        self._accept_encoding = b""

    def on_url(self, part: bytes) -> None:
        self._url += part

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower == b"host":
            self._hosts.append(value)
        elif lower == b"accept-encoding":
            self._accept_encoding = value

    def on_message_complete(self) -> None:
        self._unanswered_bytes = 0
        self._pipelined_count += 1
        if self._pipelined_count > PIPELINED_REQUESTS_MAX:
            self._refuse()
        if self._is_over:
            return
        self._site.connections.touch(self._transport)
        arrival = self._arrival()
        answer = self._site.answer_to(arrival)
        is_last = answer.delivery is not Delivery.whole or not self._parser.should_keep_alive()
        if self._site.delay_seconds:
            # Timers of one length are due in the order in which they were set.
            later = asyncio.get_running_loop().call_later
            later(self._site.delay_seconds, self._send_late, answer, arrival.method, is_last)
        else:
            self._send(answer, arrival.method, is_last=is_last)

    def _send_late(self, answer: Answer, method: str, is_last: bool) -> None:  # noqa: FBT001 -- called by a timer
        if not self._is_over:
            self._send(answer, method, is_last=is_last)

    def _arrival(self) -> Arrival:
        return Arrival(
            method=self._parser.get_method().decode("latin-1"),
            host=self._hosts[0].decode("latin-1") if len(self._hosts) == 1 else "",
            local_address=self._local_address,
            request=WebRequest(self._scheme, path_of(self._url), self._accept_encoding.decode("latin-1")),
        )

    def _refuse(self) -> None:
        if not self._is_over:
            self._is_over = True
            answer = self._site.bad_request(400)
            self._finish(wire_head(answer, is_last=True) + answer.body)

    # How an answer travels.

    def _send(self, answer: Answer, method: str, *, is_last: bool) -> None:
        self._is_over = is_last
        head = wire_head(answer, is_last=is_last)
        match answer.delivery:
            case Delivery.withheld:
                pass  # the idle limit ends it
            case Delivery.reset:
                self._reset()
            case _ if method == "HEAD":
                self._finish(head)
            case Delivery.whole | Delivery.cut_short:
                self._finish(head + answer.body)
            case Delivery.streamed:
                self._transport.write(head)
                self._stream = streamed_pieces(answer)
                self._pump()
            case Delivery.dripped:
                self._transport.write(head)
                self._drip_on(dripped_pieces(answer))
            case _:
                assert_never(answer.delivery)

    def _finish(self, last_bytes: bytes) -> None:
        self._transport.write(last_bytes)
        if self._is_over:
            self._transport.close()

    def _reset(self) -> None:
        """Closing with zero linger sends RST instead of FIN."""
        self._transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, _LINGER_RESET)
        self._transport.abort()

    def _pump(self) -> None:
        """Streams on, as far as the client keeps up; `resume_writing` comes back here."""
        # A transport that was reset takes any number of pieces, and tells of it only in the loop's next round.
        while self._stream is not None and not self._is_paused and not self._transport.is_closing():
            piece = next(self._stream, None)
            if piece is None:
                self._stream = None
                self._transport.close()
            else:
                self._transport.write(piece)

    def _drip_on(self, pieces: Iterator[bytes]) -> None:
        piece = next(pieces, None)
        if piece is None:
            self._transport.close()
            return
        self._transport.write(piece)
        self._drip = asyncio.get_running_loop().call_later(DRIP_SECONDS, self._drip_on, pieces)


def host_name(host: str) -> str:
    """The name in a Host header, without a port; an address, also one in brackets, comes out as no known name."""
    return plain_name(host.partition(":")[0])


def path_of(url: bytes) -> str:
    """The path of a request target, which may also be a whole URL (RFC 9112 section 3.2)."""
    path = url if url.startswith(b"/") else b"/" + url.partition(b"://")[2].partition(b"/")[2]
    return path.partition(b"?")[0].decode("latin-1")


def wire_head(answer: Answer, *, is_last: bool) -> bytes:
    """Status line and headers."""
    lines = [f"HTTP/1.1 {answer.status} {_REASONS[answer.status]}", "Server: sandbox", _framing(answer)]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    lines.append("Connection: close" if is_last else "Connection: keep-alive")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _framing(answer: Answer) -> str:
    if answer.delivery is Delivery.streamed:
        return "Transfer-Encoding: chunked"
    factor = BROKEN_PROMISE_FACTOR if answer.delivery is Delivery.cut_short else 1
    return f"Content-Length: {len(answer.body) * factor}"


def streamed_pieces(answer: Answer) -> Iterator[bytes]:
    """The body and its filler in chunked coding (RFC 9112 section 7.1)."""
    for piece in chain((answer.body,), filler_chunks(answer.filler_bytes)):
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def dripped_pieces(answer: Answer) -> Iterator[bytes]:
    for at in range(0, len(answer.body), DRIP_BYTES):
        yield answer.body[at : at + DRIP_BYTES]
