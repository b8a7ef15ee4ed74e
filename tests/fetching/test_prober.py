import asyncio
import gzip
import logging
import zlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from ipaddress import ip_address

import brotli
import pytest
from msgspec.structs import replace
from pyreqwest.client import ClientBuilder

from service.errors import Invalid
from service.fetching import pages
from service.fetching.exchange import Wave
from service.fetching.guard import NetworkRules
from service.fetching.keywords import KeywordRule, compile_keywords
from service.fetching.model import Probe
from service.fetching.outcomes import HttpOutcome
from service.fetching.pages import content_hash
from service.fetching.prober import PAGES_UNREAD_MAX, Prober, ProbeSettings, Target
from service.fetching.routes import Route
from tests.fetching.scripted_web import BOTH, NO_TLS, NOBODY, PLAIN_ONLY, Names, Web, probe_one, redirect, reply, reset

PAGE = b"<html><head><title>Acme &amp; sons</title></head><body><p>Pricing from 5</p></body></html>"


def cut_after(start: bytes, end: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """An answer that begins with `start` and ends by `end`."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await writer.drain()
        await end(reader, writer)

    return answer


async def test_a_page_over_https(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = reply(PAGE)
    rules = (KeywordRule("pricing"), KeywordRule("absent"), KeywordRule("acme"))
    probe = await probe_one(replace(settings, keywords=rules), "a.test")
    assert probe.outcome is HttpOutcome.REACHED
    assert (probe.status_code, probe.final_url, probe.title) == (200, "https://a.test/", "Acme & sons")
    assert (probe.body_bytes, probe.content_hash) == (len(PAGE), content_hash(PAGE))
    assert (probe.keyword_bits, probe.keyword_hits, probe.unique_keywords) == (0b101, 2, 2)
    assert probe.title_hit
    assert probe.duration_ms > 0
    assert web.paths("https") == ["a.test/"]
    assert web.paths("http") == []


async def test_what_is_sent(web: Web, settings: ProbeSettings) -> None:
    """One Host header, the name that was asked for rather than the port really contacted, and our own headers."""
    web.pages["a.test/"] = reply(PAGE)
    await probe_one(replace(settings, headers=(("X-Persona", "one"),), user_agent="Tester/1"), "A.Test.")
    ((_, head),) = web.requests
    lines = head.strip().split("\r\n")
    assert lines[0] == "GET / HTTP/1.1"
    fields = dict(line.lower().split(": ", 1) for line in lines[1:])
    assert len(fields) == len(lines) - 1
    assert fields["host"] == "a.test"
    assert fields["user-agent"] == "tester/1"
    assert fields["x-persona"] == "one"
    assert "cookie" not in fields
    assert "referer" not in fields


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("201 Created", HttpOutcome.REACHED),
        ("204 No Content", HttpOutcome.REACHED),
        ("304 Not Modified", HttpOutcome.BROKEN_RESPONSE),
        ("302 Found", HttpOutcome.BROKEN_RESPONSE),  # to nowhere
        ("401 Unauthorized", HttpOutcome.CLIENT_ERROR),
        ("403 Forbidden", HttpOutcome.CLIENT_ERROR),
        ("404 Not Found", HttpOutcome.NOT_FOUND),
        ("410 Gone", HttpOutcome.NOT_FOUND),
        ("429 Too Many Requests", HttpOutcome.RATE_LIMITED),
        ("451 Unavailable For Legal Reasons", HttpOutcome.CLIENT_ERROR),
        ("500 Internal Server Error", HttpOutcome.SERVER_ERROR),
        ("503 Service Unavailable", HttpOutcome.SERVER_ERROR),
        ("999 Request Denied", HttpOutcome.CLIENT_ERROR),
    ],
)
async def test_a_status_is_an_outcome(web: Web, settings: ProbeSettings, status: str, outcome: HttpOutcome) -> None:
    web.pages["a.test/"] = reply(b"", status=status)
    probe = await probe_one(settings, "a.test")
    assert (probe.outcome, probe.status_code) == (outcome, int(status[:3]))


async def test_a_parking_page(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = reply(b"<title>a.test is parked</title>Buy this domain")
    probe = await probe_one(settings, "a.test")
    assert probe.outcome is HttpOutcome.PARKED
    assert probe.parked_confidence == pytest.approx(7 / 13)
    assert probe.title == "a.test is parked"


async def test_a_body_that_is_no_text_has_its_hash_alone(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = reply(b"<title>pricing</title>", content_type="image/png")
    probe = await probe_one(replace(settings, keywords=(KeywordRule("pricing"),)), "a.test")
    assert probe.outcome is HttpOutcome.REACHED
    assert (probe.title, probe.keyword_bits) == ("", 0)
    assert probe.content_hash == content_hash(b"<title>pricing</title>")


# -- connections that fail --------------------------------------------------------------------------------------------


async def test_nobody_listens(settings: ProbeSettings) -> None:
    probe = await probe_one(settings, "a.test", NOBODY)
    assert (probe.outcome, probe.status_code) == (HttpOutcome.CONNECTION_REFUSED, None)


async def test_where_https_is_refused_plain_http_answers(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = reply(PAGE)
    probe = await probe_one(settings, "a.test", PLAIN_ONLY)
    assert (probe.outcome, probe.final_url) == (HttpOutcome.REACHED, "http://a.test/")
    assert web.paths("http") == ["a.test/"]


async def test_where_tls_fails_plain_http_answers(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = reply(status="404 Not Found")
    probe = await probe_one(settings, "a.test", NO_TLS)
    assert (probe.outcome, probe.final_url) == (HttpOutcome.NOT_FOUND, "http://a.test/")


async def test_where_neither_connects_https_gives_the_reason(web: Web, settings: ProbeSettings) -> None:
    closed = replace(settings, port_map={443: web.https_port, 80: 1})
    assert (await probe_one(closed, "a.test", NO_TLS)).outcome is HttpOutcome.TLS_FAILED
    assert (await probe_one(closed, "a.test", PLAIN_ONLY)).outcome is HttpOutcome.CONNECTION_REFUSED


async def test_without_plain_http_a_failed_handshake_is_the_end(web: Web, settings: ProbeSettings) -> None:
    probe = await probe_one(replace(settings, http_port=None), "a.test", NO_TLS)
    assert probe.outcome is HttpOutcome.TLS_FAILED
    assert web.requests == []


async def test_plain_http_alone(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = reply(PAGE)
    probe = await probe_one(replace(settings, https_port=None), "a.test")
    assert probe.outcome is HttpOutcome.REACHED
    assert (web.paths("http"), web.paths("https")) == (["a.test/"], [])


async def test_a_reset_in_the_handshake_is_told_from_a_failed_one(web: Web, settings: ProbeSettings) -> None:
    web.raw_tls = reset
    probe = await probe_one(replace(settings, http_port=None), "a.test", NO_TLS)
    assert probe.outcome is HttpOutcome.CONNECTION_RESET


async def test_a_stalled_handshake_is_a_connection_that_fails(web: Web, settings: ProbeSettings) -> None:
    web.raw_tls = web.stall
    web.pages["a.test/"] = reply(PAGE)
    hurried = replace(settings, connect_timeout_seconds=0.2)
    assert (await probe_one(replace(hurried, http_port=None), "a.test", NO_TLS)).outcome is HttpOutcome.TIMED_OUT
    probe = await probe_one(hurried, "a.test", NO_TLS)
    assert (probe.outcome, probe.final_url) == (HttpOutcome.REACHED, "http://a.test/")


async def test_certificates_count_only_where_asked_for(web: Web, settings: ProbeSettings, ca_pem: bytes) -> None:
    web.pages["a.test/"] = web.pages["a.example/"] = reply(PAGE)
    strict = replace(settings, verify_tls=True, http_port=None)
    trusting = replace(strict, trusted_ca_pem=ca_pem)
    assert (await probe_one(strict, "a.test")).outcome is HttpOutcome.TLS_FAILED
    assert (await probe_one(trusting, "a.test")).outcome is HttpOutcome.REACHED
    assert (await probe_one(trusting, "a.example")).outcome is HttpOutcome.TLS_FAILED  # another name
    assert (await probe_one(replace(settings, http_port=None), "a.example")).outcome is HttpOutcome.REACHED


async def test_the_next_address_is_tried(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = reply(PAGE)
    probe = await probe_one(settings, "a.test", NOBODY, BOTH)
    assert (probe.outcome, probe.final_url) == (HttpOutcome.REACHED, "https://a.test/")


# -- answers that fail ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Big: " + b"x" * 1_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        reply(b"this is not gzip", "Content-Encoding: gzip"),
        reply(gzip.compress(PAGE)[:-12], "Content-Encoding: gzip"),
        reply(b"this is not brotli", "Content-Encoding: br"),
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://[::1\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /caf\xe9\r\n\r\n",
        redirect("/" + "x" * 5_000),
    ],
)
async def test_a_broken_response(web: Web, settings: ProbeSettings, answer: bytes) -> None:
    web.pages["a.test/"] = answer
    assert (await probe_one(settings, "a.test")).outcome is HttpOutcome.BROKEN_RESPONSE


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"])
async def test_a_stalled_response(web: Web, settings: ProbeSettings, start: bytes) -> None:
    web.pages["a.test/"] = cut_after(start, web.stall)
    probe = await probe_one(replace(settings, timeout_seconds=0.3), "a.test")
    assert probe.outcome is HttpOutcome.TIMED_OUT
    await web.released.wait()


async def test_a_response_reset(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = reset
    assert (await probe_one(replace(settings, https_port=None), "a.test")).outcome is HttpOutcome.CONNECTION_RESET


async def test_a_body_of_undeclared_length(web: Web, settings: ProbeSettings) -> None:
    """It ends with the connection, with TLS's closing note or without."""
    start = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE

    async def abort(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    for answer in (start, cut_after(start, abort)):
        web.pages["a.test/"] = answer
        probe = await probe_one(settings, "a.test")
        assert (probe.outcome, probe.body_bytes) == (HttpOutcome.REACHED, len(PAGE))


@pytest.mark.parametrize("length", ["3", "1000", "0"])
async def test_chunks_go_before_a_length(web: Web, settings: ProbeSettings, length: str) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n"
    web.pages["a.test/"] = head.encode() + b"%x\r\n%b\r\n0\r\n\r\n" % (len(PAGE), PAGE)
    probe = await probe_one(settings, "a.test")
    assert (probe.outcome, probe.content_hash) == (HttpOutcome.REACHED, content_hash(PAGE))


@pytest.mark.parametrize("length", ["-1", "+5", "0x10", "99999999999999999999999", "4, 5", ""])
async def test_a_length_that_is_none(web: Web, settings: ProbeSettings, length: str) -> None:
    web.pages["a.test/"] = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode() + PAGE
    assert (await probe_one(settings, "a.test")).outcome is HttpOutcome.BROKEN_RESPONSE


# -- bodies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("br", brotli.compress)]
)
async def test_compressed_bodies(
    web: Web, settings: ProbeSettings, encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    web.pages["a.test/"] = reply(compress(PAGE), f"Content-Encoding: {encoding}")
    probe = await probe_one(settings, "a.test")
    assert (probe.outcome, probe.body_bytes) == (HttpOutcome.REACHED, len(PAGE))
    assert probe.content_hash == content_hash(PAGE)


async def test_a_decompression_bomb_is_read_to_the_cap(web: Web, settings: ProbeSettings) -> None:
    bomb = gzip.compress(b"\0" * 300_000_000)
    web.pages["a.test/"] = reply(bomb, "Content-Encoding: gzip")
    probe = await probe_one(replace(settings, body_bytes_max=10_000), "a.test")
    assert (probe.outcome, probe.body_bytes) == (HttpOutcome.REACHED, 10_000)
    assert probe.content_hash == content_hash(b"\0" * 10_000)


async def test_an_endless_body_is_dropped_at_the_cap(web: Web, settings: ProbeSettings) -> None:
    gone = asyncio.Event()

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
        finally:
            gone.set()

    web.pages["a.test/"] = endless
    probe = await probe_one(replace(settings, body_bytes_max=100_000), "a.test")
    assert (probe.outcome, probe.body_bytes) == (HttpOutcome.REACHED, 100_000)
    await gone.wait()


async def test_charset_of_the_header(web: Web, settings: ProbeSettings) -> None:
    body = "<title>Привет</title>".encode("koi8-r")
    web.pages["a.test/"] = reply(body, content_type="text/html; charset=KOI8-R")
    assert (await probe_one(settings, "a.test")).title == "Привет"


# -- redirects --------------------------------------------------------------------------------------------------------


async def test_a_redirect_within_the_host_needs_no_lookup(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = redirect("/home?x=1#top")
    web.pages["a.test/home?x=1"] = reply(PAGE)
    names = Names({})
    (probe,) = await Prober(settings, names.lookup).probe([Target("a.test", (BOTH,))], asyncio.Event())
    assert probe is not None
    assert (probe.outcome, probe.final_url) == (HttpOutcome.REACHED, "https://a.test/home?x=1")
    assert names.asked == []


async def test_redirects_of_a_wave_are_looked_up_together_and_once(web: Web, settings: ProbeSettings) -> None:
    for name in ("a", "b", "c"):
        web.pages[f"{name}.test/"] = redirect(f"http://www.{name}.test/")
        web.pages[f"www.{name}.test/"] = reply(PAGE)
    web.pages["d.test/"] = redirect("https://www.a.test/other")
    web.pages["www.a.test/other"] = reply(PAGE)
    names = Names({f"www.{name}.test": (BOTH,) for name in "abc"})
    targets = [Target(f"{name}.test", (BOTH,)) for name in "abcd"]
    probes = await Prober(settings, names.lookup).probe(targets, asyncio.Event())
    assert [probe and probe.final_url for probe in probes] == [
        "http://www.a.test/",
        "http://www.b.test/",
        "http://www.c.test/",
        "https://www.a.test/other",
    ]
    assert [sorted(asked) for asked in names.asked] == [["www.a.test", "www.b.test", "www.c.test"]]


async def test_credentials_of_a_redirect_are_not_sent(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = redirect("https://user:secret@a.test/in")
    web.pages["a.test/in"] = reply(PAGE)
    assert (await probe_one(settings, "a.test")).final_url == "https://a.test/in"
    assert not any("authorization" in head.lower() for _, head in web.requests)


async def test_redirect_loops(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = redirect("/1")
    web.pages["a.test/1"] = redirect("/")
    probe = await probe_one(settings, "a.test")
    assert (probe.outcome, probe.status_code) == (HttpOutcome.REDIRECT_LOOP, 302)
    assert web.paths("https") == ["a.test/", "a.test/1"]


@pytest.mark.parametrize(("redirects_max", "outcome"), [(3, HttpOutcome.REACHED), (2, HttpOutcome.REDIRECT_LOOP)])
async def test_too_many_redirects(web: Web, settings: ProbeSettings, redirects_max: int, outcome: HttpOutcome) -> None:
    web.pages["a.test/"] = redirect("/1", "301 Moved Permanently")
    web.pages["a.test/1"] = redirect("/2", "307 Temporary Redirect")
    web.pages["a.test/2"] = redirect("/3", "308 Permanent Redirect")
    web.pages["a.test/3"] = reply(PAGE)
    assert (await probe_one(replace(settings, redirects_max=redirects_max), "a.test")).outcome is outcome


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "//192.168.0.1/",
        "http://private.test/",
        "http://a.test:22/",
        "ftp://a.test/",
        "file:///etc/passwd",
        "javascript:alert(1)",
    ],
)
async def test_redirects_that_are_not_followed(web: Web, settings: ProbeSettings, location: str) -> None:
    web.pages["a.test/"] = redirect(location)
    private = {"private.test": (ip_address("10.0.0.1").packed, ip_address("127.0.0.1").packed)}
    probe = await probe_one(settings, "a.test", names=private)
    assert probe.outcome is HttpOutcome.BLOCKED
    assert web.connection_count == 1


async def test_a_redirect_to_an_allowed_literal(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = redirect("http://127.77.0.2/")
    web.pages["127.77.0.2/"] = reply(PAGE)
    probe = await probe_one(settings, "a.test")
    assert (probe.outcome, probe.final_url) == (HttpOutcome.REACHED, "http://127.77.0.2/")


async def test_a_mapped_port_keeps_the_authority_that_was_meant(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = redirect("http://a.test:8080/x")
    web.pages["a.test:8080/x"] = reply(PAGE)
    mapped = replace(settings, port_map={**settings.port_map, 8080: web.http_port})
    assert (await probe_one(mapped, "a.test")).final_url == "http://a.test:8080/x"


# -- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["a.test", "127.0.0.1", "[::1]", "0x7f.1", "2130706433"])
async def test_a_target_at_a_refused_address(web: Web, settings: ProbeSettings, host: str) -> None:
    probe = await probe_one(settings, host, ip_address("127.0.0.1").packed)
    assert (probe.outcome, probe.duration_ms) == (HttpOutcome.BLOCKED, 0)
    assert web.connection_count == 0


@pytest.mark.parametrize("host", ["", "a b", "a.test/x", "user@a.test", "a..test", "http://a.test", "a.test?x", "a\0b"])
async def test_a_target_that_is_no_host(web: Web, settings: ProbeSettings, host: str) -> None:
    assert (await probe_one(settings, host)).outcome is HttpOutcome.BLOCKED
    assert web.connection_count == 0


async def test_only_the_allowed_addresses_of_a_mixed_answer_are_used(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = reply(PAGE)
    private = ip_address("127.0.0.1").packed
    assert (await probe_one(settings, "a.test", private, BOTH)).outcome is HttpOutcome.REACHED


async def test_a_target_without_address(settings: ProbeSettings) -> None:
    (probe,) = await Prober(settings, Names({}).lookup).probe([Target("a.test", ())], asyncio.Event())
    assert probe is not None
    assert probe.outcome is HttpOutcome.UNRESOLVABLE


async def _listen_on_localhost(connections: list[str]) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append((await reader.readline()).decode())
        writer.write(reply(PAGE))
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


async def test_the_system_resolver_is_never_asked(web: Web, settings: ProbeSettings) -> None:
    """`localhost` is the one name that every system resolves, so a request that arrives there was resolved by it."""
    connections: list[str] = []
    async with await _listen_on_localhost(connections) as server:
        port = server.sockets[0].getsockname()[1]
        web.pages["a.test/"] = redirect(f"http://localhost:{port}/")
        reachable = replace(settings, port_map={**settings.port_map, port: port})
        assert (await probe_one(reachable, "a.test")).outcome is HttpOutcome.UNRESOLVABLE
        for spelling in ("localhost", "LOCALHOST", "localhost.", "local%68ost"):
            assert (await probe_one(reachable, spelling, ip_address("127.0.0.1").packed)).outcome is HttpOutcome.BLOCKED
        # Pinned elsewhere, it goes where it is pinned: nobody serves this port there.
        pinned = await probe_one(reachable, "a.test", names={"localhost": (NOBODY,)})
        assert pinned.outcome is HttpOutcome.CONNECTION_REFUSED
        # Behind everything else, the wave itself refuses a name that it has no pin for.
        async with Wave(reachable, []) as wave:
            for name in ("localhost", ""):
                with pytest.raises(LookupError):
                    await wave.exchange(Route(f"http://localhost:{port}/", None, name, "127.0.0.1", 0), 1.0)
        assert connections == []
        # The same client without our care does arrive there: the test can fail.
        async with ClientBuilder().no_proxy().timeout(timedelta(seconds=5)).build() as client:
            await client.get(f"http://localhost:{port}/").build().send()
        assert connections != []


async def test_proxies_of_the_environment_are_ignored(
    web: Web, settings: ProbeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.77.0.9:1")
    web.pages["a.test/"] = redirect("http://a.test/plain")
    web.pages["a.test/plain"] = reply(PAGE)
    assert (await probe_one(settings, "a.test")).outcome is HttpOutcome.REACHED


# -- rate limits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_short_retry_after_is_honoured_once(web: Web, settings: ProbeSettings, status: str) -> None:
    async def first_no_then_yes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"", "Retry-After: 0", status=status) if len(web.requests) == 1 else reply(PAGE))

    web.pages["a.test/"] = first_no_then_yes
    assert (await probe_one(settings, "a.test")).outcome is HttpOutcome.REACHED
    assert len(web.requests) == 2


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("429 Too Many Requests", HttpOutcome.RATE_LIMITED), ("503 Unavailable", HttpOutcome.SERVER_ERROR)],
)
async def test_a_short_retry_after_that_leads_to_another(
    web: Web, settings: ProbeSettings, status: str, outcome: HttpOutcome
) -> None:
    web.pages["a.test/"] = reply(b"", "Retry-After: 0", status=status)
    assert (await probe_one(settings, "a.test")).outcome is outcome
    assert len(web.requests) == 2


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_long_retry_after_is_told(web: Web, settings: ProbeSettings, status: str) -> None:
    web.pages["a.test/"] = reply(b"", "Retry-After: 120", status=status)
    probe = await probe_one(settings, "a.test")
    assert (probe.outcome, probe.retry_after_seconds) == (HttpOutcome.RATE_LIMITED, 120)
    assert len(web.requests) == 1


# -- stopping ---------------------------------------------------------------------------------------------------------


async def test_a_stop_begins_nothing_new_and_cuts_what_takes_too_long(web: Web, settings: ProbeSettings) -> None:
    web.pages["slow.test/"] = web.stall
    for index in range(20):
        web.pages[f"{index}.test/"] = reply(PAGE)
    stop = asyncio.Event()
    # The library holds on to what we let go of until its timeout, so that is short.
    one_by_one = Prober(replace(settings, concurrency=1, timeout_seconds=1.0), Names({}).lookup, grace_seconds=0.05)
    hosts = ["0.test", "1.test", "slow.test", *(f"{index}.test" for index in range(2, 20))]
    probing = asyncio.create_task(one_by_one.probe([Target(host, (BOTH,)) for host in hosts], stop))
    await web.stalled.wait()
    stop.set()
    probes = await probing
    assert [probe is not None for probe in probes] == [True, True] + [False] * 19
    assert len(web.requests) == 3
    await web.released.wait()


async def test_what_is_in_flight_may_finish_within_the_grace(web: Web, settings: ProbeSettings) -> None:
    stop = asyncio.Event()

    async def stop_then_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stop.set()
        writer.write(reply(PAGE))

    web.pages["a.test/"] = stop_then_answer
    web.pages["b.test/"] = reply(PAGE)
    prober = Prober(replace(settings, concurrency=1), Names({}).lookup)
    probes = await prober.probe([Target("a.test", (BOTH,)), Target("b.test", (BOTH,))], stop)
    assert [probe and probe.outcome for probe in probes] == [HttpOutcome.REACHED, None]


async def test_a_redirect_that_comes_after_a_stop_is_unfinished(web: Web, settings: ProbeSettings) -> None:
    stop = asyncio.Event()

    async def stop_then_redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stop.set()
        writer.write(redirect("/next"))

    web.pages["a.test/"] = stop_then_redirect
    assert await Prober(settings, Names({}).lookup).probe([Target("a.test", (BOTH,))], stop) == [None]
    assert len(web.requests) == 1


async def test_a_stop_ends_the_wait_of_a_retry(web: Web, settings: ProbeSettings) -> None:
    """And the target's way: somebody else would begin it anew, before the time that the server wants to have."""
    stop = asyncio.Event()

    async def ask_to_wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(b"", "Retry-After: 3", status="503 Unavailable"))
        asyncio.get_running_loop().call_later(0.1, stop.set)

    web.pages["a.test/"] = ask_to_wait
    async with asyncio.timeout(2):
        (probe,) = await Prober(settings, Names({}).lookup).probe([Target("a.test", (BOTH,))], stop)
    assert probe is not None
    assert (probe.outcome, probe.status_code, probe.retry_after_seconds) == (HttpOutcome.RATE_LIMITED, 503, 3)


async def test_a_stop_also_ends_a_lookup_that_takes_too_long(web: Web, settings: ProbeSettings) -> None:
    stop = asyncio.Event()

    async def never(names: object) -> list[tuple[bytes, ...]]:
        stop.set()
        await asyncio.Event().wait()
        return []

    web.pages["a.test/"] = redirect("http://b.test/")
    assert await Prober(settings, never, grace_seconds=0.05).probe([Target("a.test", (BOTH,))], stop) == [None]


async def test_cancellation_passes_through_and_leaves_no_task(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = web.stall
    before = asyncio.all_tasks()
    prober = Prober(replace(settings, timeout_seconds=1.0), Names({}).lookup)
    probing = asyncio.create_task(prober.probe([Target("a.test", (BOTH,))] * 3, asyncio.Event()))
    await web.stalled.wait()
    assert _tasks_of_the_prober(before) != set()
    probing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probing
    assert _tasks_of_the_prober(before) == set()
    await web.released.wait()


def _tasks_of_the_prober(before: set[asyncio.Task[object]]) -> set[str]:
    """All that began since, but for the scripted server's own: its handlers, and asyncio's accepting for it."""
    names = {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks() - before}
    return {name for name in names if not name.startswith(("web.", "BaseSelectorEventLoop._accept"))}


# -- many, and faults of our own --------------------------------------------------------------------------------------


async def test_many_targets_keep_their_order_and_the_bound(web: Web, settings: ProbeSettings) -> None:
    in_flight: list[int] = [0, 0]

    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        in_flight[0] += 1
        in_flight[1] = max(in_flight)
        await asyncio.sleep(0)
        in_flight[0] -= 1
        writer.write(reply(PAGE))

    count = 300
    for index in range(count):
        web.pages[f"{index}.test/"] = page if index % 3 else redirect(f"http://{index}.test/plain")
        web.pages[f"{index}.test/plain"] = page
    prober = Prober(replace(settings, concurrency=10), Names({}).lookup)
    targets = [Target(f"{index}.test", (BOTH,)) for index in range(count)]
    halves = await asyncio.gather(
        prober.probe(targets[:150], asyncio.Event()), prober.probe(targets[150:], asyncio.Event())
    )
    probes = [probe for half in halves for probe in half]
    assert [probe and probe.final_url for probe in probes] == [
        f"https://{index}.test/" if index % 3 else f"http://{index}.test/plain" for index in range(count)
    ]
    assert 1 <= in_flight[1] <= 10


async def test_the_same_host_twice(web: Web, settings: ProbeSettings) -> None:
    web.pages["a.test/"] = reply(PAGE)
    probes = await Prober(settings, Names({}).lookup).probe(
        [Target("a.test", (BOTH,)), Target("A.TEST", (BOTH,))], asyncio.Event()
    )
    assert [probe and probe.outcome for probe in probes] == [HttpOutcome.REACHED] * 2


async def test_nothing_to_do(settings: ProbeSettings) -> None:
    assert await Prober(settings, Names({}).lookup).probe([], asyncio.Event()) == []


async def test_a_fault_of_our_own_costs_one_target_and_is_logged(
    web: Web, settings: ProbeSettings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.pages["a.test/"] = web.pages["b.test/"] = reply(PAGE)
    real = Wave.exchange

    async def faulty(self: Wave, route: Route, timeout_seconds: float) -> object:
        if route.name == "a.test":
            raise RuntimeError("out of descriptors")
        return await real(self, route, timeout_seconds)

    monkeypatch.setattr(Wave, "exchange", faulty)
    with caplog.at_level(logging.ERROR, "service.fetching"):
        probes = await Prober(settings, Names({}).lookup).probe(
            [Target("a.test", (BOTH,)), Target("b.test", (BOTH,))], asyncio.Event()
        )
    assert [probe and probe.outcome for probe in probes] == [HttpOutcome.INTERNAL_ERROR, HttpOutcome.REACHED]
    assert "out of descriptors" in caplog.text


async def test_a_page_that_cannot_be_read_costs_one_target_and_is_logged(
    web: Web, settings: ProbeSettings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pages.find_title

    def faulty(markup: str) -> str:
        if "number 7 " in markup:
            raise RuntimeError("a page of its own kind")
        return real(markup)

    monkeypatch.setattr(pages, "find_title", faulty)
    probes = await probe_numbered(web, settings, PAGES_UNREAD_MAX + 5)
    assert [probe.title if probe else None for probe in probes] == [
        "" if number == 7 else f"page {number}" for number in range(len(probes))
    ]
    assert [probe and probe.outcome for probe in probes].count(HttpOutcome.INTERNAL_ERROR) == 1
    assert "a page of its own kind" in caplog.text


async def test_pages_read_together_are_as_read_alone(web: Web, settings: ProbeSettings) -> None:
    probes = await probe_numbered(web, settings, 2 * PAGES_UNREAD_MAX + 1)
    for number, probe in enumerate(probes):
        assert probe is not None
        alone = pages.read_page("text/html", numbered_page(number), compile_keywords(()))
        assert (probe.title, probe.near_hash, probe.content_hash) == (alone.title, alone.near_hash, alone.content_hash)


async def probe_numbered(web: Web, settings: ProbeSettings, count: int) -> list[Probe | None]:
    for number in range(count):
        web.pages[f"n{number}.test/"] = reply(numbered_page(number))
    targets = [Target(f"n{number}.test", (BOTH,)) for number in range(count)]
    return await Prober(settings, Names({}).lookup).probe(targets, asyncio.Event())


def numbered_page(number: int) -> bytes:
    return f"<title>page {number}</title><p>here is number {number} of all".encode()


async def test_a_failing_lookup_is_the_callers(web: Web, settings: ProbeSettings) -> None:
    async def broken(names: object) -> list[tuple[bytes, ...]]:
        raise TimeoutError("resolvers are dead")

    web.pages["a.test/"] = redirect("http://b.test/")
    with pytest.raises(TimeoutError, match="resolvers are dead"):
        await Prober(settings, broken).probe([Target("a.test", (BOTH,))], asyncio.Event())


@pytest.mark.parametrize(
    "wrong",
    [
        {"https_port": None, "http_port": None},
        {"headers": (("Host", "elsewhere"),)},
        {"headers": (("X-Split", "a\r\nb"),)},
        {"headers": (("not a name", "x"),)},
        {"user_agent": "a\nb"},
        {"keywords": (KeywordRule(""),)},
    ],
)
def test_settings_that_cannot_work(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        Prober(replace(ProbeSettings(rules=NetworkRules.sandbox()), **wrong), Names({}).lookup)
