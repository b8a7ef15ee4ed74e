"""As whom a campaign asks: its headers, and the proxies it goes through. Pure.

A proxy is judged like any other host: a campaign must not reach into its operator's network by naming one there.
"""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from service.errors import Invalid
from service.fetching.guard import HostAddress, HostName, NetworkRules, packed_text, parse_host

HEADERS_MAX: Final = 32
HEADER_CHARACTERS_MAX: Final = 8_192  # names and values together; many servers refuse more
PROXIES_MAX: Final = 16

# Set from the URL, the route and the connection, or by a field of their own; hop-by-hop; or a secret, which has no
# business in a request that goes to every stranger.
RESERVED_HEADERS: Final = frozenset(
    {
        *("host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "keep-alive"),
        *("proxy-authorization", "proxy-connection", "proxy-authenticate", "expect", "content-type", "range"),
        *("accept-encoding", "user-agent", "authorization", "http2-settings"),
    }
)
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")  # RFC 9110 5.6.2
_VISIBLE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_PROXY: Final = re.compile(
    r"(?P<scheme>http|socks5)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s]+):(?P<port>[0-9]{1,5})/?"
)
_PORT_MAX: Final = 65_535

Headers = Sequence[tuple[str, str]]


class Proxy(Struct, frozen=True):
    """Where a proxy is: `socks5` is given addresses, `http` names, which it looks up by itself."""

    scheme: str
    host: HostName | HostAddress
    port: int


class ProxyRoute(Struct, frozen=True):
    """A proxy that may be contacted: its URL, and the name in it that is pinned to `address` (empty for a literal)."""

    url: str
    name: str
    address: str


def check_headers(headers: Headers, *, pointer: str, reserved: frozenset[str] = RESERVED_HEADERS) -> None:
    """Raises Invalid for what must not be sent; `pointer` is where the headers stand in the request."""
    if len(headers) > HEADERS_MAX or sum(len(name) + len(value) for name, value in headers) > HEADER_CHARACTERS_MAX:
        raise Invalid(
            "too_many_headers",
            f"At most {HEADERS_MAX} headers, of {HEADER_CHARACTERS_MAX} characters together.",
            pointer=pointer,
        )
    seen: set[str] = set()
    for index, (name, value) in enumerate(headers):
        lowered = name.lower()
        if _TOKEN.fullmatch(name) is None or _VISIBLE.fullmatch(value) is None:
            raise Invalid(
                "invalid_header",
                "A header has a name without separators and a value of visible ASCII characters.",
                pointer=f"{pointer}/{index}",
            )
        if lowered in reserved or lowered.startswith("proxy-"):
            raise Invalid("reserved_header", f"The header {name} cannot be set here.", pointer=f"{pointer}/{index}")
        if lowered in seen:
            raise Invalid(
                "header_repeated", f"The header {name} stands twice in the list.", pointer=f"{pointer}/{index}"
            )
        seen.add(lowered)


def parse_proxy(text: str, rules: NetworkRules, *, pointer: str) -> Proxy:
    """A proxy's address, `http://192.0.2.1:3128` or `socks5://proxy.example:1080`; Invalid if it may not be used."""
    if "@" in text:
        raise Invalid("proxy_credentials", "Proxies with a user name or password are not supported.", pointer=pointer)
    match = _PROXY.fullmatch(text)
    host = None if match is None else parse_host(match["host"])
    if match is None or host is None or not 0 < int(match["port"]) <= _PORT_MAX:
        raise Invalid(
            "invalid_proxy", "A proxy is http://host:port or socks5://host:port, and nothing more.", pointer=pointer
        )
    if isinstance(host, HostAddress) and not rules.is_allowed(host.address):
        raise Invalid(
            "proxy_refused", "This proxy's address is not one that the campaign may contact.", pointer=pointer
        )
    return Proxy(match["scheme"], host, int(match["port"]))


def parse_proxies(texts: Sequence[str], rules: NetworkRules, *, pointer: str) -> tuple[Proxy, ...]:
    if len(texts) > PROXIES_MAX:
        raise Invalid("too_many_proxies", f"At most {PROXIES_MAX} proxies.", pointer=pointer)
    return tuple(parse_proxy(text, rules, pointer=f"{pointer}/{index}") for index, text in enumerate(texts))


def proxy_route(proxy: Proxy, address: bytes) -> ProxyRoute:
    """The way to a proxy by an address that was judged."""
    text = packed_text(address)
    if isinstance(proxy.host, HostName):
        return ProxyRoute(f"{proxy.scheme}://{proxy.host.name}:{proxy.port}", proxy.host.name, text)
    return ProxyRoute(f"{proxy.scheme}://{f'[{text}]' if ':' in text else text}:{proxy.port}", "", text)
