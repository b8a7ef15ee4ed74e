"""Where an old campaign stands, in our words: the alias table first, then the seed's CASE rules. Pure.

The old system says twice where a campaign stands: by its type and status, and by its phase and phase status. The
phase goes first, as it is the newer of the two. What paused or cancelled says is kept, whoever of the two says it: a
campaign that somebody stopped must not move by itself. Where nobody says which phase it is, and where a phase is called
pending that has found something, the campaign's domains tell. What this decides otherwise than the seed's rules, and
where the two pairs contradict each other, is told.
"""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from service.campaigns.model import PHASES
from service.migration.aliases import Half, PhaseWord, find_initial_phase, find_phase, find_status, fold
from service.progress.events import CampaignPhase, PhaseStatus

GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase
PENDING, RUNNING, PAUSED, COMPLETED, FAILED, CANCELLED = PhaseStatus
STOPPED = (CANCELLED, PAUSED)


class OldWords(msgspec.Struct, frozen=True):
    """What the old system says of a campaign; None where the column is NULL, or is not there.

    `found`: the phases in which any of its domains has an outcome. `given`: the phase whose results it was given to
    begin with, if it did not make its own names.
    """

    campaign_type: str | None = None
    status: str | None = None
    current_phase: str | None = None
    phase_status: str | None = None
    found: frozenset[CampaignPhase] = frozenset()
    given: CampaignPhase | None = None

    @property
    def furthest(self) -> CampaignPhase | None:
        return max(self.found, key=PHASES.index, default=None)


class Difference(StrEnum):
    """Why a campaign does not stand where the seed's rules would put it, or where one of its columns says."""

    PHASE_UNKNOWN = "phase_unknown"
    STATUS_UNKNOWN = "status_unknown"
    PHASE_RENAMED = "phase_renamed"
    STATUS_KEPT = "status_kept"
    PHASES_CONTRADICT = "phases_contradict"
    STATUSES_CONTRADICT = "statuses_contradict"
    PENDING_BEHIND = "pending_behind"
    PENDING_WITH_RESULTS = "pending_with_results"


class Told(msgspec.Struct, frozen=True):
    """One difference, in a sentence for whoever looks at the plan."""

    difference: Difference
    sentence: str


class Standing(msgspec.Struct, frozen=True):
    """Where the campaign begins and stands, as our state machine knows it; `told` says what was decided otherwise."""

    initial: CampaignPhase
    phase: CampaignPhase
    status: PhaseStatus
    told: tuple[Told, ...] = ()

    @property
    def begun(self) -> tuple[CampaignPhase, ...]:
        """The phases that were started, in their order."""
        phases = PHASES[PHASES.index(self.initial) : PHASES.index(self.phase) + 1]
        return () if self.status is PENDING else phases

    @property
    def ended(self) -> frozenset[CampaignPhase]:
        """The phases in which nothing more will happen: each of their domains has an outcome."""
        last = self.begun if self.status is COMPLETED else self.begun[:-1]
        return frozenset(last)


def stand(words: OldWords) -> Standing:
    """Decide where a campaign stands; any words at all give a state that our state machine knows."""
    told: list[Told] = []
    word = decide_phase(words, told)
    initial = min(begins(words), word.phase, key=PHASES.index)
    phase, status = reachable(initial, word, decide_status(words, told), words.found, told)
    told.extend(differences(words, phase, status))
    return Standing(initial, phase, status, tuple(told))


def begins(words: OldWords) -> CampaignPhase:
    """Whoever was given names resolves them; one that was given addresses too has them from a DNS phase."""
    by_type = find_initial_phase(words.campaign_type) or GENERATION
    return DNS if by_type is HTTP and (words.given is DNS or DNS in words.found) else by_type


def decide_phase(words: OldWords, told: list[Told]) -> PhaseWord:
    by_phase = find_phase(words.current_phase)
    by_type = find_initial_phase(words.campaign_type)
    if by_phase is None and fold(words.current_phase):
        told.append(Told(Difference.PHASE_UNKNOWN, f"the phase {words.current_phase!r} is not known"))
    if by_phase is not None:
        if by_type is not None and PHASES.index(by_phase.phase) < PHASES.index(by_type):
            sentence = f"the type is {words.campaign_type} and the phase {words.current_phase}, which lies before it"
            told.append(Told(Difference.PHASES_CONTRADICT, sentence))
        return by_phase
    if by_type is None and fold(words.campaign_type):
        told.append(Told(Difference.PHASE_UNKNOWN, f"the type {words.campaign_type!r} is not known"))
    by_case = by_type or case_phase(words.campaign_type)
    return PhaseWord(max(by_case, words.furthest or by_case, key=PHASES.index))


def decide_status(words: OldWords, told: list[Told]) -> PhaseStatus:
    by_phase, by_campaign = find_status(words.phase_status), find_status(words.status)
    for word, found in ((words.phase_status, by_phase), (words.status, by_campaign)):
        if found is None and fold(word):
            told.append(Told(Difference.STATUS_UNKNOWN, f"the status {word!r} is not known"))
    if by_phase is None or by_campaign is None:
        return by_phase or by_campaign or case_status(words.status)
    status = agree(by_phase, by_campaign)
    if by_phase is not by_campaign:
        sentence = f"the phase is {words.phase_status} and the campaign {words.status}: taken as {status}"
        told.append(Told(Difference.STATUSES_CONTRADICT, sentence))
    return status


def agree(by_phase: PhaseStatus, by_campaign: PhaseStatus) -> PhaseStatus:
    """One status of two. A completed phase stays so: nothing is left in it that could be paused or cancelled."""
    if by_phase is COMPLETED:
        return by_phase
    return next((status for status in STOPPED if status in {by_phase, by_campaign}), by_phase)


def reachable(
    initial: CampaignPhase, word: PhaseWord, status: PhaseStatus, found: frozenset[CampaignPhase], told: list[Told]
) -> tuple[CampaignPhase, PhaseStatus]:
    """The nearest state that our machine has.

    Only the initial phase is ever pending: before another is started, a campaign stands at the end of the one before.
    """
    phase = word.phase
    if status is not PENDING:
        return phase, status
    if phase in found:
        if word.half is Half.SECOND:
            told.append(
                Told(Difference.PENDING_BEHIND, f"what is pending belongs to {phase}, which has ended but for it")
            )
            return phase, COMPLETED
        told.append(
            Told(Difference.PENDING_WITH_RESULTS, f"{phase} is called pending and has results: taken as paused")
        )
        return phase, PAUSED
    if phase is initial:
        return phase, PENDING
    before = PHASES[PHASES.index(phase) - 1]
    told.append(Told(Difference.PENDING_BEHIND, f"{phase} has not been started: it stands at the end of {before}"))
    return before, COMPLETED


# The seed's rules, as its plan writes them in SQL


def case_phase(campaign_type: str | None) -> CampaignPhase:
    return {"domain_generation": GENERATION, "dns_validation": DNS, "http_keyword_validation": HTTP}.get(
        campaign_type or "", GENERATION
    )


def case_status(status: str | None) -> PhaseStatus:
    return {"running": RUNNING, "completed": COMPLETED, "failed": FAILED}.get(status or "", PENDING)


def differences(words: OldWords, phase: CampaignPhase, status: PhaseStatus) -> Iterator[Told]:
    """What the seed's rules alone would have made of it. They touch only campaigns whose phase is NULL."""
    if words.current_phase is not None:
        return
    by_case = case_phase(words.campaign_type), case_status(words.status)
    if by_case[0] is not phase:
        yield Told(Difference.PHASE_RENAMED, f"{phase}, where the seed's rules say {by_case[0]}")
    if by_case[1] is not status:
        yield Told(Difference.STATUS_KEPT, f"{status}, where the seed's rules say {by_case[1]}")
