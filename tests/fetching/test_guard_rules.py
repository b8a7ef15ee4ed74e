from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyreqwest.http import Url

from service.errors import Invalid
from service.fetching.guard import HostAddress, HostName, NetworkRules, allowed_addresses, parse_host

INTERNET = NetworkRules.internet()
SANDBOX = NetworkRules.sandbox()

# The first and last address of every range, and where it makes sense a neighbour that is free.
REFUSED_V4 = """
0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.100.100.200 100.127.255.255 127.0.0.0 127.0.0.1
127.77.0.1 127.255.255.255 168.63.129.16 169.254.0.0 169.254.169.254 169.254.255.255 172.16.0.0 172.31.255.255
192.0.0.0 192.0.0.192 192.0.0.255 192.0.2.0 192.0.2.255 192.88.99.1 192.168.0.0 192.168.255.255 198.18.0.0
198.19.255.255 198.51.100.0 198.51.100.255 203.0.113.0 203.0.113.255 224.0.0.0 239.255.255.255 240.0.0.0
255.255.255.255
"""
ALLOWED_V4 = """
1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15 168.63.129.17
169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.88.98.255 192.167.255.255
192.169.0.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255
8.8.8.8
"""
REFUSED_V6 = """
:: ::1 ::2 ::7f00:1 ::808:808 64:ff9a::1 64:ff9b:1::1 64:ff9b:1:ffff::808:808 100::1 fc00::1 fd00:ec2::254
fdff::1 fe80::1 febf::1 fec0::1 ff02::1 ff0e::1 1fff::1 4000::1 5f00::1 2001:1::1 2001:2::1 2001:3::1
2001:4:112::1 2001:10::1 2001:20::1 2001:30::1 2001:1ff:ffff::1 2001:db8::1
2001:db8:ffff:ffff:ffff:ffff:ffff:ffff 3fff::1 3fff:fff::1 ::ffff:0:808:808
"""
ALLOWED_V6 = """
2000::1 2001:200::1 2001:db7::1 2001:db9::1 2606:4700::1 2a00::1 3ffe::1 3fff:1000::1
"""


@pytest.mark.parametrize("text", (REFUSED_V4 + REFUSED_V6).split())
def test_internet_refuses(text: str) -> None:
    assert not INTERNET.is_allowed(ip_address(text))
    assert not INTERNET.is_allowed(ip_address(text).packed)


@pytest.mark.parametrize("text", (ALLOWED_V4 + ALLOWED_V6).split())
def test_internet_allows(text: str) -> None:
    assert INTERNET.is_allowed(ip_address(text))


def _embeddings(inner: IPv4Address) -> list[IPv6Address]:
    """Each IPv6 address that leads to an IPv4 one."""
    number, public = int(inner), int(IPv4Address("8.8.8.8"))
    teredo = 0x20010000 << 96
    return [
        IPv6Address(0xFFFF << 32 | number),  # mapped
        IPv6Address(0x0064_FF9B << 96 | number),  # NAT64
        IPv6Address(0x2002 << 112 | number << 80 | 1),  # 6to4
        IPv6Address(teredo | number << 64 | ~public & 0xFFFF_FFFF),  # Teredo, as the server
        IPv6Address(teredo | public << 64 | ~number & 0xFFFF_FFFF),  # Teredo, as the client
    ]


@pytest.mark.parametrize("text", REFUSED_V4.split())
def test_internet_refuses_addresses_that_carry_a_refused_one(text: str) -> None:
    assert [a for a in _embeddings(IPv4Address(text)) if INTERNET.is_allowed(a)] == []


@pytest.mark.parametrize("text", ALLOWED_V4.split())
def test_internet_judges_a_carrier_by_what_it_carries(text: str) -> None:
    assert all(INTERNET.is_allowed(address) for address in _embeddings(IPv4Address(text)))


@given(st.ip_addresses())
def test_internet_allows_nothing_that_python_knows_to_be_special(address: IPv4Address | IPv6Address) -> None:
    special = address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified
    assert not (special and INTERNET.is_allowed(address))


@given(st.ip_addresses())
def test_sandbox_allows_its_range_alone(address: IPv4Address | IPv6Address) -> None:
    assert SANDBOX.is_allowed(address) == (str(address).startswith("127.77.") and address.version == 4)


def test_sandbox_edges() -> None:
    allowed = ["127.77.0.0", "127.77.0.1", "127.77.255.255", "::ffff:127.77.0.1"]
    refused = ["127.76.255.255", "127.78.0.0", "127.0.0.1", "8.8.8.8", "10.0.0.1", "::1", "::", "2606:4700::1"]
    refused += ["64:ff9b::7f4d:1", "2002:7f4d:1::1", "fe80::1", "169.254.169.254", "::ffff:127.0.0.1"]
    assert all(SANDBOX.is_allowed(ip_address(text)) for text in allowed)
    assert not any(SANDBOX.is_allowed(ip_address(text)) for text in refused)


@pytest.mark.parametrize("network", ["10.0.0.0/8", "0.0.0.0/0", "126.0.0.0/7", "::1/128", "nonsense", "127.77.0.1/16"])
def test_sandbox_must_be_a_loopback_range(network: str) -> None:
    with pytest.raises(Invalid):
        NetworkRules.sandbox(network)


def test_of_a_mixed_answer_the_allowed_remain_ipv4_first() -> None:
    answer = [ip_address(text).packed for text in ("2606:4700::1", "10.0.0.1", "8.8.8.8", "::1")]
    assert allowed_addresses(INTERNET, answer) == (ip_address("8.8.8.8").packed, ip_address("2606:4700::1").packed)
    assert allowed_addresses(INTERNET, answer[3:]) == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("example.com", "example.com"),
        ("EXAMPLE.com.", "example.com"),
        ("_dmarc.a-b.example", "_dmarc.a-b.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("localhost", "localhost"),
        ("1.2.3.com", "1.2.3.com"),
        ("0x7f.example", "0x7f.example"),
        ("x" * 63 + ".com", "x" * 63 + ".com"),
    ],
)
def test_plain_names(text: str, name: str) -> None:
    assert parse_host(text) == HostName(name)


@pytest.mark.parametrize("text", ["8.8.8.8", "127.0.0.1", "[::1]", "[2606:4700::1111]", "[::ffff:10.0.0.1]"])
def test_plain_literals(text: str) -> None:
    assert parse_host(text) == HostAddress(ip_address(text.strip("[]")).packed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a..b",
        ".a",
        "a b",
        "a/b",
        "a:80",
        "user@a",
        "bücher.example",
        "x" * 64 + ".com",
        ".".join(["x" * 60] * 5),
        "2130706433",
        "0x7f000001",
        "017700000001",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "127.0.0.01",
        "1.2.3.4.5",
        "256.1.1.1",
        "a.0x1",
        "a.1",
        "127.0.0.1.",
        "[::1",
        "::1",
        "[fe80::1%eth0]",
        "[fe80::1%25eth0]",
        "[1.2.3.4]",
        "[]",
        "[[::1]]",
        "%31.1.1.1",
        "１２７.0.0.1",
        "a\n.com",
        "a.com\n",
        "a\0.com",
    ],
)
def test_everything_else_is_no_host(text: str) -> None:
    assert parse_host(text) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://0x7f.1/",
        "http://2130706433/",
        "http://017700000001/",
        "http://127.1/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://１２７.0.0.1/",
        "http://127.0.0.1./",
        "http://\u00ad127.0.0.1/",
        "http://%31%32%37.0.0.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[0:0:0:0:0:ffff:7f00:0001]/",
        "http://user:8.8.8.8@127.0.0.1/",
        "http:\\\\127.0.0.1/",
    ],
)
def test_loopback_in_every_notation_is_refused_as_the_client_reads_it(url: str) -> None:
    host = parse_host(Url(url).host_str or "")
    assert isinstance(host, HostAddress)
    assert not INTERNET.is_allowed(host.address)


@given(st.text(st.characters(codec="ascii"), max_size=20))
def test_a_name_is_what_the_client_reads_as_one(text: str) -> None:
    """No text is a name to us and an address to the client."""
    host = parse_host(text)
    if isinstance(host, HostName):
        try:
            url = Url(f"http://{text}/")
        except ValueError:
            return  # the client refuses it, which is safe
        assert (url.domain or "").removesuffix(".") == host.name
