"""Carries a chunk from its items to its outcomes: source, transform, sink, and again after each checkpoint.

Whatever happens meanwhile, a chunk is written by whoever holds its lease, or not at all.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from service.campaigns import running
from service.campaigns.model import DnsValidation
from service.campaigns.outcomes import LABELS
from service.errors import Refused
from service.pipelines import source, store
from service.pipelines.accounting import settle_run
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
from service.pipelines.sink import Ending, failed_results, write_results
from service.pipelines.store import LockedChunk
from service.pipelines.transforms.apply import transform
from service.pipelines.transforms.engines import Engines
from service.postgres.database import DATABASE_ERRORS, Database
from service.runtime.logs import bind_ids
from service.runtime.telemetry import CHUNK_SECONDS, CHUNKS_FINISHED, ITEMS_FINISHED
from service.runtime.tracing import note, span

CHECKPOINT_SECONDS = 10.0  # finished items of a slow chunk are written this often
ITEMS_PER_CHECKPOINT = 3  # slowest items, one after the other, that fit between two checkpoints
ATTEMPTS_MAX = 3  # then a chunk is halved
WRITE_ATTEMPTS_MAX = 5  # a lost COMMIT answer: the chunk tells whether it was committed
WRITE_PAUSE_SECONDS = 0.5

logger = logging.getLogger(__name__)


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


class Carrier:
    """Carries the chunks that a worker holds, through its engines; several at once.

    `on_refusal` hears of what the database refused, before the chunk is given back for it.
    """

    def __init__(
        self,
        database: Database,
        engines: Engines,
        pace: Pace,
        checkpoint_seconds: float,
        on_refusal: Callable[[Refused], None],
    ) -> None:
        self.database = database
        self.engines = engines
        self.pace = pace
        self.checkpoint_seconds = checkpoint_seconds
        self.on_refusal = on_refusal

    async def carry(self, held: Held) -> None:
        """Whatever goes wrong ends here."""
        ids = ids_of(held.lease)
        bind_ids(**ids)
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
            self.on_refusal(reason)
            logger.warning("chunk given back: %s", reason.message)
            await self.release(held, counts_as_attempt=False)
        except Exception:
            ending = "error"
            logger.exception("chunk failed")
            await self.release(held, counts_as_attempt=True)
        finally:
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
        seconds = checkpoint_after(held.lease.run, self.checkpoint_seconds)
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


def ids_of(lease: Lease) -> dict[str, str | int]:
    """What is told of a chunk belongs to these."""
    run = lease.run
    chunk_id = f"{run.run_id}/{lease.number}"
    return {"campaign_id": str(run.campaign_id), "phase": run.phase, "run_id": run.run_id, "chunk_id": chunk_id}
