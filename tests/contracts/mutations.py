"""A valid JSON body -> bodies that are not, by one fault or a few; and whether a pointer leads anywhere in them."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st

DEPTH = 10_000
NUMBERS = [0, 1, 2, 10, 63, 64, 65, 100, 101, 200, 201, 253, 254, 300, 301, 500, 501, 1_000, 1_001, 10_000, 65_535]
BOUNDS = [65_536, 10**6, 10**7, 2 * 10**9, 2 * 10**9 + 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 10**400]
FRACTIONS = [0.05, 0.049, 0.95, 0.951, 1.0, 1.0000001, -0.0, 5e-324, 1.7976931348623157e308, 300.0001]
LENGTHS = [1, 62, 63, 64, 100, 101, 200, 201, 253, 254, 300, 301, 500, 501, 100_000]
TOKENS = [
    *(b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1e-999", b"01", b"+1", b"0x10", b".5", b"1.", b"'a'"),
    *(b'"\\ud800"', b'"\\udc00"', b'"\\udc00\\ud800"', b'"\\ud83d\\ude00"', b'"\xed\xa0\x80"', b'"\xff"', b'"\xc3"'),
    *(b'"\\u0000"', b'"a\\u0000b"', b'"\\\\u0000"', b'"\\\\\\u0000"', b'"\x00"', b'"\n"', b'"\\x41"', b'"\\', b'"'),
    *(
        b'"\\u202e"',
        b'"\\ufeff"',
        b'"\\u0001"',
        b'"\\u007f"',
        b'" "',
        b'"\\n"',
        b'""',
        b"[]",
        b"{}",
        b"[[]]",
        b"[null]",
    ),
    *(b'" - at `$.name`"', b'"\' - at `$.configuration.dnsValidation"', b'"`$[0]`"', b'"../../etc/passwd"'),
    *(b'"9999-12-31T23:59:59-23:59"', b'"0001-01-01T00:00:00+23:59"', b'"2099-02-30T00:00:00Z"', b'"2099-01-01"'),
    *(b'"2099-01-01T00:00:00Z"', b'"9999-12-31T23:59:59.999999Z"', b"1e12", b'"all"', b'"read"', b'"analysis"'),
    *(b"[" * DEPTH + b"]" * DEPTH, b'{"a":' * DEPTH + b"1" + b"}" * DEPTH, b"[" * DEPTH, b"/**/1", b"undefined"),
]
FINITE = st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | st.integers() | FINITE | st.text(max_size=8)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
JUNK = (
    st.sampled_from(TOKENS).map(msgspec.Raw)
    | st.sampled_from([*NUMBERS, *BOUNDS, *(-n for n in (1, 2**31, 2**63 + 1))]).map(lambda n: msgspec.Raw(b"%d" % n))
    | st.sampled_from(FRACTIONS)
    | st.sampled_from(LENGTHS).map(lambda length: "x" * length)
    | st.sampled_from(LENGTHS[:-1]).map(lambda length: ["a.com"] * length)
    | VALUES.map(lambda value: msgspec.Raw(json.dumps(value).encode()))
)

Path = tuple[str | int, ...]


def paths(value: Any, path: Path = ()) -> list[Path]:
    """Every place in a value, itself first."""
    found = [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        found += paths(part, (*path, key))
    return found


def value_at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def with_value(value: Any, path: Path, other: object) -> Any:
    """A copy that has something else at a place."""
    if not path:
        return other
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_value(value[path[0]], path[1:], other)
    return copy


@st.composite
def mutated(draw: st.DrawFn, valid: Any) -> bytes:
    """A body with one to three faults; now and then something that is no such body at all."""
    if draw(st.integers(0, 9)) == 0:
        whole = msgspec.json.encode(valid)
        return draw(
            st.binary(max_size=40)
            | st.integers(0, len(whole)).map(lambda length: whole[:length])
            | VALUES.map(lambda value: json.dumps(value).encode())
            | st.sampled_from([b"", b" ", b"\xef\xbb\xbf" + whole, whole + b"x", whole * 2])
            | st.just(whole.decode().encode("utf-16"))
        )
    value = valid
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(paths(value)))
        value = with_value(value, path, with_fault(draw, value_at(value, path)))
    return msgspec.json.encode(value)


def with_fault(draw: st.DrawFn, value: Any) -> Any:
    """Something else; or the value with something missing from it, unknown in it, or in it two times."""
    if not value or not isinstance(value, dict | list) or draw(st.booleans()):
        return draw(JUNK)
    if isinstance(value, list):
        return draw(st.sampled_from([value[1:], value * 2, [*value, None]]))
    key, other = draw(st.sampled_from(sorted(value))), draw(JUNK)
    unknown = draw(st.text(st.characters(codec="utf-8"), max_size=8))
    without = {name: part for name, part in value.items() if name != key}
    return draw(st.sampled_from([without, {**value, unknown: other}, twice(value, key, other)]))


def twice(value: dict[str, Any], key: str, other: object) -> msgspec.Raw:
    """An object that has one of its keys two times."""
    first, rest = msgspec.json.encode({key: other}), msgspec.json.encode(value)
    return msgspec.Raw(first[:-1] + b"," + rest[1:])


def leads_somewhere(body: bytes, pointer: str) -> bool:
    """Whether a JSON pointer names a place of the body, or one that is missing from a place.

    Of a body that is no JSON to its end nothing can be said: the first fault was before.
    """
    try:
        document = json.loads(body, object_pairs_hook=Pairs)
    except (ValueError, RecursionError):
        return True
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
    return bool(reached(document, tokens) or reached(document, tokens[:-1]))


class Pairs(list[tuple[str, Any]]):
    """An object with all of its keys, however often each stands there."""


def reached(document: Any, tokens: Sequence[str]) -> list[Any]:
    """All that these tokens lead to."""
    found = [document]
    for token in tokens:
        found = [part for place in found for part in parts_at(place, token)]
    return found


def parts_at(place: Any, token: str) -> list[Any]:
    if isinstance(place, Pairs):
        return [part for key, part in place if key == token]
    if isinstance(place, list) and token.isdecimal() and int(token) < len(place):
        return [place[int(token)]]
    return []
