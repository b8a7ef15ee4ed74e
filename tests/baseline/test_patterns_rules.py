"""The old system's enumeration, and the hash by which it continues one."""

import msgspec
import pytest

from loadtest.baseline.patterns import OldPattern
from service.generating.names import name_at
from service.generating.pattern import PatternKind, parse_pattern

PREFIX = OldPattern("prefix", "shop", "abc", 2, ".com")


@pytest.mark.parametrize(
    ("kind", "first", "fourth"),
    [
        ("prefix", "aashop.com", "bashop.com"),
        ("suffix", "shopaa.com", "shopba.com"),
        ("both", "aashopaa.com", "aashopba.com"),
    ],
)
def test_characters_vary_on_the_patterns_side_and_the_last_one_first(kind: str, first: str, fourth: str) -> None:
    names = list(msgspec.structs.replace(PREFIX, kind=kind).spell_names(0, 4))
    assert (names[0], names[3]) == (first, fourth)


def test_a_range_begins_where_the_one_before_it_ended() -> None:
    assert [*PREFIX.spell_names(0, 4), *PREFIX.spell_names(4, PREFIX.size)] == list(PREFIX.spell_names(0, 9))


def test_sorted_characters_give_our_own_order() -> None:
    ours = parse_pattern(PatternKind.PREFIX, "shop", "abc", 2)
    assert list(PREFIX.spell_names(0, 9)) == [name_at(ours, "com", offset) for offset in range(9)]


def test_characters_are_taken_as_typed_but_hashed_as_sorted() -> None:
    typed = msgspec.structs.replace(PREFIX, characters="cab")
    assert next(typed.spell_names(0, 1)) == "ccshop.com"
    assert typed.config_hash == PREFIX.config_hash


@pytest.mark.parametrize("change", [{"constant": "store"}, {"length": 3}, {"tld": ".net"}, {"kind": "suffix"}])
def test_another_pattern_has_another_hash(change: dict[str, str | int]) -> None:
    assert msgspec.structs.replace(PREFIX, **change).config_hash != PREFIX.config_hash
