"""The closed sets of what a name can do, how often each happens, and the words that pages are made of."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class DnsBehaviour(StrEnum):
    """How a name's questions are answered."""

    existing = "existing"
    absent = "absent"
    no_data = "no_data"
    alias = "alias"
    wildcard = "wildcard"
    servfail = "servfail"
    refused = "refused"
    truncated = "truncated"
    lossy = "lossy"
    silent = "silent"
    slow = "slow"
    flaky = "flaky"


class WebBehaviour(StrEnum):
    """How a host answers a request."""

    page = "page"
    keyword_page = "keyword_page"
    parked = "parked"
    redirect = "redirect"
    redirect_to_https = "redirect_to_https"
    redirect_cross = "redirect_cross"
    redirect_loop = "redirect_loop"
    redirect_private = "redirect_private"
    not_found = "not_found"
    rate_limited = "rate_limited"
    unavailable = "unavailable"
    server_error = "server_error"
    huge = "huge"
    slow_body = "slow_body"
    stalled = "stalled"
    broken_body = "broken_body"
    reset = "reset"
    bad_tls = "bad_tls"
    plain_only = "plain_only"
    odd_charset = "odd_charset"
    gzip = "gzip"
    brotli = "brotli"


class TlsBehaviour(StrEnum):
    """What a handshake on the https port ends in; `absent` means that it fails, since nobody speaks TLS there."""

    good = "good"
    self_signed = "self_signed"
    expired = "expired"
    wrong_name = "wrong_name"
    absent = "absent"


class Charset(StrEnum):
    """The encoding of a page; the values are both the labels that HTTP knows and the names of Python's codecs."""

    utf_8 = "utf-8"
    iso_8859_1 = "iso-8859-1"
    windows_1251 = "windows-1251"
    shift_jis = "shift_jis"
    utf_16 = "utf-16"


class CharsetDeclaration(StrEnum):
    """Where a page says which encoding it is in."""

    header = "header"
    meta = "meta"


WEIGHT_TOTAL: Final = 100_000

# Names under an ordinary TLD. Silence costs its askers whole timeouts, so it is the rarest.
DNS_WEIGHTS: Final[Mapping[DnsBehaviour, int]] = {
    DnsBehaviour.existing: 55_000,
    DnsBehaviour.absent: 38_350,
    DnsBehaviour.no_data: 2_000,
    DnsBehaviour.alias: 2_000,
    DnsBehaviour.wildcard: 0,
    DnsBehaviour.servfail: 400,
    DnsBehaviour.refused: 300,
    DnsBehaviour.truncated: 500,
    DnsBehaviour.lossy: 500,
    DnsBehaviour.silent: 50,
    DnsBehaviour.slow: 400,
    DnsBehaviour.flaky: 500,
}

# Hosts, among the names that have an address.
WEB_WEIGHTS: Final[Mapping[WebBehaviour, int]] = {
    WebBehaviour.page: 48_600,
    WebBehaviour.keyword_page: 28_000,
    WebBehaviour.parked: 9_000,
    WebBehaviour.redirect: 1_200,
    WebBehaviour.redirect_to_https: 1_500,
    WebBehaviour.redirect_cross: 1_000,
    WebBehaviour.redirect_loop: 500,
    WebBehaviour.redirect_private: 500,
    WebBehaviour.not_found: 1_000,
    WebBehaviour.rate_limited: 500,
    WebBehaviour.unavailable: 500,
    WebBehaviour.server_error: 500,
    WebBehaviour.huge: 200,
    WebBehaviour.slow_body: 100,
    WebBehaviour.stalled: 100,
    WebBehaviour.broken_body: 400,
    WebBehaviour.reset: 400,
    WebBehaviour.bad_tls: 1_000,
    WebBehaviour.plain_only: 1_000,
    WebBehaviour.odd_charset: 1_500,
    WebBehaviour.gzip: 1_500,
    WebBehaviour.brotli: 1_000,
}

KEYWORDS: Final = (
    "pricing",
    "checkout",
    "newsletter",
    "careers",
    "contact us",
    "free trial",
    "book a demo",
    "shipping",
)
# A page in an old encoding also says a word that only its right encoding can spell.
NATIVE_KEYWORDS: Final[Mapping[Charset, str]] = {
    Charset.iso_8859_1: "über uns",
    Charset.windows_1251: "корзина",
    Charset.shift_jis: "お問い合わせ",
    Charset.utf_16: "prêt-à-porter",
}
NATIVE_TITLES: Final[Mapping[Charset, str]] = {
    Charset.iso_8859_1: "Bäckerei Größmann",
    Charset.windows_1251: "Магазин у реки",
    Charset.shift_jis: "東京の書店",
    Charset.utf_16: "Café Zürich",
}
TITLE_MAKERS: Final = ("Harbour", "Juniper", "North & Sons", "Rosé", "Atlas", "O’Neill", "Birch", "Volta")
TITLE_TRADES: Final = ("Garden Tools", "Bicycles", "Analytics", "Bakery", "Legal — Zurich", "Studio", "Books", "Coffee")
PARKED_TITLES: Final = ("This domain is for sale", "Domain parked", "Buy this domain »")

STATUS_TITLES: Final[Mapping[WebBehaviour, str]] = {
    WebBehaviour.not_found: "404 Not Found",
    WebBehaviour.rate_limited: "429 Too Many Requests",
    WebBehaviour.unavailable: "503 Service Unavailable",
    WebBehaviour.server_error: "500 Internal Server Error",
}
