"""`python -m loadtest.bench.peers.with_httpx SCHEME ADDRESS PORT COUNT`: under uvloop, no connection kept."""

import asyncio
import sys
import time
from collections.abc import Iterator

import httpx
import uvloop

from loadtest.bench.peers.reading import is_read_rightly
from loadtest.bench.peers.telling import tell
from loadtest.bench.workload import spell_names

IN_FLIGHT = 32  # with more its pool gets slower
TIMEOUT_SECONDS = 30.0


async def fetch(url: str, count: int) -> None:
    hosts = iter(list(spell_names(count)))
    limits = httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=0)
    async with httpx.AsyncClient(limits=limits, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        begun = time.perf_counter()
        found = await asyncio.gather(*(read(client, url, hosts) for _ in range(IN_FLIGHT)))
        tell(count, time.perf_counter() - begun, sum(found))


async def read(client: httpx.AsyncClient, url: str, hosts: Iterator[str]) -> int:
    """One page after the other; how many were read rightly."""
    found = 0
    for host in hosts:
        response = await client.get(url, headers={"Host": host, "Connection": "close"})
        found += is_read_rightly(response.content)
    return found


if __name__ == "__main__":
    scheme, address, port, count = sys.argv[1:]
    uvloop.run(fetch(f"{scheme}://{address}:{port}/", int(count)))
