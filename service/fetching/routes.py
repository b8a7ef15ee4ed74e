"""From a URL to the address that may be contacted for it: every hop passes here, and the guard with it."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct
from pyreqwest.http import Url

from service.fetching.guard import HostAddress, HostName, allowed_addresses, packed_text, parse_host
from service.fetching.model import ProbeSettings
from service.fetching.outcomes import HttpOutcome
from service.fetching.persona import ProxyRoute

ADDRESSES_TRIED_MAX: Final = 2  # per name and scheme
WELL_KNOWN_PORTS: Final = range(1_024)  # other protocols live there; only the campaign's own ports are asked


class Route(Struct, frozen=True):
    """A request that may be sent. Build one only through `Routes.find`.

    `url` carries the port really contacted; `authority` is the Host header where that differs from the URL's own.
    `name` is pinned to `address`, or empty where the URL holds the address itself.
    `alternatives` says how many further addresses could be tried. `proxy` is what it goes through, if anything.
    """

    url: str
    authority: str | None
    name: str
    address: str
    alternatives: int
    proxy: ProxyRoute | None = None


class Routes:
    """What is known of the hosts of one batch: their allowed addresses, or why there are none."""

    __slots__ = ("_known", "_settings")

    def __init__(self, settings: ProbeSettings) -> None:
        self._settings = settings
        self._known: dict[str, tuple[bytes, ...] | HttpOutcome] = {}

    def learn(self, url: Url, addresses: tuple[bytes, ...]) -> None:
        """As `learn_name`, for the host of a URL; what a literal address is said to have is not heard."""
        host = parse_host(url.host_str or "")
        if isinstance(host, HostName):
            self.learn_name(host.name, addresses)

    def learn_name(self, name: str, addresses: tuple[bytes, ...]) -> None:
        """Judge what DNS said of a name; a second answer for the same name is joined by the first one's addresses."""
        allowed = allowed_addresses(self._settings.rules, addresses)
        if isinstance(known := self._known.get(name), tuple):
            allowed = tuple(dict.fromkeys(known + allowed))
        if allowed:
            self._known[name] = allowed[:ADDRESSES_TRIED_MAX]
        else:
            self._known[name] = HttpOutcome.BLOCKED if addresses else HttpOutcome.UNRESOLVABLE

    def list_unknown(self, urls: Iterable[Url]) -> Sequence[str]:
        """The names that must be looked up before these can be routed, each once."""
        hosts = (parse_host(url.host_str or "") for url in urls)
        return list(dict.fromkeys(h.name for h in hosts if isinstance(h, HostName) and h.name not in self._known))

    def find(self, url: Url, rank: int) -> Route | HttpOutcome:
        """The way to `url` by its `rank`-th address, or the outcome that says why there is none."""
        port = _real_port(self._settings, url.port_or_known_default)
        if port is None:
            return HttpOutcome.BLOCKED
        match parse_host(url.host_str or ""):
            case HostAddress(address):
                allowed = allowed_addresses(self._settings.rules, (address,))
                return _route(url, port, "", allowed, 0) if allowed else HttpOutcome.BLOCKED
            case HostName(name):
                known = self._known.get(name, HttpOutcome.UNRESOLVABLE)
                return known if isinstance(known, HttpOutcome) else _route(url, port, name, known, rank)
            case None:
                return HttpOutcome.BLOCKED


def _route(url: Url, port: int, name: str, addresses: tuple[bytes, ...], rank: int) -> Route:
    authority = None if port == url.port_or_known_default else url.authority
    sent = url if authority is None else url.with_port(port)
    return Route(str(sent), authority, name, packed_text(addresses[rank]), len(addresses) - rank - 1)


def _real_port(settings: ProbeSettings, port: int | None) -> int | None:
    """The port to contact for the one that a URL means, or `None` if that may not be contacted."""
    if port is None or settings.port_map:
        return settings.port_map.get(port or 0)
    own = port in (80, 443, settings.http_port, settings.https_port)
    return port if own or port not in WELL_KNOWN_PORTS else None
