"""Chunks, leases, and the columns that flow through a pipeline."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import msgspec
import numpy as np
import numpy.typing as npt

from service.campaigns.model import DnsValidation, Network, PhaseConfiguration
from service.campaigns.outcomes import GenerationOutcome
from service.generating.ranges import OffsetRange
from service.progress.events import CampaignPhase

Positions = npt.NDArray[np.int32]
Outcomes = npt.NDArray[np.uint8]

UNFINISHED = 0  # in an outcome column: no outcome yet
GENERATED = int(GenerationOutcome.GENERATED)


class ChunkKind(StrEnum):
    """Which items of a chunk's range it means."""

    FRESH = "fresh"
    REMAINDER = "remainder"
    RETRY = "retry"
    KEPT = "kept"  # nobody carries it: it counts what a run took over from an earlier one


class RunPlan(msgspec.Struct, frozen=True):
    """What a worker must know of a run: its configuration as it was when it started, and the sets that it reads."""

    run_id: int
    campaign_id: UUID
    phase: CampaignPhase
    network: Network
    configuration: PhaseConfiguration
    dns: DnsValidation
    name_set_id: int | None
    dns_set_id: int | None
    http_set_id: int | None
    started_at: datetime
    trace_parent: str | None = None

    @property
    def dns_of_run(self) -> DnsValidation:
        """A DNS run resolves as it was told when it started; another only looks up redirect targets."""
        return self.configuration if isinstance(self.configuration, DnsValidation) else self.dns


class Lease(msgspec.Struct, frozen=True):
    """A chunk that this process holds until its lease runs out; `attempt_count` includes this one."""

    lease_id: UUID
    run: RunPlan
    number: int
    kind: ChunkKind
    first_position: int
    end_position: int
    attempt_count: int


class Receipt(msgspec.Struct, frozen=True):
    """What a write added to a chunk, by outcome code (the first is code 1); a retry takes away what it replaced."""

    outcomes: tuple[int, ...]
    unfinished: int


class Counted(msgspec.Struct, frozen=True):
    """What is counted of some rows: `outcomes[i]` have code i + 1; of the pages reached, so many hold a keyword."""

    outcomes: tuple[int, ...]
    keyword_pages: int = 0

    def plus(self, gained: "Counted") -> "Counted":
        """Nothing is counted yet where there are no outcomes."""
        before = self.outcomes or (0,) * len(gained.outcomes)
        outcomes = tuple(count + more for count, more in zip(before, gained.outcomes, strict=True))
        return Counted(outcomes, self.keyword_pages + gained.keyword_pages)

    def less(self, replaced: "Counted") -> "Counted":
        outcomes = tuple(count - gone for count, gone in zip(self.outcomes, replaced.outcomes, strict=True))
        return Counted(outcomes, self.keyword_pages - replaced.keyword_pages)


class PhaseCannotContinue(Exception):
    """The whole run is stuck, for a reason that is no item's fault."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class LeaseLost(Exception):
    """Somebody else has the chunk, or it is gone: nothing of it was written."""


class OffsetItems(msgspec.Struct, frozen=True):
    """Offsets to make names of: positions `first_position` up to `end_position`, within one leased range."""

    first_position: int
    end_position: int
    range: OffsetRange

    @property
    def positions(self) -> Positions:
        return np.arange(self.first_position, self.end_position, dtype=np.int32)


class NameItems(msgspec.Struct, frozen=True):
    """Names to resolve."""

    positions: Positions
    names: list[str]


class HostItems(msgspec.Struct, frozen=True):
    """Hosts to fetch a page from, with the packed addresses that DNS found."""

    positions: Positions
    names: list[str]
    addresses: list[tuple[bytes, ...]]


class FactItems(msgspec.Struct, frozen=True):
    """What the earlier phases found of each name; `http_outcome` is 0 where none was asked."""

    positions: Positions
    dns_outcome: npt.NDArray[np.int16]
    http_outcome: npt.NDArray[np.int16]
    unique_keywords: npt.NDArray[np.int32]
    keyword_hits: npt.NDArray[np.int32]
    body_bytes: npt.NDArray[np.int64]
    title_hit: npt.NDArray[np.bool_]
    parked_confidence: npt.NDArray[np.float32]
    age_seconds: npt.NDArray[np.int64]
    keyword_bits: npt.NDArray[np.int64]


Items = OffsetItems | NameItems | HostItems | FactItems
Record = tuple[object, ...]


class Results(Protocol):
    """Outcomes found for items; `records` are the rows of those that are finished, without the set's id."""

    @property
    def positions(self) -> Positions: ...

    @property
    def outcomes(self) -> Outcomes: ...

    def records(self) -> Iterator[Record]: ...


class NameBlocks(msgspec.Struct, frozen=True):
    """Generated names as a byte matrix (count, width): the rows whose outcome is `generated`."""

    positions: Positions
    outcomes: Outcomes
    matrix: npt.NDArray[np.uint8]

    def records(self) -> Iterator[Record]:
        for position, row in zip(self.generated_positions.tolist(), self.generated, strict=True):
            yield (position, row.tobytes().decode())

    @property
    def generated(self) -> npt.NDArray[np.uint8]:
        rows: npt.NDArray[np.uint8] = self.matrix[self.outcomes == GENERATED]
        return rows

    @property
    def generated_positions(self) -> Positions:
        positions: Positions = self.positions[self.outcomes == GENERATED]
        return positions


class ScoreColumns(msgspec.Struct, frozen=True):
    """Scores and their reasons (the outcomes), with what filters ask for; `http_outcome` is 0 where none was asked."""

    positions: Positions
    outcomes: Outcomes
    score: npt.NDArray[np.float32]
    dns_outcome: npt.NDArray[np.int16]
    http_outcome: npt.NDArray[np.int16]
    keyword_bits: npt.NDArray[np.int64]

    def records(self) -> Iterator[Record]:
        yield from zip(
            self.positions.tolist(),
            self.score.tolist(),
            self.outcomes.tolist(),
            self.dns_outcome.tolist(),
            [code or None for code in self.http_outcome.tolist()],
            self.keyword_bits.tolist(),
            strict=True,
        )


class DnsColumns(msgspec.Struct, frozen=True):
    """What DNS said of each name; rows of unfinished names are never looked at."""

    positions: Positions
    outcomes: Outcomes
    resolver: npt.NDArray[np.int16]
    duration_ms: npt.NDArray[np.int32]
    addresses: list[bytes]
    addresses_v6: list[bytes]
    canonical_name: list[str | None]

    def records(self) -> Iterator[Record]:
        return self.records_of(np.flatnonzero(self.outcomes).tolist())

    def records_of(self, indices: list[int]) -> Iterator[Record]:
        for index in indices:
            yield (
                int(self.positions[index]),
                int(self.outcomes[index]),
                int(self.resolver[index]),
                int(self.duration_ms[index]),
                self.addresses[index] or None,
                self.addresses_v6[index] or None,
                self.canonical_name[index],
            )

    @property
    def are_plain(self) -> npt.NDArray[np.bool_]:
        """Rows of fixed width: at most one IPv4 address, and no more."""
        count = len(self.positions)
        plain: npt.NDArray[np.bool_] = np.fromiter(map(len, self.addresses), np.int32, count) <= 4
        plain &= np.fromiter(map(len, self.addresses_v6), np.int32, count) == 0
        plain &= np.fromiter((name is None for name in self.canonical_name), np.bool_, count)
        return plain


class RowResults(msgspec.Struct, frozen=True):
    """Outcomes with a ready row for each item; rows of unfinished items are never looked at."""

    positions: Positions
    outcomes: Outcomes
    rows: list[Record]

    def records(self) -> Iterator[Record]:
        for index in np.flatnonzero(self.outcomes).tolist():
            yield self.rows[index]


def count_outcomes(outcomes: Outcomes, codes_max: int) -> tuple[int, ...]:
    """How often each code from 1 to `codes_max` occurs; unfinished items are not counted."""
    return tuple(int(count) for count in np.bincount(outcomes, minlength=codes_max + 1)[1 : codes_max + 1])


def left_over(items: Items, outcomes: Outcomes) -> Items | None:
    """The items that have no outcome yet, if any."""
    left = outcomes == UNFINISHED
    if not left.any():
        return None
    indices = np.flatnonzero(left).tolist()
    match items:
        case NameItems():
            return NameItems(items.positions[left], [items.names[index] for index in indices])
        case HostItems():
            return HostItems(
                items.positions[left],
                [items.names[index] for index in indices],
                [items.addresses[index] for index in indices],
            )
        case OffsetItems() | FactItems():
            raise AssertionError("generation and analysis finish all items of a chunk at once")
