"""`python -m loadtest.bench.ours.wildcards HOST:PORT NAMES ZONES wild|plain`: names below zones, and who was right.

`found` is how many names ended as the zones make it true; the engine's own count of queries goes to standard error.
"""

import sys
import time
from collections.abc import Sequence

import numpy as np
import uvloop

from loadtest.bench.ours.carrying_names import carry_names
from loadtest.bench.peers.telling import tell
from loadtest.bench.wild_zones import Asked, draw_names, list_zones
from service.resolving.engine import DnsEngine, EngineSettings
from service.resolving.model import parse_resolver

WILD = "wild"


async def resolve(server: str, asked: Sequence[Asked]) -> None:
    names = [each.name for each in asked]
    expected = np.array([each.outcome for each in asked], dtype=np.uint8)
    async with DnsEngine(EngineSettings(resolvers=(parse_resolver(server),))) as engine:
        begun = time.perf_counter()
        outcomes = await carry_names(engine, names)
        seconds = time.perf_counter() - begun
        sent = engine.statistics().sent
    tell_of_wrong_ones(asked, outcomes.tolist())
    tell(len(names), seconds, int((outcomes == expected).sum()), queries=sent)


def tell_of_wrong_ones(asked: Sequence[Asked], outcomes: Sequence[int]) -> None:
    """The first few, for whoever looks into it."""
    wrong = [(each, outcome) for each, outcome in zip(asked, outcomes, strict=True) if each.outcome != outcome]
    for each, outcome in wrong[:10]:
        sys.stderr.write(f"{each.name}: {outcome}, not {each.outcome.label}\n")


if __name__ == "__main__":
    server, names, zones, kind = sys.argv[1:]
    uvloop.run(resolve(server, draw_names(int(names), list_zones(int(zones)), wild=kind == WILD)))
