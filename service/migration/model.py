"""A carrying: its stages, the campaigns and batches that are carried, and what is told of it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

from service.campaigns.model import Configuration, Network
from service.migration.source.words import RowKey
from service.progress.events import CampaignPhase, PhaseStatus

Sets = Mapping[CampaignPhase, int]


class Stage(StrEnum):
    """How far a carrying is; see the package's picture."""

    ADDED = "added"
    CARRIED = "carried"
    VERIFIED = "verified"
    SWITCHED = "switched"
    RETURNING = "returning"
    FINISHING = "finishing"
    FINISHED = "finished"
    ROLLED_BACK = "rolled_back"

    @property
    def is_over(self) -> bool:
        return self in {Stage.FINISHED, Stage.ROLLED_BACK}


class SourceRecord(msgspec.Struct, frozen=True):
    """A carrying. Until the switch its campaigns are held by a tenant of their own, which nobody has a key of."""

    source_id: int
    source_key: UUID
    edition: str
    stage: Stage
    tenant_id: UUID
    holding_tenant_id: UUID
    network: Network
    backup_file: str | None
    backup_checksum: str | None


class CarriedCampaign(msgspec.Struct, frozen=True):
    """An old campaign, ours, and the sets into which it is carried. The prints tell what it was when it was."""

    old_id: UUID
    campaign_id: UUID
    fingerprint: str
    row_print: str
    will_run: bool
    is_settled: bool
    initial: CampaignPhase
    sets: Sets


class Batch(msgspec.Struct, frozen=True):
    """Neighbouring rows of an old campaign, up to and with the last one, and the positions that they have here."""

    number: int
    last: RowKey
    row_count: int
    first_position: int
    end_position: int
    filled_count: int = 0
    is_dirty: bool = False
    is_verified: bool = False


class Standing(msgspec.Struct, frozen=True):
    """Where a carried campaign stands here; `runs` are phases with their statuses."""

    name: str
    phase: str
    status: str
    runs: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.phase} {self.status} as {self.name!r} with {', '.join(self.runs) or 'no runs'}"


class Written(msgspec.Struct, frozen=True):
    """A campaign after it was handed over: where it stands, or stood when it was taken back, and what it is to do."""

    campaign_id: UUID
    name: str
    phase: CampaignPhase
    status: PhaseStatus
    configuration: Configuration
    sets: Sets
    line_count: int


class WrittenRow(NamedTuple):
    """A domain as it is here; codes are None where there is no outcome."""

    position: int
    name: str
    dns: int | None
    addresses: bytes | None
    http: int | None
    status_code: int | None
    title: str | None
    keyword_bits: int | None
    parked_confidence: float | None
    verdict: int | None
    score: float | None


class FateCount(msgspec.Struct, frozen=True, rename="camel"):
    """How many rows are not here as they were there, for one reason."""

    fate: str
    reason: str
    amount: int
