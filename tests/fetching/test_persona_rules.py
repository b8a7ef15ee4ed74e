import pytest

from service.errors import Invalid
from service.fetching.guard import NetworkRules
from service.fetching.persona import (
    HEADER_CHARACTERS_MAX,
    HEADERS_MAX,
    PROXIES_MAX,
    check_headers,
    parse_proxies,
    parse_proxy,
    proxy_route,
)

INTERNET, SANDBOX = NetworkRules.internet(), NetworkRules.sandbox()


def refusal_of_headers(*headers: tuple[str, str]) -> tuple[str, str | None]:
    with pytest.raises(Invalid) as refused:
        check_headers(headers, pointer="/headers")
    return refused.value.code, refused.value.pointer


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "content-length", "Connection", "Keep-Alive", "Transfer-Encoding", "TE", "Trailer", "Upgrade"),
        *("Proxy-Authorization", "Proxy-Connection", "proxy-anything", "Expect", "Authorization", "User-Agent"),
        *("Accept-Encoding", "Range"),
    ],
)
def test_headers_that_are_not_a_campaigns(name: str) -> None:
    assert refusal_of_headers(("X-Fine", "1"), (name, "1")) == ("reserved_header", "/headers/1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "x"),
        ("a b", "x"),
        ("a:", "x"),
        ("ä", "x"),
        ("x" * 65, "x"),
        ("X", ""),
        ("X", " x"),
        ("X", "x "),
        ("X", "a\r\nb"),
        ("X", "a\tb"),
        ("X", "a\0b"),
        ("X", "é"),
        ("X\n", "x"),
    ],
)
def test_what_is_no_header(name: str, value: str) -> None:
    assert refusal_of_headers((name, value)) == ("invalid_header", "/headers/0")


def test_headers_are_bounded_and_stand_once() -> None:
    assert refusal_of_headers(*[(f"X-{index}", "1") for index in range(HEADERS_MAX + 1)])[0] == "too_many_headers"
    assert refusal_of_headers(("X", "x" * HEADER_CHARACTERS_MAX))[0] == "too_many_headers"
    assert refusal_of_headers(("X-One", "1"), ("x-ONE", "2")) == ("header_repeated", "/headers/1")
    check_headers([(f"X-{index}", "a b") for index in range(HEADERS_MAX)], pointer="/headers")


@pytest.mark.parametrize(
    ("text", "address", "url"),
    [
        ("http://93.184.215.14:3128", None, "http://93.184.215.14:3128"),
        ("socks5://93.184.215.14:1080/", None, "socks5://93.184.215.14:1080"),
        ("socks5://[2606:4700::1]:1080", None, "socks5://[2606:4700::1]:1080"),
        ("http://Proxy.Example:8080", bytes((93, 184, 215, 14)), "http://proxy.example:8080"),
    ],
)
def test_a_proxy(text: str, address: bytes | None, url: str) -> None:
    proxy = parse_proxy(text, INTERNET, pointer="/proxies/0")
    packed = address if address is not None else getattr(proxy.host, "address", b"")
    route = proxy_route(proxy, packed)
    assert (route.url, route.name != "") == (url, address is not None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("http://user:secret@93.184.215.14:3128", "proxy_credentials"),
        ("socks5://user@proxy.example:1080", "proxy_credentials"),
        *(
            (text, "invalid_proxy")
            for text in (
                *("", "proxy.example:8080", "http://proxy.example", "https://proxy.example:1", "socks4://a.example:1"),
                *("socks5h://a.example:1", "http://proxy.example:0", "http://proxy.example:65536"),
                *("http://proxy.example:80/x", "http://proxy.example:80?x", "http://a b:80", "http://0x7f.1:80"),
                *("http://2130706433:80", "http://[::1%25lo]:80", "http://[::1:80", "http://a.example:8o"),
            )
        ),
        *(
            (f"http://{host}:3128", "proxy_refused")
            for host in (
                *("127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"),
                *("[::1]", "[::ffff:10.0.0.1]", "[fe80::1]", "[fd00::1]", "[64:ff9b::10.0.0.1]", "127.77.0.1"),
            )
        ),
    ],
)
def test_what_cannot_be_a_proxy(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_proxies(("http://93.184.215.14:1", text), INTERNET, pointer="/proxies")
    assert (refused.value.code, refused.value.pointer) == (code, "/proxies/1")
    assert "secret" not in refused.value.message


def test_the_sandbox_has_proxies_of_its_own_alone() -> None:
    assert len(parse_proxies(("http://127.77.0.1:1", "socks5://p.example:1"), SANDBOX, pointer="")) == 2
    for text in ("http://93.184.215.14:1", "http://127.0.0.1:1"):
        with pytest.raises(Invalid, match="not one that the campaign may contact"):
            parse_proxy(text, SANDBOX, pointer="")


def test_proxies_are_bounded() -> None:
    with pytest.raises(Invalid, match="At most"):
        parse_proxies(("http://93.184.215.14:1",) * (PROXIES_MAX + 1), INTERNET, pointer="")
