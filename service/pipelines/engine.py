"""The worker: claims chunks, carries several at once through source, transform and sink, and keeps their leases.

Its steps are ticks (`claim_tick`, `heartbeat_tick`, and the planner's and accountant's), so that a simulation can
take them one by one, in any order, and cancel any of them. It also sweeps away what was retired.
"""

import asyncio
import contextlib
import logging
import time
from uuid import UUID

import msgspec

from service.campaigns import running
from service.campaigns.model import DnsValidation
from service.campaigns.outcomes import LABELS
from service.errors import Refused
from service.pipelines import source, store
from service.pipelines.accounting import ACCOUNTING_SECONDS, account_tick, finish_if_over, settle_run
from service.pipelines.model import (
    Items,
    Lease,
    LeaseLost,
    PhaseCannotContinue,
    Positions,
    Receipt,
    Results,
    RunPlan,
    left_over,
)
from service.pipelines.pace import Pace
from service.pipelines.planner import plan_run
from service.pipelines.remembering import VerdictsInDatabase
from service.pipelines.reporting import TALLY_SECONDS, tally_tick
from service.pipelines.sink import Ending, failed_results, write_results
from service.pipelines.store import ClaimedChunk, LockedChunk, WorkerIdentity
from service.pipelines.sweeping import SWEEP_PAUSE_FACTOR, SWEEP_PAUSE_SECONDS, SWEEP_POLL_SECONDS, sweep_tick
from service.pipelines.transforms.apply import transform
from service.pipelines.transforms.engines import Engines
from service.postgres.database import DATABASE_ERRORS, DISK_FULL, Database
from service.postgres.room import LOOK_SECONDS, Bounds, look_for_room
from service.progress.events import CampaignPhase
from service.runtime.logs import bind_ids
from service.runtime.loop import run_forever
from service.runtime.telemetry import CHUNK_SECONDS, CHUNKS_FINISHED, ITEMS_FINISHED
from service.runtime.tracing import note, span

CHUNKS_HELD_MAX = 12
OF_ONE_RUN_MAX = 8  # so that a campaign that waits for its rates, or for slow hosts, makes no other wait for it
LOW_WATER = 5  # with fewer chunks than this in hand, more are claimed at once; with more, at times
CHECKPOINT_SECONDS = 10.0  # finished items of a slow chunk are written this often
ITEMS_PER_CHECKPOINT = 3  # slowest items, one after the other, that fit between two checkpoints
ATTEMPTS_MAX = 3  # then a chunk is halved
WRITE_ATTEMPTS_MAX = 5  # a lost COMMIT answer: the chunk tells whether it was committed
WRITE_PAUSE_SECONDS = 0.5
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


class Held:
    """A chunk in hand. `halt` asks its transform to come to an end; `is_wanted` says whether to go on after that."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.halt = asyncio.Event()
        self.is_wanted = True
        self.is_transforming = False
        self.task: asyncio.Task[None] | None = None

    def give_back(self) -> None:
        self.is_wanted = False
        self.halt.set()

    def drop(self) -> None:
        """Somebody else has it, or it was just completed: go no further.

        Only the transform is cut off. A write finds out by the lease, and a chunk whose last write has committed is
        not in the database's list of leases either, although nothing is wrong with it.
        """
        self.give_back()
        if self.is_transforming and self.task is not None:
            self.task.cancel()


class Worker:
    """One worker process's engine."""

    def __init__(
        self, database: Database, engines: Engines, identity: WorkerIdentity, settings: WorkerSettings
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
        """One chunk from its items to its outcomes; whatever goes wrong ends here."""
        ids = ids_of(held.lease)
        bind_ids(worker_id=str(self.identity.worker_id), **ids)
        with span(f"chunk of {held.lease.run.phase}", parent=held.lease.run.trace_parent):
            note(**ids)
            await self.carry_and_tell(held)

    async def carry_and_tell(self, held: Held) -> None:
        started = time.perf_counter()
        phase = held.lease.run.phase
        ending = "cancelled"
        try:
            ending = await self.carry_to_the_end(held)
        except LeaseLost:
            ending = "lost"
        except PhaseCannotContinue as reason:
            ending = "stuck"
            await self.fail(held, reason)
        except Refused as reason:
            ending = "waits"
            logger.warning("chunk given back: %s", reason.message)
            self.database_has_room = self.database_has_room and reason.code != DISK_FULL  # until the next look
            await self.release(held, counts_as_attempt=False)
        except Exception:
            ending = "error"
            logger.exception("chunk failed")
            await self.release(held, counts_as_attempt=True)
        finally:
            self.held.pop(held.lease.lease_id, None)
            self.room.set()
            CHUNKS_FINISHED.labels(phase, ending).inc()
            seconds = time.perf_counter() - started
            CHUNK_SECONDS.labels(phase).observe(seconds)
            note(ending=ending)
            logger.info("chunk %s", ending, extra={"ending": ending, "seconds": round(seconds, 6)})

    async def carry_to_the_end(self, held: Held) -> str:
        lease = held.lease
        with span("read items"):
            async with self.database.transaction() as tx:
                items: Items | None = await source.read_items(tx, lease)
        if items is not None and lease.attempt_count > ATTEMPTS_MAX:
            return await self.carry_poison(held, items.positions)
        while items is not None:
            with span("find outcomes", items=len(items.positions)):
                results = await self.transform_for_a_while(held, items)
            # Asked once: whoever changes their mind while we write is heard in the next round.
            ending = Ending.KEEP if held.is_wanted else Ending.GIVE_BACK
            with span("write results"):
                self.count(lease, await self.write(held, results, ending))
            items = left_over(items, results.outcomes)
            if items is not None and ending is Ending.GIVE_BACK:
                await settle_run(self.database, lease.run.run_id)
                return "given back"
        await settle_run(self.database, lease.run.run_id)
        return "done"

    async def transform_for_a_while(self, held: Held, items: Items) -> Results:
        """Until all is done, somebody asks for the chunk, or it is time for a checkpoint."""
        seconds = checkpoint_after(held.lease.run, self.settings.checkpoint_seconds)
        timer = None if seconds is None else asyncio.get_running_loop().call_later(seconds, held.halt.set)
        held.is_transforming = True
        try:
            return await transform(self.engines, held.lease.run, items, held.halt)
        finally:
            held.is_transforming = False
            if timer is not None:
                timer.cancel()
            if held.is_wanted:
                held.halt.clear()

    async def write(self, held: Held, results: Results, ending: Ending) -> Receipt:
        """Write in one transaction; if its answer is lost, the chunk tells whether it was committed."""
        before: LockedChunk | None = None
        receipt: Receipt | None = None
        for attempt in range(1, WRITE_ATTEMPTS_MAX + 1):
            try:
                async with self.database.transaction() as tx:
                    chunk = await store.lock_chunk(tx, held.lease)
                    if receipt is not None and chunk != before:
                        return receipt
                    before, receipt = chunk, await write_results(tx, held.lease, chunk, results, ending)
            except Refused as error:
                if attempt == WRITE_ATTEMPTS_MAX:
                    raise
                logger.warning("writing a chunk again: %s", error.message)
                await asyncio.sleep(WRITE_PAUSE_SECONDS * attempt)
            else:
                return receipt
        raise AssertionError("unreachable")

    async def carry_poison(self, held: Held, positions: Positions) -> str:
        """A chunk that was tried in vain is halved; a single item that fails is recorded as such.

        Halves are of the items that it means, not of its range: what lies between them has an outcome, or needs none.
        """
        lease = held.lease
        if len(positions) > 1:
            middle = len(positions) // 2
            async with self.database.transaction() as tx:
                await store.halve_chunk(tx, lease, int(positions[middle]), len(positions) - middle)
            return "halved"
        if len(positions) == 1:
            logger.error("an item fails again and again")
        self.count(lease, await self.write(held, failed_results(lease, positions), Ending.GIVE_BACK))
        await settle_run(self.database, lease.run.run_id)
        return "done"

    async def fail(self, held: Held, reason: PhaseCannotContinue) -> None:
        run = held.lease.run
        logger.error("run %s cannot go on: %s", run.run_id, reason.message)
        await self.release(held, counts_as_attempt=False)
        with contextlib.suppress(Refused, *DATABASE_ERRORS):
            async with self.database.transaction() as tx:
                await running.fail_run(tx, run.run_id, reason.code, reason.message)

    async def release(self, held: Held, *, counts_as_attempt: bool) -> None:
        """Give a chunk back; if even that fails, its lease will run out."""
        with contextlib.suppress(Refused, *DATABASE_ERRORS):
            async with self.database.transaction() as tx:
                await store.release_chunk(tx, held.lease.lease_id, counts_as_attempt=counts_as_attempt)

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

    def count(self, lease: Lease, receipt: Receipt) -> None:
        labels = LABELS[lease.run.phase]
        self.pace.count(sum(gained for gained in receipt.outcomes if gained > 0))
        for code, gained in enumerate(receipt.outcomes, start=1):
            if gained > 0:
                ITEMS_FINISHED.labels(lease.run.phase, labels[code]).inc(gained)


def checkpoint_after(run: RunPlan, seconds: float) -> float | None:
    """When finished items are written although others are not; None: at the end only.

    An item that is under way at a checkpoint begins anew after it, so that a checkpoint must be far longer than one
    item may take: else a chunk of dead names would never end. Only DNS chunks are large enough to want any.
    """
    if not isinstance(run.configuration, DnsValidation):
        return None
    return max(seconds, ITEMS_PER_CHECKPOINT * run.configuration.attempts * run.configuration.timeout_seconds)


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


def ids_of(lease: Lease) -> dict[str, str | int]:
    """What is told of a chunk belongs to these."""
    run = lease.run
    chunk_id = f"{run.run_id}/{lease.number}"
    return {"campaign_id": str(run.campaign_id), "phase": run.phase, "run_id": run.run_id, "chunk_id": chunk_id}
