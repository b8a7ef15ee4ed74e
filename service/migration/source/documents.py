"""The old system's small tables: a JSON document for each row, of which we take what we know. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from service.campaigns.model import CAMPAIGN_NAME_LENGTH_MAX
from service.migration.aliases import MODE_WORDS, find_phase, find_status, fold
from service.migration.configuration import OldConfiguration, OldKeyword, part_of
from service.migration.history import OldEvent
from service.migration.settings import Values
from service.progress.events import CampaignPhase, PhaseStatus

GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase
CONTROLS = re.compile(r"[\x00-\x1f]+")


class CampaignDocument(msgspec.Struct, frozen=True):
    """A row of the old campaigns. Any column can be NULL, or missing from its version."""

    id: UUID
    name: str | None = None
    campaign_type: str | None = None
    status: str | None = None
    current_phase: str | None = None
    phase_status: str | None = None
    progress_percentage: float | None = None
    progress: float | None = None
    is_full_sequence_mode: bool | None = None
    auto_advance_phases: bool | None = None
    mode: str | None = None
    error_message: str | None = None
    metadata: dict[str, object] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def is_automatic(self) -> bool:
        told = MODE_WORDS.get(fold(self.mode))
        return bool(self.is_full_sequence_mode or self.auto_advance_phases) if told is None else told

    @property
    def began_at(self) -> datetime:
        """The earliest that is known; a campaign of which nothing is known began when computers did."""
        known = [at for at in (self.created_at, self.started_at, self.updated_at) if at is not None]
        return min(map(in_utc, known), default=datetime(1970, 1, 1, tzinfo=UTC))


class PhaseDocument(msgspec.Struct, frozen=True):
    """When a phase began and ended."""

    phase_type: str | None = None
    status: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    error_message: str | None = None


class EventDocument(msgspec.Struct, frozen=True):
    """One event of a campaign's history."""

    occurred_at: datetime
    phase: str | None = None
    new_state: str | None = None
    reason: str | None = None


class PersonaDocument(msgspec.Struct, frozen=True):
    """As whom a phase asks."""

    id: UUID
    config_details: dict[str, object] | None = None


class RuleDocument(msgspec.Struct, frozen=True):
    """A keyword of a set."""

    keyword_set_id: UUID
    pattern: str
    rule_type: str | None = None
    is_case_sensitive: bool | None = None
    category: str | None = None


class SettingsDocument(msgspec.Struct, frozen=True):
    """How one phase of a campaign is to be done."""

    phase_type: str | None = None
    configuration: dict[str, object] | None = None


class OldCampaign(msgspec.Struct, frozen=True):
    """A campaign with all that is kept of it, but its domains."""

    campaign: CampaignDocument
    generation: Values | None = None
    dns: Values | None = None
    http: Values | None = None
    settings: tuple[SettingsDocument, ...] = ()
    phases: tuple[PhaseDocument, ...] = ()
    events: tuple[EventDocument, ...] = ()
    weights: Values | None = None


class Shared(msgspec.Struct, frozen=True):
    """What campaigns refer to."""

    personas: Mapping[UUID, PersonaDocument]
    rules: Sequence[RuleDocument]


def clean_name(document: CampaignDocument) -> str:
    """A name as our campaigns have one."""
    name = " ".join(CONTROLS.sub(" ", document.name or "").split())[:CAMPAIGN_NAME_LENGTH_MAX].strip()
    return name or f"campaign {str(document.id)[:8]}"


def old_configuration(old: OldCampaign, shared: Shared) -> OldConfiguration:
    """What each phase was told: by the first of its personas, by the campaign's parameters, by the phase's settings."""
    by_phase: dict[CampaignPhase, Values] = {}
    for each in old.settings:
        word = find_phase(each.phase_type)
        if word is not None and each.configuration:
            by_phase[word.phase] = {**by_phase.get(word.phase, {}), **each.configuration}
    metadata = old.campaign.metadata or {}
    return OldConfiguration(
        pattern=(part_of(metadata, "domain_generation_config"), old.generation, by_phase.get(GENERATION)),
        dns=(persona_of(old.dns, by_phase.get(DNS), shared), old.dns, by_phase.get(DNS)),
        http=(persona_of(old.http, by_phase.get(HTTP), shared), old.http, by_phase.get(HTTP)),
        keywords=tuple(keywords_of(old.http, by_phase.get(HTTP), shared)),
        weights=old.weights,
        is_automatic=old.campaign.is_automatic,
    )


def persona_of(params: Values | None, settings: Values | None, shared: Shared) -> Values | None:
    """The settings of the first persona, which was the only one that was ever used."""
    ids = [*ids_in(settings, "personaIds"), *ids_in(params, "persona_ids")]
    found = next((shared.personas[each] for each in ids if each in shared.personas), None)
    return found.config_details if found else None


def keywords_of(params: Values | None, settings: Values | None, shared: Shared) -> Iterator[OldKeyword]:
    sets = {*ids_in(params, "keyword_set_ids"), *ids_in(settings, "keywordSetIds"), *ids_in(settings, "keywords")}
    for rule in shared.rules:
        if rule.keyword_set_id in sets:
            is_regex = fold(rule.rule_type) == "regex"
            yield OldKeyword(rule.pattern, is_regex, bool(rule.is_case_sensitive), rule.category)


def ids_in(values: Values | None, name: str) -> list[UUID]:
    """UUIDs of a list; other texts in it are something else."""
    found = (values or {}).get(name)
    return [each for text in (found if isinstance(found, list) else ()) if (each := as_uuid(text)) is not None]


def as_uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def old_events(old: OldCampaign) -> Iterator[OldEvent]:
    """What is remembered of a campaign's way: the beginnings and ends of its phases, and its events."""
    for each in old.phases:
        word = find_phase(each.phase_type)
        if word is None:
            continue
        if each.started_at is not None:
            yield OldEvent(in_utc(each.started_at), word.phase, PhaseStatus.RUNNING)
        status = find_status(each.status)
        if each.completed_at is not None and status is not None:
            yield OldEvent(in_utc(each.completed_at), word.phase, status, (each.error_message or ""))
    for event in old.events:
        word, status = find_phase(event.phase), find_status(event.new_state)
        if word is not None and status is not None:
            yield OldEvent(in_utc(event.occurred_at), word.phase, status, event.reason or "")


def started_at(old: OldCampaign, phase: CampaignPhase) -> datetime:
    """When a phase began, as far as is known; at the latest of what is known before."""
    known = [event.at for event in old_events(old) if event.phase is phase and event.status is PhaseStatus.RUNNING]
    return min(known, default=old.campaign.began_at)


def in_utc(at: datetime) -> datetime:
    """A time without a zone is UTC's, as the old system's servers were."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
