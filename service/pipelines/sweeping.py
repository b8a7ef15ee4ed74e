"""What nobody reads any more is removed in the background, a bounded step at a time.

Sets are retired when a campaign is deleted, when a re-run has taken their place, and when names are imported anew. A
large set is a partition, which is dropped; rows of a small one go in batches. Each step is one transaction, so that a
crash repeats a step at the most. When nothing of a deleted campaign is left but its own row, that goes too.
"""

from service.pipelines import store
from service.pipelines.reporting import tally
from service.pipelines.store import RetiredSet
from service.postgres.database import Database, Tx
from service.postgres.partitions import LARGE_SET_ID_MIN, LeafBusy, drop_leaf

GRACE_SECONDS = 60.0  # readers that began with a set may end with it; twice as long as a request's statement may take
TOLD_SECONDS = 60.0  # so long, watchers who come back are told that a campaign was deleted
POSITIONS_AT_A_TIME = 10_000
LINES_AT_A_TIME = 10_000
LOCK_SECONDS_MAX = 0.2  # a drop that waits for one reader holds up all others that come after it
SWEEP_POLL_SECONDS = 5.0
SWEEP_PAUSE_SECONDS = 0.05
SWEEP_PAUSE_FACTOR = 9.0  # a tenth of the time at most: whoever works beside it is hardly slower


async def sweep_tick(database: Database, kept_seconds: float = 0.0) -> int:
    """One step; zero when there is nothing to do, or it cannot be done now. Rows stay for `kept_seconds` at least."""
    return await sweep_set(database, kept_seconds) or await sweep_campaign(database, kept_seconds)


async def sweep_set(database: Database, kept_seconds: float) -> int:
    retired: RetiredSet | None = None
    try:
        async with database.transaction() as tx:
            retired = await store.claim_retired_set(tx, max(GRACE_SECONDS, kept_seconds))
            if retired is None:
                return 0
            if await remove_rows(tx, retired):
                await tally(tx, retired.set_id)  # a run's id is its set's
                await store.forget_set(tx, retired.set_id)
    except LeafBusy:
        assert retired is not None
        async with database.transaction() as tx:
            await store.postpone_retired_set(tx, retired.set_id)
        return 0
    return 1


async def remove_rows(tx: Tx, retired: RetiredSet) -> bool:
    """All rows of a large set, or some of a small one; True when none were left."""
    if retired.set_id >= LARGE_SET_ID_MIN:
        await drop_leaf(tx, store.TABLES[retired.phase], retired.set_id, lock_seconds=LOCK_SECONDS_MAX)
        return True
    return await store.delete_rows_of_set(tx, retired, POSITIONS_AT_A_TIME) == 0


async def sweep_campaign(database: Database, kept_seconds: float) -> int:
    async with database.transaction() as tx:
        campaign_id = await store.claim_deleted_campaign(tx, max(TOLD_SECONDS, kept_seconds))
        if campaign_id is None:
            return 0
        if await store.delete_rejects_of_campaign(tx, campaign_id, LINES_AT_A_TIME) == 0:
            await store.delete_campaign(tx, campaign_id)
        return 1
