"""What an old campaign will be here: decided from all that the old system keeps of it. Pure.

A campaign that makes its names keeps that as its first phase, if its pattern is one that we can walk on with; otherwise
its names are carried as a list. Scores are carried of an analysis that has ended; one that has not is done anew, which
takes moments. Results of phases behind the one in which a campaign stands are carried as what they are: stale.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from service.campaigns.model import PHASES, Configuration, Network
from service.migration.aliases import fold
from service.migration.configuration import carry_configuration
from service.migration.history import Line, trail
from service.migration.outcomes import PENDING_WORDS
from service.migration.rows import CarriedPhase, Shape
from service.migration.source.documents import (
    OldCampaign,
    Shared,
    clean_name,
    old_configuration,
    old_events,
    started_at,
)
from service.migration.source.shape import Kind
from service.migration.source.words import Origin, WordCount
from service.migration.standing import OldWords, Standing, Told, stand
from service.progress.events import CampaignPhase, PhaseStatus

GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase
PENDING, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED = PhaseStatus

PERCENT_SCALE = 100.0  # of scores, in versions that count to 100
GIVEN = {Kind.RESOLVED: GENERATION, Kind.FETCHED: DNS, Kind.FETCHED_NAMES: GENERATION}


class Counts(msgspec.Struct, frozen=True):
    """How many domains a campaign has, and in which phases any of them has an outcome."""

    total: int = 0
    found: frozenset[CampaignPhase] = frozenset()
    last_place: int | None = None
    score_max: float = 0.0


class RunProspect(msgspec.Struct, frozen=True):
    """A run of ours to be. `is_carried`: the old outcomes go into it; otherwise it begins anew."""

    phase: CampaignPhase
    status: PhaseStatus
    started_at: datetime
    is_carried: bool = True
    is_stale: bool = False

    @property
    def has_ended(self) -> bool:
        return self.status is COMPLETED


class Prospect(msgspec.Struct, frozen=True):
    """A campaign of ours to be. `will_run`: it is under way there, and goes on here after the switch."""

    old_id: UUID
    kind: Kind
    name: str
    created_at: datetime
    initial: CampaignPhase
    phase: CampaignPhase
    status: PhaseStatus
    configuration: Configuration
    runs: tuple[RunProspect, ...]
    trail: tuple[Line, ...]
    error_message: str | None
    counts: Counts
    differences: tuple[Told, ...]
    told: tuple[str, ...]

    @property
    def will_run(self) -> bool:
        return self.status is RUNNING

    @property
    def generates(self) -> bool:
        return self.initial is GENERATION

    @property
    def has_dns(self) -> bool:
        return self.initial is not HTTP

    @property
    def carried(self) -> tuple[RunProspect, ...]:
        return tuple(run for run in self.runs if run.is_carried)

    @property
    def carried_phases(self) -> tuple[CampaignPhase, ...]:
        return tuple(run.phase for run in self.carried)

    @property
    def fingerprint(self) -> str:
        """Changes when anything but the domains changes."""
        deciding = (
            self.kind,
            self.name,
            self.initial,
            self.phase,
            self.status,
            self.configuration,
            self.runs,
            self.trail,
        )
        return hashlib.sha256(msgspec.json.encode(deciding)).hexdigest()

    @property
    def row_print(self) -> str:
        """Changes when its domains would be carried otherwise."""
        carried = [(run.phase, run.has_ended) for run in self.carried]
        keywords = self.configuration.http_validation.keywords
        return hashlib.sha256(msgspec.json.encode((self.kind, carried, keywords, self.score_scale))).hexdigest()

    @property
    def score_scale(self) -> float:
        return PERCENT_SCALE if self.counts.score_max > 1 else 1.0


def prospect_of(old: OldCampaign, kind: Kind, counts: Counts, shared: Shared, network: Network) -> Prospect:
    document = old.campaign
    standing = stand(
        OldWords(
            campaign_type=document.campaign_type,
            status=document.status,
            current_phase=document.current_phase,
            phase_status=document.phase_status,
            found=counts.found,
            given=GIVEN.get(kind),
        )
    )
    carried = carry_configuration(old_configuration(old, shared), network)
    told = list(carried.told)
    if standing.initial is GENERATION and carried.configuration.domain_generation is None:
        told.append("no usable pattern: its names are carried as a list, and no more are made")
        standing = begun_with_a_list(standing)
    name = clean_name(document)
    if name != document.name:
        told.append(f"the name {document.name!r} becomes {name!r}")
    created_at = document.began_at
    end = (standing.phase, standing.status)
    return Prospect(
        old_id=document.id,
        kind=kind,
        name=name,
        created_at=created_at,
        initial=standing.initial,
        phase=standing.phase,
        status=standing.status,
        configuration=carried.configuration,
        runs=tuple(runs_of(standing, counts, old)),
        trail=tuple(trail(standing.initial, end, old_events(old), created_at)),
        error_message=document.error_message,
        counts=counts,
        differences=standing.told,
        told=tuple(told),
    )


def begun_with_a_list(standing: Standing) -> Standing:
    """As if its names had been given to it."""
    if standing.phase is not GENERATION:
        return Standing(DNS, standing.phase, standing.status, standing.told)
    status = CANCELLED if standing.status is CANCELLED else PENDING
    return Standing(DNS, DNS, status, standing.told)


def runs_of(standing: Standing, counts: Counts, old: OldCampaign) -> Iterable[RunProspect]:
    """A run for each phase that was begun, and for each behind it that has results."""
    for phase in PHASES[PHASES.index(standing.initial) :]:
        began = started_at(old, phase)
        if phase in standing.begun:
            status = COMPLETED if phase in standing.ended else standing.status
            is_carried = phase is not ANALYSIS or status is COMPLETED
            yield RunProspect(phase, status, began, is_carried)
        elif phase in counts.found and phase is not ANALYSIS:
            yield RunProspect(phase, CANCELLED, began, is_stale=True)


def shape_of(prospect: Prospect, sets: Mapping[CampaignPhase, int]) -> Shape:
    """How rows are carried into these sets."""
    bits = {
        keyword.text.lower(): 1 << bit for bit, keyword in enumerate(prospect.configuration.http_validation.keywords)
    }
    return Shape(
        has_dns=prospect.has_dns,
        phases={run.phase: CarriedPhase(sets[run.phase], run.started_at, run.has_ended) for run in prospect.carried},
        keyword_bits=bits,
        score_scale=prospect.score_scale,
    )


# Whose rows


def kind_of(origin: Origin, origins: Mapping[UUID, Origin], with_rows: frozenset[UUID]) -> Kind:
    """Whence the campaign has its names; where its campaign of origin is gone, its results alone are left."""
    if origin.campaign_id in with_rows:
        return Kind.OWN
    if origin.given_by is not None:
        before = origins.get(origin.given_by)
        if before is not None and before.names_of in with_rows:
            return Kind.FETCHED
        return Kind.FETCHED_NAMES if origin.given_by in with_rows else Kind.FETCHED_ALONE
    if origin.names_of is not None:
        return Kind.RESOLVED if origin.names_of in with_rows else Kind.RESOLVED_ALONE
    return Kind.OWN


def count_words(words: Iterable[WordCount]) -> Counts:
    """Of one campaign. That rows are there is what generation has found."""
    total, found, last, score = 0, set[CampaignPhase](), None, 0.0
    for each in words:
        total += each.amount
        found.add(GENERATION)
        found.update(phase for phase, word in phases_in(each) if fold(word) not in PENDING_WORDS)
        last = each.last_place if last is None else max(last, each.last_place or last)
        score = max(score, each.score_max or 0.0)
    return Counts(total, frozenset(found), last, score)


def phases_in(words: WordCount) -> Iterable[tuple[CampaignPhase, str | None]]:
    yield DNS, words.dns_status
    yield HTTP, words.http_status
    yield ANALYSIS, words.lead_status
    yield ANALYSIS, words.rejection_reason
