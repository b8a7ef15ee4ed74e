"""`python -m loadtest.bench.ours.dns_engine HOST:PORT COUNT`: the engine as a worker uses it, all features on."""

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence

import uvloop

from loadtest.bench.peers.telling import tell
from loadtest.bench.workload import spell_names
from service.pipelines.engine import CHUNKS_HELD_MAX
from service.pipelines.planner import CHUNK_ITEMS
from service.progress.events import CampaignPhase
from service.resolving.engine import DnsEngine, EngineSettings
from service.resolving.model import parse_resolver
from service.resolving.outcomes import FAILED, DnsOutcome

CHUNK_NAMES = CHUNK_ITEMS[CampaignPhase.DNS_VALIDATION]


async def resolve(server: str, names: Sequence[str]) -> None:
    chunks = iter([names[first : first + CHUNK_NAMES] for first in range(0, len(names), CHUNK_NAMES)])
    async with DnsEngine(EngineSettings(resolvers=(parse_resolver(server),))) as engine:
        begun = time.perf_counter()
        async with asyncio.TaskGroup() as holding:
            held = [holding.create_task(carry(engine, chunks)) for _ in range(CHUNKS_HELD_MAX)]
        seconds = time.perf_counter() - begun
    answered = sum(task.result()[0] for task in held)
    tell(answered, seconds, sum(task.result()[1] for task in held))


async def carry(engine: DnsEngine, chunks: Iterator[Sequence[str]]) -> tuple[int, int]:
    """Chunk after chunk; how many names were answered, and how many of them resolved."""
    answered = resolved = 0
    for chunk in chunks:
        outcomes = (await engine.resolve(chunk, asyncio.Event())).outcomes.tolist()
        answered += sum(outcome not in FAILED for outcome in outcomes)
        resolved += outcomes.count(DnsOutcome.RESOLVED)
    return answered, resolved


if __name__ == "__main__":
    uvloop.run(resolve(sys.argv[1], list(spell_names(int(sys.argv[2])))))
