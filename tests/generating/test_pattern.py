"""Patterns, TLDs, sizes and keys, against brute force on spaces small enough to list."""

import contextlib
import itertools
import re
from collections.abc import Callable

import idna
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.errors import Invalid
from service.generating.names import name_at
from service.generating.pattern import (
    CHARACTER_ORDER,
    LABEL_BYTES_MAX,
    NAME_BYTES_MAX,
    SPACE_SIZE_MAX,
    TLD_BYTES_MAX,
    TLDS_MAX,
    Pattern,
    PatternKind,
    label_slots,
    parse_pattern,
    parse_tld,
    parse_tlds,
    pattern_key,
    space_size,
    valid_count,
)

ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyz0123456789"
HOST_LABEL = re.compile(r"(?!..--)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
SMALL_SPACE = 3_000
"""Names; few enough to list in every example."""


@st.composite
def small_patterns(draw: st.DrawFn) -> Pattern:
    """Any pattern whose labels can be listed; hyphens are common, for they are where the rules bite."""
    kind = draw(st.sampled_from(PatternKind))
    constant = draw(st.text("ab-", max_size=5))
    characters = draw(st.text("ab-", min_size=1, max_size=3))
    lengths = st.integers(1, 6) if kind is not PatternKind.BOTH else st.integers(1, 3)
    second = draw(lengths) if kind is PatternKind.BOTH else 0
    distinct = "".join(sorted(set(characters), key=CHARACTER_ORDER.index))
    return Pattern(kind, constant, distinct, draw(lengths), second)


def labels_by_brute_force(pattern: Pattern) -> list[str]:
    """Every label in order, put together the way the kinds are described."""
    parts = itertools.product(pattern.characters, repeat=pattern.first_length + pattern.second_length)
    before, after = {
        PatternKind.PREFIX: ("", pattern.constant),
        PatternKind.SUFFIX: (pattern.constant, ""),
        PatternKind.BOTH: ("", pattern.constant),
    }[pattern.kind]
    cut = pattern.first_length
    return [before + "".join(part[:cut]) + after + "".join(part[cut:]) for part in parts]


def refusal(ask: Callable[[], object]) -> tuple[str, str | None]:
    with pytest.raises(Invalid) as refused:
        ask()
    assert refused.value.message.endswith(".")
    return refused.value.code, refused.value.pointer


@settings(deadline=None)
@given(small_patterns())
@example(Pattern(PatternKind.SUFFIX, "a", "-a", 3, 0))
@example(Pattern(PatternKind.SUFFIX, "xn-", "-a", 2, 0))
@example(Pattern(PatternKind.PREFIX, "--b", "ab", 2, 0))
@example(Pattern(PatternKind.PREFIX, "", "-", 1, 0))
def test_sizes_and_order_agree_with_brute_force(pattern: Pattern) -> None:
    labels = labels_by_brute_force(pattern)
    assert len(labels) <= SMALL_SPACE
    assert space_size(pattern) == len(labels) == len(set(labels))
    assert valid_count(pattern) == sum(HOST_LABEL.fullmatch(label) is not None for label in labels)
    assert [name_at(pattern, "com", offset) for offset in range(len(labels))] == [f"{label}.com" for label in labels]


@pytest.mark.parametrize(
    ("kind", "second", "size", "valid"),
    [
        # ????shop: the first place holds no hyphen; the third and fourth hold no two, 36 * 37 times.
        (PatternKind.PREFIX, None, 37**4, 36 * 37**3 - 36 * 37),
        # shop????: the last place holds no hyphen, and the third and fourth are the constant's.
        (PatternKind.SUFFIX, None, 37**4, 37**3 * 36),
        # ????shop??: all of this.
        (PatternKind.BOTH, 2, 37**6, (36 * 37**3 - 36 * 37) * 37 * 36),
    ],
)
def test_sizes_of_everyday_patterns(kind: PatternKind, second: int | None, size: int, valid: int) -> None:
    pattern = parse_pattern(kind, "shop", ALPHANUMERIC + "-", 4, second)
    assert (space_size(pattern), valid_count(pattern)) == (size, valid)


def test_a_parsed_pattern_is_canonical() -> None:
    pattern = parse_pattern(PatternKind.PREFIX, "Shop", "bA-a0B", 3)
    assert pattern == Pattern(PatternKind.PREFIX, "shop", "0ab-", 3, 0)


def test_the_first_name_is_valid_even_with_hyphens_in_the_set() -> None:
    pattern = parse_pattern(PatternKind.PREFIX, "shop", "-" + ALPHANUMERIC, 8)
    assert name_at(pattern, "com", 0) == "00000000shop.com"


@given(small_patterns())
def test_every_space_begins_with_a_valid_name_or_is_refused(pattern: Pattern) -> None:
    def parse() -> Pattern:
        second = pattern.second_length or None
        return parse_pattern(pattern.kind, pattern.constant, pattern.characters, pattern.first_length, second)

    if valid_count(pattern) == 0:
        assert refusal(parse)[0] == "space_empty"
    else:
        assert parse() == pattern
        assert HOST_LABEL.fullmatch(labels_by_brute_force(pattern)[0])


def parse_default(
    *,
    kind: PatternKind = PatternKind.PREFIX,
    constant: str = "shop",
    characters: str = ALPHANUMERIC,
    length: int = 3,
    second: int | None = None,
) -> Pattern:
    return parse_pattern(kind, constant, characters, length, second)


@pytest.mark.parametrize(
    ("ask", "code", "pointer"),
    [
        (lambda: parse_default(characters=""), "character_set_empty", "/characterSet"),
        (lambda: parse_default(characters="ab_"), "character_set_invalid", "/characterSet"),
        (lambda: parse_default(characters="ab\N{KELVIN SIGN}"), "character_set_invalid", "/characterSet"),
        (lambda: parse_default(characters="ab\ud800"), "character_set_invalid", "/characterSet"),
        (lambda: parse_default(constant="my shop"), "constant_invalid", "/constant"),
        (lambda: parse_default(constant="bücher"), "constant_invalid", "/constant"),
        (lambda: parse_default(constant="a.b"), "constant_invalid", "/constant"),
        (lambda: parse_default(length=0), "length_invalid", "/variableLength"),
        (lambda: parse_default(length=-1), "length_invalid", "/variableLength"),
        (lambda: parse_default(length=64), "length_invalid", "/variableLength"),
        (lambda: parse_default(second=1), "second_length_unexpected", "/secondVariableLength"),
        (
            lambda: parse_default(kind=PatternKind.SUFFIX, second=0),
            "second_length_unexpected",
            "/secondVariableLength",
        ),
        (lambda: parse_default(kind=PatternKind.BOTH), "second_length_missing", "/secondVariableLength"),
        (lambda: parse_default(kind=PatternKind.BOTH, second=0), "length_invalid", "/secondVariableLength"),
        (lambda: parse_default(constant="a" * 61), "label_too_long", "/variableLength"),
        (lambda: parse_default(length=13), "space_too_large", "/variableLength"),
        (lambda: parse_default(constant="", characters="ab", length=63), "space_too_large", "/variableLength"),
        (lambda: parse_default(characters="-"), "space_empty", "/characterSet"),
        (lambda: parse_default(constant="shop-"), "space_empty", "/constant"),
        (lambda: parse_default(constant="xn--shop", kind=PatternKind.SUFFIX), "space_empty", "/constant"),
        (lambda: parse_default(constant="--shop", length=2), "space_empty", "/constant"),
    ],
)
def test_patterns_that_are_refused(ask: Callable[[], Pattern], code: str, pointer: str) -> None:
    assert refusal(ask) == (code, pointer)


def test_hyphens_of_a_constant_are_refused_only_where_they_stand_in_every_name() -> None:
    assert valid_count(parse_default(constant="a--b", kind=PatternKind.SUFFIX)) == 36**3
    assert valid_count(parse_default(constant="-b", characters="a-", length=3)) == 2


def test_a_unicode_constant_is_told_how_to_be_given() -> None:
    with pytest.raises(Invalid, match="ASCII form"):
        parse_default(constant="bücher")


def test_the_largest_spaces_are_accepted() -> None:
    assert space_size(parse_default(constant="", characters="ab", length=62)) == 2**62
    assert 36**12 < SPACE_SIZE_MAX < 36**13
    assert space_size(parse_default(length=12)) == 36**12
    longest = parse_default(constant="a" * 60)
    assert len(label_slots(longest)) == LABEL_BYTES_MAX


@settings(deadline=None)
@given(small_patterns(), small_patterns())
def test_two_patterns_have_one_key_exactly_if_they_are_one_space(one: Pattern, other: Pattern) -> None:
    same_space = labels_by_brute_force(one) == labels_by_brute_force(other)
    assert (pattern_key(one) == pattern_key(other)) == same_space


@given(st.permutations(list("abAB019-")), st.sampled_from(["shop", "SHOP", "sHoP"]))
def test_every_spelling_of_a_space_has_its_key(characters: list[str], constant: str) -> None:
    plain = parse_default(characters="ab019-")
    assert pattern_key(parse_default(characters="".join(characters), constant=constant)) == pattern_key(plain)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            parse_default(constant="", length=3),
            parse_default(kind=PatternKind.SUFFIX, constant="", length=3),
        ),
        (
            parse_default(constant="", length=3),
            parse_default(kind=PatternKind.BOTH, constant="", length=1, second=2),
        ),
        (
            parse_default(constant="bc", characters="a", length=2),
            parse_default(kind=PatternKind.SUFFIX, constant="aab", characters="c", length=1),
        ),
    ],
)
def test_unlike_patterns_of_one_space_share_its_key(one: Pattern, other: Pattern) -> None:
    assert one != other
    assert pattern_key(one) == pattern_key(other)


def test_unlike_spaces_have_unlike_keys() -> None:
    patterns = [
        parse_default(),
        parse_default(kind=PatternKind.SUFFIX),
        parse_default(kind=PatternKind.BOTH, length=1, second=2),
        parse_default(kind=PatternKind.BOTH, length=2, second=1),
        parse_default(length=4),
        parse_default(constant="shops"),
        parse_default(characters=ALPHANUMERIC[:-1]),
    ]
    assert len({pattern_key(pattern) for pattern in patterns}) == len(patterns)


def test_the_key_never_changes() -> None:
    """Leased ranges are kept under it: another key for a known space would hand its names out again."""
    key = pattern_key(parse_default(characters="ab", length=2))
    assert len(key) == 32
    assert key.hex() == "ddc712fad5f830bc890a0915c10008cb5cadaa3dd7ad45dd3fec4285e0c1f9c3"


@pytest.mark.parametrize(
    ("text", "tld"),
    [
        ("com", "com"),
        (".com", "com"),
        ("COM", "com"),
        (".Co.Uk", "co.uk"),
        ("xn--p1ai", "xn--p1ai"),
        ("XN--P1AI", "xn--p1ai"),
        ("рф", "xn--p1ai"),
        ("РФ", "xn--p1ai"),
        ("com.中国", "com.xn--fiqs8s"),
        ("stra\N{LATIN SMALL LETTER SHARP S}e", "xn--strae-oqa"),
        ("cafe\N{COMBINING ACUTE ACCENT}", "xn--caf-dma"),
        ("2000.hu", "2000.hu"),
    ],
)
def test_tlds_that_are_accepted(text: str, tld: str) -> None:
    assert parse_tld(text) == tld


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..com",
        "com.",
        "co..uk",
        " com",
        "com\n",
        "-com",
        "com-",
        "co_m",
        "ab--c",
        "xn--",
        "xn--a",
        "xn--com-",
        "a" * 64,
        "com/x",
        "*.com",
        "\ud800",
        "\N{ZERO WIDTH JOINER}",
        "☃",
        "127.0.0.1",
        "0x7f",
        ".".join(["abcdefghi"] * 18 + ["abcdefghij"]),
        "ü" * NAME_BYTES_MAX,
        "a." * 100_000,
    ],
)
def test_tlds_that_are_refused(text: str) -> None:
    assert refusal(lambda: parse_tld(text, pointer="/tlds/7")) == ("tld_invalid", "/tlds/7")


def test_a_text_of_any_length_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(Invalid, match="longer than 189 bytes"):
        parse_tld("!" * (NAME_BYTES_MAX + 1))


@given(st.one_of(st.text(max_size=20), st.text("aü-.x1n", max_size=20)))
def test_a_tld_is_canonical_or_refused(text: str) -> None:
    with contextlib.suppress(Invalid):
        tld = parse_tld(text)
        assert tld == parse_tld(tld) == parse_tld(f".{tld.upper()}")
        assert idna.encode(tld, strict=True).decode() == tld


def test_the_longest_label_under_the_longest_tld_is_a_name() -> None:
    tld = parse_tld(".".join(["abcdefghi"] * 19))
    assert len(tld) == TLD_BYTES_MAX
    assert len(name_at(parse_default(constant="a" * 60), tld, 0)) == NAME_BYTES_MAX


def test_tlds_are_listed_once_in_order() -> None:
    assert parse_tlds(["net", ".COM", "com", "рф", "xn--p1ai", "net"]) == ("net", "com", "xn--p1ai")


@pytest.mark.parametrize(
    ("texts", "code", "pointer"),
    [
        ([], "tlds_empty", "/tlds"),
        (["com"] * (TLDS_MAX + 1), "tlds_too_many", "/tlds"),
        (["com", "b@d"], "tld_invalid", "/tlds/1"),
    ],
)
def test_lists_of_tlds_that_are_refused(texts: list[str], code: str, pointer: str) -> None:
    assert refusal(lambda: parse_tlds(texts)) == (code, pointer)
