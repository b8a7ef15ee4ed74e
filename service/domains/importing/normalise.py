"""One text -> a host name as DNS knows it, or the reason why it is none. Pure.

Names are mapped as UTS 46 says (non-transitional) and checked as IDNA 2008 says, then to the rules of host names
(RFC 1123, section 2.1). What people paste around a name (scheme, user, port, path, the root's dot) is taken off and
noted.
"""

import ipaddress
import re
import string
from collections.abc import Callable

import idna
import msgspec

from service.domains.importing.model import Note, RejectReason
from service.generating.pattern import LABEL_BYTES_MAX, NAME_BYTES_MAX

TEXT_LENGTH_MAX = 2_048  # characters of a text: a long URL
HOST_LENGTH_MAX = 1_000  # characters of a host before IDNA sees it, whose cost grows faster than the text

# Lower-case names without double hyphens, in linear time: possessive, so that nothing is ever tried twice.
PLAIN_NAME = re.compile(
    rf"(?:(?=[a-z0-9-]{{1,{LABEL_BYTES_MAX}}}\.)[a-z0-9]++(?:-[a-z0-9]++)*+\.)++"
    rf"(?=[a-z0-9-]{{2,{LABEL_BYTES_MAX}}}\Z)[a-z][a-z0-9]*+(?:-[a-z0-9]++)*+"
)
SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*+:)?//", re.IGNORECASE)
REST = re.compile(r"[/?#]")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LABEL_CHARACTERS = frozenset(string.ascii_lowercase + string.digits + "-")


class Name(msgspec.Struct, frozen=True):
    """A host name, lower-case ASCII without the root's dot, and what was done to get it."""

    name: str
    notes: tuple[Note, ...] = ()


class Unusable(msgspec.Struct, frozen=True):
    """No name."""

    reason: RejectReason


class _Refused(Exception):
    def __init__(self, reason: RejectReason) -> None:
        super().__init__(reason)
        self.reason = reason


def is_plain(text: str) -> bool:
    """Most lines of most lists: a name that is in its final form already."""
    return len(text) <= NAME_BYTES_MAX and PLAIN_NAME.fullmatch(text) is not None


def normalise(text: str) -> Name | Unusable:
    """The name in a text that is not blank."""
    text = text.strip()
    if is_plain(text):
        return Name(text)
    try:
        notes: list[Note] = []
        return Name(check_host(to_ascii(host_of(text, notes), notes)), tuple(notes))
    except _Refused as refused:
        return Unusable(refused.reason)


def host_of(text: str, notes: list[Note]) -> str:
    """The text without all that stands around its host."""
    if len(text) > TEXT_LENGTH_MAX:
        raise _Refused(RejectReason.TEXT_TOO_LONG)
    if CONTROL.search(text):
        raise _Refused(RejectReason.CONTROL_CHARACTER)
    for note, strip in STRIPS:
        stripped = strip(text)
        if stripped != text:
            notes.append(note)
        text = stripped
    if not text:
        raise _Refused(RejectReason.NO_HOST)
    if len(text) > HOST_LENGTH_MAX:
        raise _Refused(RejectReason.NAME_TOO_LONG)
    if any(character.isspace() for character in text):
        raise _Refused(RejectReason.WHITESPACE)
    return text


def without_port(host: str) -> str:
    if host.startswith("["):
        raise _Refused(RejectReason.IP_ADDRESS)
    name, colon, port = host.partition(":")
    if not colon:
        return host
    if ":" in port:
        raise _Refused(RejectReason.IP_ADDRESS if is_address(host) else RejectReason.PORT_INVALID)
    if port and not (port.isascii() and port.isdecimal() and len(port) <= len("65535") and int(port) <= 65_535):
        raise _Refused(RejectReason.PORT_INVALID)
    return name


STRIPS: tuple[tuple[Note, Callable[[str], str]], ...] = (
    (Note.SCHEME_STRIPPED, lambda text: SCHEME.sub("", text, count=1) if SCHEME.match(text) else text),
    (Note.PATH_STRIPPED, lambda text: REST.split(text, maxsplit=1)[0]),
    (Note.USERINFO_STRIPPED, lambda text: text.rpartition("@")[2]),
    (Note.PORT_STRIPPED, without_port),
)


def to_ascii(host: str, notes: list[Note]) -> str:
    """The host in lower-case ASCII, without the root's dot."""
    lowered = host.lower() if host.isascii() else host
    if lowered != host:
        notes.append(Note.CASE_FOLDED)
    if not lowered.isascii():
        lowered = mapped(lowered)
        notes.append(Note.CONVERTED_TO_ASCII)
    if lowered.endswith("."):
        lowered = lowered.removesuffix(".")
        notes.append(Note.TRAILING_DOT_STRIPPED)
    if "xn--" in lowered or not lowered.isascii():
        lowered = a_labels(lowered)
    return lowered


def mapped(host: str) -> str:
    try:
        return idna.uts46_remap(host, std3_rules=True, transitional=False)
    except idna.IDNAError:
        raise _Refused(RejectReason.IDNA_INVALID) from None


def a_labels(host: str) -> str:
    """Unicode labels in their ASCII form, and those that claim to be one checked."""
    labels = host.split(".")
    if not all(labels):
        raise _Refused(RejectReason.EMPTY_LABEL)
    try:
        return ".".join(a_label(label) for label in labels)
    except (idna.IDNAError, UnicodeError):
        raise _Refused(RejectReason.IDNA_INVALID) from None


def a_label(label: str) -> str:
    """Plain ASCII labels have rules of their own, in `check_host`."""
    return label if label.isascii() and not label.startswith("xn--") else idna.alabel(label).decode("ascii")


def check_host(host: str) -> str:
    if len(host) > NAME_BYTES_MAX:
        raise _Refused(RejectReason.NAME_TOO_LONG)
    labels = host.split(".")
    if is_address(host):
        raise _Refused(RejectReason.IP_ADDRESS)
    for label in labels:
        check_label(label)
    if len(labels) == 1:
        raise _Refused(RejectReason.NO_DOT)
    if len(labels[-1]) == 1 or labels[-1][0] in string.digits:  # all-numeric ends are read as addresses
        raise _Refused(RejectReason.TLD_INVALID)
    return host


def check_label(label: str) -> None:
    if not label:
        raise _Refused(RejectReason.EMPTY_LABEL)
    if not LABEL_CHARACTERS.issuperset(label):
        raise _Refused(RejectReason.CHARACTER_INVALID)
    if len(label) > LABEL_BYTES_MAX:
        raise _Refused(RejectReason.LABEL_TOO_LONG)
    if label.startswith("-") or label.endswith("-"):
        raise _Refused(RejectReason.HYPHEN_MISPLACED)
    if label[2:4] == "--" and not label.startswith("xn--"):  # reserved: RFC 5891, section 4.2.3.1
        raise _Refused(RejectReason.HYPHEN_MISPLACED)


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
