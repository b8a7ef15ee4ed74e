"""The plan's virtual hosts, served by nginx."""

import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec

from loadtest.bench import nginx
from loadtest.bench.daemons import find_free_ports
from tests.peers.plan import Host, Plan
from tests.peers.programs import require_program
from tests.peers.sites import ADDRESSES, HANDSHAKE_REFUSED_DOORS, HTTP_DOORS, HTTPS_DOORS, Doors

DIRECTIVES = """\
  absolute_redirect off;
  server_names_hash_max_size 16384;
  server_names_hash_bucket_size 128;
  log_format asked '$host $scheme $status $sent_http_content_encoding';
  access_log {folder}/access.log asked;
{servers}"""
STRANGER_STATUS = 421  # Misdirected Request: whoever asks for a host at another's address; nothing else answers so
STRANGERS = """\
  server {{
{listen}
    return {status};
  }}
"""
NO_HANDSHAKE = """\
  server {{
    listen {address}:{port} ssl;
    ssl_reject_handshake on;
  }}
"""
SERVER = """\
  server {{
{listen}
    server_name {names};
    {directives}
{page}
  }}
"""
PAGE = """\
    root {folder};
    location / {{ try_files /index.html =404; }}
"""


class Ports(msgspec.Struct, frozen=True):
    """Where https and http are really served."""

    https: int
    http: int


class Request(msgspec.Struct, frozen=True):
    """A line of nginx's log."""

    host: str
    scheme: str
    status: int
    content_encoding: str


@contextlib.asynccontextmanager
async def serving_hosts(plan: Plan, folder: Path) -> AsyncIterator[Ports]:
    require_program("nginx")
    # Free at the closed addresses too, where nobody may answer.
    addresses = [address for doors in Doors if doors is not Doors.FORBIDDEN for address in ADDRESSES[doors]]
    ports = Ports(*find_free_ports(2, addresses, socket.SOCK_STREAM))
    hosts = [host for host in plan.hosts if is_served(host)]
    write_pages(hosts, folder)
    servers = [*default_servers(ports), *(server(host, folder, ports) for host in hosts)]
    async with nginx.serving(folder, DIRECTIVES.format(folder=folder, servers="".join(servers))):
        yield ports


def read_requests(folder: Path) -> tuple[Request, ...]:
    """Everything that was ever asked."""
    lines = (line.split(" ") for line in (folder / "access.log").read_text().splitlines())
    return tuple(Request(host, scheme, int(status), encoding) for host, scheme, status, encoding in lines)


def is_served(host: Host) -> bool:
    """Whether requests for a host can get as far as a server."""
    return host.site.doors in HTTPS_DOORS | HTTP_DOORS


def default_servers(ports: Ports) -> Iterator[str]:
    for doors in Doors:
        for address in ADDRESSES[doors]:
            if lines := listen_lines(doors, address, ports, " default_server"):
                yield STRANGERS.format(listen=lines, status=STRANGER_STATUS)
            if doors in HANDSHAKE_REFUSED_DOORS:
                yield NO_HANDSHAKE.format(address=address, port=ports.https)


def server(host: Host, folder: Path, ports: Ports) -> str:
    return SERVER.format(
        listen=listen_lines(host.site.doors, host.address, ports),
        names=" ".join(host.names),
        directives=host.site.directives.replace("{goal}", host.goal),
        page="" if host.site.page is None else PAGE.format(folder=folder / host.label),
    )


def listen_lines(doors: Doors, address: str, ports: Ports, option: str = "") -> str:
    https = [f"    listen {address}:{ports.https} ssl{option};"] if doors in HTTPS_DOORS else []
    http = [f"    listen {address}:{ports.http}{option};"] if doors in HTTP_DOORS else []
    return "\n".join(https + http)


def write_pages(hosts: list[Host], folder: Path) -> None:
    for host in hosts:
        if host.site.page is not None:
            (folder / host.label).mkdir()
            (folder / host.label / "index.html").write_bytes(host.body)
