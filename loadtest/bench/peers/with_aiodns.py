"""`python -m loadtest.bench.peers.with_aiodns HOST:PORT COUNT`: c-ares under uvloop."""

import asyncio
import sys
import time
from collections.abc import Iterator

import aiodns
import uvloop

from loadtest.bench.peers.telling import tell
from loadtest.bench.workload import spell_names

IN_FLIGHT = 500


async def resolve(server: str, count: int) -> None:
    host, _, port = server.rpartition(":")
    resolver = aiodns.DNSResolver(nameservers=[host], udp_port=int(port), timeout=2, tries=3)
    names = iter(list(spell_names(count)))
    begun = time.perf_counter()
    found = await asyncio.gather(*(ask(resolver, names) for _ in range(IN_FLIGHT)))
    tell(count, time.perf_counter() - begun, sum(found))


async def ask(resolver: aiodns.DNSResolver, names: Iterator[str]) -> int:
    """One name after the other; how many have addresses."""
    found = 0
    for name in names:
        try:
            found += bool((await resolver.query_dns(name, "A")).answer)
        except aiodns.error.DNSError as error:
            if error.args[0] != aiodns.error.ARES_ENOTFOUND:
                raise
    return found


if __name__ == "__main__":
    uvloop.run(resolve(sys.argv[1], int(sys.argv[2])))
