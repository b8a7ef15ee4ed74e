"""`python -m loadtest.bench.ours.dns_engine HOST:PORT COUNT`: the engine as a worker uses it, all features on."""

import sys
import time
from collections.abc import Sequence

import numpy as np
import uvloop

from loadtest.bench.ours.carrying_names import carry_names
from loadtest.bench.peers.telling import tell
from loadtest.bench.workload import spell_names
from service.resolving.engine import DnsEngine, EngineSettings
from service.resolving.model import parse_resolver
from service.resolving.outcomes import FAILED, DnsOutcome


async def resolve(server: str, names: Sequence[str]) -> None:
    async with DnsEngine(EngineSettings(resolvers=(parse_resolver(server),))) as engine:
        begun = time.perf_counter()
        outcomes = await carry_names(engine, names)
        seconds = time.perf_counter() - begun
    answered = np.isin(outcomes, list(FAILED), invert=True).sum()
    tell(int(answered), seconds, int((outcomes == DnsOutcome.RESOLVED).sum()))


if __name__ == "__main__":
    uvloop.run(resolve(sys.argv[1], list(spell_names(int(sys.argv[2])))))
