from hypothesis import given
from hypothesis import strategies as st

from service.generating.ranges import FreeSpace, share_evenly, share_offsets

capacities = st.lists(st.integers(0, 1_000), max_size=12)


@given(st.integers(0, 5_000), capacities)
def test_everything_is_shared_and_nobody_gives_more_than_it_has(count: int, sizes: list[int]) -> None:
    shares = share_evenly(count, sizes)
    assert sum(shares) == min(count, sum(sizes))
    assert all(0 <= share <= size for share, size in zip(shares, sizes, strict=True))


@given(st.integers(0, 5_000), capacities)
def test_shares_are_even_where_there_is_enough(count: int, sizes: list[int]) -> None:
    shares = share_evenly(count, sizes)
    not_emptied = [share for share, size in zip(shares, sizes, strict=True) if share < size]
    if not_emptied:
        assert max(not_emptied) - min(not_emptied) <= 1
        assert max(shares) <= max(not_emptied) + 1


@given(st.integers(0, 2_000), st.lists(st.tuples(st.integers(0, 100), st.integers(0, 300)), max_size=8))
def test_ranges_follow_each_other_without_gaps(count: int, spaces: list[tuple[int, int]]) -> None:
    free = [FreeSpace(f"tld{number}", first, end) for number, (first, end) in enumerate(spaces)]
    ranges = share_offsets(count, free)
    position = 0
    for part in ranges:
        assert part.first_position == position < part.end_position
        position = part.end_position
        space = next(each for each in free if each.tld == part.tld)
        assert part.first_offset == space.first_offset
        assert part.end_offset <= space.offset_count
    assert position == min(count, sum(space.size for space in free))


def test_earlier_spaces_get_the_odd_ones() -> None:
    assert share_evenly(7, [10, 10, 10]) == [3, 2, 2]
    assert share_evenly(20_000, [26**4] * 3) == [6_667, 6_667, 6_666]
