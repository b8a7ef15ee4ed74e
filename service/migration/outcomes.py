"""What became of a domain in the old system, in our closed lists of outcomes. Pure.

Its words are looked up folded, as in `aliases`: first the reason, which says more, then the status. A word that nobody
knows is a failure of the old system's own (`internal_error`), which can be retried; what is pending has no outcome.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from service.fetching import outcomes as http
from service.fetching.outcomes import HttpOutcome
from service.migration.aliases import fold
from service.resolving import outcomes as dns
from service.resolving.outcomes import DnsOutcome
from service.scoring.score import Reason

NOTHING = 0  # no outcome

PENDING_WORDS = frozenset({"", "pending", "queued", "processing", "inprogress", "new", "generated", "canceled"})

DNS_WORDS: Mapping[str, DnsOutcome] = {
    word: outcome
    for outcome, words in {
        DnsOutcome.RESOLVED: "ok resolved valid validated validdns success succeeded dnsvalidated",
        DnsOutcome.ABSENT: "nxdomain absent unresolved invalid invaliddns notfound",
        DnsOutcome.NO_DATA: "noanswer nodata norecords",
        DnsOutcome.SERVFAIL: "servfail serverfailure",
        DnsOutcome.REFUSED: "refused",
        DnsOutcome.TIMED_OUT: "timeout timedout",
        DnsOutcome.WILDCARD: "wildcard",
        DnsOutcome.RATE_LIMITED: "ratelimit ratelimited",
    }.items()
    for word in words.split()
}

HTTP_WORDS: Mapping[str, HttpOutcome] = {
    word: outcome
    for outcome, words in {
        HttpOutcome.REACHED: "ok valid validated success succeeded reached leadvalid httpvalid httpvalidnokeywords "
        "contentmismatch",
        HttpOutcome.PARKED: "parked",
        HttpOutcome.NOT_FOUND: "notfound gone",
        HttpOutcome.CLIENT_ERROR: "forbidden unauthorized unavailablelegal",
        HttpOutcome.SERVER_ERROR: "upstream5xx",
        HttpOutcome.RATE_LIMITED: "ratelimit ratelimited",
        HttpOutcome.UNRESOLVABLE: "dnsresolveerror",
        HttpOutcome.CONNECTION_REFUSED: "connectionrefused",
        HttpOutcome.CONNECTION_RESET: "connectionreset",
        HttpOutcome.TIMED_OUT: "timeout timedout",
        HttpOutcome.TLS_FAILED: "tlshandshake tlserror sslexpired",
        HttpOutcome.BROKEN_RESPONSE: "fetcherror invalidhttpresponseerror invalidhttpcode",
    }.items()
    for word in words.split()
}

VERDICT_WORDS: Mapping[str, Reason] = {
    "qualified": Reason.QUALIFIED,
    "match": Reason.QUALIFIED,
    "nomatch": Reason.LOW_SCORE,
    "lowscore": Reason.LOW_SCORE,
    "nokeywords": Reason.NO_KEYWORDS,
    "parked": Reason.PARKED,
}

PAGES = frozenset({HttpOutcome.REACHED, HttpOutcome.PARKED})


class DomainWords(msgspec.Struct, frozen=True):
    """What the old system says of a domain; None where the column is NULL, or is not there."""

    dns_status: str | None = None
    dns_reason: str | None = None
    http_status: str | None = None
    http_reason: str | None = None
    status_code: int | None = None
    is_parked: bool | None = None


class Oddity(StrEnum):
    """Why a domain's results are not what its columns say."""

    DNS_INFERRED = "dns_inferred"  # a page was fetched, so the name resolves, whatever its DNS status says
    PAGE_DROPPED = "page_dropped"  # no page without an address: a failure to fetch it tells nothing
    WORD_UNKNOWN = "word_unknown"


class DomainOutcomes(msgspec.Struct, frozen=True):
    """Codes of the outcomes, 0 where there is none."""

    dns: int
    http: int
    oddities: tuple[Oddity, ...] = ()


def judge(words: DomainWords, *, has_dns: bool) -> DomainOutcomes:
    """`has_dns`: the campaign has a DNS phase, without whose address no page is asked for."""
    oddities: list[Oddity] = []
    dns_code = dns_outcome(words, oddities) if has_dns else NOTHING
    http_code = http_outcome(words, oddities)
    if has_dns and http_code and dns_code != DnsOutcome.RESOLVED:
        if words.status_code:
            oddities.append(Oddity.DNS_INFERRED)
            dns_code = int(DnsOutcome.RESOLVED)
        else:
            oddities.append(Oddity.PAGE_DROPPED)
            http_code = NOTHING
    return DomainOutcomes(dns_code, http_code, tuple(oddities))


def dns_outcome(words: DomainWords, oddities: list[Oddity]) -> int:
    status, reason = fold(words.dns_status), fold(words.dns_reason)
    if status in PENDING_WORDS:
        return NOTHING
    if DNS_WORDS.get(status) is DnsOutcome.RESOLVED:
        return int(DnsOutcome.RESOLVED)
    found = DNS_WORDS.get(reason) or DNS_WORDS.get(status)
    if found is None or found is DnsOutcome.RESOLVED:  # a reason that says so where the status does not
        return unknown(status, oddities, int(DnsOutcome.INTERNAL_ERROR))
    return int(found)


def http_outcome(words: DomainWords, oddities: list[Oddity]) -> int:
    status, reason, code = fold(words.http_status), fold(words.http_reason), words.status_code or 0
    if status in PENDING_WORDS:
        return NOTHING
    if HTTP_WORDS.get(status) is HttpOutcome.REACHED:
        return int(HttpOutcome.PARKED if words.is_parked else HttpOutcome.REACHED)
    found = HTTP_WORDS.get(reason) or by_status_code(code) or HTTP_WORDS.get(status)
    if found is None or found is HttpOutcome.REACHED:
        found = HttpOutcome.REACHED if reason == "contentmismatch" else None
    return unknown(status, oddities, int(HttpOutcome.INTERNAL_ERROR)) if found is None else int(found)


def by_status_code(code: int) -> HttpOutcome | None:
    """What an answer other than a page says; None for a page, and where there is none."""
    match code:
        case 404 | 410:
            return HttpOutcome.NOT_FOUND
        case 429:
            return HttpOutcome.RATE_LIMITED
        case _ if 300 <= code < 400:
            return HttpOutcome.REDIRECT_LOOP
        case _ if 500 <= code < 600:
            return HttpOutcome.SERVER_ERROR
        case _ if code >= 400:
            return HttpOutcome.CLIENT_ERROR
    return None


def verdict_of(rejection_reason: str | None, lead_status: str | None, dns_code: int, http_code: int) -> int:
    """The analysis's: of a page what the old system found, if it has looked at it, and otherwise what follows."""
    if dns_code in dns.NEGATIVE:
        return int(Reason.DNS_NEGATIVE)
    if dns_code in dns.FAILED:
        return int(Reason.DNS_FAILED)
    if http_code in PAGES:
        found = VERDICT_WORDS.get(fold(rejection_reason)) or VERDICT_WORDS.get(fold(lead_status))
        return NOTHING if found is None else int(found)
    if http_code in http.NEGATIVE:
        return int(Reason.HTTP_NEGATIVE)
    return int(Reason.HTTP_FAILED) if http_code in http.FAILED else NOTHING


def unknown(status: str, oddities: list[Oddity], code: int) -> int:
    """`error` is the old system's own word for a failure of which it knows no more."""
    if status not in {"error", "failed"}:
        oddities.append(Oddity.WORD_UNKNOWN)
    return code
