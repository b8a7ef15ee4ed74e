"""Every DNS behaviour over the wire, read by a parser of this file's own."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.sandbox.behaviours import DnsBehaviour
from service.sandbox.counters import Counters
from service.sandbox.dns import Responder, SeenNames, Via, take_messages
from service.sandbox.server import Sandbox
from service.sandbox.truth import WEB_ADDRESSES, NameTruth, truth_of

A, NS, CNAME, SOA, MX, AAAA, OPT = 1, 2, 5, 6, 15, 28, 41
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
EDNS = b"\0\0\x29\x10\0\0\0\0\0\0\0"
ANSWER_SECONDS_MAX = 5.0
REPLY_BYTES_MAX = 512  # what a client without EDNS can take

FindName = Callable[[Callable[[NameTruth], bool]], NameTruth]


@dataclass(frozen=True)
class Record:
    owner: str
    kind: int
    value: str


@dataclass(frozen=True)
class Message:
    message_id: int
    code: int
    truncated: bool
    question: str
    answers: list[Record]
    authority: list[Record]
    additional: list[Record]


def query(name: str, kind: int = A, message_id: int = 7, extra: bytes = b"") -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    header = struct.pack("!6H", message_id, 0x0100, 1, 0, 0, 1 if extra else 0)
    return header + labels + b"\0" + struct.pack("!2H", kind, 1) + extra


def parse(packet: bytes) -> Message:
    message_id, flags, questions, *counts = struct.unpack_from("!6H", packet)
    assert flags & 0x8000, "a reply"
    at, question = 12, ""
    for _ in range(questions):
        question, at = parse_name(packet, at)
        at += 4
    sections: list[list[Record]] = []
    for count in counts:
        sections.append([])
        for _ in range(count):
            record, at = parse_record(packet, at)
            sections[-1].append(record)
    assert at == len(packet), "no bytes left over"
    return Message(message_id, flags & 15, bool(flags & 0x0200), question, *sections)


def parse_name(packet: bytes, at: int) -> tuple[str, int]:
    labels: list[str] = []
    end = 0
    while packet[at]:
        if packet[at] >= 0xC0:
            end = end or at + 2
            target = struct.unpack_from("!H", packet, at)[0] & 0x3FFF
            assert target < at, "pointers point back"
            at = target
        else:
            labels.append(packet[at + 1 : at + 1 + packet[at]].decode("latin-1"))
            at += 1 + packet[at]
    return ".".join(labels), end or at + 1


def parse_record(packet: bytes, at: int) -> tuple[Record, int]:
    owner, at = parse_name(packet, at)
    kind, _, _, length = struct.unpack_from("!HHIH", packet, at)
    at += 10
    value = ""
    if kind == A:
        value = str(IPv4Address(packet[at : at + length]))
    elif kind in {CNAME, NS, SOA}:
        value, _ = parse_name(packet, at)
    elif kind == MX:
        value, _ = parse_name(packet, at + 2)
    return Record(owner, kind, value), at + length


class Client(asyncio.DatagramProtocol):
    """One connected socket; replies wait in a queue."""

    def __init__(self) -> None:
        self.replies: asyncio.Queue[bytes] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        del addr
        self.replies.put_nowait(data)

    def send(self, packet: bytes) -> None:
        self.transport.sendto(packet)

    async def next_reply(self) -> Message:
        return parse(await asyncio.wait_for(self.replies.get(), ANSWER_SECONDS_MAX))

    async def ask(self, name: str, kind: int = A, extra: bytes = b"") -> Message:
        self.send(query(name, kind, extra=extra))
        return await self.next_reply()


@pytest.fixture
async def clients(sandbox: Sandbox) -> AsyncIterator[list[Client]]:
    """A client of each DNS address."""
    loop = asyncio.get_running_loop()
    connected = []
    for address in sandbox.settings.dns_addresses:
        _, client = await loop.create_datagram_endpoint(Client, remote_addr=(address, sandbox.settings.dns_port))
        connected.append(client)
    yield connected
    for client in connected:
        client.transport.close()


@pytest.fixture
def client(clients: list[Client]) -> Client:
    return clients[0]


def behaving(behaviour: DnsBehaviour) -> Callable[[NameTruth], bool]:
    return lambda truth: truth.dns is behaviour


async def ask_over_tcp(sandbox: Sandbox, *packets: bytes, replies_count: int | None = None) -> list[Message]:
    """Sends all packets in one piece over one connection, and reads as many replies, or `replies_count`."""
    settings = sandbox.settings
    reader, writer = await asyncio.open_connection(settings.dns_addresses[0], settings.dns_port)
    try:
        writer.write(b"".join(struct.pack("!H", len(packet)) + packet for packet in packets))
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            replies = range(len(packets) if replies_count is None else replies_count)
            return [
                parse(await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))) for _ in replies
            ]
    finally:
        writer.close()
        await writer.wait_closed()


async def read_framed(reader: asyncio.StreamReader) -> Message:
    length = int.from_bytes(await reader.readexactly(2), "big")
    return parse(await reader.readexactly(length))


def addresses(name: str, truth: NameTruth) -> list[Record]:
    return [Record(name, A, address) for address in truth.addresses]


@pytest.mark.parametrize("count", [1, 2])
async def test_existing_names_have_their_addresses(client: Client, find_name: FindName, count: int) -> None:
    truth = find_name(lambda truth: truth.dns is DnsBehaviour.existing and len(truth.addresses) == count)
    reply = await client.ask(truth.name)
    assert (reply.code, reply.message_id, reply.truncated) == (NOERROR, 7, False)
    assert reply.answers == addresses(truth.name, truth)


async def test_the_question_comes_back_in_its_own_spelling(client: Client, find_name: FindName) -> None:
    truth = find_name(behaving(DnsBehaviour.existing))
    mixed = truth.name.replace("a", "A").replace("o", "O")
    reply = await client.ask(mixed)
    assert reply.question == mixed != truth.name
    assert reply.answers == addresses(mixed, truth)


async def test_existing_names_have_name_servers_and_take_mail(client: Client, find_name: FindName) -> None:
    name = find_name(behaving(DnsBehaviour.existing)).name
    servers = await client.ask(name, NS)
    assert [record.value for record in servers.answers] == ["ns1.sandbox.invalid", "ns2.sandbox.invalid"]
    assert (await client.ask(name, MX)).answers == [Record(name, MX, name)]


@pytest.mark.parametrize("kind", [AAAA, CNAME, 16, 255])
async def test_existing_names_have_no_data_of_other_types(client: Client, find_name: FindName, kind: int) -> None:
    reply = await client.ask(find_name(behaving(DnsBehaviour.existing)).name, kind)
    assert (reply.code, reply.answers) == (NOERROR, [])
    assert reply.authority == [Record("com", SOA, "ns1.sandbox.invalid")]


@pytest.mark.parametrize(("behaviour", "code"), [(DnsBehaviour.absent, NXDOMAIN), (DnsBehaviour.no_data, NOERROR)])
async def test_nothing_comes_with_an_soa(
    client: Client, find_name: FindName, behaviour: DnsBehaviour, code: int
) -> None:
    reply = await client.ask(find_name(behaving(behaviour)).name)
    assert (reply.code, reply.answers) == (code, [])
    assert reply.authority == [Record("com", SOA, "ns1.sandbox.invalid")]


@pytest.mark.parametrize("hops", [1, 2, 3])
async def test_aliases_are_a_chain_to_the_address(client: Client, find_name: FindName, hops: int) -> None:
    truth = find_name(lambda truth: len(truth.aliases) == hops)
    owners = (truth.name, *truth.aliases)
    chain = [Record(owner, CNAME, target) for owner, target in zip(owners, truth.aliases, strict=False)]
    assert (await client.ask(truth.name)).answers == chain + addresses(owners[-1], truth)
    assert (await client.ask(truth.name, CNAME)).answers == chain[:1]
    assert (await client.ask(truth.name, MX)).answers == [*chain, Record(owners[-1], MX, owners[-1])]
    without_data = await client.ask(truth.name, AAAA)
    assert without_data.answers == chain
    assert [record.kind for record in without_data.authority] == [SOA]


async def test_wildcards_have_one_address(client: Client) -> None:
    for name in (f"{'x' * 30}.wild", f"a.{'y' * 30}.wild", f"{'z' * 30}.a.wild"):
        expected = truth_of(1, name).addresses
        assert [record.value for record in (await client.ask(name)).answers] == list(expected)
    assert expected == (WEB_ADDRESSES[-1],)


@pytest.mark.parametrize(("behaviour", "code"), [(DnsBehaviour.servfail, SERVFAIL), (DnsBehaviour.refused, REFUSED)])
async def test_some_are_always_refused(
    clients: list[Client], find_name: FindName, behaviour: DnsBehaviour, code: int
) -> None:
    name = find_name(behaving(behaviour)).name
    for client in (*clients, *clients):
        reply = await client.ask(name)
        assert (reply.code, reply.answers, reply.authority) == (code, [], [])


async def test_truncated_answers_are_whole_over_tcp(sandbox: Sandbox, client: Client, find_name: FindName) -> None:
    truth = find_name(behaving(DnsBehaviour.truncated))
    over_udp = await client.ask(truth.name)
    assert (over_udp.code, over_udp.truncated, over_udp.answers) == (NOERROR, True, [])
    [over_tcp] = await ask_over_tcp(sandbox, query(truth.name))
    assert (over_tcp.truncated, over_tcp.answers) == (False, addresses(truth.name, truth))


async def test_lossy_names_are_answered_from_the_second_question_on(clients: list[Client], find_name: FindName) -> None:
    truth = find_name(behaving(DnsBehaviour.lossy))
    other = find_name(behaving(DnsBehaviour.absent)).name
    clients[0].send(query(truth.name, message_id=1))
    clients[0].send(query(other, message_id=2))
    assert (await clients[0].next_reply()).message_id == 2
    for client in (clients[1], clients[0]):
        assert (await client.ask(truth.name)).answers == addresses(truth.name, truth)


async def test_silent_names_are_never_answered(sandbox: Sandbox, client: Client, find_name: FindName) -> None:
    name = find_name(behaving(DnsBehaviour.silent)).name
    other = find_name(behaving(DnsBehaviour.absent)).name
    for _ in range(3):
        client.send(query(name, message_id=1))
    client.send(query(other, message_id=2))
    assert (await client.next_reply()).message_id == 2


async def test_silent_names_are_never_answered_over_tcp_either(sandbox: Sandbox, find_name: FindName) -> None:
    name = find_name(behaving(DnsBehaviour.silent)).name
    other = find_name(behaving(DnsBehaviour.absent)).name
    [reply] = await ask_over_tcp(sandbox, query(name, message_id=1), query(other, message_id=2), replies_count=1)
    assert reply.message_id == 2


async def test_slow_names_take_their_time(client: Client, find_name: FindName) -> None:
    truth = find_name(lambda truth: 0 < truth.delay_ms < 250)
    asked_at = time.monotonic()
    reply = await client.ask(truth.name)
    assert time.monotonic() - asked_at >= truth.delay_ms / 1_000 - 0.01
    assert reply.answers == addresses(truth.name, truth)


async def test_flaky_names_fail_once(clients: list[Client], find_name: FindName) -> None:
    truth = find_name(behaving(DnsBehaviour.flaky))
    assert (await clients[0].ask(truth.name)).code == SERVFAIL
    for client in reversed(clients):
        assert (await client.ask(truth.name)).answers == addresses(truth.name, truth)


@pytest.mark.parametrize("behaviour", [DnsBehaviour.existing, DnsBehaviour.absent, DnsBehaviour.servfail])
async def test_edns_is_echoed(client: Client, find_name: FindName, behaviour: DnsBehaviour) -> None:
    name = find_name(behaving(behaviour)).name
    assert [record.kind for record in (await client.ask(name, extra=EDNS)).additional] == [OPT]
    assert (await client.ask(name)).additional == []


async def test_edns_options_are_skipped(client: Client) -> None:
    cookie = EDNS[:-2] + b"\0\x0c\0\x0a\0\x08cookies!"
    assert [record.kind for record in (await client.ask("name1.com", extra=cookie)).additional] == [OPT]


async def test_another_version_of_edns_gets_badvers(client: Client) -> None:
    client.send(query("name1.com", extra=EDNS[:6] + b"\x01" + EDNS[7:]))
    packet = await asyncio.wait_for(client.replies.get(), ANSWER_SECONDS_MAX)
    assert parse(packet).code == 0
    assert packet[-6] == 1, "the upper bits of 16"


@pytest.mark.parametrize(
    ("packet", "code"),
    [
        pytest.param(query("name1.com")[:-1], FORMERR, id="cut off"),
        pytest.param(query("name1.com")[:14], FORMERR, id="cut off in the name"),
        pytest.param(query("name1.com")[:12] + b"\xc0\x0c\0\1\0\1", FORMERR, id="a name that points to itself"),
        pytest.param(query(".".join(["a" * 63] * 4)), FORMERR, id="a name that is too long"),
        pytest.param(query("name1.com")[:5] + b"\2" + query("name1.com")[6:], FORMERR, id="two questions"),
        pytest.param(query("name1.com", extra=b"\0\0\x10\0\1\0\0\0\0\0\0"), FORMERR, id="a record that is no OPT"),
        pytest.param(query("name1.com", extra=EDNS[:-1]), FORMERR, id="half an OPT record"),
        pytest.param(query("name1.com")[:2] + b"\x28" + query("name1.com")[3:], NOTIMP, id="an update"),
        pytest.param(query("name1.com")[:-1] + b"\3", REFUSED, id="class CHAOS"),
    ],
)
async def test_what_is_no_question_gets_a_bare_error(
    sandbox: Sandbox, client: Client, packet: bytes, code: int
) -> None:
    client.send(packet)
    reply = await client.next_reply()
    assert (reply.message_id, reply.code, reply.question) == (7, code, "")
    assert sandbox.counters.malformed == 1


@pytest.mark.parametrize("packet", [b"", b"\0" * 11, query("name1.com")[:2] + b"\x80" + query("name1.com")[3:]])
async def test_what_cannot_be_answered_is_ignored(client: Client, packet: bytes) -> None:
    client.send(packet)
    client.send(query("name1.com", message_id=2))
    assert (await client.next_reply()).message_id == 2


async def test_tcp_carries_many_questions_in_pieces_of_any_size(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(behaving(DnsBehaviour.existing))
    replies = await ask_over_tcp(sandbox, *(query(truth.name, message_id=number) for number in range(50)))
    assert [reply.message_id for reply in replies] == list(range(50))
    assert all(reply.answers == addresses(truth.name, truth) for reply in replies)


async def test_queries_are_counted_by_behaviour(sandbox: Sandbox, client: Client, find_name: FindName) -> None:
    for behaviour in (DnsBehaviour.existing, DnsBehaviour.absent, DnsBehaviour.absent):
        await client.ask(find_name(behaving(behaviour)).name)
    assert sandbox.counters.queries == {DnsBehaviour.existing: 1, DnsBehaviour.absent: 2}


labels = st.lists(st.binary(min_size=1, max_size=63), min_size=0, max_size=4)


@st.composite
def nearly_queries(draw: st.DrawFn) -> bytes:
    """A good query with some of its bytes changed and its end cut off or grown."""
    name = b"".join(bytes([len(label)]) + label for label in draw(labels)) + b"\0"
    extra = draw(st.sampled_from([b"", EDNS]))
    packet = bytearray(struct.pack("!6H", 7, 0x0100, 1, 0, 0, 1 if extra else 0) + name + b"\0\1\0\1" + extra)
    for at, byte in draw(st.lists(st.tuples(st.integers(0, len(packet) - 1), st.integers(0, 255)), max_size=3)):
        packet[at] = byte
    return bytes(packet[: draw(st.integers(0, len(packet)))]) + draw(st.binary(max_size=4))


@given(st.one_of(nearly_queries(), st.binary(max_size=600)), st.sampled_from(Via))
@example(query("a.b")[:12] + b"\3a.b\0\0\1\0\1", Via.udp)
def test_no_bytes_raise_and_every_reply_is_well_formed(packet: bytes, via: Via) -> None:
    reply = Responder(1, WEB_ADDRESSES, Counters(), lambda _: None).reply_to(packet, via)
    if reply is not None:
        assert parse(reply.message).message_id == int.from_bytes(packet[:2], "big")
        assert len(reply.message) <= REPLY_BYTES_MAX or via is Via.tcp


async def test_the_servers_outlive_nonsense(sandbox: Sandbox, client: Client) -> None:
    for size in range(1, 200):
        client.send(bytes(byte * size % 256 for byte in range(size)))
    settings = sandbox.settings
    _, writer = await asyncio.open_connection(settings.dns_addresses[0], settings.dns_port)
    writer.write(b"\xff" * 70_000)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    client.send(query("name1.com", message_id=0xABCD))
    while (await client.next_reply()).message_id != 0xABCD:
        pass
    assert len(await ask_over_tcp(sandbox, query("name1.com"))) == 1


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 64))
def test_messages_are_framed_whatever_the_pieces(messages: list[bytes], piece_bytes: int) -> None:
    stream = b"".join(struct.pack("!H", len(message)) + message for message in messages)
    received, taken = bytearray(), list[bytes]()
    for at in range(0, len(stream), piece_bytes):
        received += stream[at : at + piece_bytes]
        taken += take_messages(received)
    assert taken == messages
    assert not received


def test_the_memory_of_names_is_bounded() -> None:
    seen = SeenNames(2)
    assert [seen.is_first(name) for name in ("a", "b", "a", "c", "a", "b")] == [True, True, False, True, False, True]
