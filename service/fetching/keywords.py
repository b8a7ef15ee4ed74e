"""Keyword rules, compiled once and scanned in time linear in the text.

Literals go into two Aho-Corasick automata (with and without case), regular expressions to RE2, which never backtracks.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import islice
from typing import Final, Protocol

import re2
from ahocorasick_rs import BytesAhoCorasick
from msgspec import Struct

from service.errors import Invalid
from service.fetching.wording import one_line

RULES_MAX: Final = 63  # one bit each of a signed 64-bit integer
RULE_LENGTH_MAX: Final = 512  # characters
HITS_PER_REGEX_MAX: Final = 1_000  # counted per text; each costs a Python call
HITS_MAX: Final = 32_767  # counted per text, so that a count fits a smallint
CONTEXTS_MAX: Final = 5  # of the first rules that matched
CONTEXT_CHARACTERS: Final = 40  # on either side of a match
MATCH_CHARACTERS_MAX: Final = 80  # of the match itself
REGEX_MEMORY_BYTES_MAX: Final = 1 << 20  # program and automaton of one rule; RULES_MAX of them must be affordable


class KeywordKind(StrEnum):
    LITERAL = "literal"
    REGEX = "regex"


class KeywordRule(Struct, frozen=True):
    text: str
    kind: KeywordKind = KeywordKind.LITERAL
    case_sensitive: bool = False
    category: str | None = None


class KeywordHits(Struct, frozen=True):
    """`bits`: bit i is set if rule i matched. `hit_count` stops at `HITS_MAX`, `unique_count` counts rules."""

    bits: int = 0
    hit_count: int = 0
    unique_count: int = 0


class _Match(Protocol):
    def span(self) -> tuple[int, int]: ...


class _Regex(Protocol):
    def finditer(self, text: bytes) -> Iterator[_Match]: ...
    def search(self, text: bytes) -> object | None: ...


class _Literals:
    """Literals of one case-sensitivity; `indexes` leads from a pattern to its rule."""

    __slots__ = ("_automaton", "_indexes")

    def __init__(self, patterns: Iterable[tuple[int, str]]) -> None:
        found = tuple(patterns)
        self._indexes = tuple(index for index, _ in found)
        self._automaton = BytesAhoCorasick([text.encode() for _, text in found]) if found else None

    def find(self, text: bytes) -> Iterator[tuple[int, int, int]]:
        """Rule, start and end of each occurrence, those within one another included; a rule's first comes first."""
        if self._automaton is None:
            return iter(())
        matches = self._automaton.find_matches_as_indexes(text, overlapping=True)
        return ((self._indexes[pattern], start, end) for pattern, start, end in matches)


class _Findings:
    """How often each rule matched, and where in which text (its characters and bytes) it did so first."""

    __slots__ = ("counts", "firsts")

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self.firsts: dict[int, tuple[str, bytes, int, int]] = {}

    def note(self, text: str, encoded: bytes, matches: Iterable[tuple[int, int, int]]) -> None:
        for index, start, end in matches:
            self.counts[index] += 1
            if index not in self.firsts:
                self.firsts[index] = (text, encoded, start, end)

    @property
    def hits(self) -> KeywordHits:
        bits = sum(1 << index for index in self.counts)
        return KeywordHits(bits, min(self.counts.total(), HITS_MAX), len(self.counts))

    def context(self, index: int) -> str:
        text, encoded, start, end = self.firsts[index]
        if len(encoded) == len(text):  # ASCII: a byte is a character
            return context_of(text, start, end)
        first = len(encoded[:start].decode())
        return context_of(text, first, first + len(encoded[start:end].decode(errors="replace")))


class KeywordMatcher:
    """Compiled rules. Holds no state between scans."""

    __slots__ = ("_exact", "_folded", "_regexes")

    def __init__(self, exact: _Literals, folded: _Literals, regexes: tuple[tuple[int, _Regex], ...]) -> None:
        self._exact = exact
        self._folded = folded
        self._regexes = regexes

    def scan(self, text: str) -> KeywordHits:
        return self._find(text).hits

    def scan_with_contexts(self, text: str) -> tuple[KeywordHits, tuple[str, ...]]:
        """Also the words around the first match of each of the first `CONTEXTS_MAX` rules that matched."""
        findings = self._find(text)
        found = sorted(findings.counts)[:CONTEXTS_MAX]
        return findings.hits, tuple(findings.context(index) for index in found)

    def _find(self, text: str) -> _Findings:
        findings = _Findings()
        encoded, lowered = text.encode(errors="replace"), text.lower()
        folded = lowered.encode(errors="replace")
        # A few letters become two when lowered; where that happens, places mean the lowered text.
        shown = text if len(lowered) == len(text) else lowered
        findings.note(text, encoded, self._exact.find(encoded))
        findings.note(shown, folded, self._folded.find(folded))
        for index, regex in self._regexes:
            matches = islice(regex.finditer(encoded), HITS_PER_REGEX_MAX)
            findings.note(text, encoded, ((index, *match.span()) for match in matches))
        return findings


def context_of(text: str, start: int, end: int) -> str:
    """A match with what stands around it, cut between words where there is a space."""
    end = min(end, start + MATCH_CHARACTERS_MAX)
    before, after = text[max(0, start - CONTEXT_CHARACTERS) : start], text[end : end + CONTEXT_CHARACTERS]
    if start > CONTEXT_CHARACTERS and text[start - CONTEXT_CHARACTERS - 1] != " " and " " in before:
        before = before.partition(" ")[2]
    if end + CONTEXT_CHARACTERS < len(text) and text[end + CONTEXT_CHARACTERS] != " " and " " in after:
        after = after.rpartition(" ")[0]
    return one_line(before + text[start:end] + after, 2 * CONTEXT_CHARACTERS + MATCH_CHARACTERS_MAX)


def compile_keywords(rules: tuple[KeywordRule, ...], *, pointer: str = "/keywords") -> KeywordMatcher:
    """Bit i of a scan is rule i. Raises Invalid; `pointer` is where the rules stand in the request."""
    if len(rules) > RULES_MAX:
        raise Invalid("too_many_keywords", f"At most {RULES_MAX} keyword rules, not {len(rules)}.", pointer=pointer)
    for index, rule in enumerate(rules):
        _check(rule, f"{pointer}/{index}/text")
    literals = [(index, rule) for index, rule in enumerate(rules) if rule.kind is KeywordKind.LITERAL]
    return KeywordMatcher(
        _Literals((index, rule.text) for index, rule in literals if rule.case_sensitive),
        _Literals((index, rule.text.lower()) for index, rule in literals if not rule.case_sensitive),
        tuple(
            (index, _compile_regex(rule, f"{pointer}/{index}/text"))
            for index, rule in enumerate(rules)
            if rule.kind is KeywordKind.REGEX
        ),
    )


def _check(rule: KeywordRule, pointer: str) -> None:
    if not rule.text.strip():
        raise Invalid("empty_keyword", "A keyword needs text.", pointer=pointer)
    if len(rule.text) > RULE_LENGTH_MAX:
        raise Invalid("keyword_too_long", f"A keyword has at most {RULE_LENGTH_MAX} characters.", pointer=pointer)
    if any("\ud800" <= character <= "\udfff" for character in rule.text):
        raise Invalid("invalid_keyword", "A keyword must be valid Unicode text.", pointer=pointer)


def _compile_regex(rule: KeywordRule, pointer: str) -> _Regex:
    options = re2.Options()
    options.case_sensitive = rule.case_sensitive
    options.max_mem = REGEX_MEMORY_BYTES_MAX
    options.never_capture = True
    options.log_errors = False
    try:
        regex: _Regex = re2.compile(rule.text.encode(), options)
    except re2.error as error:
        raise Invalid(
            "invalid_regex", f"The regular expression {rule.text!r} is not valid: {_reason(error)}.", pointer=pointer
        ) from error
    if regex.search(b"") is not None:
        raise Invalid("invalid_regex", f"The regular expression {rule.text!r} matches empty text.", pointer=pointer)
    return regex


def _reason(error: Exception) -> str:
    """RE2 gives its reasons as bytes."""
    first = error.args[0] if error.args else ""
    return first.decode(errors="replace") if isinstance(first, bytes) else str(first)
