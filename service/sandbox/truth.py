"""What the sandbox's internet says about every name: pure, and decided by nothing but (seed, name).

A keyed hash of the lower-cased name gives eight 32-bit words, and each word decides one thing (see `Words`), so that
another weight in one table leaves the other answers of a name as they were.
"""

import hashlib
import re
import struct
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from service.sandbox.behaviours import (
    DNS_WEIGHTS,
    KEYWORDS,
    NATIVE_KEYWORDS,
    NATIVE_TITLES,
    PARKED_TITLES,
    STATUS_TITLES,
    TITLE_MAKERS,
    TITLE_TRADES,
    WEB_WEIGHTS,
    WEIGHT_TOTAL,
    Charset,
    CharsetDeclaration,
    DnsBehaviour,
    TlsBehaviour,
    WebBehaviour,
)

Member = TypeVar("Member", bound=StrEnum)

DEFAULT_SEED: Final = 1
SEED_MAX: Final = 2**64 - 1
SANDBOX_RANGE: Final = "127.77.0.0/16"
# The last address is the wildcard's alone, so that a wildcard answer can never equal an existing name's.
WEB_ADDRESSES: Final = tuple(f"127.77.1.{host}" for host in range(1, 10))

# TLDs with a rule of their own; under every other TLD the hash decides alone.
WILDCARD_TLD: Final = "wild"
ALIAS_TLD: Final = "alias"  # where the CNAMEs that we hand out lead: hop3-<tag>.alias -> hop2-<tag>.alias -> ...
LANDING_TLD: Final = "landing"  # where redirects to another host lead: <tag>.landing always shows a page
EMPTY_TLD: Final = "invalid"  # RFC 6761 section 6.4: nothing exists here
_ALIAS_HOP: Final = re.compile(r"hop([1-3])-([0-9a-f]{8})\.alias")
_LANDING_NAME: Final = re.compile(r"[0-9a-f]{8}\.landing")

# Whoever looks for wildcards asks for long random labels. In a real zone nobody has registered them; if the hash
# decided, more than half would exist and every TLD would look like a wildcard.
UNCLAIMED_LABEL_CHARS_MIN: Final = 20

ALIAS_HOPS_MAX: Final = 3
KEYWORDS_PER_PAGE_MAX: Final = 3
DELAY_MS_MIN: Final = 150
DELAY_MS_MAX: Final = 900
PAGE_BYTES_MIN: Final = 2_048
PAGE_BYTES_MAX: Final = 12_288
HUGE_BYTES_MIN: Final = 3_000_000
HUGE_BYTES_MAX: Final = 8_000_000
RETRY_AFTER_SECONDS: Final = (1, 2, 30, 3_600)

PRIVATE_URLS: Final = ("http://10.0.0.1/", "http://169.254.169.254/latest/")
WELCOME_PATH: Final = "/welcome"
LOOP_PATHS: Final = ("/", "/again")

ADDRESSED: Final = frozenset(
    {
        DnsBehaviour.existing,
        DnsBehaviour.alias,
        DnsBehaviour.wildcard,
        DnsBehaviour.truncated,
        DnsBehaviour.lossy,
        DnsBehaviour.slow,
        DnsBehaviour.flaky,
    }
)
_WITHOUT_PAGE: Final = frozenset(
    {
        WebBehaviour.redirect_cross,
        WebBehaviour.redirect_loop,
        WebBehaviour.redirect_private,
        WebBehaviour.stalled,
        WebBehaviour.reset,
        *STATUS_TITLES,
    }
)
_WITH_KEYWORDS: Final = frozenset(
    {WebBehaviour.keyword_page, WebBehaviour.odd_charset, WebBehaviour.gzip, WebBehaviour.brotli}
)
_BAD_TLS: Final = (TlsBehaviour.self_signed, TlsBehaviour.expired, TlsBehaviour.wrong_name)


class DnsTruth(msgspec.Struct, frozen=True):
    """The part of a name's truth that its DNS answers need; cheap enough to be worked out for every question."""

    name: str
    behaviour: DnsBehaviour
    addresses: tuple[str, ...]
    aliases: tuple[str, ...]
    delay_ms: int


class NameTruth(msgspec.Struct, frozen=True, rename="camel"):
    """Everything that is true of a name.

    `aliases` are the CNAME targets in order; the last of them owns the addresses. `web` is None where the name has no
    address, and all that follows is then empty. `title`, `keywords` and `parked` describe the page that this host
    itself shows in the end (after `redirect` and `redirect_to_https`). `redirect_to` is the first Location, without
    a port. `body_bytes` is the page's exact length, not compressed; 0 where no page is shown. `wording` picks the
    filler of the page.
    """

    name: str
    dns: DnsBehaviour
    addresses: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    delay_ms: int = 0
    web: WebBehaviour | None = None
    tls: TlsBehaviour = TlsBehaviour.absent
    title: str = ""
    keywords: tuple[str, ...] = ()
    parked: bool = False
    charset: Charset = Charset.utf_8
    charset_declared: CharsetDeclaration = CharsetDeclaration.header
    body_bytes: int = 0
    redirect_to: str | None = None
    retry_after_seconds: int = 0
    wording: int = 0


class Words(NamedTuple):
    """The hash of a name: eight independent 32-bit numbers, each for one kind of decision.

    `variant` serves whatever a single behaviour has to choose, such as the fault of a bad certificate.
    """

    dns: int
    address: int
    timing: int
    web: int
    variant: int
    title: int
    keywords: int
    wording: int


def truth_of(seed: int, name: str, addresses: Sequence[str] = WEB_ADDRESSES) -> NameTruth:
    """Everything about `name`; `addresses` is the pool to pick from, two or more, the last for the wildcard alone."""
    plain = plain_name(name)
    words = _words(seed, plain)
    dns = _dns_truth(seed, plain, words, addresses)
    bare = NameTruth(dns.name, dns.behaviour, dns.addresses, dns.aliases, dns.delay_ms)
    if not dns.addresses:
        return bare
    # One host stands behind the whole wildcard, so it shows every name the same page.
    return _with_web(bare, _words(seed, WILDCARD_TLD) if dns.behaviour is DnsBehaviour.wildcard else words)


def dns_truth_of(seed: int, name: str, addresses: Sequence[str] = WEB_ADDRESSES) -> DnsTruth:
    """What `truth_of` says about DNS, without the work for the web."""
    plain = plain_name(name)
    return _dns_truth(seed, plain, _words(seed, plain), addresses)


def plain_name(name: str) -> str:
    """The one spelling of a name: lower case, without the root's dot."""
    return name.lower().removesuffix(".")


def describe(seed: int, name: str) -> str:
    """The truth about `name` as indented JSON, for people."""
    return msgspec.json.format(msgspec.json.encode(truth_of(seed, name))).decode()


class _Lots(Generic[Member]):
    """A table of weights made ready for drawing."""

    __slots__ = ("_bounds", "_members")

    def __init__(self, weights: Mapping[Member, int]) -> None:
        assert sum(weights.values()) == WEIGHT_TOTAL, "weights are shares of WEIGHT_TOTAL"
        self._members = tuple(member for member, weight in weights.items() if weight)
        shares = [weights[member] for member in self._members]
        self._bounds = [sum(shares[: count + 1]) for count in range(len(shares))]

    def draw(self, word: int) -> Member:
        return self._members[bisect_right(self._bounds, word * WEIGHT_TOTAL >> 32)]


_DNS_LOTS: Final = _Lots(DNS_WEIGHTS)
_WEB_LOTS: Final = _Lots(WEB_WEIGHTS)
_EIGHT_WORDS: Final = struct.Struct("<8I")


def _words(seed: int, plain: str) -> Words:
    digest = hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=32, key=seed.to_bytes(8, "big"))
    return Words._make(_EIGHT_WORDS.unpack(digest.digest()))


def _dns_truth(seed: int, plain: str, words: Words, addresses: Sequence[str]) -> DnsTruth:
    behaviour = _dns_behaviour(plain, words)
    if behaviour is DnsBehaviour.existing:
        return DnsTruth(plain, behaviour, _own_addresses(words, addresses), (), 0)
    if behaviour is DnsBehaviour.wildcard:
        return DnsTruth(plain, behaviour, (addresses[-1],), (), 0)
    if behaviour is DnsBehaviour.alias:
        aliases = _aliases(plain, words)
        return DnsTruth(plain, behaviour, _own_addresses(_words(seed, aliases[-1]), addresses), aliases, 0)
    own = _own_addresses(words, addresses) if behaviour in ADDRESSED else ()
    delay_ms = _between(DELAY_MS_MIN, DELAY_MS_MAX, words.timing) if behaviour is DnsBehaviour.slow else 0
    return DnsTruth(plain, behaviour, own, (), delay_ms)


def _dns_behaviour(plain: str, words: Words) -> DnsBehaviour:
    parents, _, tld = plain.rpartition(".")
    if not parents:
        return DnsBehaviour.no_data  # the root and the TLDs themselves
    if tld.isdecimal():
        return DnsBehaviour.absent  # no TLD is a number, so that no IPv4 address can be taken for a name
    if len(plain) > UNCLAIMED_LABEL_CHARS_MIN and plain.index(".") >= UNCLAIMED_LABEL_CHARS_MIN:
        return DnsBehaviour.wildcard if tld == WILDCARD_TLD else DnsBehaviour.absent
    drawn = _DNS_LOTS.draw(words.dns)
    return _in_own_zone(plain, tld, drawn) if tld in _OWN_ZONES else drawn


_OWN_ZONES: Final = frozenset({WILDCARD_TLD, ALIAS_TLD, LANDING_TLD, EMPTY_TLD})


def _in_own_zone(plain: str, tld: str, drawn: DnsBehaviour) -> DnsBehaviour:
    if tld == WILDCARD_TLD:
        return drawn if drawn is DnsBehaviour.existing else DnsBehaviour.wildcard
    if tld == LANDING_TLD and _LANDING_NAME.fullmatch(plain):
        return DnsBehaviour.existing
    hop = _ALIAS_HOP.fullmatch(plain)
    if hop is None:
        return DnsBehaviour.absent
    return DnsBehaviour.existing if hop[1] == "1" else DnsBehaviour.alias


def _aliases(plain: str, words: Words) -> tuple[str, ...]:
    hop = _ALIAS_HOP.fullmatch(plain)
    hops = int(hop[1]) - 1 if hop else 1 + words.timing % ALIAS_HOPS_MAX
    tag = hop[2] if hop else f"{words.variant:08x}"
    return tuple(f"hop{left}-{tag}.{ALIAS_TLD}" for left in range(hops, 0, -1))


def _own_addresses(words: Words, addresses: Sequence[str]) -> tuple[str, ...]:
    """One address, or two for a name in eight."""
    shared = len(addresses) - 1
    first = words.address % shared
    if shared == 1 or words.address >> 29:
        return (addresses[first],)
    return addresses[first], addresses[(first + 1) % shared]


def _with_web(bare: NameTruth, words: Words) -> NameTruth:
    web = _web_behaviour(bare, words)
    charset = _charset(web, words)
    shows_page = web not in _WITHOUT_PAGE
    return NameTruth(
        name=bare.name,
        dns=bare.dns,
        addresses=bare.addresses,
        aliases=bare.aliases,
        delay_ms=bare.delay_ms,
        web=web,
        tls=_tls(web, words),
        title=STATUS_TITLES.get(web) or (_title(web, charset, words) if shows_page else ""),
        keywords=_keywords(charset, words) if web in _WITH_KEYWORDS else (),
        parked=web is WebBehaviour.parked,
        charset=charset,
        charset_declared=_charset_declared(charset, words),
        body_bytes=_body_bytes(web, words) if shows_page else 0,
        redirect_to=_redirect_to(web, bare.name, words),
        retry_after_seconds=_retry_after_seconds(words) if web is WebBehaviour.rate_limited else 0,
        wording=words.wording,
    )


def _web_behaviour(bare: NameTruth, words: Words) -> WebBehaviour:
    if bare.dns is DnsBehaviour.wildcard:
        return WebBehaviour.parked
    if bare.name.endswith("." + LANDING_TLD):
        return WebBehaviour.page
    return _WEB_LOTS.draw(words.web)


def _tls(web: WebBehaviour, words: Words) -> TlsBehaviour:
    if web is WebBehaviour.plain_only:
        return TlsBehaviour.absent
    return _BAD_TLS[words.variant % len(_BAD_TLS)] if web is WebBehaviour.bad_tls else TlsBehaviour.good


def _charset(web: WebBehaviour, words: Words) -> Charset:
    odd = tuple(NATIVE_KEYWORDS)
    return odd[words.variant % len(odd)] if web is WebBehaviour.odd_charset else Charset.utf_8


def _charset_declared(charset: Charset, words: Words) -> CharsetDeclaration:
    """UTF-16 can only be declared outside the page: whoever can read its meta element knows it already."""
    if charset is Charset.utf_16:
        return CharsetDeclaration.header
    return CharsetDeclaration.header if words.variant >> 31 else CharsetDeclaration.meta


def _title(web: WebBehaviour, charset: Charset, words: Words) -> str:
    if web is WebBehaviour.parked:
        return PARKED_TITLES[words.title % len(PARKED_TITLES)]
    native = NATIVE_TITLES.get(charset)
    if native is not None:
        return native
    maker, trade = words.title % len(TITLE_MAKERS), words.title // len(TITLE_MAKERS) % len(TITLE_TRADES)
    return f"{TITLE_MAKERS[maker]} {TITLE_TRADES[trade]}"


def _keywords(charset: Charset, words: Words) -> tuple[str, ...]:
    """One to three words of the vocabulary, and a native one where the charset has it."""
    first = words.keywords % len(KEYWORDS)
    count = 1 + words.keywords // len(KEYWORDS) % KEYWORDS_PER_PAGE_MAX
    chosen = tuple(KEYWORDS[(first + step) % len(KEYWORDS)] for step in range(count))
    native = NATIVE_KEYWORDS.get(charset)
    return chosen if native is None else (*chosen, native)


def _body_bytes(web: WebBehaviour, words: Words) -> int:
    """A multiple of four, so that it is a whole number of characters in every charset."""
    if web is WebBehaviour.huge:
        return _between(HUGE_BYTES_MIN, HUGE_BYTES_MAX, words.wording)
    return _between(PAGE_BYTES_MIN, PAGE_BYTES_MAX, words.wording) & ~3


def _redirect_to(web: WebBehaviour, name: str, words: Words) -> str | None:
    if web is WebBehaviour.redirect:
        return WELCOME_PATH
    if web is WebBehaviour.redirect_loop:
        return LOOP_PATHS[1]
    if web is WebBehaviour.redirect_to_https:
        return f"https://{name}/"
    if web is WebBehaviour.redirect_cross:
        return f"http://{words.variant:08x}.{LANDING_TLD}/"
    if web is WebBehaviour.redirect_private:
        return PRIVATE_URLS[words.variant % len(PRIVATE_URLS)]
    return None


def _retry_after_seconds(words: Words) -> int:
    return RETRY_AFTER_SECONDS[words.variant % len(RETRY_AFTER_SECONDS)]


def _between(least: int, most: int, word: int) -> int:
    return least + word % (most - least + 1)
