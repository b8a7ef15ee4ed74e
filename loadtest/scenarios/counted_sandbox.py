"""A sandbox of its own for the campaign that is capped: it counts the queries that arrive, and tells every half second.

python -m loadtest.scenarios.counted_sandbox FILE
"""

import asyncio
import sys
import time
from pathlib import Path

import msgspec

from service import assembly
from service.runtime.loop import rest
from service.runtime.shutdown import stop_on_signals
from service.settings import Settings

TELL_SECONDS = 0.5
READY = "DNS at "


class Counted(msgspec.Struct, frozen=True):
    """`queries` that had arrived by then, since the sandbox began; `at` is in seconds since 1970."""

    at: float
    queries: int


decode_counted = msgspec.json.Decoder(Counted).decode


async def main(file: Path) -> None:
    stop = asyncio.Event()
    stop_on_signals(stop)
    settings = Settings(sandbox_dns_port=0, sandbox_http_port=0, sandbox_https_port=0)
    async with assembly.sandbox(settings) as sandbox:
        resolvers = [f"{address}:{sandbox.settings.dns_port}" for address in sandbox.settings.dns_addresses]
        sys.stdout.write(f"{READY}{' '.join(resolvers)}\n")
        sys.stdout.flush()
        with file.open("ab", buffering=0) as lines:
            while not stop.is_set():
                await rest(stop, TELL_SECONDS)
                counted = Counted(time.time(), sandbox.counters.queries.total())
                lines.write(msgspec.json.encode(counted) + b"\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
