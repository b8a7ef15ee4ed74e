"""`python -m loadtest.bench.peers.with_dnspython HOST:PORT COUNT`: an object for each message."""

import asyncio
import socket
import sys
import time
from collections.abc import Iterator

import dns.asyncbackend
import dns.asyncquery
import dns.message
import dns.rcode
import uvloop

from loadtest.bench.peers.telling import tell
from loadtest.bench.workload import spell_names

IN_FLIGHT = 50
TIMEOUT_SECONDS = 5.0


async def resolve(server: str, count: int) -> None:
    host, _, port = server.rpartition(":")
    names = iter(list(spell_names(count)))
    begun = time.perf_counter()
    found = await asyncio.gather(*(ask(host, int(port), names) for _ in range(IN_FLIGHT)))
    tell(count, time.perf_counter() - begun, sum(found))


async def ask(host: str, port: int, names: Iterator[str]) -> int:
    """One name after the other; how many have addresses."""
    found = 0
    backend = dns.asyncbackend.get_default_backend()
    async with await backend.make_socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        for name in names:
            query = dns.message.make_query(name, "A")
            answer = await dns.asyncquery.udp(query, host, port=port, timeout=TIMEOUT_SECONDS, sock=own)
            found += answer.rcode() == dns.rcode.NOERROR and bool(answer.answer)
    return found


if __name__ == "__main__":
    uvloop.run(resolve(sys.argv[1], int(sys.argv[2])))
