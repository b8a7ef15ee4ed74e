"""NSD with zones that lie in a folder."""

import contextlib
import re
import socket
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import msgspec

from loadtest.bench.daemons import find_free_ports, find_program, running_daemon
from loadtest.bench.processes import pinned, run_program

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
  round-robin: yes
{listen}
remote-control:
  control-enable: yes
  control-interface: "{folder}/control"
{zones}
"""
QUERIES = re.compile(r"^num\.queries=(\d+)$", re.MULTILINE)
HEAD = """\
$TTL 300
{zone}. SOA ns1.{zone}. hostmaster.{zone}. 1 3600 600 86400 300
{zone}. NS ns1.{zone}.
ns1.{zone}. A {address}
"""


def write_zone(folder: Path, zone: str, address: str, records: Iterable[str]) -> None:
    """One file, `<zone>.zone`: its name server at the address, then a line for each record."""
    with (folder / f"{zone}.zone").open("w", encoding="utf-8") as file:
        file.write(HEAD.format(zone=zone, address=address))
        file.writelines(f"{record}\n" for record in records)


class NameServer(msgspec.Struct, frozen=True):
    """A running one."""

    port: int
    configuration: Path

    async def count_queries(self) -> int:
        """All that it was asked so far, by its own count."""
        program = find_program("nsd-control")
        assert program is not None
        said = await run_program((program, "-c", str(self.configuration), "stats_noreset"))
        found = QUERIES.search(said)
        assert found is not None, said
        return int(found[1])


@contextlib.asynccontextmanager
async def serving_zones(
    folder: Path, zones: Iterable[str], addresses: Sequence[str], *, core: int | None = None
) -> AsyncIterator[NameServer]:
    """Serve the folder's zones at all of these addresses, on one core if it is named.

    A zone without a file fails: SERVFAIL.
    """
    program = find_program("nsd")
    assert program is not None
    (port,) = find_free_ports(1, addresses, socket.SOCK_DGRAM, socket.SOCK_STREAM)
    configuration = folder / "nsd.conf"
    listen = "\n".join(f"  ip-address: {address}@{port}" for address in addresses)
    clauses = "\n".join(f'zone:\n  name: "{zone}"\n  zonefile: "{zone}.zone"' for zone in zones)
    configuration.write_text(CONFIGURATION.format(folder=folder, listen=listen, zones=clauses), encoding="utf-8")
    command = (program, "-d", "-c", str(configuration))
    async with running_daemon(command if core is None else pinned(core, command), folder=folder, ready="nsd started"):
        yield NameServer(port, configuration)
