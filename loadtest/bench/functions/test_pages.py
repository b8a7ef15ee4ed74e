"""Markup to title, hash, keywords and a verdict on parking."""

from pytest_benchmark.fixture import BenchmarkFixture

from service.fetching.keywords import KeywordRule, compile_keywords
from service.fetching.pages import read_page

PARAGRAPH = "<p class='plain'>Linen &amp; <em>cotton</em>, wool and <a href='/tweed'>tweed</a>: see our pricing.</p>\n"
HEAD = "<!doctype html><html><head><title>Bench &amp; Sons</title><script>var x = 1;</script></head><body>\n"
PAGE = (HEAD + PARAGRAPH * 160 + "</body></html>").encode()
KEYWORDS = ("pricing", "checkout", "newsletter", "careers", "contact us")


def test_read_page(benchmark: BenchmarkFixture) -> None:
    matcher = compile_keywords(tuple(KeywordRule(text) for text in KEYWORDS))
    page = benchmark(read_page, "text/html; charset=utf-8", PAGE, matcher)
    assert (page.title, page.keywords.unique_count) == ("Bench & Sons", 1)
