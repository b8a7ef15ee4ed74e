"""What previews and estimates stand on; only reads."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from service.campaigns.model import Network
from service.domains.previewing.model import Inputs
from service.postgres.database import Tx
from service.postgres.queries import load_queries
from service.progress.events import CampaignPhase
from service.resolving.outcomes import DnsOutcome

SQL = load_queries("service.domains.previewing")
FIND_FREE_SPACES = SQL["find_free_spaces"]
FIND_INPUTS = SQL["find_inputs"]
MEASURE_RATE = SQL["measure_rate"]
COUNT_LIVE_WORKERS = SQL["count_live_workers"]

LIVE_SECONDS = 15.0  # a worker that was silent for longer counts as dead


async def find_next_offsets(tx: Tx, tenant_id: UUID, pattern_key: bytes, tlds: Sequence[str]) -> dict[str, int]:
    rows = await tx.fetch(FIND_FREE_SPACES, tenant_id, pattern_key, list(tlds))
    return {row["tld"]: row["next_offset"] for row in rows}


async def find_inputs(tx: Tx, tenant_id: UUID, campaign_id: UUID) -> Inputs:
    row = await tx.find(FIND_INPUTS, campaign_id, tenant_id, int(DnsOutcome.RESOLVED))
    return Inputs(None, None) if row is None else Inputs(row["name_count"], row["resolved_count"])


async def measure_rate(tx: Tx, tenant_id: UUID, phase: CampaignPhase, network: Network) -> float | None:
    rate: float | None = await tx.value(MEASURE_RATE, tenant_id, phase, network)
    return rate or None


async def count_live_workers(tx: Tx) -> int:
    await tx.begin()
    return int(await tx.value(COUNT_LIVE_WORKERS, tx.now - timedelta(seconds=LIVE_SECONDS)))
