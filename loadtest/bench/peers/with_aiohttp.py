"""`python -m loadtest.bench.peers.with_aiohttp SCHEME ADDRESS PORT COUNT`: uvloop, every name pinned, no cookies."""

import asyncio
import socket
import sys
import time
from collections.abc import Iterator

import aiohttp
import uvloop

from loadtest.bench.peers.reading import is_read_rightly
from loadtest.bench.peers.telling import tell
from loadtest.bench.workload import spell_names

IN_FLIGHT = 128
BODY_BYTES_MAX = 262_144


class Pinned:
    """A resolver, as aiohttp wants one, that knows one address for every name."""

    def __init__(self, address: str) -> None:
        self.address = address

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[dict[str, object]]:
        known = {"hostname": host, "host": self.address, "port": port, "family": family}
        return [{**known, "proto": 0, "flags": socket.AI_NUMERICHOST}]

    async def close(self) -> None:
        """Nothing to close."""


async def fetch(scheme: str, address: str, port: int, count: int) -> None:
    urls = iter([f"{scheme}://{name}:{port}/" for name in spell_names(count)])
    connector = aiohttp.TCPConnector(
        limit=0, force_close=True, ssl=False, resolver=Pinned(address), use_dns_cache=False, family=socket.AF_INET
    )
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        begun = time.perf_counter()
        found = await asyncio.gather(*(read(session, urls) for _ in range(IN_FLIGHT)))
        tell(count, time.perf_counter() - begun, sum(found))


async def read(session: aiohttp.ClientSession, urls: Iterator[str]) -> int:
    """One page after the other; how many were read rightly."""
    found = 0
    for url in urls:
        async with session.get(url, allow_redirects=False) as response:
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) >= BODY_BYTES_MAX:
                    break
            found += is_read_rightly(bytes(body))
    return found


if __name__ == "__main__":
    uvloop.run(fetch(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
