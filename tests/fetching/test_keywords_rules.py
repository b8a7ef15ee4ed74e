import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Invalid
from service.fetching.keywords import (
    CONTEXT_CHARACTERS,
    CONTEXTS_MAX,
    HITS_MAX,
    MATCH_CHARACTERS_MAX,
    RULES_MAX,
    KeywordHits,
    KeywordKind,
    KeywordRule,
    compile_keywords,
)


def literal(text: str, *, case_sensitive: bool = False) -> KeywordRule:
    return KeywordRule(text, case_sensitive=case_sensitive)


def regex(text: str, *, case_sensitive: bool = False) -> KeywordRule:
    return KeywordRule(text, KeywordKind.REGEX, case_sensitive)


def test_bit_i_is_rule_i() -> None:
    rules = (literal("pricing"), regex(r"\bv\d+\b"), literal("absent"), literal("Acme", case_sensitive=True))
    hits = compile_keywords(rules).scan("PRICING of acme v2 and v10: pricing by Acme")
    assert hits == KeywordHits(bits=0b1011, hit_count=5, unique_count=3)


def test_the_last_bit_fits_a_signed_64_bit_integer() -> None:
    rules = tuple(literal(f"<{index}>") for index in range(RULES_MAX))
    hits = compile_keywords(rules).scan("".join(rule.text for rule in rules))
    assert hits.bits == 2**63 - 1
    assert hits.unique_count == RULES_MAX


@pytest.mark.parametrize(
    ("rule", "text", "is_found"),
    [
        (literal("Straße"), "eine STRASSE, eine straße", True),
        (literal("Über"), "ÜBER uns", True),
        (literal("Acme", case_sensitive=True), "ACME acme", False),
        (literal("a.c"), "abc", False),
        (regex("a.c"), "xABCx", True),
        (regex("a.c", case_sensitive=True), "xABCx", False),
        (regex(r"\p{Greek}+"), "abc λόγος", True),
        (regex("^end$"), "the end", False),
        (literal("日本"), "これは日本です", True),
    ],
)
def test_matching(rule: KeywordRule, text: str, *, is_found: bool) -> None:
    assert (compile_keywords((rule,)).scan(text).bits == 1) is is_found


def test_literals_within_one_another_all_count() -> None:
    hits = compile_keywords((literal("cat"), literal("category"), literal("cat"))).scan("category")
    assert hits == KeywordHits(bits=0b111, hit_count=3, unique_count=3)


def test_no_rules_and_no_text() -> None:
    assert compile_keywords(()).scan("anything") == KeywordHits()
    assert compile_keywords((literal("a"), regex("b"))).scan("") == KeywordHits()


def test_lone_surrogates_in_a_text_do_not_raise() -> None:
    assert compile_keywords((literal("a"),)).scan("\ud800a").bits == 1


def test_counting_is_bounded() -> None:
    text = "a" * 200_000
    assert compile_keywords((literal("a"),)).scan(text).hit_count == HITS_MAX
    assert compile_keywords((regex("a"),)).scan(text).hit_count == 1_000


def test_an_expression_that_makes_backtracking_engines_hang() -> None:
    matcher = compile_keywords((regex("(a+)+$"), regex("(x|x)*y")))
    begun = time.process_time()
    matcher.scan("a" * 100_000 + "!" + "x" * 100_000)
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("text", ["(", "[a-", "a**", "a{1,100000}", r"(?=a)b", r"(a)\1", "a*", "", " ", "x" * 513])
def test_what_cannot_be_a_regex(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        compile_keywords((literal("fine"), regex(text)), pointer="/httpValidation/keywords")
    assert refused.value.pointer == "/httpValidation/keywords/1/text"
    assert refused.value.message.endswith(".")


def test_the_reason_of_an_invalid_regex_is_told() -> None:
    with pytest.raises(Invalid, match=r"'\(oops' is not valid: missing \)"):
        compile_keywords((regex("(oops"),))


def test_too_many_rules() -> None:
    with pytest.raises(Invalid, match="At most 63"):
        compile_keywords((literal("a"),) * (RULES_MAX + 1))


@given(
    st.lists(st.text("abcAB ", min_size=1, max_size=4).filter(str.strip), max_size=10), st.text("abcAB ", max_size=50)
)
def test_literals_agree_with_plain_search(words: list[str], text: str) -> None:
    hits = compile_keywords(tuple(literal(word) for word in words)).scan(text)
    assert [bool(hits.bits >> index & 1) for index in range(len(words))] == [
        word.lower() in text.lower() for word in words
    ]


@pytest.mark.parametrize(
    ("rule", "text", "context"),
    [
        (literal("pricing"), "See our Pricing page", "See our Pricing page"),
        (literal("pricing"), "pricing", "pricing"),
        (literal("x"), "x first, x second", "x first, x second"),
        (regex(r"\bv\d+\b"), "as of v2 and v3", "as of v2 and v3"),
        (literal("pricing"), "über uns: pricing für alle", "über uns: pricing für alle"),
        (literal("Ü", case_sensitive=True), "ü Ü ü", "ü Ü ü"),
        # Cut between words, forty characters to either side.
        (
            literal("pricing"),
            "one two three four five six seven eight nine pricing one two three four five six seven eight nine",
            "three four five six seven eight nine pricing one two three four five six seven eight",
        ),
        (literal("p"), "a" * 100 + "p" + "b" * 100, "a" * 40 + "p" + "b" * 40),
        # Two letters where lowered: told from the lowered text.
        (literal("pricing"), "İstanbul PRICING", "i̇stanbul pricing"),
        # Nothing in it that moves a cursor, turns the text or ends a string.
        (literal("pricing"), "a\0b\x1b[2J\u202eb pricing\x07", "a b [2J b pricing"),
        (literal("pricing"), "\ud800 pricing", "pricing"),
    ],
)
def test_a_keyword_in_its_context(rule: KeywordRule, text: str, context: str) -> None:
    hits, contexts = compile_keywords((rule,)).scan_with_contexts(text)
    assert (hits.bits, contexts) == (1, (context,))


def test_contexts_are_of_the_first_rules_that_matched_in_their_order() -> None:
    rules = tuple(literal(text) for text in ("absent", "f", "e", "d", "c", "b", "a"))
    hits, contexts = compile_keywords(rules).scan_with_contexts("a b c d e f")
    assert hits == compile_keywords(rules).scan("a b c d e f") == KeywordHits(0b1111110, 6, 6)
    assert contexts == ("a b c d e f",) * CONTEXTS_MAX


@given(st.lists(st.sampled_from(["a", "ab", "B", "ü", "İ", "日", " "]), min_size=1), st.text(max_size=300))
def test_every_context_is_bounded_and_holds_its_keyword(words: list[str], text: str) -> None:
    rules = tuple(literal(word) for word in dict.fromkeys(words) if word.strip())
    hits, contexts = compile_keywords(rules).scan_with_contexts(text)
    assert len(contexts) == min(CONTEXTS_MAX, hits.unique_count)
    found = [rule.text for index, rule in enumerate(rules) if hits.bits >> index & 1]
    for context, word in zip(contexts, found, strict=False):
        assert word.lower() in context.lower()
        assert len(context) <= 2 * CONTEXT_CHARACTERS + MATCH_CHARACTERS_MAX


def test_a_long_match_is_cut() -> None:
    _, (context,) = compile_keywords((regex("x+"),)).scan_with_contexts("a " + "x" * 5_000 + " b")
    assert context == "a " + "x" * (MATCH_CHARACTERS_MAX + CONTEXT_CHARACTERS)
