"""Prove that what is here is what is there: counted and hashed on both sides, campaign by campaign and phase by phase.

Every row of the old database is carried, merged into another one of its name, or rejected for a reason that is written
down. Batches that were compared, and have not been carried again since, are not compared again.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from uuid import UUID

import msgspec

from service.migration import store
from service.migration.carrying import GENERATION, Carrying, find_carried
from service.migration.checksums import NOTHING, Sums, add, sum_rows
from service.migration.model import Batch, CarriedCampaign, Standing
from service.migration.outcomes import PAGES
from service.migration.prospects import Prospect, shape_of
from service.migration.rows import Fate, OldRow, Shape, carry_rows, with_outcomes
from service.migration.settling import held
from service.migration.source.words import RowKey, Unreadable
from service.migration.survey import Survey, begin_survey
from service.progress.events import CampaignPhase

BATCHES_AT_A_TIME = 1_000
DISCREPANCIES_TOLD_MAX = 100


class Discrepancy(msgspec.Struct, frozen=True, rename="camel"):
    """Something that is not here as it is there."""

    old_id: UUID | None
    code: str
    sentence: str


class PhaseProof(msgspec.Struct, frozen=True, rename="camel"):
    """What a phase of a campaign comes to on both sides; the checksums are hexadecimal."""

    phase: CampaignPhase
    there: int
    here: int
    there_checksum: str
    here_checksum: str


class CampaignProof(msgspec.Struct, frozen=True, rename="camel"):
    """One campaign compared: its rows there are those that were carried, merged and rejected."""

    old_id: UUID
    name: str
    rows: int
    carried: int
    merged: int
    rejected: int
    phases: tuple[PhaseProof, ...]


class Proof(msgspec.Struct, frozen=True, rename="camel"):
    """All that was compared. `unreadable` campaigns with their rows, and `orphanRows`, are told as rejected."""

    campaigns: int
    rows: int
    carried: int
    merged: int
    rejected: int
    orphan_rows: int
    unreadable: int
    unreadable_rows: int
    discrepancies: tuple[Discrepancy, ...]

    @property
    def holds(self) -> bool:
        return not self.discrepancies


class Compared(msgspec.Struct, frozen=True):
    """One batch on both sides, and its rows that are not here by themselves."""

    there: Sums
    here: Sums
    row_count: int
    merged: int
    rejected: int


async def verify(carrying: Carrying, *, again: bool, proofs: list[CampaignProof] | None = None) -> Proof:
    """Compare everything, or only what has not been compared; `proofs` is given one line for each campaign."""
    survey = await begin_survey(carrying.source, carrying.record.network)
    discrepancies: list[Discrepancy] = []
    rows = carried = merged = rejected = campaigns = unreadable = unreadable_rows = 0
    async for each in survey.prospects():
        if isinstance(each, Unreadable):
            unreadable, unreadable_rows = unreadable + 1, unreadable_rows + survey.count_own(each.campaign_id)
            continue
        proof = await verify_campaign(carrying, each, discrepancies, again=again)
        campaigns += 1
        rows, carried = rows + proof.rows, carried + proof.carried
        merged, rejected = merged + proof.merged, rejected + proof.rejected
        if proofs is not None:
            proofs.append(proof)
    discrepancies += await list_strays(carrying, survey)
    told = tuple(discrepancies[:DISCREPANCIES_TOLD_MAX])
    lost = (survey.orphan_rows, unreadable, unreadable_rows)
    return Proof(campaigns, rows, carried, merged, rejected, *lost, told)


async def list_strays(carrying: Carrying, survey: Survey) -> list[Discrepancy]:
    """Campaigns that are here and not there."""
    strays: list[Discrepancy] = []
    after: UUID | None = None
    while True:
        async with carrying.target.transaction() as tx:
            page = await store.list_campaigns(tx, carrying.source_id, after=after, limit=BATCHES_AT_A_TIME)
        gone = [each.old_id for each in page if not survey.is_there(each.old_id)]
        strays += [Discrepancy(old_id, "campaign_gone", "It is here, and not there any more.") for old_id in gone]
        if not page:
            return strays
        after = page[-1].old_id


async def verify_campaign(
    carrying: Carrying, prospect: Prospect, discrepancies: list[Discrepancy], *, again: bool
) -> CampaignProof:
    async with carrying.target.transaction() as tx:
        carried = await find_carried(tx, carrying, prospect.old_id)
    if carried is None:
        discrepancies.append(Discrepancy(prospect.old_id, "campaign_missing", "It is there, and not here yet."))
        return CampaignProof(prospect.old_id, prospect.name, prospect.counts.total, 0, 0, 0, ())
    discrepancies += await compare_standing(carrying, prospect, carried)
    shape = shape_of(prospect, carried.sets)
    there, here, rows, merged, rejected = NOTHING, NOTHING, 0, 0, 0
    async for number, compared in compare_batches(carrying, prospect, carried, shape, again=again):
        found = discrepancies_of(prospect, number, compared)
        discrepancies += found
        async with carrying.target.transaction() as tx:
            await store.mark_verified(tx, carrying.source_id, prospect.old_id, [number], is_verified=not found)
        there, here, rows = add(there, compared.there), add(here, compared.here), rows + compared.row_count
        merged, rejected = merged + compared.merged, rejected + compared.rejected
        carrying.on_rows(compared.row_count)
    phases = tuple(
        phase_proof(phase, there, here) for phase in CampaignPhase if there[phase].count or here[phase].count
    )
    return CampaignProof(prospect.old_id, prospect.name, rows, here[GENERATION].count, merged, rejected, phases)


def phase_proof(phase: CampaignPhase, there: Sums, here: Sums) -> PhaseProof:
    first, second = there[phase], here[phase]
    return PhaseProof(phase, first.count, second.count, f"{first.checksum:016x}", f"{second.checksum:016x}")


async def compare_standing(carrying: Carrying, prospect: Prospect, carried: CarriedCampaign) -> list[Discrepancy]:
    """Where it stands, and whether anything of it has still to be carried."""
    old_id = prospect.old_id
    found: list[Discrepancy] = []
    if carried.fingerprint != prospect.fingerprint or not carried.is_settled:
        found.append(Discrepancy(old_id, "campaign_changed", "It has changed there since it was carried: run again."))
    async with carrying.target.transaction() as tx:
        standing = await store.get_standing(tx, carried.campaign_id)
        last = await store.find_last_batch(tx, carrying.source_id, old_id)
        dirty = await store.list_dirty_batches(tx, carrying.source_id, old_id, 1)
        lost = await store.count_lost_merges(tx, carrying.source_id, old_id, carried.sets.get(GENERATION))
        read, _ = await store.sum_batches(tx, carrying.source_id, old_id)
    wanted = Standing(
        prospect.name,
        prospect.phase,
        held(prospect.status),
        tuple(sorted(f"{run.phase} {held(run.status)}" for run in prospect.runs)),
    )
    if standing != wanted:
        found.append(Discrepancy(old_id, "standing_differs", f"It stands at {standing}, and should at {wanted}."))
    if dirty:
        found.append(Discrepancy(old_id, "rows_changed", "Some of its domains have changed there: run again."))
    if lost:
        found.append(Discrepancy(old_id, "names_lost", f"{lost} rows were merged into names that are not here."))
    if last is None or GENERATION not in carried.sets:
        is_behind = prospect.counts.total > 0
    else:
        is_behind = bool(await carrying.source.list_rows(prospect.kind, old_id, last.last, None, 1))
    if is_behind:
        found.append(Discrepancy(old_id, "rows_missing", "It has domains that are not here yet: run again."))
    elif read != prospect.counts.total:
        sentence = f"{prospect.counts.total} rows there, and {read} were read: some came or went past our triggers."
        found.append(Discrepancy(old_id, "rows_unnoticed", sentence))
    return found


async def compare_batches(
    carrying: Carrying, prospect: Prospect, carried: CarriedCampaign, shape: Shape, *, again: bool
) -> AsyncIterator[tuple[int, Compared]]:
    number = 0
    while True:
        async with carrying.target.transaction() as tx:
            numbers = await store.list_batches(
                tx, carrying.source_id, prospect.old_id, number, BATCHES_AT_A_TIME, again=again
            )
        if not numbers:
            return
        for number in numbers:
            yield number, await compare_batch(carrying, prospect, carried, shape, number)


async def compare_batch(
    carrying: Carrying, prospect: Prospect, carried: CarriedCampaign, shape: Shape, number: int
) -> Compared:
    async with carrying.target.transaction() as tx:
        found = await store.find_batch(tx, carrying.source_id, prospect.old_id, number)
        assert found is not None
        after, batch = found
        here = await store.sum_carried_rows(tx, carried.sets, batch)
        gone = await store.list_gone_rows(tx, carrying.source_id, prospect.old_id, number)
    there, row_count = await sum_there(carrying, prospect, shape, (after, batch), gone)
    merged = sum(fate is Fate.MERGED for fate in gone.values())
    return Compared(there, here, row_count, merged, len(gone) - merged)


async def sum_there(
    carrying: Carrying, prospect: Prospect, shape: Shape, place: tuple[RowKey, Batch], gone: Mapping[str, Fate]
) -> tuple[Sums, int]:
    """What a batch comes to in the old database, and how many rows it has: most of it is computed there."""
    after, batch = place
    bounds = (prospect.kind, prospect.old_id, after, batch.last)
    merged = [row_id for row_id, fate in gone.items() if fate is Fate.MERGED]
    words = await carrying.source.list_words(*bounds)
    outcomes = [outcomes_for(each, shape) for each in words]
    plain = await carrying.source.sum_plain_rows(
        *bounds, merged=merged, outcomes=outcomes, keyword_bits=shape.keyword_bits, score_scale=shape.score_scale
    )
    odd = await carrying.source.list_odd_rows(*bounds, merged=merged)
    return add(plain, sum_rows(carry_rows(odd, 0, shape))), await carrying.source.count_batch(*bounds)


def outcomes_for(words: OldRow, shape: Shape) -> dict[str, object]:
    """Words of domains, and the outcomes that they stand for, as the old database joins them to its rows."""
    named, _ = with_outcomes(words, "", shape)
    return {
        "dns_status": words.dns_status,
        "dns_reason": words.dns_reason,
        "http_status": words.http_status,
        "http_reason": words.http_reason,
        "status_code": words.status_code,
        "is_parked": words.is_parked,
        "lead_status": words.lead_status,
        "rejection_reason": words.rejection_reason,
        "dns": named.dns,
        "http": named.http,
        "verdict": named.verdict,
        "has_page": named.http in PAGES,
    }


def discrepancies_of(prospect: Prospect, number: int, compared: Compared) -> Sequence[Discrepancy]:
    found = [
        Discrepancy(
            prospect.old_id,
            f"{phase}_differs",
            f"Batch {number}, {phase}: {compared.there[phase].count} rows there and {compared.here[phase].count} here, "
            f"checksums {compared.there[phase].checksum:016x} and {compared.here[phase].checksum:016x}.",
        )
        for phase in CampaignPhase
        if compared.there[phase] != compared.here[phase]
    ]
    accounted = compared.here[GENERATION].count + compared.merged + compared.rejected
    if compared.row_count != accounted:
        sentence = f"Batch {number}: {compared.row_count} rows there, and {accounted} of them accounted for."
        found.append(Discrepancy(prospect.old_id, "rows_unaccounted", sentence))
    return found
