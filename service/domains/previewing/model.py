"""The words of previews and estimates."""

import msgspec

from service.campaigns.model import Configuration, Observation
from service.progress.events import CampaignPhase


class TldPreview(msgspec.Struct, frozen=True, rename="camel"):
    """One TLD: where the tenant's next names of this pattern begin, and how many offsets are left from there."""

    tld: str
    next_offset: int
    left: int


class PatternPreview(msgspec.Struct, frozen=True, rename="camel"):
    """What a pattern spans. `spaceSize` and `validNames` are of one TLD; `shortfall` is what `count` asks in vain.

    `validNames` are those of the offsets that keep the rules of host names. `samples` are the next valid names.
    """

    space_size: int
    valid_names: int
    shortfall: int
    tlds: tuple[TldPreview, ...]
    samples: tuple[str, ...]
    warnings: tuple[Observation, ...]


class PhaseEstimate(msgspec.Struct, frozen=True, rename="camel"):
    """What a phase would take. Queries and requests leave out repeats and redirects; `bytes` are of the database.

    `names` is what the phase would work on: known where the phases before it are done, else at most so many.
    """

    phase: CampaignPhase
    names: int
    names_known: bool
    dns_queries: int
    http_requests: int
    names_per_second: float
    rate_measured: bool
    minutes: float
    bytes: int
    warnings: tuple[Observation, ...]


class EstimateCampaign(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A campaign that is thought of; nothing of it is kept."""

    initial_phase: CampaignPhase
    configuration: Configuration


class CampaignEstimate(msgspec.Struct, frozen=True, rename="camel"):
    """What each phase would take, from the initial one on. Of a list that is yet to come there are no names."""

    phases: tuple[PhaseEstimate, ...]


class Inputs(msgspec.Struct, frozen=True):
    """What is known of a campaign's names; None where that phase is not done."""

    names: int | None
    resolved: int | None
