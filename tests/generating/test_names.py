"""Blocks of names against names one by one, and valid names against judges that are not ours."""

import re

import idna
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.errors import Invalid
from service.generating.names import BLOCK_ROWS_MAX, NameBlock, name_at, render_names, valid_names, valid_offsets
from service.generating.pattern import (
    CHARACTER_ORDER,
    NAME_BYTES_MAX,
    Pattern,
    PatternKind,
    parse_pattern,
    space_size,
    valid_count,
)

TLDS = st.sampled_from(["com", "co.uk", "xn--p1ai"])
STRICT_HOST = re.compile(r"(?=.{1,253}\Z)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+(?!-)[a-z0-9-]{1,63}(?<!-)")
WHOLE_SPACE = 20_000
"""Names; the largest space that a test renders whole."""


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    """Any pattern that a person could have asked for, up to the largest spaces there are."""
    kind = draw(st.sampled_from(PatternKind))
    characters = draw(st.one_of(st.text("a-", min_size=1, max_size=2), st.text(CHARACTER_ORDER, min_size=1)))
    lengths = st.one_of(st.integers(1, 4), st.integers(1, 30))
    second = draw(lengths) if kind is PatternKind.BOTH else None
    constant = draw(st.text("ab-", max_size=4))
    try:
        return parse_pattern(kind, constant, characters, draw(lengths), second)
    except Invalid:
        return parse_pattern(kind, "shop", "ab-", 3, second and 2)


@st.composite
def ranges(draw: st.DrawFn) -> tuple[Pattern, int, int]:
    """(pattern, first offset, count): a range within the space, and often at its very end."""
    pattern = draw(patterns())
    size = space_size(pattern)
    count = draw(st.integers(1, min(size, 300)))
    first_offset = draw(st.one_of(st.integers(0, size - count), st.just(size - count)))
    return pattern, first_offset, count


def texts_of(block: NameBlock) -> list[str]:
    return [row.tobytes().decode("ascii") for row in block.matrix]


@settings(deadline=None)
@given(ranges(), TLDS)
@example((Pattern(PatternKind.PREFIX, "", "ab", 62, 0), 2**62 - 300, 300), "com")
@example((Pattern(PatternKind.SUFFIX, "a", "a", 3, 0), 0, 1), "com")
def test_a_block_holds_the_names_of_its_offsets(asked: tuple[Pattern, int, int], tld: str) -> None:
    pattern, first_offset, count = asked
    block = render_names(pattern, tld, first_offset, count)
    names = [name_at(pattern, tld, first_offset + row) for row in range(count)]
    assert texts_of(block) == names
    assert block.matrix.dtype == np.uint8
    assert block.matrix.shape == (count, len(names[0]))
    offsets = valid_offsets(block).tolist()
    assert valid_names(block) == [names[offset - first_offset] for offset in offsets]
    assert [offset in set(offsets) for offset in range(first_offset, first_offset + count)] == block.valid.tolist()


@settings(deadline=None)
@given(ranges(), TLDS)
def test_a_name_is_valid_exactly_if_strict_judges_say_so(asked: tuple[Pattern, int, int], tld: str) -> None:
    pattern, first_offset, count = asked
    block = render_names(pattern, tld, first_offset, count)
    assert block.valid.tolist() == [is_host_name(name) for name in texts_of(block)]


def is_host_name(name: str) -> bool:
    """By a regular expression for host names, and by the `idna` package for labels that only look like A-labels."""
    try:
        idna.encode(name, strict=True, std3_rules=True)
    except idna.IDNAError:
        return False
    return STRICT_HOST.fullmatch(name) is not None


@settings(deadline=None)
@given(patterns().filter(lambda pattern: space_size(pattern) <= WHOLE_SPACE))
def test_a_whole_space_has_each_name_once_and_as_many_valid_ones_as_counted(pattern: Pattern) -> None:
    block = render_names(pattern, "com", 0, space_size(pattern))
    assert len(set(texts_of(block))) == space_size(pattern)
    assert len(valid_names(block)) == np.count_nonzero(block.valid) == valid_count(pattern)


@settings(deadline=None)
@given(ranges(), st.data())
def test_neighbouring_blocks_join_without_a_seam(asked: tuple[Pattern, int, int], data: st.DataObject) -> None:
    pattern, first_offset, count = asked
    cut = data.draw(st.integers(0, count))
    pieces = [(first_offset, cut), (first_offset + cut, count - cut)]
    blocks = [render_names(pattern, "com", first, rows) for first, rows in pieces if rows]
    joined = [name for block in blocks for name in texts_of(block)]
    assert joined == texts_of(render_names(pattern, "com", first_offset, count))


def test_the_last_variable_place_varies_fastest_and_on_both_sides_of_a_constant() -> None:
    pattern = parse_pattern(PatternKind.BOTH, "x", "ab", 1, 2)
    names = valid_names(render_names(pattern, "com", 0, 8))
    assert names == [f"{label}.com" for label in ["axaa", "axab", "axba", "axbb", "bxaa", "bxab", "bxba", "bxbb"]]


def test_the_end_of_the_largest_space_there_is() -> None:
    # Of all powers with a base up to 37, 13^17 comes nearest to 2^63 from below.
    pattern = parse_pattern(PatternKind.PREFIX, "", "abcdefghijklm", 17)
    last = space_size(pattern) - 1
    assert last > 0.93 * 2**63
    block = render_names(pattern, "com", last - 13, 14)
    assert texts_of(block) == ["m" * 15 + "lm.com", *["m" * 16 + end + ".com" for end in "abcdefghijklm"]]
    assert valid_offsets(block).tolist() == list(range(last - 13, last + 1))


def test_a_constant_alone_in_its_space() -> None:
    pattern = parse_pattern(PatternKind.SUFFIX, "shop", "1", 2)
    assert valid_names(render_names(pattern, "com", 0, 1)) == ["shop11.com"]


def test_a_block_without_a_valid_name() -> None:
    pattern = parse_pattern(PatternKind.PREFIX, "shop", "a-", 2)
    block = render_names(pattern, "com", 2, 2)
    assert texts_of(block) == ["-ashop.com", "--shop.com"]
    assert valid_names(block) == []
    assert valid_offsets(block).tolist() == []


def test_the_widest_names() -> None:
    tld = ".".join(["b" * 47] * 3) + "." + "c" * 45
    pattern = parse_pattern(PatternKind.PREFIX, "a" * 60, "xyz", 3)
    block = render_names(pattern, tld, 0, 27)
    assert block.matrix.shape == (27, NAME_BYTES_MAX)
    assert [is_host_name(name) for name in valid_names(block)] == [True] * 27


@pytest.mark.parametrize(
    ("first_offset", "count"),
    [(-1, 1), (0, 0), (0, 10), (9, 1), (8, 2), (2**63, 1), (0, BLOCK_ROWS_MAX + 1)],
)
def test_ranges_outside_the_space_are_mistakes(first_offset: int, count: int) -> None:
    pattern = parse_pattern(PatternKind.PREFIX, "shop", "abc", 2)
    with pytest.raises(AssertionError):
        render_names(pattern, "com", first_offset, count)
