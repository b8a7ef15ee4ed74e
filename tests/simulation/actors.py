"""Who acts in a simulation: workers whose loops are taken out of their hands, and a person who asks for things."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from enum import StrEnum
from typing import assert_never
from uuid import UUID

import msgspec

from service.access.model import Principal
from service.campaigns import commands
from service.campaigns.model import (
    PHASES,
    Advance,
    Campaign,
    CreateCampaign,
    DeletedCampaign,
    Rerun,
    RerunScope,
    TransitionCampaign,
)
from service.campaigns.views import get_campaign, get_phases
from service.errors import Conflict, NotFound
from service.pipelines.carrying import Held
from service.pipelines.engine import Worker
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from tests.world import a_campaign

Tick = Callable[[], Awaitable[object]]

NAMES_MIN = 50
NAMES_MAX = 160
DNS_TIMEOUT_SECONDS = 1.1  # beyond the sandbox's slowest name
HTTP_TIMEOUT_SECONDS = 4.0
OLD_AFTER = timedelta(seconds=6)  # the clock jumps by five


class SimulatedWorker:
    """A worker without loops of its own: each tick is taken when it is asked for, one of a kind at a time."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._group = asyncio.TaskGroup()
        self._is_over = asyncio.Event()
        self._is_ready = asyncio.Event()
        self._life = asyncio.create_task(self._live())
        self._ticks: dict[str, asyncio.Task[object]] = {}

    async def _live(self) -> None:
        """Owns the tasks of the chunks in hand."""
        async with self._group:
            self._is_ready.set()
            await self._is_over.wait()

    async def ready(self) -> None:
        await self._is_ready.wait()

    @property
    def kinds(self) -> dict[str, Tick]:
        return {
            "claim": lambda: self.worker.claim_tick(self._group),
            "heartbeat": self.worker.heartbeat_tick,
            "plan": self.worker.plan_tick,
            "account": self.worker.account_tick,
            "sweep": self.worker.sweep_tick,
        }

    def tick(self, kind: str) -> "asyncio.Task[object]":
        """Begin a tick; while the one before it is not over it is that one, for a loop takes one after the other."""
        before = self._ticks.get(kind)
        if before is None or before.done():
            before = self._ticks[kind] = asyncio.create_task(as_coroutine(self.kinds[kind]), name=f"{kind} tick")
        return before

    @property
    def held(self) -> list[Held]:
        """The chunks in hand, in the order in which they were taken."""
        return list(self.worker.held.values())

    async def kill(self) -> None:
        """Everything of it stops where it stands, and nobody is told. Only sockets are closed, as a kernel would."""
        tasks = [task for task in (self._life, *self._ticks.values()) if not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.worker.engines.close_idle(idle_seconds=0)

    async def retire(self) -> None:
        """Stop in order: finished items are written, the rest is given back."""
        await self.worker.drain()
        await asyncio.gather(*self._ticks.values(), return_exceptions=True)
        self._is_over.set()
        await self._life
        await self.worker.engines.close_idle(idle_seconds=0)
        await self.worker.leave()


async def as_coroutine(tick: Tick) -> object:
    return await tick()


class Order(StrEnum):
    """What a person may ask for a campaign."""

    FORWARD = "forward"  # a transition without `rerun`
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"
    RERUN_FAILED = "rerun_failed"
    RERUN_ALL = "rerun_all"
    RERUN_OLD = "rerun_old"
    DELETE = "delete"


class Person:
    """Somebody of one tenant, with campaigns."""

    def __init__(self, database: Database, principal: Principal) -> None:
        self.database = database
        self.principal = principal
        self.campaign_ids: list[UUID] = []

    async def create(self, request: CreateCampaign) -> None:
        async with self.database.transaction() as tx:
            campaign = await commands.create_campaign(tx, self.principal, request)
        self.campaign_ids.append(campaign.id)

    async def give(self, order: Order, campaign_id: UUID, phase: CampaignPhase) -> Campaign | DeletedCampaign:
        """Carry out a command in its transaction; Refused where the state machine says no."""
        async with self.database.transaction() as tx:
            await tx.begin()
            match order:
                case Order.DELETE:
                    return await commands.delete_campaign(tx, self.principal, campaign_id, None)
                case Order.PAUSE:
                    return await commands.pause_campaign(tx, self.principal, campaign_id, order, None)
                case Order.RESUME:
                    return await commands.resume_campaign(tx, self.principal, campaign_id, order, None)
                case Order.CANCEL:
                    return await commands.cancel_campaign(tx, self.principal, campaign_id, order, None)
                case Order.RETRY:
                    return await commands.retry_campaign(tx, self.principal, campaign_id, order, None)
                case Order.FORWARD | Order.RERUN_FAILED | Order.RERUN_ALL | Order.RERUN_OLD:
                    old = Rerun(RerunScope.OLDER_THAN, tx.now - OLD_AFTER)
                    request = TransitionCampaign(phase, order, RERUNS.get(order, old))
                    return await commands.transition_campaign(tx, self.principal, campaign_id, request, None)
                case _:
                    assert_never(order)

    async def replace(self, campaign_id: UUID, request: CreateCampaign) -> None:
        """Another campaign in this one's place. If the answer is lost, it is found out later that it is gone."""
        await self.create(request)
        await self.give(Order.DELETE, campaign_id, request.initial_phase)
        self.forget(campaign_id)

    def forget(self, campaign_id: UUID) -> None:
        if campaign_id in self.campaign_ids:
            self.campaign_ids.remove(campaign_id)

    async def see_through(self, campaign_id: UUID) -> bool:
        """Whether a campaign is at its end; if it waits for a command, it is given it."""
        try:
            if await self.is_through(campaign_id):
                return True
        except NotFound:
            self.forget(campaign_id)
            return True
        with contextlib.suppress(Conflict):  # it moved by itself meanwhile
            await self.urge(campaign_id)
        return False

    async def is_through(self, campaign_id: UUID) -> bool:
        """Nothing is left to be done, and no name is left that its chunk's bad luck was blamed on."""
        async with self.database.transaction() as tx:
            phases = await get_phases(tx, self.principal, campaign_id)
        if phases.current_phase is not CampaignPhase.ANALYSIS or phases.phase_status is not PhaseStatus.COMPLETED:
            return False
        blamed = [run.phase for run in phases.phases[1:] if run.outcomes["internal_error"]]
        for phase in blamed:
            await self.give(Order.RERUN_FAILED, campaign_id, phase)
            return False
        return True

    async def urge(self, campaign_id: UUID) -> None:
        """Give the command that a campaign waits for, if it waits for any."""
        async with self.database.transaction() as tx:
            campaign = await get_campaign(tx, self.principal, campaign_id)
        phase, status = campaign.current_phase, campaign.phase_status
        if status is PhaseStatus.COMPLETED and phase is not CampaignPhase.ANALYSIS:
            await self.give(Order.FORWARD, campaign_id, PHASES[PHASES.index(phase) + 1])
        elif status in WAY_ON:
            await self.give(WAY_ON[status], campaign_id, phase)


RERUNS = {
    Order.FORWARD: None,
    Order.RERUN_FAILED: Rerun(RerunScope.FAILED),
    Order.RERUN_ALL: Rerun(RerunScope.ALL),
}
WAY_ON = {
    PhaseStatus.PENDING: Order.FORWARD,
    PhaseStatus.PAUSED: Order.RESUME,
    PhaseStatus.FAILED: Order.RETRY,
    PhaseStatus.CANCELLED: Order.RETRY,
}


def some_request(chance: random.Random, advance: Advance, alphabet: str, length: int) -> CreateCampaign:
    """A small campaign; those of one alphabet and length draw on one space of names."""
    request = a_campaign(chance.randint(NAMES_MIN, NAMES_MAX), advance=advance)
    configuration = request.configuration
    assert configuration.domain_generation is not None
    replace = msgspec.structs.replace
    return replace(
        request,
        configuration=replace(
            configuration,
            domain_generation=replace(configuration.domain_generation, character_set=alphabet, variable_length=length),
            dns_validation=replace(configuration.dns_validation, timeout_seconds=DNS_TIMEOUT_SECONDS),
            http_validation=replace(configuration.http_validation, timeout_seconds=HTTP_TIMEOUT_SECONDS),
        ),
    )
