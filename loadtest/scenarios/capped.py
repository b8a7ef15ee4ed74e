"""The campaign that runs meanwhile, and its cap: what makes it take about half of the processors."""

import asyncio
import time
from uuid import UUID

import msgspec

from loadtest.bench import carrying
from loadtest.bench.campaigns import DNS, GENERATION, generation_of
from loadtest.bench.processes import ProgramFailed, our_cores
from loadtest.bench.spaces import Space
from loadtest.scenarios.parts import Parts
from loadtest.scenarios.sampling import find_roles, processor_seconds
from service.campaigns import commands
from service.campaigns.model import Advance, Configuration, CreateCampaign, DnsValidation, Network

TRIAL_NAMES = 250_000  # more than can be resolved while it is measured
TRIAL_QUERIES_MIN = 2_000  # by then it has got going
HALF = 0.5
CAP_MAX = 0.6  # of what it does without one
START_SECONDS_MAX = 30.0
SPACE = Space("abcdefghijklmnopqrstuvwxyz", 7, "capped", ("com", "net"))


class Cap(msgspec.Struct, frozen=True):
    """Queries a second; `uncapped` without a cap, when all that carries it took this share of all processors."""

    queries_per_second: float
    uncapped: float
    share: float


async def create(parts: Parts, names: int, queries_per_second: float | None) -> UUID:
    """Its names are there, and DNS comes next, asked of the sandbox that counts."""
    configuration = Configuration(
        advance=Advance.MANUAL,
        network=Network.SANDBOX,
        domain_generation=generation_of(SPACE, names),
        dns_validation=DnsValidation(resolvers=parts.resolvers, queries_per_second=queries_per_second),
    )
    request = CreateCampaign(name="capped", initial_phase=GENERATION, configuration=configuration)
    campaign_id = await carrying.create(parts.database, parts.principal, request)
    await carrying.transition(parts.database, parts.principal, campaign_id, GENERATION)
    await carrying.until_completed(parts.database, campaign_id, GENERATION)
    return campaign_id


async def start(parts: Parts, campaign_id: UUID) -> None:
    """Let it resolve, and wait until it does."""
    parts.counted.look()
    before = parts.counted.lines[-1].queries if parts.counted.lines else 0
    await carrying.transition(parts.database, parts.principal, campaign_id, DNS)
    end = time.monotonic() + START_SECONDS_MAX
    while not any(each.queries - before >= TRIAL_QUERIES_MIN for each in parts.counted.look()):
        if time.monotonic() > end:
            raise ProgramFailed(f"after {START_SECONDS_MAX:.0f} s the campaign has asked next to nothing")
        await asyncio.sleep(0.1)


async def cancel(parts: Parts, campaign_id: UUID) -> None:
    async with parts.database.transaction() as tx:
        await commands.cancel_campaign(tx, parts.principal, campaign_id, "enough was seen of it", None)


async def measure_cap(parts: Parts, seconds: float) -> Cap:
    """Carry a campaign without a cap for a while, with nobody else at work."""
    campaign_id = await create(parts, TRIAL_NAMES, None)
    await start(parts, campaign_id)
    used, begun, queries = processor_seconds(find_roles(parts).carrying), time.monotonic(), parts.counted.lines[-1]
    await asyncio.sleep(seconds)
    parts.counted.look()
    last, elapsed = parts.counted.lines[-1], time.monotonic() - begun
    used = processor_seconds(find_roles(parts).carrying) - used
    await cancel(parts, campaign_id)
    uncapped = (last.queries - queries.queries) / (last.at - queries.at)
    share = used / (elapsed * len(our_cores()))
    return Cap(float(round(uncapped * min(HALF / share, CAP_MAX))), round(uncapped, 1), round(share, 3))
