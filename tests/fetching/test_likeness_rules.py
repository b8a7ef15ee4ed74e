import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.fetching.likeness import TEXT_BYTES_MAX, distance, near_hash, near_hashes

WORDS = [f"word{number}" for number in range(5_000)]


def a_text(seed: int, words: int = 400) -> list[str]:
    return random.Random(seed).choices(WORDS, k=words)


def hash_of(words: list[str]) -> int:
    fingerprint = near_hash(" ".join(words))
    assert fingerprint is not None
    return fingerprint


@pytest.mark.parametrize(
    ("text", "fingerprint"),
    [
        ("", None),
        (" ", None),
        ("one", -7788549936385757547),
        ("buy this domain", 4426913971561874762),
        ("the quick brown fox jumps over the lazy dog", 1222903155846421374),
    ],
)
def test_fingerprints_are_as_stored(text: str, fingerprint: int | None) -> None:
    assert near_hash(text) == fingerprint


def test_case_does_not_matter_and_order_does() -> None:
    assert near_hash("Buy THIS domain now") == near_hash("buy this domain now")
    assert near_hash("now domain this buy") != near_hash("buy this domain now")


@pytest.mark.parametrize("seed", range(20))
def test_texts_that_are_alike_have_fingerprints_that_are(seed: int) -> None:
    """A page that changes two of four hundred words stays near; another page is far away."""
    page, chance = a_text(seed), random.Random(-seed)
    changed = list(page)
    for place in chance.sample(range(len(page)), 2):
        changed[place] = "elsewhere"
    assert distance(hash_of(page), hash_of(changed)) <= 10
    assert distance(hash_of(page), hash_of(a_text(seed + 1_000))) >= 16


@given(st.text())
def test_a_fingerprint_fits_a_bigint_whatever_the_text(text: str) -> None:
    fingerprint = near_hash(text)
    assert fingerprint is None or -(2**63) <= fingerprint < 2**63


def shingle_hash(words: list[str]) -> int:
    """By the definition, one number after the other."""
    factor, values = 0x9E37_79B9_7F4A_7C15, 1 << 64
    value = 0
    for word in words:
        # A word begins after its space and ends with the next one.
        hashed = sum(code * pow(factor, place, values) for place, code in enumerate(b"%b " % word.encode(), 1))
        value = (value + hashed) * factor % values
    value = (value ^ value >> 32) * factor % values
    return value ^ value >> 32


@pytest.mark.parametrize("count", [1, 2, 3, 4, 256, 257, 258, 600])
def test_every_shingle_votes_on_every_bit(count: int) -> None:
    words = a_text(count, count)
    width = min(3, count)
    votes = [shingle_hash(words[first : first + width]) for first in range(count - width + 1)]
    bits = sum(1 << bit for bit in range(64) if 2 * sum(vote >> bit & 1 for vote in votes) > len(votes))
    assert hash_of(words) % (1 << 64) == bits


@given(st.lists(st.text(alphabet="ab é ", max_size=30) | st.integers(250, 520).map(lambda count: "so on " * count)))
def test_texts_hashed_together_are_as_hashed_alone(raw: list[str]) -> None:
    texts = [" ".join(text.split()) for text in raw]
    assert near_hashes(texts) == [near_hash(text) for text in texts]


def test_more_text_than_the_tables_reach_over() -> None:
    texts = [" ".join(a_text(seed, 3_000)) for seed in range(12)]
    assert sum(len(text) for text in texts) > 3 * TEXT_BYTES_MAX
    assert near_hashes(texts) == [near_hash(text) for text in texts]


def test_what_is_beyond_the_limit_has_no_say_and_costs_nothing() -> None:
    text = "some more words " * (TEXT_BYTES_MAX // 16)
    begun = time.process_time()
    assert near_hash(text + "end " * 4_000_000) == near_hash(text)
    assert time.process_time() - begun < 0.5


def test_distance_counts_bits_of_signed_numbers() -> None:
    assert distance(0, 0) == 0
    assert distance(0, -1) == 64
    assert distance(-1, -2) == 1
