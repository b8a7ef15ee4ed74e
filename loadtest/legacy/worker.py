"""A worker process of ours whose DNS and HTTP engines find what `loadtest.baseline.finding` makes up.

    python -m loadtest.legacy.worker

All else is what `phaseline work` does: planning, claims, leases, checkpoints, sinks, totals, sweeping. Settings come
from the environment. It says that it works once it can.
"""

import asyncio
import os
import sys
from uuid import uuid4

import numpy as np
import uvloop

from loadtest.baseline.finding import find_addresses, find_pages
from service import assembly
from service.pipelines.carrying import Carrier, Held
from service.pipelines.model import DnsColumns, HostItems, Items, NameItems, Results, RowResults
from service.pipelines.transforms.http_validation import record
from service.runtime.shutdown import stop_on_signals
from service.settings import read_settings

READY = "Working"


class OfflineCarrier(Carrier):
    """Knows what there is without asking anybody."""

    async def transform_for_a_while(self, held: Held, items: Items) -> Results:
        match items:
            case NameItems():
                return resolve(items)
            case HostItems():
                return fetch(items)
            case _:
                return await super().transform_for_a_while(held, items)


def resolve(items: NameItems) -> DnsColumns:
    found = find_addresses(items.names)
    return DnsColumns(
        positions=items.positions,
        outcomes=found.outcomes,
        resolver=found.resolvers,
        duration_ms=found.durations_ms,
        addresses=found.addresses,
        addresses_v6=[b""] * len(items.names),
        canonical_name=found.aliases,
    )


def fetch(items: HostItems) -> RowResults:
    probes = find_pages(items.names)
    outcomes = np.array([probe.outcome for probe in probes], dtype=np.uint8)
    rows = [record(position, probe) for position, probe in zip(items.positions.tolist(), probes, strict=True)]
    return RowResults(items.positions, outcomes, rows)


async def work() -> None:
    """Until told to stop."""
    settings = read_settings(os.environ)
    assert settings.database_url is not None
    stop = asyncio.Event()
    stop_on_signals(stop)
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    await assembly.run_worker(settings, settings.database_url, uuid4(), stop, OfflineCarrier)


if __name__ == "__main__":
    uvloop.run(work())
