"""The servers that are asked: NSD and nginx on a core of their own, and a durable PostgreSQL wherever there is room."""

import contextlib
import datetime as dt
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from loadtest.bench.processes import find_program, pinned, running_daemon, server_core
from loadtest.bench.running import Missing
from loadtest.bench.workload import TLD, is_registered, make_page, spell_names

DNS_ADDRESS = "127.77.0.53"
WEB_ADDRESS = "127.77.0.80"  # within the range that the service's guard lets a sandboxed campaign reach
SERVERS = ("nsd", "nginx")
DEBIAN_PACKAGES = {"nsd": "nsd", "nginx": "nginx-light", "dnsperf": "dnsperf", "wrk": "wrk"}

# Rate limiting is on by default, and drops what comes too fast from one address.
NSD_CONFIGURATION = """\
server:
  server-count: 1
  ip-address: {address}@{port}
  username: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  zonelistfile: "{folder}/zone.list"
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "{tld}"
  zonefile: "names.zone"
"""
ZONE_HEAD = """\
$TTL 300
{tld}. SOA ns1.{tld}. hostmaster.{tld}. 1 3600 600 86400 300
{tld}. NS ns1.{tld}.
ns1.{tld}. A {address}
"""
# One process, in which the master is the worker; every host shows the same page.
NGINX_CONFIGURATION = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr notice;
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  types {{ }}
  default_type text/html;
  charset utf-8;
  server_tokens off;
  access_log off;
  keepalive_timeout 5s;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  scgi_temp_path {folder}/scgi;
  uwsgi_temp_path {folder}/uwsgi;
  ssl_certificate {folder}/certificate.pem;
  ssl_certificate_key {folder}/certificate.pem;
  server {{
    listen {address}:{http} backlog=4096;
    listen {address}:{https} ssl backlog=4096;
    root {folder}/pages;
    location / {{ try_files /index.html =404; }}
  }}
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
    program = find_program("nsd")
    assert program is not None
    port = find_free_port(DNS_ADDRESS, socket.SOCK_DGRAM, socket.SOCK_STREAM)
    write_zone(folder / "names.zone", count)
    configuration = folder / "nsd.conf"
    configuration.write_text(
        NSD_CONFIGURATION.format(folder=folder, address=DNS_ADDRESS, port=port, tld=TLD), encoding="utf-8"
    )
    command = pinned(server_core(), (program, "-d", "-c", str(configuration)))
    async with running_daemon(command, folder=folder, ready="nsd started"):
        yield port


def write_zone(file: Path, count: int) -> None:
    with file.open("w", encoding="utf-8") as zone:
        zone.write(ZONE_HEAD.format(tld=TLD, address=DNS_ADDRESS))
        for position, name in enumerate(spell_names(count)):
            if is_registered(position):
                zone.write(f"{name}. A {WEB_ADDRESS}\n")


@contextlib.asynccontextmanager
async def serving_pages(folder: Path) -> AsyncIterator[Ports]:
    """Serve our page by nginx for every host, plain and with TLS (P-256)."""
    program = find_program("nginx")
    assert program is not None
    ports = Ports(find_free_port(WEB_ADDRESS, socket.SOCK_STREAM), find_free_port(WEB_ADDRESS, socket.SOCK_STREAM))
    (folder / "pages").mkdir()
    (folder / "pages" / "index.html").write_bytes(make_page())
    (folder / "certificate.pem").write_bytes(make_certificate())
    configuration = folder / "nginx.conf"
    configuration.write_text(
        NGINX_CONFIGURATION.format(folder=folder, address=WEB_ADDRESS, http=ports.http, https=ports.https),
        encoding="utf-8",
    )
    arguments = ("-p", str(folder), "-e", "stderr", "-c", str(configuration))
    command = pinned(server_core(), (program, *arguments))
    async with running_daemon(command, folder=folder, ready='using the "epoll" event method'):
        yield ports


def make_certificate() -> bytes:
    """Signed by nobody but itself, with its key: nobody here asks who signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + private


def find_free_port(address: str, *kinds: socket.SocketKind) -> int:
    """Free at this address for all of these kinds, at this moment."""
    with contextlib.ExitStack() as held:
        port = 0
        for kind in kinds:
            opened = held.enter_context(socket.socket(socket.AF_INET, kind))
            opened.bind((address, port))
            port = int(opened.getsockname()[1])
        return port
