"""The plan's zones, served by NSD."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from loadtest.bench.nsd import serving_zones, write_zone
from tests.peers import labels
from tests.peers.plan import Plan
from tests.peers.programs import require_program

ADDRESSES = ("127.77.0.53", "127.77.0.54")


@contextlib.asynccontextmanager
async def serving_plan(plan: Plan, folder: Path) -> AsyncIterator[tuple[str, ...]]:
    """The resolvers to ask, as a campaign names them."""
    require_program("nsd")
    for tld, records in plan.records.items():
        write_zone(folder, tld, ADDRESSES[0], records)
    # One of them has no file, which is what makes its names fail.
    async with serving_zones(folder, [*plan.records, labels.UNLOADED_TLD], ADDRESSES) as server:
        yield tuple(f"{address}:{server.port}" for address in ADDRESSES)
