"""Every web behaviour over real sockets, through asyncio's streams and a client's own checks of certificates."""

import asyncio
import gzip
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape

import brotli
import pytest

from service.sandbox.behaviours import Charset, CharsetDeclaration, TlsBehaviour, WebBehaviour
from service.sandbox.http import DRIP_BYTES, PIPELINED_REQUESTS_MAX, REQUEST_BYTES_MAX
from service.sandbox.server import Sandbox, SandboxSettings, running_sandbox
from service.sandbox.truth import PRIVATE_URLS, WEB_ADDRESSES, NameTruth, truth_of

ANSWER_SECONDS_MAX = 10.0
FindName = Callable[[Callable[[NameTruth], bool]], NameTruth]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def title(self) -> str:
        found = re.search("<title>(.*)</title>", self.body.decode())
        return unescape(found[1]) if found else ""


def showing(behaviour: WebBehaviour) -> Callable[[NameTruth], bool]:
    return lambda truth: truth.web is behaviour


def trusting(sandbox: Sandbox) -> ssl.SSLContext:
    """As strict as Python 3.13 is by default."""
    context = ssl.create_default_context(cadata=sandbox.ca_pem.decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


async def connect(sandbox: Sandbox, truth: NameTruth, tls: ssl.SSLContext | None = None) -> Streams:
    settings = sandbox.settings
    if tls is None:
        return await asyncio.open_connection(truth.addresses[0], settings.http_port)
    return await asyncio.open_connection(truth.addresses[0], settings.https_port, ssl=tls, server_hostname=truth.name)


def request(host: str, path: str = "/", method: str = "GET", headers: str = "") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n".encode()


async def read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status_line, *lines = head.rstrip().split("\r\n")
    return int(status_line.split()[1]), dict(line.lower().split(": ", 1) for line in lines)


async def read_response(reader: asyncio.StreamReader) -> Response:
    status, headers = await read_head(reader)
    if headers.get("transfer-encoding") == "chunked":
        return Response(status, headers, await read_chunked(reader))
    return Response(status, headers, await reader.readexactly(int(headers["content-length"])))


async def read_chunked(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    assert await reader.readexactly(2) == b"\r\n"
    return bytes(body)


async def exchange(sandbox: Sandbox, truth: NameTruth, sent: bytes, tls: ssl.SSLContext | None = None) -> Response:
    """One request over a connection of its own."""
    reader, writer = await connect(sandbox, truth, tls)
    try:
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            writer.write(sent)
            return await read_response(reader)
    finally:
        writer.close()


async def get(sandbox: Sandbox, truth: NameTruth, path: str = "/", *, headers: str = "") -> Response:
    return await exchange(sandbox, truth, request(truth.name, path, headers=headers))


async def get_tls(sandbox: Sandbox, truth: NameTruth, path: str = "/") -> Response:
    return await exchange(sandbox, truth, request(truth.name, path), trusting(sandbox))


PAGES = [WebBehaviour.page, WebBehaviour.keyword_page, WebBehaviour.parked]


@pytest.mark.parametrize("behaviour", PAGES)
async def test_pages_are_what_the_truth_says(sandbox: Sandbox, find_name: FindName, behaviour: WebBehaviour) -> None:
    truth = find_name(showing(behaviour))
    for response in (await get(sandbox, truth), await get_tls(sandbox, truth)):
        assert (response.status, response.title, len(response.body)) == (200, truth.title, truth.body_bytes)
        assert response.headers["content-type"] in {"text/html", "text/html; charset=utf-8"}
        assert all(keyword.encode() in response.body for keyword in truth.keywords)
    assert sandbox.counters.requests == {behaviour: 2}


async def test_both_addresses_of_a_host_show_it(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(lambda truth: truth.web is WebBehaviour.page and len(truth.addresses) == 2)
    for address in truth.addresses:
        reader, writer = await asyncio.open_connection(address, sandbox.settings.http_port)
        writer.write(request(truth.name))
        assert (await read_response(reader)).title == truth.title
        writer.close()


async def test_connections_are_kept_and_pipelined_requests_answered_in_order(
    sandbox: Sandbox, find_name: FindName
) -> None:
    truth = find_name(showing(WebBehaviour.page))
    reader, writer = await connect(sandbox, truth)
    writer.write(request(truth.name) + request("nobody.invalid") + request(truth.name, headers="Connection: close\r\n"))
    assert [(await read_response(reader)).status for _ in range(3)] == [200, 421, 200]
    assert await reader.read() == b""
    writer.close()
    assert sandbox.counters.connections.total() == 1


async def test_redirects_end_at_the_page(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.redirect))
    first = await get(sandbox, truth)
    assert first.status in {301, 302, 307, 308}
    assert first.headers["location"] == truth.redirect_to
    landed = await get(sandbox, truth, first.headers["location"])
    assert (landed.status, landed.title) == (200, truth.title)


async def test_redirects_to_https_end_at_the_page(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.redirect_to_https))
    first = await get(sandbox, truth, "/some/path")
    assert first.status in {301, 302, 307, 308}
    assert first.headers["location"] == f"https://{truth.name}:{sandbox.settings.https_port}/some/path"
    assert (await get_tls(sandbox, truth, "/some/path")).title == truth.title


async def test_redirects_across_end_at_another_hosts_page(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.redirect_cross))
    found = re.fullmatch(r"http://([^:/]+):(\d+)/", (await get(sandbox, truth)).headers["location"])
    assert found is not None
    target = truth_of(1, found[1])
    assert (truth.redirect_to, int(found[2])) == (f"http://{target.name}/", sandbox.settings.http_port)
    assert (await get(sandbox, target)).title == target.title != ""


async def test_loops_lead_back(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.redirect_loop))
    path, seen = "/", list[str]()
    for _ in range(4):
        path = (await get(sandbox, truth, path)).headers["location"]
        seen.append(path)
    assert seen == ["/again", "/", "/again", "/"]


@pytest.mark.parametrize("url", PRIVATE_URLS)
async def test_some_redirects_lead_where_nobody_may_go(sandbox: Sandbox, find_name: FindName, url: str) -> None:
    truth = find_name(lambda truth: truth.redirect_to == url)
    assert (await get(sandbox, truth)).headers["location"] == url


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        (WebBehaviour.not_found, 404),
        (WebBehaviour.rate_limited, 429),
        (WebBehaviour.unavailable, 503),
        (WebBehaviour.server_error, 500),
    ],
)
async def test_errors_have_their_status(
    sandbox: Sandbox, find_name: FindName, behaviour: WebBehaviour, status: int
) -> None:
    truth = find_name(showing(behaviour))
    response = await get(sandbox, truth)
    assert (response.status, response.title) == (status, truth.title)
    expected = str(truth.retry_after_seconds) if behaviour is WebBehaviour.rate_limited else None
    assert response.headers.get("retry-after") == expected


async def test_huge_bodies_come_whole_to_who_reads_them(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.huge))
    for response in (await get(sandbox, truth), await get_tls(sandbox, truth)):
        assert len(response.body) == truth.body_bytes >= 3_000_000
        assert response.title == truth.title


async def test_huge_bodies_can_be_left(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.huge))
    reader, writer = await connect(sandbox, truth)
    writer.write(request(truth.name))
    await reader.readexactly(100_000)
    writer.transport.abort()
    assert (await get(sandbox, truth, headers="Connection: close\r\n")).status == 200


async def test_slow_bodies_drip_until_the_idle_limit(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.slow_body))
    reader, writer = await connect(sandbox, truth)
    writer.write(request(truth.name))
    _, headers = await read_head(reader)
    assert int(headers["content-length"]) == truth.body_bytes
    received = await asyncio.wait_for(read_until_cut(reader), ANSWER_SECONDS_MAX)
    assert DRIP_BYTES <= len(received) < truth.body_bytes
    writer.close()


async def read_until_cut(reader: asyncio.StreamReader) -> bytes:
    """What arrives until the other side ends it, politely or not."""
    received = bytearray()
    try:
        while piece := await reader.read(65_536):
            received += piece
    except ConnectionResetError:
        pass
    return bytes(received)


async def test_stalled_hosts_take_the_request_and_say_nothing(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.stalled))
    reader, writer = await connect(sandbox, truth)
    writer.write(request(truth.name))
    assert await asyncio.wait_for(read_until_cut(reader), ANSWER_SECONDS_MAX) == b""
    writer.close()
    assert sandbox.counters.requests == {WebBehaviour.stalled: 1}


async def test_idle_connections_are_closed(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.page))
    reader, writer = await connect(sandbox, truth)
    assert await asyncio.wait_for(read_until_cut(reader), ANSWER_SECONDS_MAX) == b""
    writer.close()


async def test_broken_bodies_end_before_their_length(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.broken_body))
    with pytest.raises(asyncio.IncompleteReadError) as broken:
        await get(sandbox, truth)
    assert 0 < len(broken.value.partial) == truth.body_bytes
    assert broken.value.expected is not None
    assert len(broken.value.partial) < broken.value.expected


async def test_resets_are_resets(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.reset))
    with pytest.raises(ConnectionResetError):
        await get(sandbox, truth)
    with pytest.raises(ConnectionResetError):
        await get_tls(sandbox, truth)
    assert sandbox.counters.requests == {WebBehaviour.reset: 2}


@pytest.mark.parametrize(
    ("tls", "reason"),
    [
        (TlsBehaviour.self_signed, "self-signed certificate"),
        (TlsBehaviour.expired, "certificate has expired"),
        (TlsBehaviour.wrong_name, "Hostname mismatch"),
    ],
)
async def test_bad_certificates_are_bad_in_their_own_way(
    sandbox: Sandbox, find_name: FindName, tls: TlsBehaviour, reason: str
) -> None:
    truth = find_name(lambda truth: truth.tls is tls)
    with pytest.raises(ssl.SSLCertVerificationError, match=reason):
        await get_tls(sandbox, truth)
    assert (await get(sandbox, truth)).title == truth.title
    trusting_anyone = ssl.create_default_context()
    trusting_anyone.check_hostname = False
    trusting_anyone.verify_mode = ssl.CERT_NONE
    assert (await exchange(sandbox, truth, request(truth.name), trusting_anyone)).title == truth.title


async def test_plain_hosts_speak_no_tls(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.plain_only))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await get_tls(sandbox, truth)
    assert (await get(sandbox, truth)).title == truth.title


async def test_hosts_unknown_to_dns_speak_no_tls(sandbox: Sandbox) -> None:
    stranger = NameTruth("name.invalid", truth_of(1, "name.invalid").dns, addresses=(WEB_ADDRESSES[0],))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await get_tls(sandbox, stranger)


@pytest.mark.parametrize("declared", CharsetDeclaration)
@pytest.mark.parametrize("charset", [charset for charset in Charset if charset is not Charset.utf_8])
async def test_odd_charsets(
    sandbox: Sandbox, find_name: FindName, charset: Charset, declared: CharsetDeclaration
) -> None:
    if charset is Charset.utf_16:
        declared = CharsetDeclaration.header
    truth = find_name(lambda truth: truth.charset is charset and truth.charset_declared is declared)
    response = await get(sandbox, truth)
    text = response.body.decode(charset)
    assert all(keyword in text for keyword in truth.keywords)
    assert len(response.body) == truth.body_bytes
    in_header = f"text/html; charset={charset}"
    assert response.headers["content-type"] == (in_header if declared is CharsetDeclaration.header else "text/html")


@pytest.mark.parametrize(
    ("behaviour", "coding", "decode"),
    [(WebBehaviour.gzip, "gzip", gzip.decompress), (WebBehaviour.brotli, "br", brotli.decompress)],
)
async def test_compression_is_for_those_who_accept_it(
    sandbox: Sandbox, find_name: FindName, behaviour: WebBehaviour, coding: str, decode: Callable[[bytes], bytes]
) -> None:
    truth = find_name(showing(behaviour))
    packed = await get(sandbox, truth, headers="Accept-Encoding: deflate, gzip;q=0.5, br\r\n")
    plain = await get(sandbox, truth)
    assert (packed.headers["content-encoding"], plain.headers.get("content-encoding")) == (coding, None)
    assert decode(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) == truth.body_bytes
    assert all(keyword.encode() in plain.body for keyword in truth.keywords)


async def test_the_wildcard_shows_its_parked_page(sandbox: Sandbox) -> None:
    truth = truth_of(1, f"{'x' * 30}.wild")
    for response in (await get(sandbox, truth), await get_tls(sandbox, truth)):
        assert (response.status, response.title) == (200, truth.title)


@pytest.mark.parametrize("host", ["name1.com", "nobody.invalid", "127.77.1.1", "[::1]:80", "com"])
async def test_unknown_hosts_are_misdirected(sandbox: Sandbox, find_name: FindName, host: str) -> None:
    at = find_name(showing(WebBehaviour.page))
    assert (await exchange(sandbox, at, request(host))).status == 421
    assert sandbox.counters.misdirected == 1


async def test_a_host_asked_for_at_anothers_address_is_misdirected(sandbox: Sandbox, find_name: FindName) -> None:
    host = find_name(showing(WebBehaviour.page))
    elsewhere = find_name(lambda truth: truth.web is WebBehaviour.page and not {*truth.addresses} & {*host.addresses})
    assert (await exchange(sandbox, elsewhere, request(host.name))).status == 421


async def test_hosts_are_found_in_any_spelling_and_with_a_port(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.page))
    for host in (truth.name.upper(), f"{truth.name}.", f"{truth.name}:18080"):
        assert (await exchange(sandbox, truth, request(host))).title == truth.title
    assert (await get(sandbox, truth, f"http://{truth.name}/")).title == truth.title


async def test_head_has_no_body(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.page))
    reader, writer = await connect(sandbox, truth)
    writer.write(request(truth.name, method="HEAD") + request(truth.name, headers="Connection: close\r\n"))
    status, headers = await read_head(reader)
    assert (status, int(headers["content-length"])) == (200, truth.body_bytes)
    assert (await read_response(reader)).title == truth.title
    writer.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", 400, id="a TLS hello"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, id="no host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, id="two hosts"),
        pytest.param(request("name3.com", method="DELETE"), 405, id="a method that changes things"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"x" * REQUEST_BYTES_MAX, 400, id="endless headers"),
        pytest.param(b"GET /" + b"x" * REQUEST_BYTES_MAX, 400, id="an endless path"),
    ],
)
async def test_bad_requests(sandbox: Sandbox, find_name: FindName, sent: bytes, status: int) -> None:
    response = await exchange(sandbox, find_name(showing(WebBehaviour.page)), sent)
    assert response.status == status
    assert sandbox.counters.bad_requests == 1


@pytest.mark.parametrize("tls", [False, True])
async def test_the_servers_outlive_nonsense(sandbox: Sandbox, find_name: FindName, tls: bool) -> None:
    truth = find_name(showing(WebBehaviour.page))
    good = request(truth.name)
    for cut in range(0, len(good), 3):
        for noise in (b"", b"\0", b"\xff\xfe", b"\r\n\r\n", b"Host: [\r\n\r\n", good):
            _, writer = await connect(sandbox, truth, trusting(sandbox) if tls and noise == good else None)
            writer.write(good[:cut] + noise + good[cut:])
            writer.close()
    for host in ("a[b.com", "@.com", "..", "\xe0\xff.com", "x" * 300, "%00.com", "name1.com:name1.com"):
        assert (await exchange(sandbox, truth, request(host, path="//[::/"))).status < 500
    assert (await get(sandbox, truth)).title == truth.title


async def test_pipelining_has_a_bound(sandbox: Sandbox, find_name: FindName) -> None:
    truth = find_name(showing(WebBehaviour.not_found))
    reader, writer = await connect(sandbox, truth)
    writer.write(request(truth.name) * (PIPELINED_REQUESTS_MAX + 5))
    statuses = [(await read_response(reader)).status for _ in range(PIPELINED_REQUESTS_MAX + 1)]
    assert statuses == [404] * PIPELINED_REQUESTS_MAX + [400]
    writer.close()


async def test_connections_have_a_bound(find_name: FindName) -> None:
    settings = SandboxSettings(dns_port=0, http_port=0, https_port=0, web_connections_max=1)
    truth = find_name(showing(WebBehaviour.page))
    async with running_sandbox(settings) as sandbox:
        reader, writer = await connect(sandbox, truth)
        writer.write(request(truth.name))
        assert (await read_response(reader)).status == 200
        late_reader, late_writer = await connect(sandbox, truth)
        assert await read_until_cut(late_reader) == b""
        assert sandbox.counters.refused_connections == 1
        writer.close()
        late_writer.close()
