"""The sandbox's DNS servers: UDP and TCP, all of them with one memory, so that they behave as one."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from typing import Final, NamedTuple, cast

from service.sandbox.behaviours import DnsBehaviour
from service.sandbox.connections import Connections
from service.sandbox.counters import Counters
from service.sandbox.packets import (
    Malformed,
    Question,
    ResponseCode,
    error_reply,
    read_question,
    true_reply,
    truncated_reply,
)
from service.sandbox.truth import DnsTruth, dns_truth_of

REMEMBERED_NAMES_MAX: Final = 65_536
_LENGTH_BYTES: Final = 2


class Via(StrEnum):
    """How a question came."""

    udp = "udp"
    tcp = "tcp"


class Reply(NamedTuple):
    """A message to send back, at once or after a while."""

    message: bytes
    delay_seconds: float


class SeenNames:
    """The names that were asked for at least once, as far back as the bound goes."""

    __slots__ = ("_names", "_names_max")

    def __init__(self, names_max: int) -> None:
        self._names: OrderedDict[str, None] = OrderedDict()
        self._names_max = names_max

    def is_first(self, name: str) -> bool:
        """Whether `name` is new here; from now on it is not."""
        if name in self._names:
            self._names.move_to_end(name)
            return False
        self._names[name] = None
        if len(self._names) > self._names_max:
            self._names.popitem(last=False)
        return True


class Responder:
    """Decides the reply to each message; `announce` hears of every name whose addresses are handed out."""

    def __init__(
        self,
        seed: int,
        web_addresses: Sequence[str],
        counters: Counters,
        announce: Callable[[str], None],
        delay_ms: int = 0,
    ) -> None:
        self._delay_seconds = delay_ms / 1_000
        self._seed = seed
        self._web_addresses = tuple(web_addresses)
        self._counters = counters
        self._announce = announce
        self._seen = SeenNames(REMEMBERED_NAMES_MAX)

    def reply_to(self, packet: bytes, via: Via) -> Reply | None:
        """The reply, or None for silence."""
        question = read_question(packet)
        if isinstance(question, Malformed):
            self._counters.malformed += 1
            return Reply(question.reply, self._delay_seconds) if question.reply else None
        truth = dns_truth_of(self._seed, question.name, self._web_addresses)
        self._counters.queries[truth.behaviour] += 1
        if truth.addresses:
            self._announce(truth.name)
        if truth.behaviour in _PLAIN:
            return Reply(true_reply(question, truth), self._delay_seconds)
        return self._awkward_reply(question, truth, via)

    def _awkward_reply(self, question: Question, truth: DnsTruth, via: Via) -> Reply | None:
        behaviour = truth.behaviour
        if behaviour is DnsBehaviour.silent:
            return None
        if behaviour is DnsBehaviour.truncated and via is Via.udp:
            return Reply(truncated_reply(question), self._delay_seconds)
        if behaviour is DnsBehaviour.lossy and via is Via.udp and self._seen.is_first(truth.name):
            return None
        if behaviour is DnsBehaviour.flaky and self._seen.is_first(truth.name):
            return Reply(error_reply(question, ResponseCode.SERVFAIL), self._delay_seconds)
        if behaviour in _ERRORS:
            return Reply(error_reply(question, _ERRORS[behaviour]), self._delay_seconds)
        return Reply(true_reply(question, truth), self._delay_seconds + truth.delay_ms / 1_000)


_PLAIN: Final = frozenset(
    {DnsBehaviour.existing, DnsBehaviour.absent, DnsBehaviour.no_data, DnsBehaviour.alias, DnsBehaviour.wildcard}
)
_ERRORS: Final = {DnsBehaviour.servfail: ResponseCode.SERVFAIL, DnsBehaviour.refused: ResponseCode.REFUSED}


class Outbox:
    """Sends replies when they are due, with a bound on those that wait: what is beyond it is lost, as on a real net."""

    __slots__ = ("_waiting_count", "_waiting_max")

    def __init__(self, waiting_max: int) -> None:
        self._waiting_count = 0
        self._waiting_max = waiting_max

    def send_later(self, delay_seconds: float, send: Callable[[], None]) -> None:
        if self._waiting_count < self._waiting_max:
            self._waiting_count += 1
            asyncio.get_running_loop().call_later(delay_seconds, self._due, send)

    def _due(self, send: Callable[[], None]) -> None:
        self._waiting_count -= 1
        send()


class UdpDns(asyncio.DatagramProtocol):
    """One socket; a reply goes back to whoever asked."""

    def __init__(self, responder: Responder, outbox: Outbox) -> None:
        self._responder = responder
        self._outbox = outbox
        self._lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do the same work without being asyncio's subclasses.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._lost.set()

    async def close(self) -> None:
        """Returns when the port is free again."""
        self._transport.abort()
        await self._lost.wait()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._responder.reply_to(data, Via.udp)
        if reply is None:
            return
        if reply.delay_seconds:
            self._outbox.send_later(reply.delay_seconds, partial(self._send, reply.message, addr))
        else:
            self._transport.sendto(reply.message, addr)

    def _send(self, message: bytes, addr: tuple[str, int]) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(message, addr)


class TcpDns(asyncio.Protocol):
    """One connection: messages with their length before each (RFC 7766 section 8), closed when it has been idle."""

    def __init__(self, responder: Responder, outbox: Outbox, connections: Connections) -> None:
        self._responder = responder
        self._outbox = outbox
        self._connections = connections
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.admit(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._connections.forget(self._transport)

    def pause_writing(self) -> None:
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._connections.touch(self._transport)
        self._received += data
        for message in take_messages(self._received):
            self._answer(message)

    def _answer(self, message: bytes) -> None:
        reply = self._responder.reply_to(message, Via.tcp)
        if reply is None:
            return
        framed = len(reply.message).to_bytes(_LENGTH_BYTES, "big") + reply.message
        if reply.delay_seconds:
            self._outbox.send_later(reply.delay_seconds, partial(self._send, framed))
        else:
            self._send(framed)

    def _send(self, framed: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(framed)


def take_messages(received: bytearray) -> list[bytes]:
    """The whole messages at the front of `received`, which keeps what is left of it: never more than one message."""
    messages = []
    at = 0
    while len(received) - at >= _LENGTH_BYTES:
        end = at + _LENGTH_BYTES + int.from_bytes(received[at : at + _LENGTH_BYTES], "big")
        if end > len(received):
            break
        messages.append(bytes(received[at + _LENGTH_BYTES : end]))
        at = end
    del received[:at]
    return messages
