"""DNS messages as bytes (RFC 1035, EDNS0 of RFC 6891): pure, no sockets, no clock.

A *question* is the wire form of name, type and class. It is encoded once per name, put into the query, and compared
with the echo in the answer. Names read from answers stay in wire form, in lower case, so that they compare as bytes.
"""

import struct
from enum import Enum, IntEnum
from typing import Final

import msgspec

HEADER_BYTES: Final = 12
LABEL_BYTES_MAX: Final = 63
NAME_BYTES_MAX: Final = 255  # wire form, with the root's zero
UDP_PAYLOAD_BYTES: Final = 1232  # what we offer to take: unfragmented on any path (DNS Flag Day 2020)
RECORDS_MAX: Final = 256  # records read of one answer; what a hostile answer can cost us is bounded by this
CLASS_IN: Final = 1

_TYPE_AND_CLASS_BYTES: Final = 4
_POINTER: Final = 0xC0
_POINTER_TO_QUESTION: Final = bytes((_POINTER, HEADER_BYTES))
_RESPONSE: Final = 0x80  # QR set, opcode 0, under the mask below
_RESPONSE_MASK: Final = 0xF8
_TRUNCATED_BIT: Final = 0x02
_RCODE_MASK: Final = 0x0F

# Flags: recursion desired. Counts: one question, one additional record (the OPT at the end).
_QUERY_HEADER: Final = struct.pack("!HHHHH", 0x0100, 1, 0, 0, 1)
# Owner: root. Type: OPT. Class: our payload size. TTL and data: empty.
_QUERY_OPT: Final = struct.pack("!BHHIH", 0, 41, UDP_PAYLOAD_BYTES, 0, 0)
_RECORD_HEAD: Final = struct.Struct("!HHIH")  # type, class, TTL, length of the data
_LENGTH_OCTET: Final = tuple(bytes((length,)) for length in range(LABEL_BYTES_MAX + 1))


class RecordType(IntEnum):
    """Record types by their number on the wire."""

    A = 1
    NS = 2
    CNAME = 5
    AAAA = 28


class Rcode(IntEnum):
    """The response codes that we tell apart."""

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5


# What follows a name's labels in a question: the root's zero, type and class.
QUESTION_TAILS: Final = {kind: struct.pack("!BHH", 0, kind, CLASS_IN) for kind in RecordType}
QUESTION_TAIL_BYTES: Final = 5
_ADDRESS_BYTES: Final = {int(RecordType.A): 4, int(RecordType.AAAA): 16}
# Some servers leave the question out when they give up early; such an answer can only say no.
_CODES_WITHOUT_QUESTION: Final = frozenset({Rcode.FORMERR, Rcode.SERVFAIL, Rcode.NOTIMP, Rcode.REFUSED})


class Misfit(Enum):
    """A packet that is no reply."""

    FOREIGN = "foreign"  # not an answer to this question: keep waiting for the real one
    MALFORMED = "malformed"  # it answers this question, but cannot be read


class Reply(msgspec.Struct, frozen=True, gc=False):
    """What an answer says.

    `addresses` are those of the asked type at the end of the alias chain, packed: 4 bytes each for A, 16 for AAAA.
    `cname` is where that chain ends, in lower case without the last dot; None if the name is no alias.
    """

    rcode: int
    truncated: bool = False
    addresses: bytes = b""
    cname: str | None = None


# Most answers have no records. They all share these, so that they cost no object.
_EMPTY_REPLIES: Final = tuple(Reply(rcode=code) for code in range(_RCODE_MASK + 1))
_TRUNCATED_REPLY: Final = Reply(rcode=Rcode.NOERROR, truncated=True)


class _UnreadableError(Exception):
    """The packet breaks the format; never leaves this module."""


def encode_question(name: str | bytes, record_type: RecordType) -> bytes | None:
    """The question's wire form, or None where DNS has none: empty or over-long labels or names, or not ASCII.

    One dot at the end is allowed.
    """
    if not name.isascii():
        return None
    text = name.encode() if isinstance(name, str) else name
    try:
        wire = b"".join([_LENGTH_OCTET[len(label)] + label for label in text.removesuffix(b".").split(b".")])
    except IndexError:  # a label longer than the table
        return None
    if len(wire) >= NAME_BYTES_MAX or b"\0" in wire:
        # A zero octet is the length of an empty label, or part of a label that no host name has.
        return None
    return wire + QUESTION_TAILS[record_type]


def encode_query(query_id: int, question: bytes) -> bytes:
    """A whole query: recursion desired, EDNS0 with our payload size, no options."""
    return b"".join((query_id.to_bytes(2, "big"), _QUERY_HEADER, question, _QUERY_OPT))


def parse_answer(packet: bytes, question: bytes) -> Reply | Misfit:
    """Read an answer to `question`, whatever was sent. Never raises; work is bounded by `RECORDS_MAX` names.

    The id is the caller's to match.
    """
    if len(packet) < HEADER_BYTES or packet[2] & _RESPONSE_MASK != _RESPONSE:
        return Misfit.FOREIGN
    rcode = packet[3] & _RCODE_MASK
    if (not packet.startswith(question, HEADER_BYTES) or packet[5] != 1 or packet[4]) and not _echoes(packet, question):
        return _EMPTY_REPLIES[rcode] if _has_no_question(packet, rcode) else Misfit.FOREIGN
    if packet[2] & _TRUNCATED_BIT:
        return _TRUNCATED_REPLY
    if not (packet[6] or packet[7]):
        return _EMPTY_REPLIES[rcode]
    try:
        return _read_answers(packet, question, rcode)
    except (_UnreadableError, IndexError, struct.error):
        return Misfit.MALFORMED


def presentation(wire: bytes) -> str:
    r"""A name's wire form as text, `a.example.com`; octets that would mislead a reader are written `\ddd`."""
    labels: list[str] = []
    offset = 0
    while size := wire[offset]:
        labels.append("".join(_escape(octet) for octet in wire[offset + 1 : offset + 1 + size]))
        offset += size + 1
    return ".".join(labels)


def _escape(octet: int) -> str:
    plain = 0x21 <= octet <= 0x7E and octet not in b'."\\();@$'
    return chr(octet) if plain else f"\\{octet:03d}"


def _echoes(packet: bytes, question: bytes) -> bool:
    """Whether the packet repeats our question, in any case of letters, as its only one."""
    echo = packet[HEADER_BYTES : HEADER_BYTES + len(question)]
    one_question = packet[4:6] == b"\0\1"
    return one_question and echo[-4:] == question[-4:] and echo[:-4].lower() == question[:-4].lower()


def _has_no_question(packet: bytes, rcode: int) -> bool:
    return packet[4:8] == b"\0\0\0\0" and rcode in _CODES_WITHOUT_QUESTION


def _read_answers(packet: bytes, question: bytes, rcode: int) -> Reply:
    asked_name = question[:-4].lower()
    aliases, addresses = _collect(packet, asked_name, int.from_bytes(question[-4:-2], "big"))
    if not aliases:
        return Reply(rcode=rcode, addresses=b"".join([data for owner, data in addresses if owner == asked_name]))
    final_name = _follow(asked_name, aliases)
    return Reply(
        rcode=rcode,
        addresses=b"".join([data for owner, data in addresses if owner == final_name]),
        cname=None if final_name == asked_name else presentation(final_name),
    )


def _collect(packet: bytes, asked_name: bytes, wanted: int) -> tuple[dict[bytes, bytes], list[tuple[bytes, bytes]]]:
    """Aliases (owner to target) and addresses (owner, data) of the answer section."""
    aliases: dict[bytes, bytes] = {}
    addresses: list[tuple[bytes, bytes]] = []
    address_bytes = _ADDRESS_BYTES.get(wanted)
    offset = HEADER_BYTES + len(asked_name) + _TYPE_AND_CLASS_BYTES
    for _ in range(min(packet[6] << 8 | packet[7], RECORDS_MAX)):
        if packet.startswith(_POINTER_TO_QUESTION, offset):  # nearly always
            owner, offset = asked_name, offset + 2
        else:
            owner, offset = _read_name(packet, offset)
        kind, record_class, _ttl, length = _RECORD_HEAD.unpack_from(packet, offset)
        start = offset + _RECORD_HEAD.size
        offset = start + length
        if offset > len(packet):
            raise _UnreadableError
        if record_class != CLASS_IN:
            continue
        if kind == RecordType.CNAME:
            target, end = _read_name(packet, start)
            if end != offset:
                raise _UnreadableError
            aliases.setdefault(owner, target)
        elif kind == wanted and address_bytes is not None:
            if length != address_bytes:
                raise _UnreadableError
            addresses.append((owner, packet[start:offset]))
    return aliases, addresses


def _follow(name: bytes, aliases: dict[bytes, bytes]) -> bytes:
    """Where the chain of aliases from `name` ends; a chain that bites its tail is unreadable."""
    seen = {name}
    while (target := aliases.get(name)) is not None:
        if target in seen:
            raise _UnreadableError
        seen.add(target)
        name = target
    return name


def _read_name(packet: bytes, offset: int) -> tuple[bytes, int]:
    """A name at `offset`, decompressed, in lower case, and the offset behind it.

    Every jump must go further back than the ones before, so a loop cannot be written.
    """
    parts: list[bytes] = []
    length = 1
    jump_limit = offset
    end = -1
    while size := packet[offset]:
        if size >= _POINTER:
            target = (size & ~_POINTER) << 8 | packet[offset + 1]
            if not HEADER_BYTES <= target < jump_limit:
                raise _UnreadableError
            if end < 0:
                end = offset + 2
            offset = jump_limit = target
            continue
        length += size + 1
        if size > LABEL_BYTES_MAX or length > NAME_BYTES_MAX:
            raise _UnreadableError
        parts.append(packet[offset : offset + size + 1])
        offset += size + 1
    return b"".join(parts).lower() + b"\0", end if end >= 0 else offset + 1
