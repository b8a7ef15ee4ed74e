"""What the database says of the whole installation, as metrics: asked now and then, not with each scrape."""

import itertools
from datetime import timedelta

from service.pipelines.store import SQL
from service.pipelines.views import LIVE_SECONDS
from service.postgres.database import Database
from service.postgres.room import list_room
from service.progress.events import CampaignPhase, PhaseStatus
from service.runtime import telemetry

LIST_RUN_COUNTS = SQL["list_run_counts"]
LIST_CHUNK_COUNTS = SQL["list_chunk_counts"]
FIND_STANDING = SQL["find_standing"]

STANDING_SECONDS = 10.0
STATEMENT_SECONDS_MAX = 5.0
CHUNK_STATES = ("pending", "leased")


async def standing_tick(database: Database) -> int:
    """Ask once, and set the gauges; nothing is left to do after that."""
    async with database.transaction(statement_seconds=STATEMENT_SECONDS_MAX) as tx:
        await tx.begin()
        runs = {(row["phase"], row["phase_status"]): row["run_count"] for row in await tx.fetch(LIST_RUN_COUNTS)}
        chunks = {row["state"]: row["chunk_count"] for row in await tx.fetch(LIST_CHUNK_COUNTS)}
        standing = await tx.find(FIND_STANDING, tx.now, tx.now - timedelta(seconds=LIVE_SECONDS))
        rooms = await list_room(tx)
        now = tx.now.timestamp()
    assert standing is not None
    for phase, status in itertools.product(CampaignPhase, (PhaseStatus.RUNNING, PhaseStatus.PAUSED)):
        telemetry.RUNS.labels(phase, status).set(runs.get((phase, status), 0))
    for state in CHUNK_STATES:
        telemetry.CHUNKS_UNFINISHED.labels(state).set(chunks.get(state, 0))
    telemetry.WORKERS_ALIVE.set(standing["worker_count"])
    telemetry.RETIRED_SETS.set(standing["retired_count"])
    telemetry.PROGRESS_AGE.set(max(0.0, standing["progress_age_seconds"]))
    telemetry.ROOM_FREE.clear()  # what nobody sees any more is not known
    telemetry.ROOM_SHORT.clear()
    for room in rooms:
        telemetry.ROOM_FREE.labels(room.measure).set(room.free_bytes)
        telemetry.ROOM_SHORT.labels(room.measure).set(room.is_short)
    telemetry.OBSERVED_AT.set(now)
    return 0
