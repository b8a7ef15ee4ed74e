"""What comes after an answer: pure decisions about one target's way."""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from pyreqwest.http import Url

from service.fetching.failures import Failure
from service.fetching.model import URL_LENGTH_MAX, ProbeSettings
from service.fetching.outcomes import HttpOutcome, TlsFault

REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
RETRY_AFTER_WAITED_SECONDS_MAX: Final = 10  # a server that asks for so much is asked once again; for more, it is told
PROXIES_TRIED_MAX: Final = 3  # for one request; the same one again where there are fewer
RETRY_AFTER_SECONDS_MAX: Final = 30 * 86_400  # what is kept of absurd answers
_RETRY_AFTER_DIGITS_MAX: Final = 9
_SCHEMES: Final = frozenset({"http", "https"})
_URL_DELIMITERS: Final = frozenset("/\\?#@ \t\r\n")


class Reply(Struct, frozen=True):
    """An answer, as far as we read it: the body of a 2xx only, cut at the cap."""

    status: int
    location: str | None = None
    retry_after: str | None = None
    content_type: str | None = None
    body: bytes = b""


Answer = Reply | Failure


class Hop(Struct, frozen=True, kw_only=True):
    """One request to be sent for target number `index`.

    `seen`: the URLs redirected from. `rank`: which of the host's addresses is meant. `wait_seconds`: to be waited
    first, as the server asked. `https_failure`: why this is the plain http request in place of an https one, with its
    `tls_fault`. `proxy_rank`: how many proxies have failed this request.
    """

    index: int
    url: Url
    seen: tuple[str, ...] = ()
    rank: int = 0
    wait_seconds: int = 0
    has_waited: bool = False
    https_failure: HttpOutcome | None = None
    tls_fault: TlsFault | None = None
    proxy_rank: int = 0
    spent_seconds: float = 0.0


class Verdict(Struct, frozen=True):
    """The end of a target's way."""

    outcome: HttpOutcome
    reply: Reply | None = None
    retry_after_seconds: int | None = None
    tls_fault: TlsFault | None = None


def first_hop(index: int, host: str, settings: ProbeSettings) -> Hop | None:
    """Where a target's way begins: https, or http if that alone is wanted; `None` if the host makes no URL."""
    url = _root_url("https", host, settings.https_port) or _root_url("http", host, settings.http_port)
    return None if url is None else Hop(index=index, url=url)


def _root_url(scheme: str, host: str, port: int | None) -> Url | None:
    if port is None or not _URL_DELIMITERS.isdisjoint(host):
        return None
    try:
        return without_extras(Url(f"{scheme}://{host}/").with_port(port))
    except ValueError:
        return None


def without_extras(url: Url) -> Url:
    """No credentials, no fragment, no dot at the end of the host: one page, one spelling."""
    bare = url.with_username("").with_password(None).with_fragment(None)
    host = bare.host_str or ""
    return bare.with_host(host.removesuffix(".")) if host.endswith(".") else bare


def next_step(hop: Hop, answer: Answer, alternatives: int, settings: ProbeSettings, now: datetime) -> Hop | Verdict:
    """The next request or the end. `alternatives`: how many further addresses the host has."""
    if isinstance(answer, Failure):
        return _after_failure(hop, answer, alternatives, settings)
    if answer.status in REDIRECT_STATUSES:
        return _follow(hop, answer, settings)
    return _after_status(hop, answer, settings, now)


def _after_failure(hop: Hop, failure: Failure, alternatives: int, settings: ProbeSettings) -> Hop | Verdict:
    if failure.by_proxy and hop.proxy_rank + 1 < PROXIES_TRIED_MAX:
        return replace(hop, proxy_rank=hop.proxy_rank + 1, wait_seconds=0)
    if failure.by_proxy or not failure.connecting:
        return Verdict(failure.outcome)
    if alternatives > 0 and failure.outcome is not HttpOutcome.TLS_FAILED:
        return replace(hop, rank=hop.rank + 1, wait_seconds=0)
    if hop.url.scheme == "https" and not hop.seen and settings.http_port is not None:
        plain = without_extras(hop.url.with_port(None).with_scheme("http").with_port(settings.http_port))
        return replace(
            hop, url=plain, rank=0, wait_seconds=0, https_failure=failure.outcome, tls_fault=failure.tls_fault
        )
    # Where neither way connects, the one asked for first gives the reason.
    if hop.https_failure is not None:
        return Verdict(hop.https_failure, tls_fault=hop.tls_fault)
    return Verdict(failure.outcome, tls_fault=failure.tls_fault)


def _follow(hop: Hop, reply: Reply, settings: ProbeSettings) -> Hop | Verdict:
    url = _join(hop.url, reply.location)
    if url is None:
        return Verdict(HttpOutcome.BROKEN_RESPONSE, reply)
    if url.scheme not in _SCHEMES:
        return Verdict(HttpOutcome.BLOCKED, reply)
    seen = (*hop.seen, str(hop.url))
    if str(url) in seen or len(seen) > settings.redirects_max:
        return Verdict(HttpOutcome.REDIRECT_LOOP, reply)
    return replace(hop, url=url, seen=seen, rank=0, wait_seconds=0, https_failure=None, tls_fault=None, proxy_rank=0)


def _join(base: Url, location: str | None) -> Url | None:
    if location is None or len(location) > URL_LENGTH_MAX:
        return None
    try:
        url = base.join(location.strip())
        url = without_extras(url) if url.scheme in _SCHEMES else url
    except ValueError:
        return None
    return url if len(str(url)) <= URL_LENGTH_MAX else None


def _after_status(hop: Hop, reply: Reply, settings: ProbeSettings, now: datetime) -> Hop | Verdict:
    if reply.status not in (429, 503):
        return Verdict(status_outcome(reply.status), reply)
    seconds = parse_retry_after(reply.retry_after, now)
    is_short = seconds is not None and seconds <= _patience(hop, settings)
    if seconds is not None and is_short and not hop.has_waited:
        return replace(hop, wait_seconds=seconds, has_waited=True)
    is_limit = reply.status == 429 or (seconds is not None and not is_short)
    return Verdict(HttpOutcome.RATE_LIMITED if is_limit else HttpOutcome.SERVER_ERROR, reply, seconds)


def _patience(hop: Hop, settings: ProbeSettings) -> float:
    """How long a server may make us wait. No longer than a target may take: so it is done within twice its time."""
    return min(float(RETRY_AFTER_WAITED_SECONDS_MAX), max(0.0, settings.timeout_seconds - hop.spent_seconds))


def status_outcome(status: int) -> HttpOutcome:
    """What a status that ends the way means by itself."""
    match status:
        case _ if 200 <= status < 300:
            return HttpOutcome.REACHED
        case 404 | 410:
            return HttpOutcome.NOT_FOUND
        case 429:
            return HttpOutcome.RATE_LIMITED
        case _ if 500 <= status < 600:
            return HttpOutcome.SERVER_ERROR
        case _ if status >= 400:
            return HttpOutcome.CLIENT_ERROR
        case _:  # 1xx that is no interim answer, 3xx that leads nowhere
            return HttpOutcome.BROKEN_RESPONSE


def parse_retry_after(text: str | None, now: datetime) -> int | None:
    """Whole seconds, none too few, from a Retry-After header: a number or a date (RFC 9110 10.2.3).

    `None` if it says neither.
    """
    value = (text or "").strip()
    if value.isascii() and value.isdecimal():
        seconds = float(value[:_RETRY_AFTER_DIGITS_MAX])
    else:
        try:
            at = parsedate_to_datetime(value)
        except (ValueError, OverflowError):
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(0, math.ceil(seconds)), RETRY_AFTER_SECONDS_MAX)
