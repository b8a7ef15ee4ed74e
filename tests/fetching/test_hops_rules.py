from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pyreqwest.http import Url

from service.fetching.failures import Failure
from service.fetching.guard import NetworkRules
from service.fetching.hops import (
    PROXIES_TRIED_MAX,
    RETRY_AFTER_SECONDS_MAX,
    Hop,
    Reply,
    Verdict,
    first_hop,
    next_step,
    parse_retry_after,
    status_outcome,
    without_extras,
)
from service.fetching.model import ProbeSettings
from service.fetching.outcomes import HttpOutcome, TlsFault
from service.fetching.routes import Route, Routes

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SETTINGS = ProbeSettings(rules=NetworkRules.internet())
HOP = Hop(index=0, url=Url("https://a.example/"))
PUBLIC = ip_address("93.184.215.14").packed
OTHER = ip_address("93.184.215.15").packed
THIRD = ip_address("2606:4700::1").packed
PRIVATE = ip_address("10.0.0.1").packed


def failed(outcome: HttpOutcome, *, connecting: bool = True) -> Failure:
    return Failure(outcome, connecting)


def step(hop: Hop, answer: Reply | Failure, alternatives: int = 0, settings: ProbeSettings = SETTINGS) -> Hop | Verdict:
    return next_step(hop, answer, alternatives, settings, NOW)


def test_the_first_hop() -> None:
    assert first_hop(7, "A.Example.", SETTINGS) == Hop(index=7, url=Url("https://a.example/"))
    plain = first_hop(0, "a.example", replace(SETTINGS, https_port=None, http_port=8080))
    assert plain is not None
    assert str(plain.url) == "http://a.example:8080/"
    assert first_hop(0, "a.example/x", SETTINGS) is None


def test_a_failed_connection_goes_to_the_next_address_then_to_plain_http_then_ends() -> None:
    refused = failed(HttpOutcome.CONNECTION_REFUSED)
    second = step(HOP, refused, alternatives=1)
    assert second == replace(HOP, rank=1)
    assert isinstance(second, Hop)
    plain = step(second, refused, alternatives=0)
    assert plain == replace(HOP, url=Url("http://a.example/"), https_failure=HttpOutcome.CONNECTION_REFUSED)
    assert isinstance(plain, Hop)
    assert step(plain, failed(HttpOutcome.TIMED_OUT)) == Verdict(HttpOutcome.CONNECTION_REFUSED)


def test_a_failed_handshake_does_not_try_other_addresses() -> None:
    plain = step(HOP, failed(HttpOutcome.TLS_FAILED), alternatives=1)
    assert isinstance(plain, Hop)
    assert (plain.url.scheme, plain.rank) == ("http", 0)


def test_what_failed_after_the_connection_is_not_tried_in_another_way() -> None:
    for outcome in (HttpOutcome.TIMED_OUT, HttpOutcome.CONNECTION_RESET, HttpOutcome.BROKEN_RESPONSE):
        assert step(HOP, failed(outcome, connecting=False), alternatives=1) == Verdict(outcome)


def test_a_redirect_target_does_not_fall_back_to_plain_http() -> None:
    hop = replace(HOP, seen=("http://a.example/",))
    assert step(hop, failed(HttpOutcome.TLS_FAILED)) == Verdict(HttpOutcome.TLS_FAILED)


def test_plain_http_port_of_the_campaign() -> None:
    settings = replace(SETTINGS, https_port=8443, http_port=8080)
    hop = first_hop(0, "a.example", settings)
    assert hop is not None
    plain = step(hop, failed(HttpOutcome.TLS_FAILED), settings=settings)
    assert isinstance(plain, Hop)
    assert (str(hop.url), str(plain.url)) == ("https://a.example:8443/", "http://a.example:8080/")


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/x", "https://a.example/x"),
        ("x?y#z", "https://a.example/x?y"),
        ("?y", "https://a.example/?y"),
        ("//b.example", "https://b.example/"),
        ("http://a.example/", "http://a.example/"),
        ("HTTPS://B.Example.:443/", "https://b.example/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("http://u:p@b.example/", "http://b.example/"),
        (" /spaced ", "https://a.example/spaced"),
    ],
)
def test_following_a_redirect(location: str, url: str) -> None:
    following = step(replace(HOP, rank=1, has_waited=True, spent_seconds=1.5), Reply(302, location=location))
    assert isinstance(following, Hop)
    assert str(following.url) == url
    assert (following.seen, following.rank, following.spent_seconds) == (("https://a.example/",), 0, 1.5)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_that_end_the_way(status: int) -> None:
    def outcome(location: str | None, hop: Hop = HOP) -> HttpOutcome:
        verdict = step(hop, Reply(status, location=location))
        assert isinstance(verdict, Verdict)
        assert verdict.reply is not None
        return verdict.outcome

    assert outcome(None) is HttpOutcome.BROKEN_RESPONSE
    assert outcome("http://[") is HttpOutcome.BROKEN_RESPONSE
    assert outcome("/" * 3_000) is HttpOutcome.BROKEN_RESPONSE
    assert outcome("mailto:a@b.example") is HttpOutcome.BLOCKED
    assert outcome("/") is HttpOutcome.REDIRECT_LOOP
    assert outcome("#top") is HttpOutcome.REDIRECT_LOOP
    assert outcome("/6", replace(HOP, seen=tuple("12345"))) is HttpOutcome.REDIRECT_LOOP


def test_every_status_has_an_outcome() -> None:
    counts = dict.fromkeys(HttpOutcome, 0)
    for status in range(100, 1_000):
        counts[status_outcome(status)] += 1
    assert {outcome: count for outcome, count in counts.items() if count} == {
        HttpOutcome.REACHED: 100,
        HttpOutcome.NOT_FOUND: 2,
        HttpOutcome.RATE_LIMITED: 1,
        HttpOutcome.CLIENT_ERROR: 97 + 400,
        HttpOutcome.SERVER_ERROR: 100,
        HttpOutcome.BROKEN_RESPONSE: 200,
    }


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        ("99999999999999999999", 30 * 86_400),
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0),
        ("Mon, 23 Nov 2026 12:01:00", 60),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("Mon, 23 Nov 2026 99999999999999999999:00:00", None),
        ("Mon, 23 Nov 2026 12:00:00 +999999999999", None),
        ("Mon, 23 Nov 99999 12:00:00 GMT", None),
        ("9" * 5_000, 30 * 86_400),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(text: str | None, seconds: int | None) -> None:
    assert parse_retry_after(text, NOW) == seconds


def test_a_date_is_never_reached_too_early() -> None:
    assert parse_retry_after("Mon, 23 Nov 2026 12:00:30 GMT", NOW - timedelta(milliseconds=300)) == 31
    assert parse_retry_after("Mon, 23 Nov 2026 12:00:30 GMT", NOW + timedelta(milliseconds=300)) == 30


def test_a_short_wait_is_taken_once_and_forgotten_by_the_next_hop() -> None:
    asked = Reply(503, retry_after="2")
    waiting = step(HOP, asked)
    assert waiting == replace(HOP, wait_seconds=2, has_waited=True)
    assert isinstance(waiting, Hop)
    assert step(waiting, asked) == Verdict(HttpOutcome.SERVER_ERROR, asked, 2)
    onward = step(waiting, Reply(302, location="/x"))
    assert isinstance(onward, Hop)
    assert (onward.wait_seconds, onward.has_waited) == (0, True)


@pytest.mark.parametrize(
    ("status", "asked", "spent_seconds", "waits"),
    [
        (429, "10", 0.0, True),
        (429, "11", 0.0, False),
        (503, "Mon, 23 Nov 2026 12:00:05 GMT", 0.0, True),
        (503, "Mon, 23 Nov 2026 12:02:00 GMT", 0.0, False),
        (503, "Monday, 23-Nov-26 12:00:05 GMT", 0.0, True),  # RFC 850
        (429, "5", 4.9, True),
        (429, "5", 5.1, False),  # no longer than is left of the target's ten seconds
        (429, "0", 11.0, True),
    ],
)
def test_how_long_a_server_may_make_us_wait(status: int, asked: str, spent_seconds: float, *, waits: bool) -> None:
    after = step(replace(HOP, spent_seconds=spent_seconds), Reply(status, retry_after=asked))
    if waits:
        assert isinstance(after, Hop)
        assert after.has_waited
    else:
        assert isinstance(after, Verdict)
        assert after.outcome is HttpOutcome.RATE_LIMITED


@given(st.text(max_size=60) | st.from_regex(r"\A\w{3}, \d{1,2} \w{3} \d{1,6} \d\d:\d\d:\d\d [+-]\d{1,12}\Z"))
def test_nonsense_in_retry_after_never_raises(text: str) -> None:
    seconds = parse_retry_after(text, NOW)
    assert seconds is None or 0 <= seconds <= RETRY_AFTER_SECONDS_MAX


def test_a_failed_proxy_gives_way_to_the_next_and_says_nothing_of_the_host() -> None:
    failure = Failure(HttpOutcome.INTERNAL_ERROR, connecting=True, by_proxy=True)
    hop: Hop | Verdict = HOP
    for rank in range(1, PROXIES_TRIED_MAX):
        assert isinstance(hop, Hop)
        hop = step(hop, failure, alternatives=1)
        assert hop == replace(HOP, proxy_rank=rank)
    assert isinstance(hop, Hop)
    assert step(hop, failure, alternatives=1) == Verdict(HttpOutcome.INTERNAL_ERROR)


def test_the_fault_of_a_handshake_is_told_with_its_outcome_alone() -> None:
    expired = Failure(HttpOutcome.TLS_FAILED, connecting=True, tls_fault=TlsFault.CERTIFICATE_EXPIRED)
    plain = step(HOP, expired)
    assert isinstance(plain, Hop)
    assert plain.tls_fault is TlsFault.CERTIFICATE_EXPIRED
    refused = step(plain, failed(HttpOutcome.CONNECTION_REFUSED))
    assert refused == Verdict(HttpOutcome.TLS_FAILED, tls_fault=TlsFault.CERTIFICATE_EXPIRED)
    assert step(plain, Reply(404)) == Verdict(HttpOutcome.NOT_FOUND, Reply(404))
    onward = step(plain, Reply(302, location="https://b.example/"))
    assert isinstance(onward, Hop)
    assert onward.tls_fault is None
    assert step(HOP, expired, settings=replace(SETTINGS, http_port=None)) == Verdict(
        HttpOutcome.TLS_FAILED, tls_fault=TlsFault.CERTIFICATE_EXPIRED
    )


def test_extras_are_taken_off() -> None:
    assert str(without_extras(Url("http://u:p@a.example.:8080/x?y#z"))) == "http://a.example:8080/x?y"


# -- routes -----------------------------------------------------------------------------------------------------------


def known(*addresses: bytes, settings: ProbeSettings = SETTINGS) -> Routes:
    routes = Routes(settings)
    routes.learn(Url("https://a.example/"), addresses)
    return routes


def test_a_route_by_each_address() -> None:
    routes = known(THIRD, PUBLIC, PRIVATE, OTHER)
    url = Url("https://a.example/")
    assert routes.find(url, 0) == Route("https://a.example/", None, "a.example", "93.184.215.14", 1)
    assert routes.find(url, 1) == Route("https://a.example/", None, "a.example", "93.184.215.15", 0)


def test_no_route() -> None:
    assert known(PRIVATE).find(Url("https://a.example/"), 0) is HttpOutcome.BLOCKED
    assert known().find(Url("https://a.example/"), 0) is HttpOutcome.UNRESOLVABLE
    assert known(PUBLIC).find(Url("https://b.example/"), 0) is HttpOutcome.UNRESOLVABLE
    assert known(PUBLIC).find(Url("https://a_b;c.example/"), 0) is HttpOutcome.BLOCKED


def test_ports_of_other_protocols_are_not_contacted() -> None:
    routes = known(PUBLIC)
    for port, is_open in ((22, False), (25, False), (81, False), (443, True), (80, True), (8080, True), (6379, True)):
        assert isinstance(routes.find(Url(f"http://a.example:{port}/"), 0), Route) is is_open
    own = known(PUBLIC, settings=replace(SETTINGS, http_port=81))
    assert isinstance(own.find(Url("http://a.example:81/"), 0), Route)


def test_a_port_map_leads_elsewhere_and_closes_the_rest() -> None:
    routes = known(PUBLIC, settings=replace(SETTINGS, port_map={443: 18443, 8080: 18080}))
    assert routes.find(Url("https://a.example/x"), 0) == Route(
        "https://a.example:18443/x", "a.example", "a.example", "93.184.215.14", 0
    )
    mapped = routes.find(Url("http://a.example:8080/"), 0)
    assert isinstance(mapped, Route)
    assert (mapped.url, mapped.authority) == ("http://a.example:18080/", "a.example:8080")
    assert routes.find(Url("http://a.example/"), 0) is HttpOutcome.BLOCKED
    assert routes.find(Url("http://a.example:18080/"), 0) is HttpOutcome.BLOCKED


def test_literals_are_judged_by_themselves() -> None:
    routes = Routes(SETTINGS)
    routes.learn(Url("http://10.0.0.1/"), (PUBLIC,))
    assert routes.find(Url("http://10.0.0.1/"), 0) is HttpOutcome.BLOCKED
    assert routes.find(Url("http://[::ffff:10.0.0.1]/"), 0) is HttpOutcome.BLOCKED
    assert routes.find(Url("http://93.184.215.14/"), 0) == Route("http://93.184.215.14/", None, "", "93.184.215.14", 0)


def test_a_name_is_looked_up_once() -> None:
    routes = known(PRIVATE)
    urls = ["https://b.example/1", "http://B.example./2", "https://a.example/", "http://93.184.215.14/", "http://a;b/"]
    assert routes.list_unknown(Url(url) for url in urls) == ["b.example"]


def test_two_answers_for_a_name_are_joined() -> None:
    routes = known(PRIVATE)
    routes.learn_name("a.example", (PUBLIC,))
    routes.learn_name("a.example", (PRIVATE,))
    routes.learn_name("a.example", (OTHER,))
    found = routes.find(Url("https://a.example/"), 0)
    assert isinstance(found, Route)
    assert (found.address, found.alternatives) == ("93.184.215.14", 1)
