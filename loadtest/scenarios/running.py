"""One run: everything is started, loaded stage by stage, and looked at; what was seen is the evidence."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec

from loadtest.scenarios import capped
from loadtest.scenarios.capped import Cap
from loadtest.scenarios.counted_sandbox import Counted
from loadtest.scenarios.crowds import (
    ASKING,
    EXPORTING,
    WATCHING,
    Crowds,
    Told,
    crowd,
    crowds_of,
    farewell_of,
    seconds_of,
)
from loadtest.scenarios.finals import COUNT_RUNNING, Finals, compare, read_truth
from loadtest.scenarios.parts import Parts, Tell, running_parts
from loadtest.scenarios.plan import DASHBOARDS, FOLLOWERS, Plan
from loadtest.scenarios.sampling import Look, sampled
from loadtest.users.telling import Second

LONGER = 1.25  # the capped campaign has enough names for so much more than all stages take
TRIAL_SECONDS = 6.0
LOOKS = 60  # in all stages together, and not more than one a second
QUIET_LOOKS_MAX = 20  # one a second, until small campaigns have ended
DELIVERY_SECONDS = 2.0  # then, until the last states have arrived

Progress = Callable[[str, float, "Evidence"], None]


class Stages(msgspec.Struct):
    """When each began, in seconds since 1970; `recovery` ends with `end`."""

    steady: float = 0.0
    overload: float = 0.0
    recovery: float = 0.0
    end: float = 0.0


class Evidence(NamedTuple):
    """What was seen."""

    plan: Plan
    cap: Cap
    stages: Stages
    crowds: Crowds
    counted: list[Counted]
    looks: list[Look]
    finals: Finals | None = None

    def when_steady(self, told: Told) -> list[Second]:
        return seconds_of(told, self.stages.steady, self.stages.overload)


async def run(plan: Plan, folder: Path, tell: Tell, progress: Progress) -> Evidence:
    async with running_parts(folder, plan, tell) as parts:
        tell("measuring how fast a campaign is without a cap")
        cap = await capped.measure_cap(parts, min(TRIAL_SECONDS, plan.steady_seconds / 4))
        names = max(plan.domains, int(cap.queries_per_second * plan.loaded_seconds * LONGER))
        tell(
            f"starting a campaign of {names:,} domains, capped at {cap.queries_per_second:,.0f} of"
            f" {cap.uncapped:,.0f} queries a second"
        )
        campaign_id = await capped.create(parts, names, cap.queries_per_second)
        async with sampled(parts, max(1.0, plan.loaded_seconds / LOOKS)) as looks:
            evidence = Evidence(plan, cap, Stages(), crowds_of(folder), parts.counted.lines, looks)
            finals = await load(parts, campaign_id, evidence, progress)
        return evidence._replace(finals=finals)


async def load(parts: Parts, campaign_id: UUID, evidence: Evidence, progress: Progress) -> Finals:
    """All stages; watchers come first and go last."""
    plan, since = evidence.plan, datetime.now(UTC)
    async with crowd(evidence.crowds.watching, parts.api, DASHBOARDS + FOLLOWERS, WATCHING):
        await capped.start(parts, campaign_id)
        async with asking(parts, evidence):
            await stage("warming up", plan.warm_seconds, parts, evidence, progress)
            evidence.stages.steady = time.time()
            await stage("steady", plan.steady_seconds, parts, evidence, progress)
            evidence.stages.overload = time.time()
            async with crowd(evidence.crowds.beyond, parts.api, plan.crowd, ASKING, **options_of(plan, parts)):
                await stage("beyond capacity", plan.overload_seconds, parts, evidence, progress)
            evidence.stages.recovery = time.time()
            await stage("recovering", plan.recovery_seconds, parts, evidence, progress)
            evidence.stages.end = time.time()
        await capped.cancel(parts, campaign_id)
        await until_quiet(parts)
    return compare(await read_truth(parts.database, since), farewell_of(evidence.crowds.watching))


@contextlib.asynccontextmanager
async def asking(parts: Parts, evidence: Evidence) -> AsyncIterator[None]:
    options = options_of(evidence.plan, parts)
    async with (
        crowd(evidence.crowds.asking, parts.api, evidence.plan.users, ASKING, **options),
        crowd(evidence.crowds.exporting, parts.api, 1, EXPORTING, **options),
    ):
        yield


def options_of(plan: Plan, parts: Parts) -> dict[str, object]:
    return {"names": plan.names, "lines": plan.lines, "browse": ",".join(map(str, parts.large_ids))}


async def stage(name: str, seconds: float, parts: Parts, evidence: Evidence, progress: Progress) -> None:
    """Let it be loaded for so long; each second is looked at."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(1.0, left))
        for tail in (*evidence.crowds, parts.counted):
            tail.look()
        progress(name, max(0.0, left - 1.0), evidence)


async def until_quiet(parts: Parts) -> None:
    """Small campaigns have ended, or had the time to, and their watchers had the time to hear of it."""
    for _ in range(QUIET_LOOKS_MAX):
        if not await parts.database.pool.fetchval(COUNT_RUNNING):
            break
        await asyncio.sleep(1.0)
    await asyncio.sleep(DELIVERY_SECONDS)
