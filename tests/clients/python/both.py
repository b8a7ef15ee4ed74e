"""The same questions for both clients. A blocking one waits in a thread: the server is in the test's own loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from phaseline_client import AsyncPhaseline, Phaseline
from phaseline_client.generated.models import (
    CampaignPhase,
    Configuration,
    CreateCampaign,
    DomainGeneration,
    Network,
    Pattern,
)

KINDS = ("awaited", "blocking")

LISTED = CreateCampaign(
    name="listed", initial_phase=CampaignPhase.DNS_VALIDATION, configuration=Configuration(network=Network.SANDBOX)
)
GENERATING = CreateCampaign(
    name="generating",
    initial_phase=CampaignPhase.DOMAIN_GENERATION,
    configuration=Configuration(
        network=Network.SANDBOX,
        domain_generation=DomainGeneration(
            pattern=Pattern.PREFIX, constant="shop", character_set="abc", variable_length=3, tlds=["com"], count=20
        ),
    ),
)


class Both:
    """One of the two. What is asked for is written once, as a function of the client."""

    def __init__(self, client: AsyncPhaseline | Phaseline) -> None:
        self.client = client

    async def ask(self, act: Callable[[Any], Any]) -> Any:
        if isinstance(self.client, AsyncPhaseline):
            return await act(self.client)
        return await asyncio.to_thread(act, self.client)

    async def read(self, act: Callable[[Any], Any]) -> bytes:
        """All of a stream."""
        if isinstance(self.client, AsyncPhaseline):
            async with act(self.client) as parts:
                return b"".join([part async for part in parts])
        return await asyncio.to_thread(read_all, act, self.client)


def read_all(act: Callable[[Any], Any], client: Phaseline) -> bytes:
    with act(client) as parts:
        return b"".join(parts)


@contextlib.asynccontextmanager
async def opened(kind: str, url: str, key: str | None, **options: Any) -> AsyncIterator[Both]:
    if kind == "awaited":
        async with AsyncPhaseline(url, key, **options) as client:
            yield Both(client)
        return
    blocking = Phaseline(url, key, **options)
    try:
        yield Both(blocking)
    finally:
        await asyncio.to_thread(blocking.close)
