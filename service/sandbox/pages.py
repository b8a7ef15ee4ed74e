"""The pages that hosts show: pure, and exactly what the truth says of them.

A page never contains its own name (a name may well spell a keyword), and no keyword but those in its truth; near misses
of every keyword stand on every page.
"""

import html
import random
from collections.abc import Iterator
from typing import Final

from service.sandbox.behaviours import Charset, CharsetDeclaration, WebBehaviour
from service.sandbox.truth import PAGE_BYTES_MIN, NameTruth

FILLER_CHARS: Final = 32_768  # more than twice the longest page, so that two pages rarely share a paragraph
HUGE_CHUNK_BYTES: Final = 65_536

_FILLER_WORDS: Final = (
    *("garden", "river", "window", "morning", "paper", "market", "harbour", "engine", "copper", "letter", "bridge"),
    *("winter", "summer", "music", "kitchen", "station", "pocket", "candle", "forest", "mountain", "doctor", "farmer"),
    *("teacher", "village", "corner", "mirror", "ladder", "button", "basket", "thunder", "feather", "marble", "ribbon"),
)
_FILLER: Final = " ".join(random.Random(77).choices(_FILLER_WORDS, k=FILLER_CHARS // 5))[:FILLER_CHARS]

# Whoever matches by stem, across a gap or inside markup finds something here, and is wrong.
_NEAR_MISSES: Final = (
    "<p>Our price list, a long career, one contact, the trial period, a news letter, check out our garden, "
    "book the demo, ship it.</p>"
)
_PARKED_TEXT: Final = (
    '<p>The owner has parked this domain. It may be for sale: <a href="/buy">buy this domain</a> or make an offer.</p>'
    '<ul class="related"><li>Related searches</li><li>Insurance</li><li>Flights</li><li>Loans</li></ul>'
)
_NAMED_ENTITIES: Final = str.maketrans({"—": "&mdash;", "é": "&eacute;", "»": "&raquo;", "’": "&#8217;"})


def page_html(truth: NameTruth) -> str:
    """The whole page as text; encoded by `page_bytes` it is `truth.body_bytes` long.

    Of a `huge` page this is the beginning only: `filler_chunks` is the rest.
    """
    head, tail = _head(truth), "</p></body></html>\n"
    return head + _filler(truth, _chars_left(truth, head + tail)) + tail


def page_bytes(truth: NameTruth) -> bytes:
    """The page in its own charset; UTF-16 begins with a byte order mark."""
    return page_html(truth).encode(truth.charset)


def status_page(title: str) -> bytes:
    """What stands under an answer that is not a page, such as 404."""
    return f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n".encode()


def filler_chunks(total_bytes: int) -> Iterator[bytes]:
    """What follows the beginning of a `huge` page, in pieces of at most HUGE_CHUNK_BYTES."""
    filler = (_FILLER * (HUGE_CHUNK_BYTES // FILLER_CHARS)).encode()
    for sent in range(0, total_bytes, HUGE_CHUNK_BYTES):
        yield filler[: total_bytes - sent]


def _head(truth: NameTruth) -> str:
    title = _title_html(truth)
    meta = f'<meta charset="{truth.charset}">' if truth.charset_declared is CharsetDeclaration.meta else ""
    return (
        f'<!doctype html>\n<html lang="en"><head>{meta}<title>{title}</title>'
        '<meta name="viewport" content="width=device-width"></head>\n'
        f"<body><h1>{title}</h1>\n{_keyword_html(truth)}{_PARKED_TEXT if truth.parked else _NEAR_MISSES}\n<p>"
    )


def _title_html(truth: NameTruth) -> str:
    """Every second title spells its special characters as entities, unless the charset is what is being shown."""
    escaped = html.escape(truth.title, quote=False)
    return escaped.translate(_NAMED_ENTITIES) if truth.charset is Charset.utf_8 and truth.wording % 2 else escaped


def _keyword_html(truth: NameTruth) -> str:
    return "".join(f"<p>More about {keyword} is one click away.</p>\n" for keyword in truth.keywords)


def _chars_left(truth: NameTruth, frame: str) -> int:
    """How many one-unit characters of filler make the page `body_bytes` long."""
    wanted_bytes = PAGE_BYTES_MIN if truth.web is WebBehaviour.huge else truth.body_bytes
    char_bytes = 2 if truth.charset is Charset.utf_16 else 1
    left = (wanted_bytes - len(frame.encode(truth.charset))) // char_bytes
    assert left >= 0, "PAGE_BYTES_MIN leaves room for every frame"
    return left


def _filler(truth: NameTruth, chars: int) -> str:
    start = truth.wording % (FILLER_CHARS - chars)
    return _FILLER[start : start + chars]
