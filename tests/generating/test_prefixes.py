from hypothesis import given
from hypothesis import strategies as st

from service.generating.names import name_at
from service.generating.pattern import Pattern, PatternKind, parse_pattern, space_size
from service.generating.prefixes import offsets_with_prefix, positions_with_prefix
from service.generating.ranges import OffsetRange

PATTERNS = st.builds(
    parse_pattern,
    kind=st.sampled_from([PatternKind.PREFIX, PatternKind.SUFFIX]),
    constant=st.sampled_from(["", "ab", "b-c", "a"]),
    character_set=st.sampled_from(["ab", "abc-", "b1", "c"]),
    variable_length=st.integers(1, 4),
) | st.builds(
    parse_pattern,
    kind=st.just(PatternKind.BOTH),
    constant=st.sampled_from(["ab", "c"]),
    character_set=st.just("abc"),
    variable_length=st.integers(1, 2),
    second_variable_length=st.integers(1, 2),
)
TLDS = ("com", "co.uk", "c")


@given(PATTERNS, st.sampled_from(TLDS), st.text("abc1-.omuk", max_size=9) | st.integers(0, 10**6), st.integers(0, 9))
def test_names_begin_so_exactly_at_these_offsets(pattern: Pattern, tld: str, found: str | int, length: int) -> None:
    """Any text, and what names of the space begin with."""
    size = space_size(pattern)
    prefix = found if isinstance(found, str) else name_at(pattern, tld, found % size)[:length]
    offsets = offsets_with_prefix(pattern, tld, prefix)
    assert list(offsets) == [offset for offset in range(size) if name_at(pattern, tld, offset).startswith(prefix)]


@given(PATTERNS, st.lists(st.tuples(st.sampled_from(TLDS), st.floats(0, 1), st.floats(0, 1)), max_size=4), st.data())
def test_positions_are_those_of_the_leased_offsets(
    pattern: Pattern, parts: list[tuple[str, float, float]], data: st.DataObject
) -> None:
    size, position = space_size(pattern), 3
    ranges: list[OffsetRange] = []
    for tld, begin, share in parts:
        first = int(begin * (size - 1))
        count = 1 + int(share * (size - first - 1))
        ranges.append(OffsetRange(tld, first, position, position + count))
        position += count
    names = {
        place: name_at(pattern, leased.tld, leased.first_offset + place - leased.first_position)
        for leased in ranges
        for place in range(leased.first_position, leased.end_position)
    }
    some = data.draw(st.sampled_from(sorted(names.values())) if names else st.just("a"))
    prefix = some[: data.draw(st.integers(0, len(some)))]
    found = [place for part in positions_with_prefix(pattern, ranges, prefix) for place in part]
    assert found == [place for place, name in sorted(names.items()) if name.startswith(prefix)]
