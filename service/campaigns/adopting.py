"""Campaigns that began elsewhere: taken over as they stand, with their history, as if they had always been here.

Whoever carries one writes its rows into the sets that it is given, counts them on chunks of the kind `kept`, and
settles it: as often as something changed where it came from. Until then nothing of it can be worked on.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from service.campaigns import store
from service.campaigns.configuration import check_configuration, checked_pattern
from service.campaigns.model import (
    ChunkCounts,
    Configuration,
    CreateCampaign,
    DomainGeneration,
    PhaseConfiguration,
    TransitionCause,
)
from service.campaigns.rules import check_initial_phase, phases_of
from service.campaigns.store import SQL, StoredCampaign
from service.generating.pattern import pattern_key, space_size
from service.generating.ranges import OffsetRange
from service.postgres.database import Tx
from service.progress.announce import BELL, announce
from service.progress.events import CampaignPhase, PhaseCounts, PhaseStatus

INSERT_ADOPTED_CAMPAIGN = SQL["insert_adopted_campaign"]
INSERT_ADOPTED_RUN = SQL["insert_adopted_run"]
SETTLE_ADOPTED_RUN = SQL["settle_adopted_run"]
UPDATE_ADOPTED_CAMPAIGN = SQL["update_adopted_campaign"]
DELETE_TRANSITIONS = SQL["delete_transitions"]
INSERT_ADOPTED_TRANSITIONS = SQL["insert_adopted_transitions"]
DELETE_GENERATION_RANGES = SQL["delete_generation_ranges"]
UPDATE_NAME_SET = SQL["update_name_set"]
HAND_OVER_CAMPAIGNS = SQL["hand_over_campaigns"]
HAND_OVER_STATES = SQL["hand_over_states"]


class AdoptedLine(msgspec.Struct, frozen=True):
    """One line of a trail; where it begins, the one before it ended."""

    command: str
    phase: CampaignPhase
    status: PhaseStatus
    cause: TransitionCause
    reason: str
    actor: str
    at: datetime


class Adopted(msgspec.Struct, frozen=True):
    """Where a campaign stands, how it is to go on, and what it has been through."""

    name: str
    configuration: Configuration
    phase: CampaignPhase
    status: PhaseStatus
    trail: tuple[AdoptedLine, ...]


class AdoptedRun(msgspec.Struct, frozen=True):
    """Where a run stands. `total`: of how many domains; `plan`: `fresh` where its chunks are still to be cut."""

    run_id: int
    status: PhaseStatus
    counts: ChunkCounts
    total: int
    finished_at: datetime | None
    is_stale: bool = False
    shortfall: int = 0
    plan: str = "planned"
    error_code: str | None = None
    error_message: str | None = None


async def adopt_campaign(tx: Tx, tenant_id: UUID, request: CreateCampaign, created_at: datetime) -> UUID:
    """A campaign without anything in it, pending; refused as one that a person asks for. Its id."""
    check_initial_phase(request.initial_phase)
    check_configuration(request.configuration)
    await tx.begin()
    campaign_id: UUID = await tx.value(
        INSERT_ADOPTED_CAMPAIGN,
        tenant_id,
        request.name,
        request.initial_phase,
        written(request.configuration),
        tx.now,
        created_at,
    )
    await tell(tx, tenant_id, campaign_id, request.initial_phase, PhaseStatus.PENDING, PhaseCounts())
    return campaign_id


async def adopt_names(tx: Tx, campaign_id: UUID, count: int) -> int:
    """A set for names that were given to the campaign; about so many. Its id."""
    set_id = await store.next_set_id(tx, count)
    await store.insert_name_set(tx, set_id, campaign_id, 0)
    await store.update_campaign_set(tx, campaign_id, CampaignPhase.DOMAIN_GENERATION, set_id)
    return set_id


async def adopt_run(
    tx: Tx, tenant_id: UUID, campaign_id: UUID, phase: CampaignPhase, count: int, started_at: datetime
) -> int:
    """A run of a phase, with a set for its results; about so many. Earlier phases are adopted before later ones."""
    campaign = await locked(tx, tenant_id, campaign_id)
    run_id = await store.next_set_id(tx, count)
    sets = campaign.sets
    await tx.execute(
        INSERT_ADOPTED_RUN,
        run_id,
        campaign_id,
        phase,
        written(part_of(campaign.configuration, phase)),
        campaign.configuration.network,
        sets.names,
        sets.dns,
        sets.http,
        started_at,
        tx.now,
    )
    await store.update_campaign_set(tx, campaign_id, phase, run_id)
    return run_id


async def adopt_ranges(tx: Tx, run_id: int, ranges: Sequence[OffsetRange]) -> None:
    """The offsets that a generating run is still to be given names from, in place of those that it had."""
    await tx.execute(DELETE_GENERATION_RANGES, run_id)
    await store.insert_generation_ranges(tx, run_id, ranges)


async def lease_up_to(tx: Tx, tenant_id: UUID, generation: DomainGeneration, end_offset: int) -> int:
    """Whatever lies below this offset under the pattern's first TLD is nobody's any more; what was so before."""
    pattern, tlds = checked_pattern(generation)
    key = pattern_key(pattern)
    free = (await store.lock_free_spaces(tx, tenant_id, key, tlds[:1], space_size(pattern)))[tlds[0]]
    taken = OffsetRange(tlds[0], 0, 0, max(free.first_offset, end_offset))
    await store.lease_ranges(tx, tenant_id, key, [taken])
    return free.first_offset


async def settle_names(tx: Tx, set_id: int, count: int) -> None:
    """So many names are there by now."""
    await tx.execute(UPDATE_NAME_SET, set_id, count)


async def settle_run(tx: Tx, run: AdoptedRun) -> None:
    counts = run.counts
    await tx.execute(
        SETTLE_ADOPTED_RUN,
        run.run_id,
        run.status,
        run.is_stale,
        run.total,
        run.shortfall,
        run.finished_at,
        run.error_code,
        run.error_message,
        run.plan,
        counts.succeeded,
        counts.negative,
        counts.failed,
        list(counts.outcomes),
        counts.keyword_pages,
        tx.now,
    )


async def settle_campaign(tx: Tx, tenant_id: UUID, campaign_id: UUID, adopted: Adopted) -> None:
    """Where it stands now; its trail is written anew. Its runs are settled before."""
    campaign = await locked(tx, tenant_id, campaign_id)
    assert adopted.phase in phases_of(campaign.initial_phase)
    check_configuration(adopted.configuration)
    await tx.execute(
        UPDATE_ADOPTED_CAMPAIGN,
        campaign_id,
        adopted.name,
        written(adopted.configuration),
        adopted.phase,
        adopted.status,
        tx.now,
    )
    await replace_trail(tx, campaign, adopted.trail)
    run = await store.lock_newest_run(tx, campaign_id, adopted.phase)
    counts = PhaseCounts() if run is None else run.counts
    await tell(tx, tenant_id, campaign_id, adopted.phase, adopted.status, counts)


async def replace_trail(tx: Tx, campaign: StoredCampaign, trail: Sequence[AdoptedLine]) -> None:
    await tx.execute(DELETE_TRANSITIONS, campaign.id)
    before = [(campaign.initial_phase, PhaseStatus.PENDING), *((line.phase, line.status) for line in trail)][:-1]
    await tx.execute(
        INSERT_ADOPTED_TRANSITIONS,
        campaign.id,
        [line.command for line in trail],
        [phase for phase, _ in before],
        [status for _, status in before],
        [line.phase for line in trail],
        [line.status for line in trail],
        [line.cause for line in trail],
        [line.reason for line in trail],
        [line.actor for line in trail],
        [line.at for line in trail],
    )


async def hand_over(tx: Tx, campaign_ids: Sequence[UUID], tenant_id: UUID) -> None:
    """Give campaigns to a tenant: from this transaction's commit on it finds them, and nobody else does."""
    await tx.execute(HAND_OVER_CAMPAIGNS, list(campaign_ids), tenant_id)
    await tx.execute(HAND_OVER_STATES, list(campaign_ids), tenant_id)
    await tx.ring(BELL)


async def locked(tx: Tx, tenant_id: UUID, campaign_id: UUID) -> StoredCampaign:
    campaign = await store.lock_campaign(tx, tenant_id, campaign_id)
    assert campaign is not None, "whoever carries a campaign holds it"
    return campaign


async def tell(
    tx: Tx, tenant_id: UUID, campaign_id: UUID, phase: CampaignPhase, status: PhaseStatus, counts: PhaseCounts
) -> None:
    await announce(
        tx,
        campaign_id=campaign_id,
        tenant_id=tenant_id,
        phase=phase,
        status=status,
        counts=counts,
        rate_per_second=0.0,
    )


def part_of(configuration: Configuration, phase: CampaignPhase) -> PhaseConfiguration:
    """What the run was done with; whatever would be missing to begin it anew does not matter."""
    part = {
        CampaignPhase.DOMAIN_GENERATION: configuration.domain_generation,
        CampaignPhase.DNS_VALIDATION: configuration.dns_validation,
        CampaignPhase.HTTP_VALIDATION: configuration.http_validation,
        CampaignPhase.ANALYSIS: configuration.analysis,
    }[phase]
    assert part is not None, "a campaign that generates has a pattern"
    return part


def written(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()
