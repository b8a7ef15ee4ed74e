"""The servers that are asked: NSD and nginx on a core of their own, and a durable PostgreSQL wherever there is room."""

import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from loadtest.bench import nginx
from loadtest.bench.daemons import find_free_ports, find_program
from loadtest.bench.nsd import serving_zones, write_zone
from loadtest.bench.processes import server_core
from loadtest.bench.running import Missing
from loadtest.bench.workload import TLD, is_registered, make_page, spell_names

DNS_ADDRESS = "127.77.0.53"
WEB_ADDRESS = "127.77.0.80"  # within the range that the service's guard lets a sandboxed campaign reach
SERVERS = ("nsd", "nginx")
DEBIAN_PACKAGES = {"nsd": "nsd", "nginx": "nginx-light", "dnsperf": "dnsperf", "wrk": "wrk"}

# Every host shows the same page.
SERVER = """\
  access_log off;
  server {{
    listen {address}:{http} backlog=4096;
    listen {address}:{https} ssl backlog=4096;
    root {folder}/pages;
    location / {{ try_files /index.html =404; }}
  }}
"""


class Ports(msgspec.Struct, frozen=True):
    """Where nginx really listens."""

    http: int
    https: int


def missing_program(name: str) -> Missing | None:
    """What to install, where a program is not there."""
    if find_program(name) is not None:
        return None
    return Missing(name, f"apt-get install {DEBIAN_PACKAGES[name]}")


@contextlib.asynccontextmanager
async def serving_names(folder: Path, count: int) -> AsyncIterator[int]:
    """NSD with the registered ones of the first names; the port it listens on."""
    registered = (name for position, name in enumerate(spell_names(count)) if is_registered(position))
    write_zone(folder, TLD, DNS_ADDRESS, (f"{name}. A {WEB_ADDRESS}" for name in registered))
    async with serving_zones(folder, (TLD,), (DNS_ADDRESS,), core=server_core()) as server:
        yield server.port


@contextlib.asynccontextmanager
async def serving_pages(folder: Path) -> AsyncIterator[Ports]:
    """Serve our page by nginx for every host, plain and with TLS (P-256)."""
    ports = Ports(*find_free_ports(2, (WEB_ADDRESS,), socket.SOCK_STREAM))
    (folder / "pages").mkdir()
    (folder / "pages" / "index.html").write_bytes(make_page())
    directives = SERVER.format(folder=folder, address=WEB_ADDRESS, http=ports.http, https=ports.https)
    async with nginx.serving(folder, directives, core=server_core()):
        yield ports
