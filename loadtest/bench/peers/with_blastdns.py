"""`python -m loadtest.bench.peers.with_blastdns HOST:PORT COUNT`: Rust, in one batch, without its cache."""

import asyncio
import os
import sys
import time

import blastdns

from loadtest.bench.peers.telling import tell
from loadtest.bench.workload import spell_names

IN_FLIGHT = 32  # what its persistent socket carries at most; more, with sockets of their own, is slower
CONCURRENCY = 1_000


async def resolve(server: str, count: int) -> None:
    names = list(spell_names(count))
    begun = time.perf_counter()
    client = blastdns.Client(
        [server],
        blastdns.ClientConfig(
            max_inflight_per_resolver=IN_FLIGHT,
            max_concurrency=CONCURRENCY,
            adaptive=False,
            persistent_socket=True,
            cache_capacity=0,
        ),
    )
    found = 0
    async for _name, _kind, addresses in client.resolve_batch(names, "A"):
        found += bool(addresses)
    tell(count, time.perf_counter() - begun, found)


if __name__ == "__main__":
    asyncio.run(resolve(sys.argv[1], int(sys.argv[2])))
    sys.stdout.flush()
    os._exit(0)  # one time in six its threads abort the interpreter while that shuts down, when all is done
