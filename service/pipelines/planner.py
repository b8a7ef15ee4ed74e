"""Cut a run into chunks, in the transaction that makes them claimable."""

from typing import assert_never

from service.pipelines.keeping import KeepingRun, keep_stretch
from service.pipelines.store import SQL, make_leaf, retryable_codes
from service.postgres.database import Tx
from service.progress.events import CampaignPhase
from service.resolving.outcomes import DnsOutcome

LOCK_UNPLANNED_RUN = SQL["lock_unplanned_run"]
MARK_RUN_PLANNED = SQL["mark_run_planned"]
PLAN_GENERATION = SQL["plan_generation"]
PLAN_NAMES = SQL["plan_names"]
PLAN_RESOLVED = SQL["plan_resolved"]
CLOSE_UNFINISHED_RETRIES = SQL["close_unfinished_retries"]
PLAN_RETRY_DNS = SQL["plan_retry_dns"]
PLAN_RETRY_HTTP = SQL["plan_retry_http"]
PLAN_RETRY_SCORES = SQL["plan_retry_scores"]

CHUNK_ITEMS = {
    CampaignPhase.DOMAIN_GENERATION: 25_000,
    CampaignPhase.DNS_VALIDATION: 10_000,
    CampaignPhase.HTTP_VALIDATION: 300,
    CampaignPhase.ANALYSIS: 25_000,
}


async def plan_run(tx: Tx) -> int | None:
    """Plan one run that needs it, or take a step of that; its id, or None if none does."""
    row = await tx.find(LOCK_UNPLANNED_RUN)
    if row is None:
        return None
    run_id, phase = int(row["run_id"]), CampaignPhase(row["phase"])
    match row["plan"]:
        case "retry":
            await plan_retry(tx, run_id, phase)
        case "keep":
            run = KeepingRun(
                run_id=run_id,
                phase=phase,
                name_set_id=row["name_set_id"],
                dns_set_id=row["dns_set_id"],
                started_at=row["started_at"],
                kept_set_id=row["kept_set_id"],
                kept_since=row["kept_since"],
            )
            if not await keep_stretch(tx, run, CHUNK_ITEMS[phase]):
                return run_id
        case _:
            await make_leaf(tx, phase, run_id)
            await plan_fresh(tx, run_id, phase, name_set_id=row["name_set_id"], dns_set_id=row["dns_set_id"])
    await tx.execute(MARK_RUN_PLANNED, run_id)
    return run_id


async def plan_fresh(
    tx: Tx, run_id: int, phase: CampaignPhase, *, name_set_id: int | None, dns_set_id: int | None
) -> None:
    items = CHUNK_ITEMS[phase]
    match phase:
        case CampaignPhase.DOMAIN_GENERATION:
            await tx.execute(PLAN_GENERATION, run_id, items)
        case CampaignPhase.DNS_VALIDATION | CampaignPhase.ANALYSIS:
            await tx.execute(PLAN_NAMES, run_id, name_set_id, items)
        case CampaignPhase.HTTP_VALIDATION if dns_set_id is None:  # begins with names: all of them are looked up
            await tx.execute(PLAN_NAMES, run_id, name_set_id, items)
        case CampaignPhase.HTTP_VALIDATION:
            await tx.execute(PLAN_RESOLVED, run_id, dns_set_id, items, int(DnsOutcome.RESOLVED))
        case _:
            assert_never(phase)


async def plan_retry(tx: Tx, run_id: int, phase: CampaignPhase) -> None:
    """Chunks for what failed and can be retried; those of an earlier retry that are unfinished are taken over."""
    await tx.execute(CLOSE_UNFINISHED_RETRIES, run_id)
    items = CHUNK_ITEMS[phase]
    match phase:
        case CampaignPhase.DOMAIN_GENERATION:
            pass  # goes on from its leased ranges: its unfinished chunks are still there
        case CampaignPhase.DNS_VALIDATION:
            await tx.execute(PLAN_RETRY_DNS, run_id, items, retryable_codes(phase))
        case CampaignPhase.HTTP_VALIDATION:
            await tx.execute(PLAN_RETRY_HTTP, run_id, items, retryable_codes(phase))
        case CampaignPhase.ANALYSIS:
            await tx.execute(PLAN_RETRY_SCORES, run_id, items, retryable_codes(phase))
        case _:
            assert_never(phase)
