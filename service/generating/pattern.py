"""Patterns and TLDs as a person may ask for them, and the size and the key of the space that a pattern spans.

Pointers of refusals are relative to the `domainGeneration` object of a campaign's configuration.
"""

import math
import string
import unicodedata
from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256
from typing import assert_never

import idna
import msgspec

from service.errors import Invalid

LABEL_BYTES_MAX = 63
"""RFC 1035 section 2.3.4."""

NAME_BYTES_MAX = 253
"""A name as text, without the root's dot: RFC 1035's 255 bytes less the first length byte and the root's."""

TLD_BYTES_MAX = NAME_BYTES_MAX - len(".") - LABEL_BYTES_MAX
"""Leaves room for the longest label, so that no pattern under any TLD makes a name that is too long."""

TLDS_MAX = 2_000
"""More than the root zone holds."""

SPACE_SIZE_MAX = 2**63 - 1
"""Offsets are kept as Postgres `bigint`."""

HYPHEN = "-"

CHARACTER_ORDER = string.digits + string.ascii_lowercase + HYPHEN
"""The order of a character set's characters in its space. The hyphen comes last: were it first, as in ASCII, the space
of eight characters before a constant would begin with 95 thousand million names that begin with a hyphen."""

_LABEL_CHARACTERS = frozenset(CHARACTER_ORDER + string.ascii_uppercase)


class PatternKind(StrEnum):
    """On which side of the constant the variable characters stand."""

    PREFIX = "prefix"
    SUFFIX = "suffix"
    BOTH = "both"


class Pattern(msgspec.Struct, frozen=True):
    """A space of labels as `parse_pattern` makes it: lower-case, its `characters` distinct and in `CHARACTER_ORDER`.

    `first_length` counts the variable characters, or those before the constant where there are some on `both` sides;
    `second_length` counts those after it, and is 0 for the other kinds.
    """

    kind: PatternKind
    constant: str
    characters: str
    first_length: int
    second_length: int


def parse_pattern(
    kind: PatternKind,
    constant: str,
    character_set: str,
    variable_length: int,
    second_variable_length: int | None = None,
) -> Pattern:
    """The pattern in its canonical form; `Invalid` if it spans no space of host labels, or one too large to count."""
    pattern = Pattern(
        kind=kind,
        constant=_parse_constant(constant),
        characters=_parse_character_set(character_set),
        first_length=_parse_length(variable_length, "/variableLength"),
        second_length=_parse_second_length(kind, second_variable_length),
    )
    _check_space(pattern)
    return pattern


def parse_tlds(texts: Sequence[str]) -> tuple[str, ...]:
    """Each TLD once, in the order of its first mention: `.COM` after `com` adds nothing, and is no mistake."""
    if not texts:
        raise Invalid("tlds_empty", "At least one TLD is needed.", pointer="/tlds")
    if len(texts) > TLDS_MAX:
        raise Invalid("tlds_too_many", f"At most {TLDS_MAX} TLDs can be given.", pointer="/tlds")
    parsed = (parse_tld(text, pointer=f"/tlds/{index}") for index, text in enumerate(texts))
    return tuple(dict.fromkeys(parsed))


def parse_tld(text: str, *, pointer: str = "/tlds") -> str:
    """The TLD as lower-case A-labels without a leading dot; it may have several (`co.uk`). `Invalid` on nonsense."""
    if len(text) > NAME_BYTES_MAX:  # before IDNA sees it: its cost grows faster than the text
        raise _tld_invalid(f"it is longer than {TLD_BYTES_MAX} bytes", pointer)
    try:
        tld = ".".join(_a_label(label) for label in text.removeprefix(".").split("."))
    except idna.IDNAError as error:
        raise _tld_invalid(f"{text!r} is no domain name in the sense of IDNA 2008", pointer) from error
    if len(tld) > TLD_BYTES_MAX:
        raise _tld_invalid(f"it is longer than {TLD_BYTES_MAX} bytes", pointer)
    if tld.rpartition(".")[2][0] in string.digits:
        raise _tld_invalid("its last label begins with a digit, which many programs read as an IP address", pointer)
    return tld


def label_slots(pattern: Pattern) -> tuple[str, ...]:
    """For each place of the label, from the left, the characters that may stand there, in the order of offsets."""
    constant = tuple(pattern.constant)
    first = (pattern.characters,) * pattern.first_length
    second = (pattern.characters,) * pattern.second_length
    match pattern.kind:
        case PatternKind.PREFIX:
            return first + constant
        case PatternKind.SUFFIX:
            return constant + first
        case PatternKind.BOTH:
            return first + constant + second
        case _:
            assert_never(pattern.kind)


def space_size(pattern: Pattern) -> int:
    """How many offsets the space has, those of invalid labels included."""
    return _product(label_slots(pattern))


def valid_count(pattern: Pattern) -> int:
    """How many of the space's labels are host labels, exactly.

    Only four places matter: a hyphen may stand neither first nor last, nor both third and fourth, where it would mark
    an A-label. Places are independent, so the labels with the mark are counted apart and taken away.
    """
    slots = list(label_slots(pattern))
    slots[0] = slots[0].replace(HYPHEN, "")
    slots[-1] = slots[-1].replace(HYPHEN, "")
    marked = [_only_hyphen(slot) if place in {2, 3} else slot for place, slot in enumerate(slots)]
    return _product(slots) - (_product(marked) if len(slots) >= 4 else 0)


def pattern_key(pattern: Pattern) -> bytes:
    """32 bytes that are equal for two patterns exactly if these give the same label at every offset.

    Hashing the slots makes it so: `prefix` and `suffix` around an empty constant are one space, and so are a set of
    one character and a longer constant.
    """
    return sha256("\n".join(("label-slots/1", *label_slots(pattern))).encode("ascii")).digest()


def _parse_constant(text: str) -> str:
    if stray := _first_stray(text):
        raise Invalid(
            "constant_invalid",
            f"The constant may hold a-z, 0-9 and '-', not {stray!r}; a Unicode word must be given in an ASCII form.",
            pointer="/constant",
        )
    return text.lower()


def _parse_character_set(text: str) -> str:
    if not text:
        raise Invalid("character_set_empty", "At least one character is needed.", pointer="/characterSet")
    if stray := _first_stray(text):
        raise Invalid(
            "character_set_invalid",
            f"The character set may hold a-z, 0-9 and '-', not {stray!r}.",
            pointer="/characterSet",
        )
    return "".join(sorted(set(text.lower()), key=CHARACTER_ORDER.index))


def _first_stray(text: str) -> str | None:
    """The first character that no label may hold. Asked before lower-casing, which would turn the Kelvin sign to k."""
    return next((character for character in text if character not in _LABEL_CHARACTERS), None)


def _parse_second_length(kind: PatternKind, length: int | None) -> int:
    pointer = "/secondVariableLength"
    if kind is PatternKind.BOTH:
        if length is None:
            raise Invalid("second_length_missing", "A pattern of kind 'both' needs a second length.", pointer=pointer)
        return _parse_length(length, pointer)
    if length is not None:
        raise Invalid("second_length_unexpected", f"A pattern of kind '{kind}' has one variable part.", pointer=pointer)
    return 0


def _parse_length(length: int, pointer: str) -> int:
    if not 1 <= length <= LABEL_BYTES_MAX:
        raise Invalid("length_invalid", f"A variable part has 1 to {LABEL_BYTES_MAX} characters.", pointer=pointer)
    return length


def _check_space(pattern: Pattern) -> None:
    label_bytes = len(label_slots(pattern))
    if label_bytes > LABEL_BYTES_MAX:
        raise Invalid(
            "label_too_long",
            f"The label would have {label_bytes} characters; at most {LABEL_BYTES_MAX} are possible.",
            pointer="/variableLength",
        )
    if space_size(pattern) > SPACE_SIZE_MAX:
        raise Invalid(
            "space_too_large",
            "The pattern spans more than 2^63 - 1 names; take fewer characters or a shorter variable part.",
            pointer="/variableLength",
        )
    if valid_count(pattern) == 0:
        raise _space_empty(pattern)


def _space_empty(pattern: Pattern) -> Invalid:
    """Every kind has a variable part at an end, so hyphens alone are never enough; else it is the constant's fault."""
    if pattern.characters == HYPHEN:
        return Invalid(
            "space_empty",
            "Every label would begin or end with a hyphen; the character set needs letters or digits.",
            pointer="/characterSet",
        )
    return Invalid(
        "space_empty",
        "No label would be a host label: this constant puts a hyphen first or last, or hyphens third and fourth,"
        " which is reserved for the ASCII form of Unicode labels.",
        pointer="/constant",
    )


def _a_label(label: str) -> str:
    """Lower-cased and composed first, as people type and as RFC 5895 maps. Raises `idna.IDNAError`."""
    return idna.alabel(unicodedata.normalize("NFC", label.lower())).decode("ascii")


def _tld_invalid(reason: str, pointer: str) -> Invalid:
    return Invalid("tld_invalid", f"The TLD cannot be used: {reason}.", pointer=pointer)


def _only_hyphen(slot: str) -> str:
    return HYPHEN if HYPHEN in slot else ""


def _product(slots: Sequence[str]) -> int:
    return math.prod(len(slot) for slot in slots)
