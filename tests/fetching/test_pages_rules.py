import gzip
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.fetching.keywords import KeywordHits, KeywordKind, KeywordRule, compile_keywords
from service.fetching.model import TITLE_LENGTH_MAX
from service.fetching.pages import (
    clean_title,
    content_hash,
    decode_body,
    find_title,
    is_text,
    parked_confidence,
    read_page,
    visible_text,
)

NO_KEYWORDS = compile_keywords(())


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/html; charset=utf-8", "é€".encode(), "é€"),
        ("text/html; charset=ISO-8859-1", "é€".encode("cp1252"), "é€"),
        ('text/html; Charset = "windows-1251"', "Привет".encode("cp1251"), "Привет"),
        ("text/html;charset=Shift_JIS", "日本".encode("cp932"), "日本"),
        ("text/html;charset=gb2312", "中文".encode("gb18030"), "中文"),
        ("text/html", b'<meta charset="koi8-r">' + "Привет".encode("koi8-r"), '<meta charset="koi8-r">Привет'),
        (
            None,
            b"<meta http-equiv=x content='text/html; charset=euc-kr'>" + "한국".encode("cp949"),
            "<meta http-equiv=x content='text/html; charset=euc-kr'>한국",
        ),
        # the header is before the meta, and a byte order mark before both
        ("text/html; charset=utf-8", '<meta charset="koi8-r">é'.encode(), '<meta charset="koi8-r">é'),
        ("text/html; charset=koi8-r", b"\xef\xbb\xbf" + "é".encode(), "é"),
        ("text/html; charset=koi8-r", b"\xff\xfe" + "é".encode("utf-16-le"), "é"),
        ("text/html", b"\xfe\xff" + "é".encode("utf-16-be"), "é"),
        # nothing is declared
        ("text/html", "é".encode(), "é"),
        ("text/html", b"caf\xe9", "café"),
        (None, b"", ""),
        ("text/html", "é".encode() + "€".encode()[:2], "é"),  # cut within a character, still UTF-8
        # declarations that cannot be meant
        ("text/html; charset=base64", b"aGVsbG8=", "aGVsbG8="),
        ("text/html; charset=rot13", b"hello", "hello"),
        ("text/html; charset=no-such", "é".encode(), "é"),
        ("text/html; charset=", b"caf\xe9", "café"),
        ("text/html", b'<meta charset="utf-16">' + "é".encode(), '<meta charset="utf-16">é'),
        ("text/html; charset=utf-8", b"caf\xe9!", "caf\ufffd!"),
    ],
)
def test_charsets(content_type: str | None, body: bytes, text: str) -> None:
    assert decode_body(content_type, body) == text


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        ("<title>Acme &amp; sons &#8211; home</title>", "Acme & sons – home"),
        ("<TITLE lang=en>\n  two\t\n lines </TITLE >", "two lines"),
        ("<title>a<b>c</title>", "a<b>c"),
        ("<title>never closed", "never closed"),
        ("<titlecase>no</titlecase><title>yes</title>", "yes"),
        ("<title>first</title><title>second</title>", "first"),
        ("<title data-x='>'>yes</title>", "yes"),
        ("<title></title>", ""),
        ("no title", ""),
    ],
)
def test_titles(markup: str, title: str) -> None:
    assert find_title(markup) == title


def test_a_title_in_a_comment_or_script_is_none() -> None:
    body = b"<!-- <title>old</title> --><script>'<title>js</title>'</script><title>new</title>"
    assert read_page("text/html", body, NO_KEYWORDS).title == "new"


def test_a_title_has_no_control_characters() -> None:
    assert clean_title("a\0b\x1bc&#0;&#7;d\u202ee\x85f") == "a b c\ufffdd e f"
    assert clean_title("👨‍👩‍👧") == "👨‍👩‍👧"


@given(st.text())
def test_a_title_is_bounded_and_clean(raw: str) -> None:
    title = clean_title(raw * 50)
    assert len(title) <= TITLE_LENGTH_MAX
    assert title == " ".join(title.split())
    title.encode()  # no lone surrogates
    assert all(ord(character) >= 32 for character in title)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>one</p><p>two</p>", "one two"),
        ("<p>wo<b>r</b>d</p>", "word"),
        ("<a>Home</a><a>Pricing</a>", "Home Pricing"),
        ("a &lt;b&gt; &amp; c &nbsp; d", "a <b> & c d"),
        ("<img alt='a > b'>after", "after"),
        ("<p don't>here</p> too", "here too"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<!doctype html><?xml?>x</unknown>y", "x y"),
        ("end<a href='never closed", "end"),
    ],
)
def test_visible_text(markup: str, text: str) -> None:
    assert visible_text(markup) == text


@pytest.mark.parametrize(
    "hidden",
    [
        b"<script>pricing</script>",
        b"<SCRIPT type='x'>'</scripty>' pricing</SCRIPT >",
        b"<style>.pricing{}</style>",
        b"<template><p>pricing</p></template>",
        b"<!-- pricing -->",
        b"<p class='pricing' data-x=pricing>",
        b"<script>pricing",
        b"<!-- pricing",
    ],
)
def test_hidden_parts_are_not_scanned(hidden: bytes) -> None:
    matcher = compile_keywords((KeywordRule("pricing"), KeywordRule("seen")))
    assert read_page("text/html", b"<p>seen</p>" + hidden, matcher).keywords == KeywordHits(0b10, 1, 1)


def test_title_hit() -> None:
    matcher = compile_keywords((KeywordRule("pric\\w+", KeywordKind.REGEX),))
    in_title = read_page("text/html", b"<title>Our Prices</title>", matcher)
    in_text = read_page("text/html", b"<title>Home</title><p>prices</p>", matcher)
    assert (in_title.title_hit, in_title.keywords.hit_count) == (True, 1)
    assert (in_text.title_hit, in_text.keywords.hit_count) == (False, 1)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (None, True),
        ("", True),
        ("TEXT/HTML; charset=x", True),
        ("application/xhtml+xml", True),
        ("application/json", True),
        ("text/plain", True),
        ("image/png", False),
        ("application/pdf", False),
        ("application/octet-stream", False),
    ],
)
def test_which_types_are_text(content_type: str | None, *, expected: bool) -> None:
    assert is_text(content_type) is expected


def test_content_hash_is_as_stored() -> None:
    """Stored hashes are compared with new ones, so this must not change."""
    assert content_hash(b"") == -1970711489451281740  # b2sum -l 64 /dev/null
    assert content_hash(b"hello") != content_hash(b"hello ")


@given(st.binary())
def test_content_hash_fits_a_bigint(body: bytes) -> None:
    assert -(2**63) <= content_hash(body) < 2**63


@pytest.mark.parametrize(
    ("title", "markup", "weight"),
    [
        ("", "a shop", 0),
        ("Example is PARKED", "", 3),
        ("", "Buy this domain!", 4),
        ("", '<script src="//img.sedoparking.com/x.js">', 2),
        ("", "he used our closedoor", 0),
        ("", "Coming soon", 2),
        ("", "NameCheap and GoDaddy", 2),
        ("parked", "buy this domain sedo coming soon namecheap godaddy", 13),
    ],
)
def test_parked_confidence(title: str, markup: str, weight: int) -> None:
    assert parked_confidence(title, markup) == pytest.approx(weight / 13)


@given(st.one_of(st.none(), st.text(max_size=30)), st.binary(max_size=300))
def test_no_page_raises(content_type: str | None, body: bytes) -> None:
    read_page(content_type, body, NO_KEYWORDS)


@given(st.lists(st.sampled_from(["<", ">", "</", "<!--", "-->", "<script", "<title", "'", '"', "=", "&#", "9", " x"])))
def test_no_markup_raises(parts: list[str]) -> None:
    read_page("text/html", "".join(parts).encode(), NO_KEYWORDS)


@pytest.mark.parametrize(
    "unit",
    [
        "<", "<a", "<a ", "<!--", "<script>", "</script", "<script></scrip", "<title>", "<title", "<a b=", "<a b='",
        '<a b="', "=", "<a =", "&", "&amp", "&#1", "&#x1", "9", "<div>", "<b a=1><p>", "<meta ", "<meta charset", "\0",
    ],
)  # fmt: skip
def test_hostile_markup_costs_no_more_than_other_markup(unit: str) -> None:
    """A quadratic step would take minutes on these; a linear one takes some 50 ms."""
    for start in ("", "<a ", "&#", "<title>", "<meta "):
        body = (start + unit * (262_144 // len(unit))).encode()
        begun = time.process_time()
        read_page("text/html", body, NO_KEYWORDS)
        assert time.process_time() - begun < 3, start


def test_a_page_that_is_no_text_has_its_hash_alone() -> None:
    body = gzip.compress(b"<title>x</title>", mtime=0)
    page = read_page("application/gzip", body, NO_KEYWORDS)
    assert (page.title, page.content_hash) == ("", content_hash(body))
