"""The old enumeration of a pattern's space, and ours."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.campaigns.model import DomainGeneration, Pattern
from service.migration.spaces import Space, old_name, our_blocks, our_offset, space_of


def generation(characters: str, length: int, pattern: Pattern = Pattern.PREFIX, after: int | None = None) -> Space:
    return space_of(DomainGeneration(pattern, "x", characters, length, ("com", "net"), 1, after))


@pytest.mark.parametrize(("pattern", "after"), [(Pattern.PREFIX, None), (Pattern.SUFFIX, None), (Pattern.BOTH, 1)])
def test_names_come_in_the_order_in_which_the_old_system_made_them(pattern: Pattern, after: int | None) -> None:
    """Characters as typed, each once, the last place fastest."""
    space = generation("bAa1b", 2, pattern, after)
    places = 2 + (after or 0)
    digits = ["".join(each) for each in product("ba1", repeat=places)]
    made = {
        Pattern.PREFIX: [f"{each}x.com" for each in digits],
        Pattern.SUFFIX: [f"x{each}.com" for each in digits],
        Pattern.BOTH: [f"{each[:2]}x{each[2:]}.com" for each in digits],
    }[pattern]
    assert [old_name(space, offset) for offset in range(space.size)] == made


def test_one_order_gives_one_block() -> None:
    space = generation("0123456789abcdefghijklmnopqrstuvwxyz", 3)
    (block,) = our_blocks(space, 17, 40_000)
    assert (block.first_offset, block.end_offset) == (17, 40_000)


def test_letters_before_digits_give_few_blocks() -> None:
    """As most people type them."""
    space = generation("abcdefghijklmnopqrstuvwxyz0123456789", 6)
    blocks = our_blocks(space, 123_456_789, 1_123_456_789)
    assert sum(block.count for block in blocks) == 1_000_000_000
    assert len(blocks) <= 2 * space.places * 36


@given(st.permutations("abc1"), st.integers(1, 4), st.data())
def test_blocks_hold_the_same_names(characters: list[str], length: int, data: st.DataObject) -> None:
    space = generation("".join(characters), length)
    first = data.draw(st.integers(0, space.size))
    end = data.draw(st.integers(first, space.size))
    blocks = our_blocks(space, first, end)
    ours = [offset for block in blocks for offset in range(block.first_offset, block.end_offset)]
    assert len(ours) == len(set(ours))
    assert set(ours) == {our_offset(space, offset) for offset in range(first, end)}
