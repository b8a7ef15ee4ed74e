"""The codec against byte-exact packets, and against anything else."""

import struct
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.resolving.packets import (
    HEADER_BYTES,
    RECORDS_MAX,
    Misfit,
    Rcode,
    RecordType,
    Reply,
    encode_query,
    encode_question,
    parse_answer,
    presentation,
)
from tests.resolving.scripted import AAAA, CNAME, A, address, message, record, wire

QUESTION = b"\x07example\x03com\x00\x00\x01\x00\x01"
TO_QUESTION = b"\xc0\x0c"


def test_query_is_byte_exact() -> None:
    assert encode_query(0x1234, QUESTION) == bytes.fromhex(
        "1234 0100 0001 0000 0000 0001"  # id, recursion desired, one question, one additional
        "07 6578616d706c65 03 636f6d 00 0001 0001"  # example.com A IN
        "00 0029 04d0 00000000 0000"  # root, OPT, 1232 bytes, version 0, no options
    )


@pytest.mark.parametrize("name", ["example.com", "example.com.", b"example.com"])
def test_question_is_byte_exact(name: str | bytes) -> None:
    assert encode_question(name, RecordType.A) == QUESTION


def test_the_longest_name_and_label_are_encoded() -> None:
    name = ".".join(["a" * 63] * 3 + ["b" * 61])
    question = encode_question(name, RecordType.AAAA)
    assert question is not None
    assert len(question) == 255 + 4
    assert question.endswith(b"\0\0\x1c\0\1")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".com",
        "a..com",
        "a.com..",
        "a" * 64 + ".com",
        ".".join(["a" * 63] * 3 + ["b" * 62]),
        "münchen.de",
        "a\0b.com",
        b"\xff.com",
    ],
)
def test_names_without_wire_form(name: str | bytes) -> None:
    assert encode_question(name, RecordType.A) is None


def test_real_answer_with_alias_is_read() -> None:
    # www.example.com CNAME example.com; example.com A 192.0.2.1, 192.0.2.2; an OPT record behind.
    question = b"\x03www" + QUESTION
    packet = bytes.fromhex(
        "beef 8180 0001 0003 0000 0001"
        "03777777 076578616d706c65 03636f6d 00 0001 0001"
        "c00c 0005 0001 0000003c 0002 c010"
        "c010 0001 0001 0000003c 0004 c0000201"
        "c010 0001 0001 0000003c 0004 c0000202"
        "00 0029 04d0 00000000 0000"
    )
    assert parse_answer(packet, question) == Reply(
        rcode=Rcode.NOERROR, addresses=bytes.fromhex("c0000201c0000202"), cname="example.com"
    )


def test_addresses_of_the_asked_type_only() -> None:
    question = wire("example.com") + struct.pack("!HH", AAAA, 1)
    packet = message(b"\0\1", question, address("2001:db8::1"), address("192.0.2.1"))
    reply = parse_answer(packet, question)
    assert reply == Reply(rcode=0, addresses=bytes.fromhex("20010db8000000000000000000000001"))


def test_addresses_of_other_names_are_not_believed() -> None:
    packet = message(b"\0\1", QUESTION, address("192.0.2.66", wire("bank.example")), address("192.0.2.1"))
    assert parse_answer(packet, QUESTION) == Reply(rcode=0, addresses=bytes((192, 0, 2, 1)))


def test_alias_chain_in_any_order_and_case() -> None:
    packet = message(
        b"\0\1",
        QUESTION,
        address("192.0.2.1", wire("END.example")),
        record(CNAME, wire("end.EXAMPLE"), wire("middle.example")),
        record(CNAME, wire("Middle.example")),
    )
    assert parse_answer(packet, QUESTION) == Reply(rcode=0, addresses=bytes((192, 0, 2, 1)), cname="end.example")


def test_absent_behind_an_alias_keeps_the_alias() -> None:
    packet = message(b"\0\1", QUESTION, record(CNAME, wire("gone.example")), rcode=Rcode.NXDOMAIN)
    assert parse_answer(packet, QUESTION) == Reply(rcode=Rcode.NXDOMAIN, cname="gone.example")


@pytest.mark.parametrize("rcode", range(16))
def test_answer_without_records(rcode: int) -> None:
    assert parse_answer(message(b"\0\1", QUESTION, rcode=rcode), QUESTION) == Reply(rcode=rcode)


def test_truncation_is_seen() -> None:
    reply = parse_answer(message(b"\0\1", QUESTION, flags=0x8380), QUESTION)
    assert isinstance(reply, Reply)
    assert reply.truncated


def test_question_may_be_echoed_in_another_case() -> None:
    echo = wire("eXaMpLe.CoM") + QUESTION[-4:]
    packet = message(b"\0\1", echo, address("192.0.2.1"))
    assert parse_answer(packet, QUESTION) == Reply(rcode=0, addresses=bytes((192, 0, 2, 1)))


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0\1",
        message(b"\0\1", QUESTION, address("192.0.2.1"), flags=0x0100),  # a query, not a response
        message(b"\0\1", QUESTION, flags=0xA180),  # a response to another kind of request
        message(b"\0\1", wire("example.net") + QUESTION[-4:], address("192.0.2.1")),
        message(b"\0\1", wire("example.com") + struct.pack("!HH", AAAA, 1), address("192.0.2.1")),
        message(b"\0\1", wire("example.com") + struct.pack("!HH", A, 3), address("192.0.2.1")),
        b"\0\1\x81\x80\0\2\0\0\0\0\0\0" + QUESTION + QUESTION,
        b"\0\1\x81\x80\0\0\0\0\0\0\0\0",  # success without a question proves nothing
        b"\0\1\x81\x83\0\0\0\0\0\0\0\0",
    ],
)
def test_what_answers_another_question_is_foreign(packet: bytes) -> None:
    assert parse_answer(packet, QUESTION) is Misfit.FOREIGN


@pytest.mark.parametrize("rcode", [Rcode.FORMERR, Rcode.SERVFAIL, Rcode.NOTIMP, Rcode.REFUSED])
def test_a_refusal_may_leave_the_question_out(rcode: Rcode) -> None:
    packet = b"\0\1" + struct.pack("!HHHHH", 0x8180 | rcode, 0, 0, 0, 0)
    assert parse_answer(packet, QUESTION) == Reply(rcode=rcode)


HEADED = message(b"\0\1", QUESTION, b"")  # one record announced, to be appended
RECORD_AT = len(HEADED)


@pytest.mark.parametrize(
    "rest",
    [
        b"",  # the count lies
        address("192.0.2.1")[:-1],
        record(A, b"\1\2\3"),
        record(A, b"\1\2\3\4\5"),
        struct.pack("!H", 0xC000 | RECORD_AT) + record(A, b"\1\2\3\4")[2:],  # a pointer to itself
        struct.pack("!H", 0xC000 | RECORD_AT + 2) + record(A, b"\1\2\3\4")[2:],  # and forward
        b"\xc0\x00" + record(A, b"\1\2\3\4")[2:],  # into the header
        b"\x01a" + struct.pack("!H", 0xC000 | RECORD_AT) + record(A, b"\1\2\3\4")[2:],  # a loop that grows
        b"\x40" + b"a" * 64 + record(A, b"\1\2\3\4")[2:],  # a label type that nobody uses
        (b"\x3f" + b"a" * 63) * 4 + b"\0" + record(A, b"\1\2\3\4")[2:],  # a name over 255 octets
        record(CNAME, b"\xc0\x0c\0"),  # data behind the name
        record(CNAME, b"\xc0\x0c"),  # its own alias
        record(CNAME, b"\x05abc"),
    ],
)
def test_unreadable_answers_are_malformed(rest: bytes) -> None:
    assert parse_answer(HEADED + rest, QUESTION) is Misfit.MALFORMED


def test_records_beyond_the_bound_are_not_read() -> None:
    packet = message(b"\0\1", QUESTION, *[address("192.0.2.1")] * (RECORDS_MAX + 50))
    reply = parse_answer(packet, QUESTION)
    assert isinstance(reply, Reply)
    assert len(reply.addresses) == RECORDS_MAX * 4


def test_the_costliest_names_take_bounded_time() -> None:
    # Each owner is a label and a jump to the owner before it, until a name is as long as names get.
    fields = struct.pack("!HHIH", 16, 1, 60, 0)
    at = [RECORD_AT + 14 * n for n in range(4_000)]
    before = [HEADER_BYTES + 8, *at[:100], *[at[100]] * 4_000]
    owners = (b"\x01a" + struct.pack("!H", 0xC000 | before[n]) for n in range(len(at)))
    packet = HEADED[:6] + b"\xff\xff" + HEADED[8:] + b"".join(owner + fields for owner in owners)
    began = time.process_time()
    assert parse_answer(packet, QUESTION) == Reply(rcode=0)
    assert time.process_time() - began < 0.5


@given(st.binary(max_size=600))
def test_any_bytes_are_read_without_an_exception(noise: bytes) -> None:
    assert isinstance(parse_answer(noise, QUESTION), Reply | Misfit)


@given(st.binary(max_size=600), st.integers(0, 65_535))
@example(b"\xc0\x1d" * 50, 50)
def test_any_answer_section_is_read_without_an_exception(noise: bytes, count: int) -> None:
    packet = HEADED[:6] + count.to_bytes(2, "big") + HEADED[8:] + noise
    reply = parse_answer(packet, QUESTION)
    assert reply is Misfit.MALFORMED or (isinstance(reply, Reply) and len(reply.addresses) % 4 == 0)


@given(st.data())
def test_a_good_answer_damaged_anywhere_is_read_without_an_exception(data: st.DataObject) -> None:
    good = message(b"\0\1", QUESTION, record(CNAME, wire("b.example")), address("192.0.2.1", wire("b.example")))
    damaged = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(good)))
    assert isinstance(parse_answer(bytes(damaged[:cut]), QUESTION), Reply | Misfit)


LABELS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=63)


@given(st.lists(LABELS, min_size=1, max_size=5).map(".".join).filter(lambda name: len(name) <= 253))
def test_names_survive_encoding_and_presentation(name: str) -> None:
    question = encode_question(name, RecordType.A)
    assert question is not None
    assert question[:-4] == wire(name)
    assert presentation(question[:-4]) == name


@given(st.lists(st.ip_addresses(v=4), min_size=1, max_size=20))
def test_every_address_comes_back_in_order(addresses: list[object]) -> None:
    packet = message(b"\0\1", QUESTION, *(address(str(each)) for each in addresses))
    reply = parse_answer(packet, QUESTION)
    assert isinstance(reply, Reply)
    assert reply.addresses == b"".join(address(str(each))[-4:] for each in addresses)


def test_misleading_octets_are_escaped() -> None:
    assert presentation(b"\x03a.b\x02\x00\xff\x03com\x00") == r"a\046b.\000\255.com"
