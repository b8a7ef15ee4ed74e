"""Several datagrams in one call arrive as if each had been sent alone, and a kernel that cannot is no obstacle."""

import contextlib
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.resolving import datagrams
from service.resolving.datagrams import DatagramSender, Sent

NO_SUCH_OPTION = 9_999
PACKETS = st.lists(st.binary(min_size=12, max_size=300), min_size=1, max_size=16)


class Counted(socket.socket):
    """Counts the calls that send."""

    calls = 0

    def send(self, *arguments: object) -> int:
        self.calls += 1
        return super().send(*arguments)  # type: ignore[arg-type]

    def sendmsg(self, *arguments: object) -> int:
        self.calls += 1
        return super().sendmsg(*arguments)  # type: ignore[arg-type]


@contextlib.contextmanager
def connected(host: str = "127.0.0.1") -> Iterator[tuple[Counted, socket.socket]]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as receiver, Counted(family, socket.SOCK_DGRAM) as sender:
        receiver.bind((host, 0))
        receiver.settimeout(0)
        sender.settimeout(0)
        sender.connect(receiver.getsockname()[:2])
        yield sender, receiver


def received(receiver: socket.socket) -> list[bytes]:
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(receiver.recv(4_096))
    return found


@given(PACKETS, st.booleans())
def test_each_arrives_as_it_is(packets: list[bytes], is_sorted: bool) -> None:
    if is_sorted:
        packets.sort(key=len, reverse=True)
    with connected() as (sender, receiver):
        assert DatagramSender(sender).send(packets) == Sent(len(packets), is_broken=False)
        assert received(receiver) == packets


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_those_of_one_length_and_a_shorter_one_take_one_call(host: str) -> None:
    packets = [bytes([number]) * 60 for number in range(15)] + [b"short datagram"]
    with connected(host) as (sender, receiver):
        DatagramSender(sender).send(packets)
        assert (sender.calls, received(receiver)) == (1, packets)


def test_a_longer_one_begins_another_call() -> None:
    packets = [b"a" * 40, b"b" * 40, b"c" * 50, b"d" * 50, b"e" * 30, b"f" * 20]
    with connected() as (sender, receiver):
        DatagramSender(sender).send(packets)
        assert (sender.calls, received(receiver)) == (3, packets)


def test_where_the_kernel_does_not_segment_each_goes_alone_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datagrams, "UDP_SEGMENT", NO_SUCH_OPTION)
    packets = [bytes([number]) * 60 for number in range(8)]
    with connected() as (sender, receiver):
        ours = DatagramSender(sender)
        assert ours.send(packets) == Sent(8, is_broken=False)
        assert (sender.calls, received(receiver)) == (1 + 8, packets)
        assert ours.send(packets) == Sent(8, is_broken=False)
        assert (sender.calls, received(receiver)) == (1 + 8 + 8, packets)


def test_a_full_socket_takes_some_and_says_how_many() -> None:
    """A queue that nobody empties: of a UNIX datagram socket, since a UDP socket on loopback drops instead."""
    sending, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with sending, receiver:
        sending.settimeout(0)
        receiver.settimeout(0)
        packets = [b"a" * size for size in range(12, 1_500)]  # none of which goes with the one before
        sent = DatagramSender(sending).send(packets)
        assert 0 < sent.datagrams < len(packets)
        assert not sent.is_broken
        assert received(receiver) == packets[: sent.datagrams]


def test_nobody_listening_is_told_with_the_one_that_was_lost() -> None:
    with connected() as (sender, receiver):
        receiver.close()
        ours = DatagramSender(sender)
        assert ours.send([b"first" * 3]) == Sent(1, is_broken=False)
        assert ours.send([b"a" * 20, b"b" * 20]) == Sent(1, is_broken=True)
