"""The worker: claims chunks, has several carried at once, and keeps their leases.

Its steps are ticks (`claim_tick`, `heartbeat_tick`, and the planner's and accountant's), so that a simulation can
take them one by one, in any order, and cancel any of them. It also sweeps away what was retired.
"""

import asyncio
import contextlib
import logging
import time
from uuid import UUID

import msgspec

from service.errors import Refused
from service.pipelines import store
from service.pipelines.accounting import ACCOUNTING_SECONDS, account_tick, finish_if_over
from service.pipelines.carrying import CHECKPOINT_SECONDS, Carrier, Held
from service.pipelines.model import Lease, RunPlan
from service.pipelines.pace import Pace
from service.pipelines.planner import plan_run
from service.pipelines.remembering import VerdictsInDatabase
from service.pipelines.reporting import TALLY_SECONDS, tally_tick
from service.pipelines.store import ClaimedChunk, WorkerIdentity
from service.pipelines.sweeping import SWEEP_PAUSE_FACTOR, SWEEP_PAUSE_SECONDS, SWEEP_POLL_SECONDS, sweep_tick
from service.pipelines.transforms.engines import Engines
from service.postgres.database import DATABASE_ERRORS, DISK_FULL, Database
from service.postgres.room import LOOK_SECONDS, Bounds, look_for_room
from service.progress.events import CampaignPhase
from service.runtime.logs import bind_ids
from service.runtime.loop import run_forever

CHUNKS_HELD_MAX = 12
OF_ONE_RUN_MAX = 8  # so that a campaign that waits for its rates, or for slow hosts, makes no other wait for it
LOW_WATER = 5  # with fewer chunks than this in hand, more are claimed at once; with more, at times
CLAIM_POLL_SECONDS = 1.0
PLAN_POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 1.0
SILENT_SECONDS = 60.0
DRAIN_SECONDS_MAX = 8.0
NETWORK_PHASES = frozenset({CampaignPhase.DNS_VALIDATION, CampaignPhase.HTTP_VALIDATION})

logger = logging.getLogger(__name__)


class WorkerSettings(msgspec.Struct, frozen=True):
    """How a worker holds its chunks. A lease outlives its last heartbeat by `lease_seconds`."""

    lease_seconds: float = 15.0
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    bounds: Bounds = Bounds()
    deleted_seconds: float = 0.0  # or the least that is needed anyway


class Worker:
    """One worker process's engine."""

    def __init__(
        self,
        database: Database,
        engines: Engines,
        identity: WorkerIdentity,
        settings: WorkerSettings,
        carrier: type[Carrier] = Carrier,
    ) -> None:
        self.database = database
        self.engines = engines
        self.engines.set_memory(lambda view_key: VerdictsInDatabase(database, view_key))
        self.identity = identity
        self.settings = settings
        self.held: dict[UUID, Held] = {}
        self.heard_at = time.monotonic()  # when the database last heard of us
        self.claimed_at = -CLAIM_POLL_SECONDS  # when chunks were looked for
        self.pace = Pace(self.heard_at)
        self.carrier = carrier(database, engines, self.pace, settings.checkpoint_seconds, self.hear_refusal)
        self.share = 0.0  # of all rates
        self.sharing = asyncio.Lock()  # shares take effect in the order in which they were leased
        self.draining = asyncio.Event()
        self.room = asyncio.Event()  # set when a chunk leaves the hand
        self.database_has_room = True  # or else nothing is begun

    async def run(self, stop: asyncio.Event, wake: asyncio.Event) -> None:
        """Work until told to stop; then write what is finished and give the rest back, within seconds."""
        await self.heartbeat_tick()
        await self.look_tick()
        # Loops outlive the stop signal: leases are kept and totals told until the last chunk is out of hand.
        drained = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            heart = run_forever(
                "heartbeat",
                self.heartbeat_once,
                stop=drained,
                poll_seconds=HEARTBEAT_SECONDS,
                pause_seconds=HEARTBEAT_SECONDS,
            )
            group.create_task(heart)
            group.create_task(run_forever("look", self.look_tick, stop=stop, poll_seconds=LOOK_SECONDS))
            group.create_task(run_forever("plan", self.plan_tick, stop=stop, wake=wake, poll_seconds=PLAN_POLL_SECONDS))
            accountant = run_forever(
                "account",
                self.account_tick,
                stop=drained,
                poll_seconds=ACCOUNTING_SECONDS,
                pause_seconds=ACCOUNTING_SECONDS,
            )
            group.create_task(accountant)
            claims = run_forever(
                "claim", lambda: self.claim_tick(group), stop=stop, wake=self.room, poll_seconds=CLAIM_POLL_SECONDS
            )
            group.create_task(claims)
            sweeper = run_forever(
                "sweep",
                self.sweep_tick,
                stop=stop,
                poll_seconds=SWEEP_POLL_SECONDS,
                pause_seconds=SWEEP_PAUSE_SECONDS,
                pause_factor=SWEEP_PAUSE_FACTOR,
            )
            group.create_task(sweeper)
            group.create_task(run_forever("tally", self.tally_tick, stop=stop, poll_seconds=TALLY_SECONDS))
            await stop.wait()
            await self.drain()
            drained.set()
        await self.engines.close_idle(idle_seconds=0)
        await self.leave()

    async def look_tick(self) -> int:
        """See whether the database has room; tell when that changes."""
        rooms = await look_for_room(self.database, self.settings.bounds)
        short = [room.sentence for room in rooms if room.is_short]
        if self.database_has_room and short:
            logger.warning("runs wait for room: %s", " ".join(short))
        elif not self.database_has_room and not short:
            logger.warning("there is room again, runs go on")
        self.database_has_room = not short
        self.room.set()
        return 0

    async def plan_tick(self) -> int:
        if not self.database_has_room:
            return 0
        async with self.database.transaction() as tx:
            planned = await plan_run(tx)
        self.room.set()  # a bell that called for the planner is news for the claimer too
        if planned is None:
            return 0
        await finish_if_over(self.database, planned)
        return 1

    async def account_tick(self) -> int:
        return await account_tick(self.database)

    async def tally_tick(self) -> int:
        return await tally_tick(self.database)

    async def sweep_tick(self) -> int:
        return await sweep_tick(self.database, self.settings.deleted_seconds)

    async def claim_tick(self, group: asyncio.TaskGroup) -> int:
        """Take chunks while there is room, and start carrying them; how many."""
        if self.draining.is_set() or not self.database_has_room or not self.has_room():
            return 0
        self.claimed_at = time.monotonic()
        leases = await self.claim(CHUNKS_HELD_MAX - len(self.held))
        for lease in leases:
            held = self.held[lease.lease_id] = Held(lease)
            if self.draining.is_set():
                held.give_back()
            held.task = group.create_task(self.carry(held), name=f"chunk {lease.run.run_id}/{lease.number}")
        if not self.share and self.wants_share():
            await self.heartbeat_tick()  # which leases a share, and makes us known first, if nobody has heard of us yet
        return len(leases)

    def has_room(self) -> bool:
        """Above the low water, others are looked for now and then: not each time that a chunk of many is done."""
        is_time = time.monotonic() - self.claimed_at >= CLAIM_POLL_SECONDS / 2
        return len(self.held) < (CHUNKS_HELD_MAX if is_time else LOW_WATER)

    async def claim(self, count: int) -> list[Lease]:
        async with self.database.transaction() as tx:
            chunks = await store.claim_chunks(
                tx, self.identity.worker_id, count, self.settings.lease_seconds, of_one_run=OF_ONE_RUN_MAX
            )
            plans = await store.list_run_plans(tx, sorted({chunk.run_id for chunk in chunks})) if chunks else {}
        return [lease_of(chunk, plans[chunk.run_id]) for chunk in chunks]

    async def heartbeat_once(self) -> int:
        """A heartbeat; without any for as long as a lease lasts, others have our chunks, and our share of the rates."""
        try:
            await self.heartbeat_tick()
        except Refused:
            if time.monotonic() - self.heard_at > self.settings.lease_seconds:
                self.set_share(0)
            raise
        return 1

    async def heartbeat_tick(self) -> None:
        """Say that we live, keep our leases, and let go of what is not ours or not wanted any more."""
        leases = list(self.held)
        asked_at = time.monotonic()
        async with self.database.transaction() as tx:
            await store.upsert_worker(
                tx,
                self.identity,
                chunks_held=len(leases),
                draining=self.draining.is_set(),
                rate_per_second=self.pace.look(asked_at),
            )
            standing = await store.renew_leases(tx, leases, self.settings.lease_seconds) if leases else {}
            await store.delete_silent_workers(tx, SILENT_SECONDS)
        await self.share_tick()
        self.heard_at = asked_at  # others count from the instant that the database wrote down
        await self.engines.close_idle()
        for lease_id in leases:
            held = self.held.get(lease_id)
            if held is None:
                continue
            if lease_id not in standing:
                held.drop()
            elif not standing[lease_id]:
                held.give_back()

    async def share_tick(self) -> None:
        """Lease our share of all rates: an equal one, as far as those who had more have given it back.

        What we had until now, and what waits for its answer, is ours until the next time: others would come on top.
        """
        async with self.sharing:
            held = max(self.share, self.engines.occupancy())
            async with self.database.transaction() as tx:
                share = await store.lease_share(
                    tx, self.identity.worker_id, self.settings.lease_seconds, held=held, is_wanted=self.wants_share()
                )
            self.set_share(share)

    def set_share(self, share: float) -> None:
        self.share = share
        self.engines.set_share(share)

    def wants_share(self) -> bool:
        """Whether a chunk in hand uses the network."""
        return any(held.lease.run.phase in NETWORK_PHASES for held in self.held.values())

    async def carry(self, held: Held) -> None:
        bind_ids(worker_id=str(self.identity.worker_id))
        try:
            await self.carrier.carry(held)
        finally:
            self.held.pop(held.lease.lease_id, None)
            self.room.set()

    def hear_refusal(self, reason: Refused) -> None:
        if reason.code == DISK_FULL:
            self.database_has_room = False  # until the next look

    async def drain(self) -> None:
        """Give everything back: what is finished is written first; what takes too long is cut off."""
        self.draining.set()
        for held in list(self.held.values()):
            held.give_back()
        tasks = [held.task for held in self.held.values() if held.task is not None]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=DRAIN_SECONDS_MAX)
            for task in late:
                task.cancel()

    async def leave(self) -> None:
        """Sign off: whatever is still leased to us is free, and the rates are shared by fewer."""
        with contextlib.suppress(Refused, *DATABASE_ERRORS):
            async with self.database.transaction() as tx:
                await store.release_worker(tx, self.identity.worker_id, counts_as_attempt=False)


def lease_of(chunk: ClaimedChunk, run: RunPlan) -> Lease:
    return Lease(
        lease_id=chunk.lease_id,
        run=run,
        number=chunk.number,
        kind=chunk.kind,
        first_position=chunk.first_position,
        end_position=chunk.end_position,
        attempt_count=chunk.attempt_count,
    )
