"""The words and messages of the `campaign.progress` channel."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec

CHANNEL: Final = "campaign.progress"


class CampaignPhase(StrEnum):
    """What is done to a campaign's domains, in this order."""

    DOMAIN_GENERATION = "domain_generation"
    DNS_VALIDATION = "dns_validation"
    HTTP_VALIDATION = "http_validation"
    ANALYSIS = "analysis"


class PhaseStatus(StrEnum):
    """Where the current phase stands."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class PhaseCounts(msgspec.Struct, frozen=True):
    """What became of a phase's domains so far; all counts are of domains."""

    total: int = 0
    succeeded: int = 0
    negative: int = 0
    failed: int = 0

    @property
    def processed(self) -> int:
        return self.succeeded + self.negative + self.failed

    @property
    def percent(self) -> float:
        """0 to 100 with two decimals, rounded down: only a finished phase shows 100. No domains at all is 100."""
        if self.total <= 0 or self.processed >= self.total:
            return 100.0
        return int(10_000 * self.processed / self.total) / 100


class CampaignProgress(msgspec.Struct, frozen=True, rename="camel", tag_field="type", tag=CHANNEL, omit_defaults=True):
    """The newest state of one campaign.

    `processed` = `succeeded` + `negative` + `failed`: an absent name is an answer, not a failure. `sequence` grows
    with each change of the campaign. `etaSeconds` is null while it cannot be told.
    """

    campaign_id: UUID
    phase: CampaignPhase
    phase_status: PhaseStatus
    sequence: int
    progress: float
    processed: int
    total: int
    succeeded: int
    negative: int
    failed: int
    rate_per_second: float
    eta_seconds: float | None
    occurred_at: Instant
    deleted: bool = False


class Subscribe(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What a client sends: the channel, and the campaigns it wants ("all" of its tenant's, or their ids)."""

    subscribe: Annotated[tuple[Literal["campaign.progress"], ...], msgspec.Meta(min_length=1, max_length=1)]
    campaign_ids: Annotated[tuple[UUID, ...], msgspec.Meta(max_length=10_000)] | Literal["all"]


def eta_seconds(counts: PhaseCounts, status: PhaseStatus, rate_per_second: float) -> float | None:
    """Seconds until the phase is through at the present rate; None while it stands or its rate is not known."""
    if counts.processed >= counts.total and status in {PhaseStatus.RUNNING, PhaseStatus.COMPLETED}:
        return 0.0
    if status is not PhaseStatus.RUNNING or rate_per_second <= 0:
        return None
    return round((counts.total - counts.processed) / rate_per_second, 1)
