"""One run: what its seed decides, how it is lived through, and what came of it."""

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence

import msgspec

import phaseline_client as wire
from service.campaigns.model import PHASES
from service.progress.events import CampaignPhase
from tests.chaos.campaign import Began, carry, request
from tests.chaos.checking import check_data, check_leaks, where_all_stand
from tests.chaos.faults import FAULTS, Fault, Subject
from tests.chaos.rig import Needs, Rig

COUNT_MIN, COUNT_MAX = 400, 1_200
CAMPAIGNS_MAX = 2
TWO_FAULTS_CHANCE = 0.25
# How long after a phase has begun something happens to it: most of them are over by then, or in the middle.
AFTER_SECONDS_MAX = {
    CampaignPhase.DOMAIN_GENERATION: 0.3,
    CampaignPhase.DNS_VALIDATION: 0.8,
    CampaignPhase.HTTP_VALIDATION: 2.0,
    CampaignPhase.ANALYSIS: 0.3,
}
TICKS_MAX = 2_400  # without any news. Our own, so that a run that is held up with all the machine is not late
TICK_SECONDS = 0.1
# What is told although it is no error: why a process that was just starting ended, and that a run needs the internet.
EXPECTED = ("The database ", "The connection to the database was lost")
EXPECTED_WITHOUT_INTERNET = (*EXPECTED, "run ")


class Strike(msgspec.Struct, frozen=True):
    """A fault, when it strikes (so many seconds after a phase has begun), and how long it lasts."""

    fault: str
    phase: CampaignPhase
    after_seconds: float
    seconds: float


class Plan(msgspec.Struct, frozen=True):
    """All that a seed decides."""

    seed: int
    strikes: tuple[Strike, ...]
    counts: tuple[int, ...]  # of names, for each campaign
    advances: tuple[wire.Advance, ...]


class Run(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of it: `verdict` is "held", or what did not."""

    seed: int
    strikes: tuple[Strike, ...]
    seconds: float
    verdict: str


HELD = "held"
BY_NAME = {fault.name: fault for fault in FAULTS}


def plan_run(seed: int, possible: Sequence[Fault]) -> Plan:
    chance = random.Random(seed)
    first = chance.choice(possible)
    others = [fault for fault in possible if fit_together(first, fault)]
    faults = [first, *([chance.choice(others)] if others and chance.random() < TWO_FAULTS_CHANCE else [])]
    counts = tuple(chance.randint(COUNT_MIN, COUNT_MAX) for _ in range(chance.randint(1, CAMPAIGNS_MAX)))
    advances = tuple(chance.choice(tuple(wire.Advance)) for _ in counts)
    return Plan(seed, tuple(plan_strike(fault, chance) for fault in faults), counts, advances)


def fit_together(first: Fault, second: Fault) -> bool:
    """Workers cannot be started for two needs at once; who needs nothing fits everybody else."""
    subjects = {first.subject, second.subject}
    return len(subjects) == 2 and Subject.EVERYBODY not in subjects and Needs() in (first.needs, second.needs)


def plan_strike(fault: Fault, chance: random.Random) -> Strike:
    phase = chance.choice(PHASES)
    return Strike(
        fault=fault.name,
        phase=phase,
        after_seconds=round(chance.uniform(0, AFTER_SECONDS_MAX[phase]), 3),
        seconds=round(chance.uniform(*fault.seconds), 3),
    )


async def live_through(rig: Rig, plan: Plan) -> Run:
    """The installation must be well; it is again afterwards, if the verdict is that everything held."""
    began = time.monotonic()
    try:
        news = Began()
        await within_ticks(asyncio.create_task(carry_out(rig, plan, news)), news)
        verdict = HELD
    except Exception as error:  # noqa: BLE001 - whatever it is, the run did not hold, and the next one begins
        verdict = f"{told(error)}; {await where_all_stand(rig)}"
    return Run(plan.seed, plan.strikes, round(time.monotonic() - began, 2), verdict)


async def within_ticks(work: "asyncio.Task[None]", news: Began) -> None:
    """Until it is done, as long as something is heard of it."""
    heard, ticks = 0, 0
    while ticks < TICKS_MAX:
        done, _ = await asyncio.wait({work}, timeout=TICK_SECONDS)
        if done:
            await work
            return
        heard, ticks = (news.heard, 0) if news.heard > heard else (heard, ticks + 1)
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    raise AssertionError("it did not come to its end")


def told(error: BaseException) -> str:
    """The first thing that went wrong, in a line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


async def carry_out(rig: Rig, plan: Plan, began: Began) -> None:
    faults = [BY_NAME[strike.fault] for strike in plan.strikes]
    await rig.fit(next((fault.needs for fault in faults if fault.needs != Needs()), Needs()))
    tenant = f"seed {plan.seed}"
    async with rig.client(await rig.new_key(tenant)) as client, asyncio.TaskGroup() as group:
        carried = [
            group.create_task(carry(client, request(f"{tenant}, {number}", count, advance), began))
            for number, (count, advance) in enumerate(zip(plan.counts, plan.advances, strict=True))
        ]
        for number, strike in enumerate(plan.strikes):
            group.create_task(harm(rig, strike, random.Random(f"{plan.seed}/{number}"), began))
    await rig.until_well()
    # By way of wires, redirects lead elsewhere than they should.
    deceived = any(fault.deceives or fault.needs.relays for fault in faults)
    await check_data(rig, tenant, [task.result() for task in carried], deceived=deceived)
    await check_leaks(rig)
    is_away = any(fault.subject is Subject.INTERNET for fault in faults)
    errors = rig.log.errors(EXPECTED_WITHOUT_INTERNET if is_away else EXPECTED)
    assert not errors, f"{len(errors)} errors were logged: {errors[0]}"


async def harm(rig: Rig, strike: Strike, chance: random.Random, began: Began) -> None:
    """Wait for the moment, strike, and heal."""
    await began.wait(strike.phase)
    await asyncio.sleep(strike.after_seconds)
    async with BY_NAME[strike.fault].harm(rig, chance):
        await asyncio.sleep(strike.seconds)
