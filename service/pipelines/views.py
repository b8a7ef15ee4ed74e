"""Answers about the work itself: who does it, and why a campaign moves or does not."""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from service.access.model import Principal
from service.campaigns.model import Campaign, Explanation, Observation
from service.campaigns.views import get_campaign
from service.pipelines.store import SQL
from service.postgres.database import Tx
from service.postgres.room import Room, find_shortage
from service.progress.events import CampaignPhase, Instant, PhaseStatus

LIST_WORKERS = SQL["list_workers"]
FIND_RUN_SITUATION = SQL["find_run_situation"]

LIVE_SECONDS = 15.0


class WorkerView(msgspec.Struct, frozen=True, rename="camel"):
    """One worker process: is it alive, how many chunks does it hold, and how fast is it?

    `ratePerSecond` is how many domains it finished a second over the last quarter of a minute, whatever the phase.
    """

    id: UUID
    host: str
    process_id: int
    version: str
    chunks_held: int
    rate_per_second: float
    draining: bool
    live: bool
    started_at: Instant
    heartbeat_at: Instant


class WorkerList(msgspec.Struct, frozen=True, rename="camel"):
    """All workers that were heard of lately."""

    items: tuple[WorkerView, ...]


async def list_workers(tx: Tx) -> WorkerList:
    await tx.begin()
    rows = await tx.fetch(LIST_WORKERS)
    return WorkerList(tuple(worker_view(row, tx.now) for row in rows))


async def explain_campaign(tx: Tx, principal: Principal, campaign_id: UUID) -> Explanation:
    """Why a campaign moves, waits or stands, in the order of what to look at first."""
    campaign = await get_campaign(tx, principal, campaign_id)
    if campaign.phase_status is not PhaseStatus.RUNNING:
        return Explanation(moving=False, observations=(standing(campaign),))
    situation = await tx.find(FIND_RUN_SITUATION, campaign_id, tx.now, campaign.current_phase)
    workers = await list_workers(tx)
    if situation is None:
        return Explanation(moving=False, observations=(Observation("run_missing", "The phase has no run yet."),))
    live = [worker for worker in workers.items if worker.live]
    return running(campaign, situation, live, await find_shortage(tx), tx.now)


def standing(campaign: Campaign) -> Observation:
    """A campaign that does not run: what would move it."""
    phase = campaign.current_phase
    sentences = {
        PhaseStatus.PENDING: f"{phase} has not been started; ask for the transition to {phase}.",
        PhaseStatus.PAUSED: f"{phase} is paused; resume it.",
        PhaseStatus.COMPLETED: after_completion(phase),
        PhaseStatus.FAILED: f"{phase} has failed; look at its error under /phases, mend it, then retry.",
        PhaseStatus.CANCELLED: f"{phase} was cancelled; retry goes on with what is unfinished.",
    }
    return Observation(campaign.phase_status, sentences[campaign.phase_status])


def after_completion(phase: CampaignPhase) -> str:
    if phase is CampaignPhase.ANALYSIS:
        return "All phases are completed: the campaign is done."
    return f"{phase} is completed; ask for the transition to the next phase."


def running(
    campaign: Campaign, situation: asyncpg.Record, workers: list[WorkerView], shortage: Room | None, now: datetime
) -> Explanation:
    observations = [
        *([] if shortage is None else [Observation("room_short", shortage.sentence)]),
        *workers_seen(workers),
        *chunks_seen(situation, now),
        *caps_seen(campaign),
    ]
    waiting_count = 0 if shortage else situation["pending_count"]
    moving = bool(workers) and (situation["leased_count"] > 0 or waiting_count > 0)
    return Explanation(moving=moving, observations=tuple(observations))


def workers_seen(workers: list[WorkerView]) -> list[Observation]:
    if not workers:
        return [Observation("no_worker", "No worker is alive; start one with `phaseline work`.")]
    held = sum(worker.chunks_held for worker in workers)
    return [Observation("workers_alive", f"{len(workers)} workers are alive and hold {held} chunks.")]


def chunks_seen(situation: asyncpg.Record, now: datetime) -> list[Observation]:
    if situation["plan"] != "planned":
        return [Observation("not_planned", "The run is about to be cut into chunks.")]
    observations = [
        Observation(
            "chunks",
            f"{situation['leased_count']} chunks are being worked on, {situation['pending_count']} wait, "
            f"of {situation['chunk_count']}.",
        )
    ]
    if situation["lapsed_count"]:
        observations.append(
            Observation("lease_lapsed", f"{situation['lapsed_count']} chunks were left by a dead worker: next in line.")
        )
    if situation["leased_count"] and not situation["pending_count"] and situation["first_lease_end"]:
        seconds = max(timedelta(0), situation["first_lease_end"] - now).total_seconds()
        observations.append(
            Observation(
                "lease_wait", f"All that is left is leased; the first lease ends in {seconds:.0f} s if not renewed."
            )
        )
    return observations


def caps_seen(campaign: Campaign) -> list[Observation]:
    """Caps that the campaign set for itself."""
    dns = campaign.configuration.dns_validation
    if campaign.current_phase is not CampaignPhase.DNS_VALIDATION:
        return []
    caps = {"in all": dns.queries_per_second, "per resolver": dns.queries_per_second_per_resolver}
    return [
        Observation("rate_cap", f"DNS queries are capped at {cap:g} a second {where}.")
        for where, cap in caps.items()
        if cap is not None
    ]


def worker_view(row: asyncpg.Record, now: datetime) -> WorkerView:
    live = now - row["heartbeat_at"] < timedelta(seconds=LIVE_SECONDS)
    return WorkerView(
        id=row["worker_id"],
        host=row["host"],
        process_id=row["process_id"],
        version=row["version"],
        chunks_held=row["chunks_held"],
        draining=row["draining"],
        rate_per_second=row["rate_per_second"] if live else 0.0,
        live=live,
        started_at=row["started_at"],
        heartbeat_at=row["heartbeat_at"],
    )
