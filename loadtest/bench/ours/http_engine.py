"""`python -m loadtest.bench.ours.http_engine SCHEME ADDRESS PORT COUNT`: the prober as a worker uses it."""

import asyncio
import ipaddress
import sys
import time
from collections.abc import Iterator, Sequence

import uvloop

from loadtest.bench.peers.telling import tell
from loadtest.bench.workload import KEYWORDS, KEYWORDS_ON_PAGE, TITLE_READ, spell_names
from service.fetching.guard import NetworkRules
from service.fetching.keywords import KeywordRule
from service.fetching.model import Probe
from service.fetching.outcomes import HttpOutcome
from service.fetching.prober import Prober, ProbeSettings, Target
from service.pipelines.engine import OF_ONE_RUN_MAX
from service.pipelines.planner import CHUNK_ITEMS
from service.progress.events import CampaignPhase

CHUNK_HOSTS = CHUNK_ITEMS[CampaignPhase.HTTP_VALIDATION]


async def probe(scheme: str, address: str, port: int, count: int) -> None:
    packed = ipaddress.ip_address(address).packed
    targets = [Target(name, (packed,)) for name in spell_names(count)]
    chunks = iter([targets[first : first + CHUNK_HOSTS] for first in range(0, count, CHUNK_HOSTS)])
    prober = Prober(settings_of(scheme, port), no_lookup)
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as holding:
        held = [holding.create_task(carry(prober, chunks)) for _ in range(OF_ONE_RUN_MAX)]
    tell(count, time.perf_counter() - begun, sum(task.result() for task in held))


def settings_of(scheme: str, port: int) -> ProbeSettings:
    """One scheme only, in the sandbox's range."""
    return ProbeSettings(
        rules=NetworkRules.sandbox(),
        https_port=443 if scheme == "https" else None,
        http_port=80 if scheme == "http" else None,
        port_map={443 if scheme == "https" else 80: port},
        keywords=tuple(KeywordRule(text) for text in KEYWORDS),
    )


async def no_lookup(names: Sequence[str]) -> Sequence[tuple[bytes, ...]]:
    raise AssertionError(f"no page redirects, but {names} are looked up")


async def carry(prober: Prober, chunks: Iterator[list[Target]]) -> int:
    """Chunk after chunk; how many pages were read, and read rightly."""
    found = 0
    for chunk in chunks:
        found += sum(is_right(one) for one in await prober.probe(chunk, asyncio.Event()))
    return found


def is_right(one: Probe | None) -> bool:
    return (
        one is not None
        and one.outcome is HttpOutcome.REACHED
        and one.title == TITLE_READ
        and one.unique_keywords == KEYWORDS_ON_PAGE
        and one.content_hash is not None
    )


if __name__ == "__main__":
    uvloop.run(probe(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
