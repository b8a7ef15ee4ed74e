"""DNS messages on the wire (RFC 1035, RFC 6891): questions read and replies written; pure, and total on any bytes."""

import struct
from enum import IntEnum
from socket import inet_aton
from typing import Final, NamedTuple

from service.sandbox.behaviours import DnsBehaviour
from service.sandbox.truth import DnsTruth

HEADER_BYTES: Final = 12
NAME_BYTES_MAX: Final = 255
LABEL_BYTES_MAX: Final = 63
TTL_SECONDS: Final = 300
EDNS_PAYLOAD_BYTES: Final = 1_232  # what fits into one packet on any path; https://www.dnsflagday.net/2020/


class RecordType(IntEnum):
    """The record types that we know of."""

    A = 1
    NS = 2
    CNAME = 5
    SOA = 6
    MX = 15
    OPT = 41


class ResponseCode(IntEnum):
    """RFC 1035 section 4.1.1, and BADVERS of RFC 6891."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    BADVERS = 16


class Question(NamedTuple):
    """A question that can be answered; `wire` is the question section as it came, in its own spelling."""

    message_id: bytes
    recursion_desired: int  # the flag as it came, to be sent back
    name: str
    record_type: int
    zone_at: int  # the offset of the name's last label, which is the zone that an SOA speaks for
    wire: bytes
    edns: bytes  # the OPT record to send back, or nothing


class Malformed(NamedTuple):
    """A message that gets a bare error, or silence where even that would be wrong (`reply` is empty)."""

    reply: bytes


_HEADER: Final = struct.Struct("!2s2B4H")
_CLASS_IN: Final = b"\x00\x01"
_OWNER: Final = (0xC000 | HEADER_BYTES).to_bytes(2, "big")
_TTL: Final = TTL_SECONDS.to_bytes(4, "big")
_QR: Final = 0x80
_OPCODE_MASK: Final = 0x78
_TC: Final = 0x02
_RD: Final = 0x01
_RA: Final = 0x80


def name_wire(name: str) -> bytes:
    """A name as its labels, uncompressed."""
    return b"".join(bytes((len(label),)) + label.encode("ascii") for label in name.split(".")) + b"\0"


def _record(owner: bytes, record_type: RecordType, rdata: bytes) -> bytes:
    return owner + record_type.to_bytes(2, "big") + _CLASS_IN + _TTL + len(rdata).to_bytes(2, "big") + rdata


# Names under `invalid` lead nowhere, and nothing needs to ask for these.
_NAMESERVERS: Final = tuple(name_wire(f"ns{number}.sandbox.invalid") for number in (1, 2))
_SOA_TIMES: Final = struct.pack("!5I", 1, 3_600, 600, 86_400, TTL_SECONDS)  # serial, refresh, retry, expire, minimum
_SOA: Final = _record(b"", RecordType.SOA, _NAMESERVERS[0] + name_wire("hostmaster.sandbox.invalid") + _SOA_TIMES)
_ADDRESS: Final = _record(b"", RecordType.A, b"\0\0\0\0")[:-4]
_OPT_START: Final = b"\0\x00\x29"
_EDNS_REPLY: Final = b"\0" + struct.pack("!HHIH", RecordType.OPT, EDNS_PAYLOAD_BYTES, 0, 0)


def read_question(packet: bytes) -> Question | Malformed:
    """The one question of a query, or how to say that there is none."""
    if len(packet) < HEADER_BYTES or packet[2] & _QR:
        return Malformed(b"")  # no id to answer to; or an answer, which two servers would send to and fro for ever
    name_end = _name_end(packet)
    fault = _fault(packet, name_end)
    if fault is ResponseCode.BADVERS:
        return Malformed(_bad_version(packet, name_end + 4))
    if fault is not ResponseCode.NOERROR:
        return Malformed(_bare(packet, fault))
    name, zone_at = _name(packet, name_end)
    return Question(
        packet[:2],
        packet[2] & _RD,
        name,
        packet[name_end] << 8 | packet[name_end + 1],
        zone_at,
        packet[HEADER_BYTES : name_end + 4],
        _EDNS_REPLY if packet[11] else b"",
    )


def _fault(packet: bytes, name_end: int) -> ResponseCode:
    """What is wrong with a query, NOERROR if nothing is; after the question it may have an OPT record and no other."""
    if packet[2] & _OPCODE_MASK:
        return ResponseCode.NOTIMP
    if packet[4:11] != b"\0\1\0\0\0\0\0" or packet[11] > 1 or name_end == 0 or name_end + 4 > len(packet):
        return ResponseCode.FORMERR
    if packet[name_end + 2 : name_end + 4] != _CLASS_IN:
        return ResponseCode.REFUSED
    return _edns_fault(packet, name_end + 4) if packet[11] else ResponseCode.NOERROR


def _edns_fault(packet: bytes, at: int) -> ResponseCode:
    """RFC 6891 section 6.1.2: the root's name, type 41, four fixed fields and options that we skip."""
    if packet[at : at + 3] != _OPT_START or at + 11 > len(packet):
        return ResponseCode.FORMERR
    if packet[at + 6]:
        return ResponseCode.BADVERS
    options_bytes = packet[at + 9] << 8 | packet[at + 10]
    return ResponseCode.NOERROR if at + 11 + options_bytes == len(packet) else ResponseCode.FORMERR


def _name_end(packet: bytes) -> int:
    """The offset just after the question's name; 0 if that is cut off, too long, or compressed before any other."""
    at = HEADER_BYTES
    size = len(packet)
    while at < size:
        length = packet[at]
        at += 1 + length
        if length == 0:
            return at if at - HEADER_BYTES <= NAME_BYTES_MAX else 0
        if length > LABEL_BYTES_MAX:
            return 0
    return 0


def _name(packet: bytes, end: int) -> tuple[str, int]:
    """The name in lower case, and where its last label begins; bytes beyond ASCII become letters of Latin-1."""
    labels = []
    at = zone_at = HEADER_BYTES
    while at < end - 1:
        zone_at = at
        at += 1 + packet[at]
        labels.append(packet[zone_at + 1 : at])
    return b".".join(labels).lower().decode("latin-1"), zone_at


def _bad_version(packet: bytes, question_end: int) -> bytes:
    """RFC 6891 section 6.1.3: the upper bits of BADVERS stand in the OPT record, and version 0 is what we speak."""
    extended = (ResponseCode.BADVERS >> 4) << 24
    opt = b"\0" + struct.pack("!HHIH", RecordType.OPT, EDNS_PAYLOAD_BYTES, extended, 0)
    flags = _QR | packet[2] & _RD
    return _HEADER.pack(packet[:2], flags, _RA, 1, 0, 0, 1) + packet[HEADER_BYTES:question_end] + opt


def _bare(packet: bytes, code: ResponseCode) -> bytes:
    """A header alone: what cannot be read is not repeated."""
    flags = _QR | packet[2] & (_OPCODE_MASK | _RD)
    return _HEADER.pack(packet[:2], flags, _RA | code, 0, 0, 0, 0)


def error_reply(question: Question, code: ResponseCode) -> bytes:
    """A reply that says only why there is no answer."""
    return _reply(question, code, [], b"")


def truncated_reply(question: Question) -> bytes:
    """Nothing but the request to come again over TCP."""
    reply = bytearray(_reply(question, ResponseCode.NOERROR, [], b""))
    reply[2] |= _TC
    return bytes(reply)


def true_reply(question: Question, truth: DnsTruth) -> bytes:
    """What the name truly has of the type asked for, and an SOA where that is nothing (RFC 2308)."""
    if truth.behaviour is DnsBehaviour.absent:
        return _reply(question, ResponseCode.NXDOMAIN, [], _soa(question))
    if truth.aliases:
        return _alias_reply(question, truth)
    records = _own_records(question.record_type, _OWNER, truth.addresses)
    return _reply(question, ResponseCode.NOERROR, records, b"" if records else _soa(question))


def _alias_reply(question: Question, truth: DnsTruth) -> bytes:
    """The whole chain and what stands at its end, as a recursive resolver answers; the first link alone for CNAME."""
    chain, last_owner = _alias_chain(question, truth.aliases)
    if question.record_type == RecordType.CNAME:
        return _reply(question, ResponseCode.NOERROR, chain[:1], b"")
    records = _own_records(question.record_type, last_owner, truth.addresses)
    return _reply(question, ResponseCode.NOERROR, chain + records, b"" if records else _soa(question))


def _alias_chain(question: Question, aliases: tuple[str, ...]) -> tuple[list[bytes], bytes]:
    """One CNAME record for each alias, and a pointer to the last target."""
    owner = _OWNER
    at = HEADER_BYTES + len(question.wire)
    chain = []
    for alias in aliases:
        target = name_wire(alias)
        chain.append(_record(owner, RecordType.CNAME, target))
        at += len(chain[-1])
        owner = _pointer(at - len(target))
    return chain, owner


def _own_records(record_type: int, owner: bytes, addresses: tuple[str, ...]) -> list[bytes]:
    """The records of a name that has addresses: it has two name servers, and takes its own mail."""
    if not addresses:
        return []
    if record_type == RecordType.A:
        return [owner + _ADDRESS + inet_aton(address) for address in addresses]
    if record_type == RecordType.NS:
        return [_record(owner, RecordType.NS, server) for server in _NAMESERVERS]
    if record_type == RecordType.MX:
        return [_record(owner, RecordType.MX, b"\0\x0a" + owner)]
    return []


def _soa(question: Question) -> bytes:
    return _pointer(question.zone_at) + _SOA


def _pointer(offset: int) -> bytes:
    return (0xC000 | offset).to_bytes(2, "big")


def _reply(question: Question, code: ResponseCode, answers: list[bytes], authority: bytes) -> bytes:
    header = _HEADER.pack(
        question.message_id,
        _QR | question.recursion_desired,
        _RA | code,
        1,
        len(answers),
        1 if authority else 0,
        1 if question.edns else 0,
    )
    return b"".join((header, question.wire, *answers, authority, question.edns))
