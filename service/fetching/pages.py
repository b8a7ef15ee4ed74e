r"""What a page says, from its bytes. Pure; never raises; linear in the length of the page.

Tags are stripped by our own expressions rather than by an HTML parser: a tree parser that follows the standard may
take quadratic time (Lexbor: 250 kB of `<div><div>…` 5 s, 70 kB of `<b a1><p><b a2><p>…` 22 s), which a
stranger's page must not be able to cost us. Every alternative below either matches or runs to the end of the page,
so no text is looked at again: possessive quantifiers, and `\Z` as the way out.
"""

import codecs
import html
import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from service.fetching.keywords import KeywordHits, KeywordMatcher
from service.fetching.likeness import near_hashes
from service.fetching.model import TITLE_LENGTH_MAX
from service.fetching.wording import one_line

PARKED_AT: Final = 0.30  # confidence from which a page counts as parked
PARKED_WEIGHT_TOTAL: Final = 13
CHARSET_PRESCAN_BYTES: Final = 1_024  # how far a <meta charset> may stand (WHATWG)

# The rest of a tag after its name. A quote counts only after "=", as in the standard: `<p don't>` ends at its ">".
# The lookaheads below only save time (most tags are none of those sought), and so do the branches for plain tags.
_TAG_REST: Final = r"""(?:[^>=]++|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?+)*+(?:>|\Z)"""
_NAME_ENDS: Final = r"(?=[\s/>]|\Z)"
_HIDDEN: Final = re.compile(
    r"<(?=[!sti])(?:!--.*?(?:-->|\Z)"
    rf"|(script|style|template|iframe){_NAME_ENDS}.*?(?:</\1{_NAME_ENDS}[^>]*+(?:>|\Z)|\Z))",
    re.DOTALL | re.IGNORECASE,
)
# Marks inside a word do not part it; links and spans mostly stand between words, so they do.
_INSIDE_WORDS: Final = re.compile(
    r"<(?=/?[bcefimstuw])/?(?:b|big|code|em|font|i|mark|s|small|strong|sub|sup|tt|u|wbr)"
    rf"(?:>|{_NAME_ENDS}{_TAG_REST})",
    re.IGNORECASE,
)
_TAG: Final = re.compile(rf"<[/!?a-zA-Z][^>=]*+(?:>|{_TAG_REST})")
_TITLE_START: Final = re.compile(rf"<title{_NAME_ENDS}{_TAG_REST}", re.IGNORECASE)
_TITLE_END: Final = re.compile(rf"</title{_NAME_ENDS}", re.IGNORECASE)
# Longer than any code point; `html.unescape` raises ValueError on numbers of thousands of digits.
_HUGE_REFERENCE: Final = re.compile(r"&#[0-9]{8,};?")

# Phrase weights of parking pages, over the whole markup: they name their provider in links and script addresses.
_PARKED_TITLE: Final = (3, "parked")
_PARKED_PHRASES: Final = ((4, "buy this domain"), (2, "sedo"), (2, "coming soon"), (1, "namecheap"), (1, "godaddy"))
_PARKED_WORD: Final = {"sedo": re.compile(r"\bsedo(?:parking)?\b")}  # "closedown" is not meant

_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEADER_CHARSET: Final = re.compile(r"charset\s*+=\s*+[\"']?+([\w.:-]{1,40})", re.IGNORECASE)
_META_CHARSET: Final = re.compile(rb"<meta\s[^>]{0,300}?charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
# Python's names of the encodings that browsers know. A list rather than `codecs.lookup`, which also finds codecs that
# are no charsets (base64, zip, idna). Labels that a page cannot mean are absent and left to the fallback.
_CODECS: Final = {
    **dict.fromkeys(("utf-8", "utf8", "unicode-1-1-utf-8"), "utf-8"),
    **dict.fromkeys(("utf-16", "utf-16le"), "utf-16-le"),
    "utf-16be": "utf-16-be",
    **dict.fromkeys(
        ("windows-1252", "cp1252", "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "us-ascii", "ascii"),
        "cp1252",
    ),
    **{f"windows-125{digit}": f"cp125{digit}" for digit in (0, 1, 3, 4, 5, 6, 7, 8)},
    **{f"iso-8859-{part}": f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **dict.fromkeys(("iso-8859-9", "latin5"), "cp1254"),
    **dict.fromkeys(("iso-8859-11", "tis-620", "windows-874"), "cp874"),
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "ibm866": "cp866",
    "macintosh": "mac-roman",
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j"), "cp932"),
    "euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "windows-949"), "cp949"),
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "x-gbk"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "cn-big5"), "big5hkscs"),
}
_TEXT_TYPES: Final = ("text/", "application/xhtml", "application/xml", "application/json", "application/javascript")


class Page(Struct, frozen=True, kw_only=True):
    """`content_hash` is of the bytes, `near_hash` of the visible text; both are signed 64 bits.

    `contexts` are the words around the first of the `keywords`; `parked_confidence` is 0 to 1.
    """

    content_hash: int
    near_hash: int | None = None
    title: str = ""
    title_hit: bool = False
    keywords: KeywordHits = KeywordHits()
    contexts: tuple[str, ...] = ()
    parked_confidence: float = 0.0


def read_page(content_type: str | None, body: bytes, matcher: KeywordMatcher) -> Page:
    return read_pages(((content_type, body),), matcher)[0]


def read_pages(sources: Sequence[tuple[str | None, bytes]], matcher: KeywordMatcher) -> list[Page]:
    """Everything we keep of pages, from their content types and bodies. Many together cost less than one by one.

    A body that is no text (an image, an archive) has its hash and no more.
    """
    readings = [_read(content_type, body, matcher) for content_type, body in sources]
    near = near_hashes([text for _, text in readings])
    return [replace(page, near_hash=value) for (page, _), value in zip(readings, near, strict=True)]


def _read(content_type: str | None, body: bytes, matcher: KeywordMatcher) -> tuple[Page, str]:
    """A page without its near hash, and its visible text."""
    if not is_text(content_type):
        return Page(content_hash=content_hash(body)), ""
    decoded = decode_body(content_type, body)
    markup = _HIDDEN.sub(" ", decoded)
    title, text = find_title(markup), visible_text(markup)
    keywords, contexts = matcher.scan_with_contexts(text)
    page = Page(
        content_hash=content_hash(body),
        title=title,
        title_hit=matcher.scan(title).bits != 0,
        keywords=keywords,
        contexts=contexts,
        parked_confidence=parked_confidence(title, decoded),
    )
    return page, text


def is_text(content_type: str | None) -> bool:
    """Servers that do not say are given the benefit of the doubt."""
    essence = (content_type or "text/html").strip().lower()
    return essence.startswith(_TEXT_TYPES)


def decode_body(content_type: str | None, body: bytes) -> str:
    """By byte order mark, header, `<meta>`; else UTF-8 if it is that, else windows-1252. The rest becomes U+FFFD."""
    for mark, codec in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, "replace")
    declared = _declared_codec(content_type, body)
    if declared is not None:
        return body.decode(declared, "replace")
    return _decode_undeclared(body)


def _decode_undeclared(body: bytes) -> str:
    """A character cut in two by the body cap does not disprove UTF-8, if other characters prove it."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        text = decoder.decode(body, final=False)
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")
    is_cut = bool(decoder.getstate()[0])
    return body.decode("cp1252", "replace") if is_cut and text.isascii() else text


def _declared_codec(content_type: str | None, body: bytes) -> str | None:
    header = _HEADER_CHARSET.search(content_type or "")
    if header is not None and (codec := _CODECS.get(header[1].lower())) is not None:
        return codec
    meta = _META_CHARSET.search(body, 0, CHARSET_PRESCAN_BYTES)
    if meta is None:
        return None
    codec = _CODECS.get(meta[1].decode("ascii", "replace").lower())
    # A page that says in single bytes that it has double ones is mistaken; the standard reads UTF-8.
    return "utf-8" if codec is not None and codec.startswith("utf-16") else codec


def find_title(markup: str) -> str:
    """The first title outside comments and scripts: plain text of at most `TITLE_LENGTH_MAX` characters."""
    start = _TITLE_START.search(markup)
    if start is None:
        return ""
    end = _TITLE_END.search(markup, start.end())
    return clean_title(markup[start.end() : end.start() if end is not None else len(markup)])


def clean_title(raw: str) -> str:
    """Entities decoded, and in one line."""
    return one_line(unescape(raw), TITLE_LENGTH_MAX)


def visible_text(markup: str) -> str:
    """What a reader may see of markup without its hidden parts, the title included, in one line."""
    return " ".join(unescape(_TAG.sub(" ", _INSIDE_WORDS.sub("", markup))).split())


def unescape(text: str) -> str:
    return html.unescape(_HUGE_REFERENCE.sub("\N{REPLACEMENT CHARACTER}", text))


def content_hash(body: bytes) -> int:
    return int.from_bytes(blake2b(body, digest_size=8).digest(), "big", signed=True)


def parked_confidence(title: str, markup: str) -> float:
    lowered = markup.lower()
    title_weight, title_word = _PARKED_TITLE
    found = title_weight if title_word in title.lower() else 0
    found += sum(weight for weight, phrase in _PARKED_PHRASES if _holds(lowered, phrase))
    return found / PARKED_WEIGHT_TOTAL


def _holds(text: str, phrase: str) -> bool:
    """Plain search first: it is some fifty times faster than an expression, and mostly finds nothing."""
    word = _PARKED_WORD.get(phrase)
    return phrase in text and (word is None or word.search(text) is not None)
