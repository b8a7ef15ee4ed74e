"""The internet of a run: the sandbox, behind resolvers that lie or say nothing, and wires to its webs that break."""

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from enum import StrEnum

from service.sandbox.server import DNS_ADDRESSES
from service.sandbox.truth import WEB_ADDRESSES
from tests.crashes.installation import Sandbox, internet
from tests.link import READ_BYTES_MAX, Link, linked_to

DNS_PORT = "PHASELINE_SANDBOX_DNS_PORT"
WEB_PORTS = ("PHASELINE_SANDBOX_HTTP_PORT", "PHASELINE_SANDBOX_HTTPS_PORT")
HEADER_BYTES = 12
NXDOMAIN, SERVFAIL = 3, 2
GARBAGE_BYTES_MAX = 64
RECEIVE_BYTES = 4 << 20
DATAGRAMS_MAX = 500


class Manner(StrEnum):
    """What becomes of an answer of DNS on its way. Who asks must see through all but the last two."""

    TRUE = "true"
    SILENT = "silent"  # it never comes
    STRANGE_ID = "strange_id"  # it belongs to no question
    STRANGE_QUESTION = "strange_question"  # it answers something else
    GARBAGE = "garbage"
    HALF = "half"  # it breaks off
    SERVFAIL = "servfail"
    NXDOMAIN = "nxdomain"


LIES = (Manner.STRANGE_ID, Manner.STRANGE_QUESTION, Manner.GARBAGE, Manner.HALF, Manner.SERVFAIL, Manner.NXDOMAIN)


class Resolvers:
    """How all of them answer now."""

    def __init__(self) -> None:
        self.manner = Manner.TRUE
        self.dice = random.Random(1)

    def pass_on(self, answer: bytes) -> bytes | None:
        """What comes of an answer; None: nothing."""
        changed: dict[Manner, Callable[[], bytes | None]] = {
            Manner.TRUE: lambda: answer,
            Manner.SILENT: lambda: None,
            Manner.STRANGE_ID: lambda: bytes((answer[0] ^ 0x55, *answer[1:])),
            Manner.STRANGE_QUESTION: lambda: answer[: HEADER_BYTES + 1] + b"zz" + answer[HEADER_BYTES + 3 :],
            Manner.GARBAGE: lambda: answer[:2] + self.dice.randbytes(self.dice.randrange(GARBAGE_BYTES_MAX)),
            Manner.HALF: lambda: answer[: self.dice.randrange(len(answer))],
            Manner.SERVFAIL: lambda: with_code(answer, SERVFAIL),
            Manner.NXDOMAIN: lambda: with_code(answer, NXDOMAIN),
        }
        return changed[self.manner]()


def with_code(answer: bytes, code: int) -> bytes:
    """The same header and question with another code, and no record."""
    question_end = answer.index(b"\0", HEADER_BYTES) + 5
    return answer[:3] + bytes((answer[3] & 0xF0 | code,)) + answer[4:6] + bytes(6) + answer[HEADER_BYTES:question_end]


class Relay:
    """Where questions for one resolver come in; each asker has a socket of its own to the sandbox."""

    def __init__(self, resolvers: Resolvers, place: tuple[str, int], port: int) -> None:
        self._resolvers = resolvers
        self._place = place
        self._loop = asyncio.get_running_loop()
        self._front = datagram_socket()
        self._askers: dict[tuple[str, int], socket.socket] = {}
        self._front.bind((place[0], port))
        self.port: int = self._front.getsockname()[1]
        self._loop.add_reader(self._front, self._ask)

    def _ask(self) -> None:
        for data, asker in received(self._front):
            if asker not in self._askers:
                back = self._askers[asker] = datagram_socket()
                back.connect(self._place)
                self._loop.add_reader(back, self._answer, back, asker)
            with contextlib.suppress(OSError):  # the sandbox is dead, or overwhelmed: a question is lost
                self._askers[asker].send(data)

    def _answer(self, back: socket.socket, asker: tuple[str, int]) -> None:
        for data, _ in received(back):
            passed = self._resolvers.pass_on(data)
            if passed is not None:
                with contextlib.suppress(OSError):
                    self._front.sendto(passed, asker)

    def close(self) -> None:
        for each in (self._front, *self._askers.values()):
            self._loop.remove_reader(each)
            each.close()


def datagram_socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    return made


def received(source: socket.socket) -> Iterator[tuple[bytes, tuple[str, int]]]:
    """What has come, up to a bound; the rest is for the next turn of the loop."""
    for _ in range(DATAGRAMS_MAX):
        try:
            data, sender = source.recvfrom(READ_BYTES_MAX)
        except OSError:  # nothing more, or nobody listens there any more
            return
        yield data, sender


class Neighbourhood:
    """`direct` are the settings that lead to the sandbox itself, `relayed` those that lead through relays and wires."""

    def __init__(self, sandbox: Sandbox, resolvers: Resolvers, webs: list[Link], relayed: Mapping[str, str]) -> None:
        self.sandbox = sandbox
        self.resolvers = resolvers
        self.webs = webs
        self.relayed = relayed

    @property
    def direct(self) -> Mapping[str, str]:
        return self.sandbox.variables


@contextlib.asynccontextmanager
async def neighbourhood() -> AsyncIterator[Neighbourhood]:
    async with contextlib.AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(internet())
        dns_port, *web_ports = (int(sandbox.variables[name]) for name in (DNS_PORT, *WEB_PORTS))
        resolvers, webs, relayed = Resolvers(), [], {}
        port = 0
        for host in DNS_ADDRESSES:
            relay = Relay(resolvers, (host, dns_port), port)
            stack.callback(relay.close)
            port = relay.port
            await stack.enter_async_context(linked_to((host, dns_port), host, port))
        relayed[DNS_PORT] = str(port)
        for name, real in zip(WEB_PORTS, web_ports, strict=True):
            port = 0
            for host in WEB_ADDRESSES:
                link, port = await stack.enter_async_context(linked_to((host, real), host, port))
                webs.append(link)
            relayed[name] = str(port)
        yield Neighbourhood(sandbox, resolvers, webs, relayed)
