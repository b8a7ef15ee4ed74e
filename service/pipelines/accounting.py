"""Totals: what chunks add up to, told to watchers at most five times a second, and whether a run is over."""

from service.campaigns import running
from service.pipelines import store
from service.postgres.database import Database

RUNS_PER_TICK_MAX = 200
ACCOUNTING_SECONDS = 0.2


async def account_tick(database: Database) -> int:
    """Tell what changed since the last tick, then finish the runs that are over; how many runs that was.

    One process at a time does it; a run whose last worker died before it could tell is found here.
    """
    async with database.transaction() as tx:
        if not await store.try_accounting_lock(tx):
            return 0
        changed = (await store.list_changed_runs(tx))[:RUNS_PER_TICK_MAX]
        finished = (await store.list_finished_runs(tx))[:RUNS_PER_TICK_MAX]
    for run_id in changed:
        await tell_totals(database, run_id)
    for run_id in finished:
        await finish_if_over(database, run_id)
    return len(changed) + len(finished)


async def tell_totals(database: Database, run_id: int) -> None:
    """Write and announce what a run's chunks add up to. Summed under its lock: an older sum never follows a newer."""
    async with database.transaction() as tx:
        await running.lock_run(tx, run_id)
        await running.record_progress(tx, run_id, await store.sum_chunks(tx, run_id))


async def finish_if_over(database: Database, run_id: int) -> bool:
    """Complete the run if none of its chunks is unfinished: decided under its lock."""
    async with database.transaction() as tx:
        if not await store.is_run_over(tx, run_id):
            return False
        await running.lock_run(tx, run_id)
        if not await store.is_run_over(tx, run_id):
            return False
        await running.finish_run(tx, run_id, await store.sum_chunks(tx, run_id))
        return True


async def settle_run(database: Database, run_id: int) -> None:
    """After a chunk's last write: complete the run if it is over.

    The accountant looks at running runs only: what was written after a pause or a cancellation is told here.
    """
    if not await finish_if_over(database, run_id) and not await is_running(database, run_id):
        await tell_totals(database, run_id)


async def is_running(database: Database, run_id: int) -> bool:
    async with database.transaction() as tx:
        return await store.is_run_running(tx, run_id)
