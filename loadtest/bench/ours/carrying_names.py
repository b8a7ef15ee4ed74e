"""Names through the engine as a worker carries them: in chunks, several of them at once."""

import asyncio
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from service.pipelines.engine import OF_ONE_RUN_MAX
from service.pipelines.planner import CHUNK_ITEMS
from service.progress.events import CampaignPhase
from service.resolving.engine import DnsEngine

CHUNK_NAMES = CHUNK_ITEMS[CampaignPhase.DNS_VALIDATION]


async def carry_names(engine: DnsEngine, names: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Their outcomes, in the order of the names."""
    outcomes = np.zeros(len(names), dtype=np.uint8)
    firsts = iter(range(0, len(names), CHUNK_NAMES))

    async def carry() -> None:
        for first in firsts:
            chunk = names[first : first + CHUNK_NAMES]
            outcomes[first : first + len(chunk)] = (await engine.resolve(chunk, asyncio.Event())).outcomes

    async with asyncio.TaskGroup() as holding:
        for _ in range(OF_ONE_RUN_MAX):
            holding.create_task(carry())
    return outcomes
