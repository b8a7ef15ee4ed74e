"""Pure: pages are what the truth says of them."""

import re
from html import unescape

import pytest

from service.sandbox.behaviours import KEYWORDS, NATIVE_KEYWORDS, WEB_WEIGHTS, Charset, CharsetDeclaration, WebBehaviour
from service.sandbox.pages import filler_chunks, page_bytes
from service.sandbox.truth import NameTruth, truth_of

PAGES_PER_BEHAVIOUR = 12


@pytest.fixture(scope="module")
def pages() -> list[NameTruth]:
    """Some names of every behaviour that shows a page."""
    chosen: dict[WebBehaviour, list[NameTruth]] = {behaviour: [] for behaviour in WEB_WEIGHTS}
    for number in range(30_000):
        truth = truth_of(3, f"page{number}.com")
        if truth.web is not None and truth.body_bytes and len(chosen[truth.web]) < PAGES_PER_BEHAVIOUR:
            chosen[truth.web].append(truth)
    return [truth for truths in chosen.values() for truth in truths]


def visible_text(truth: NameTruth) -> str:
    return unescape(re.sub(r"<[^>]*>", " ", page_bytes(truth).decode(truth.charset)))


def test_length_is_exact(pages: list[NameTruth]) -> None:
    for truth in pages:
        if truth.web is not WebBehaviour.huge:
            assert len(page_bytes(truth)) == truth.body_bytes


def test_title_is_what_a_reader_sees(pages: list[NameTruth]) -> None:
    for truth in pages:
        found = re.search("<title>(.*)</title>", page_bytes(truth).decode(truth.charset))
        assert found is not None
        assert unescape(found[1]) == truth.title


def test_some_titles_are_spelt_with_entities(pages: list[NameTruth]) -> None:
    assert any(b"&mdash;" in page_bytes(truth) or b"&eacute;" in page_bytes(truth) for truth in pages)


def test_keywords_are_in_the_text_and_no_others_anywhere(pages: list[NameTruth]) -> None:
    assert any(truth.keywords for truth in pages)
    for truth in pages:
        source = page_bytes(truth).decode(truth.charset).lower()
        everywhere = {keyword for keyword in (*KEYWORDS, *NATIVE_KEYWORDS.values()) if keyword in source}
        assert everywhere == set(truth.keywords)
        assert all(keyword in visible_text(truth) for keyword in truth.keywords)


def test_the_behaviours_that_have_keywords(pages: list[NameTruth]) -> None:
    speaking = {truth.web for truth in pages if truth.keywords}
    assert speaking == {
        WebBehaviour.keyword_page,
        WebBehaviour.odd_charset,
        WebBehaviour.gzip,
        WebBehaviour.brotli,
    }


def test_the_name_of_a_host_is_not_on_its_page() -> None:
    truth = truth_of(1, "00000000.landing")
    assert "landing" not in page_bytes(truth).decode()


def test_odd_charsets_are_declared_and_say_a_word_that_only_they_can_spell(pages: list[NameTruth]) -> None:
    odd = [truth for truth in pages if truth.charset is not Charset.utf_8]
    assert {truth.charset for truth in odd} == set(NATIVE_KEYWORDS)
    for truth in odd:
        body = page_bytes(truth)
        declared_in_page = f'<meta charset="{truth.charset}">'.encode() in body
        assert declared_in_page == (truth.charset_declared is CharsetDeclaration.meta)
        assert NATIVE_KEYWORDS[truth.charset] in truth.keywords
        assert NATIVE_KEYWORDS[truth.charset] not in body.decode("utf-8", "replace")


@pytest.mark.parametrize("total_bytes", [0, 1, 65_536, 65_537, 3_000_001])
def test_filler_has_the_length_asked_for(total_bytes: int) -> None:
    assert sum(len(chunk) for chunk in filler_chunks(total_bytes)) == total_bytes
