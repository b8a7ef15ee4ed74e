"""Run seeds from the command line: `python -m tests.simulation.run --seed 7 --seeds 20`."""

import argparse
import asyncio
import contextlib
import logging
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg

from service import assembly
from service.postgres.embedded import ConnectArguments, EmbeddedServer, embedded_postgres
from tests.conftest import url_of
from tests.simulation.simulation import simulate


async def run_seeds(first: int, count: int) -> None:
    """One seed after the other, each in a database of its own; the first that fails is the last."""
    with tempfile.TemporaryDirectory(prefix="phaseline-simulation-") as home:
        async with embedded_postgres(Path(home), durable=False) as server:
            for seed in range(first, first + count):
                started = time.monotonic()
                async with empty_database(server, f"seed_{seed}") as url:
                    tally = await simulate(seed, url)
                told = ", ".join(f"{count} {what}" for what, count in sorted(tally.items()))
                sys.stdout.write(f"seed {seed} holds, {time.monotonic() - started:.1f} s: {told}\n")
                sys.stdout.flush()


@contextlib.asynccontextmanager
async def empty_database(server: EmbeddedServer, name: str) -> AsyncIterator[str]:
    """A migrated database, gone afterwards."""
    owner = await asyncpg.connect(**server.connect_arguments)
    try:
        await owner.execute(f"CREATE DATABASE {name}")
        url = url_of(ConnectArguments(**{**server.connect_arguments, "database": name}))
        await assembly.migrate(url)
        yield url
        await owner.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await owner.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.run", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds, one after the other")
    arguments = parser.parse_args()
    # Connections that end in mid-sentence are what a simulation is made of.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    asyncio.run(run_seeds(arguments.seed, arguments.seeds))


if __name__ == "__main__":
    main()
