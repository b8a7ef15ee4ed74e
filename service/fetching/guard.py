"""The address guard: where a campaign's requests may go. Pure.

Whoever owns a domain decides where its name and its redirects point, so every address is judged before a request
leaves for it. Sources: the IANA special-purpose address registries (RFC 6890 and successors), RFC 6052 (NAT64),
RFC 3056 (6to4), RFC 4380 (Teredo).
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from msgspec import Struct

from service.errors import Invalid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK: Final = IPv4Network("127.0.0.0/8")
SANDBOX_NETWORK: Final = "127.77.0.0/16"

HOST_LENGTH_MAX: Final = 253  # characters, RFC 1035 less the root's dot
JUDGED_ADDRESSES_MAX: Final = 65_536  # verdicts kept; names of one hoster share few addresses

_INTERNET: Final[tuple[Network, ...]] = (
    IPv4Network("0.0.0.0/0"),
    IPv6Network("2000::/3"),  # all that is allocated as global unicast; the rest of IPv6 is refused by default
    IPv6Network("64:ff9b::/96"),  # NAT64, judged by the address inside
)
_NOT_INTERNET: Final[tuple[Network, ...]] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network; 0.0.0.0 connects to ourselves
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers; also one cloud's metadata service
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's host agent behind a public-looking address
        "169.254.0.0/16",  # link-local and metadata services
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; also one cloud's metadata service
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, withdrawn
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "2001:1::/32",  # protocol assignments: the rest of 2001::/23 beside Teredo
        "2001:2::/31",
        "2001:4::/30",
        "2001:8::/29",
        "2001:10::/28",
        "2001:20::/27",
        "2001:40::/26",
        "2001:80::/25",
        "2001:100::/24",
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
)
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR: Final = IPv6Network("2002::/16")
_TEREDO: Final = IPv6Network("2001::/32")


class NetworkRules(Struct, frozen=True):
    """An address may be reached if some allowed network holds it and no refused one does."""

    allowed: tuple[Network, ...]
    refused: tuple[Network, ...] = ()

    @classmethod
    def internet(cls) -> "NetworkRules":
        """The public internet and nothing of what surrounds this machine."""
        return cls(_INTERNET, _NOT_INTERNET)

    @classmethod
    def sandbox(cls, network: str = SANDBOX_NETWORK) -> "NetworkRules":
        """One range of loopback addresses and nothing else. Raises Invalid for any other kind of range."""
        try:
            range_ = IPv4Network(network)
        except ValueError as error:
            raise Invalid("sandbox_network", f"The sandbox network {network!r} is not an IPv4 range.") from error
        if not range_.subnet_of(LOOPBACK):
            raise Invalid("sandbox_network", f"The sandbox network {network} is not within {LOOPBACK}.")
        return cls((range_,))

    def is_allowed(self, address: bytes | Address) -> bool:
        """Whether a connection may go there; `address` may be packed (4 or 16 bytes)."""
        return _is_allowed(self, ip_address(address))


def allowed_addresses(rules: NetworkRules, addresses: Iterable[bytes]) -> tuple[bytes, ...]:
    """Those of a mixed answer that may be reached, IPv4 first because more machines can reach it."""
    return tuple(sorted((address for address in addresses if rules.is_allowed(address)), key=len))


def packed_text(address: bytes) -> str:
    """A packed address as the text that programs accept."""
    return str(ip_address(address))


@lru_cache(JUDGED_ADDRESSES_MAX)
def _is_allowed(rules: NetworkRules, address: Address) -> bool:
    return all(
        any(part in network for network in rules.allowed) and not any(part in network for network in rules.refused)
        for part in _destinations(address)
    )


def _destinations(address: Address) -> tuple[Address, ...]:
    """Every address that must be allowed for this one to be: itself, and those that it carries inside.

    A mapped address is its IPv4 address under another name. The tunnels are addresses of their own as well.
    """
    if isinstance(address, IPv4Address):
        return (address,)
    if address in _MAPPED:
        return (IPv4Address(int(address) & 0xFFFF_FFFF),)
    if address in _NAT64:
        return (address, IPv4Address(int(address) & 0xFFFF_FFFF))
    if address in _SIX_TO_FOUR:
        return (address, IPv4Address(int(address) >> 80 & 0xFFFF_FFFF))
    if address in _TEREDO:
        server, client = int(address) >> 64 & 0xFFFF_FFFF, ~int(address) & 0xFFFF_FFFF
        return (address, IPv4Address(server), IPv4Address(client))
    return (address,)


class HostName(Struct, frozen=True):
    """A DNS name, to be looked up: lower case, no dot at the end."""

    name: str


class HostAddress(Struct, frozen=True):
    """An address written in place of a name."""

    address: bytes


Host = HostName | HostAddress

# Letters, digits, hyphen and underscore (seen in practice), each label at most 63.
_NAME: Final = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")
# A last label of this form makes the whole host a number to a URL parser, in one notation or another
# (https://url.spec.whatwg.org/#ends-in-a-number-checker).
_NUMERIC_LABEL: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


def parse_host(text: str) -> Host | None:
    """What a URL's host is: a plain name, a plain literal, or `None` for anything that could be read in two ways.

    Plain literals are a dotted quad without leading zeros and a bracketed IPv6 address without a zone. Numbers,
    octal and hexadecimal parts and shortened quads are `None`: a parser has normalised them before, or nobody should.
    """
    if text.startswith("["):
        return _literal(text.removeprefix("[").removesuffix("]"), IPv6Address) if text.endswith("]") else None
    name = text.lower().removesuffix(".")
    if len(name) > HOST_LENGTH_MAX or _NAME.fullmatch(name) is None:
        return None
    if _NUMERIC_LABEL.fullmatch(name.rpartition(".")[2]):
        return _literal(text, IPv4Address)
    return HostName(name)


def _literal(text: str, kind: type[IPv4Address] | type[IPv6Address]) -> HostAddress | None:
    try:
        return HostAddress(kind(text).packed) if "%" not in text else None
    except ValueError:
        return None
