"""The plan's zones, served by NSD."""

import contextlib
import socket
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from tests.peers import labels
from tests.peers.daemons import find_free_ports, find_program, running_daemon
from tests.peers.plan import Plan

ADDRESSES = ("127.77.0.53", "127.77.0.54")

# Rate limiting is on by default, and drops what comes too fast from one address.
CONFIGURATION = """\
server:
  server-count: 1
  username: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  zonelistfile: "{folder}/zone.list"
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
{listen}
remote-control:
  control-enable: no
{zones}
"""
ZONE = """\
$TTL 300
{tld}. SOA ns1.{tld}. hostmaster.{tld}. 1 3600 600 86400 300
{tld}. NS ns1.{tld}.
ns1.{tld}. A 127.77.0.53
"""


@contextlib.asynccontextmanager
async def serving_zones(plan: Plan, folder: Path) -> AsyncIterator[tuple[str, ...]]:
    """The resolvers to ask, as a campaign names them."""
    program = find_program("nsd")
    (port,) = find_free_ports(1, ADDRESSES, socket.SOCK_DGRAM, socket.SOCK_STREAM)
    for tld, records in plan.records.items():
        (folder / f"{tld}.zone").write_text(ZONE.format(tld=tld) + "\n".join(records) + "\n")
    configuration = folder / "nsd.conf"
    configuration.write_text(
        CONFIGURATION.format(
            folder=folder,
            listen="\n".join(f"  ip-address: {address}@{port}" for address in ADDRESSES),
            # One of them has no file, which is what makes its names fail.
            zones=zone_clauses([*plan.records, labels.UNLOADED_TLD]),
        )
    )
    async with running_daemon(program, "-d", "-c", str(configuration), folder=folder, ready="nsd started"):
        yield tuple(f"{address}:{port}" for address in ADDRESSES)


def zone_clauses(tlds: Iterable[str]) -> str:
    return "\n".join(f'zone:\n  name: "{tld}"\n  zonefile: "{tld}.zone"' for tld in tlds)
