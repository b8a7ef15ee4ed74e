"""From what runs counted to the stages of the funnel, and whether they balance. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from service.campaigns.outcomes import LABELS, SUCCEEDED, labelled
from service.domains.reading.model import Funnel, FunnelStage, Reading
from service.domains.reading.rows import SetCounts
from service.fetching import outcomes as http
from service.progress.events import CampaignPhase
from service.resolving import outcomes as dns
from service.scoring.score import Reason

NO_KEYWORDS = "no_keywords"
PAGES = frozenset({http.HttpOutcome.REACHED, http.HttpOutcome.PARKED})  # what the analysis judges by its words

# Each failing or negative verdict, and the outcomes of the phase before that call for it.
DNS_VERDICTS = ((Reason.DNS_NEGATIVE, dns.NEGATIVE), (Reason.DNS_FAILED, dns.FAILED))
HTTP_VERDICTS = ((Reason.HTTP_NEGATIVE, http.NEGATIVE - PAGES), (Reason.HTTP_FAILED, http.FAILED))
PAGE_VERDICTS = (Reason.PARKED, Reason.THIN_CONTENT, Reason.NO_KEYWORDS, Reason.LOW_SCORE, Reason.QUALIFIED)

Counts = Mapping[int, SetCounts]


def make_funnel(reading: Reading, counts: Counts) -> Funnel:
    sets = reading.sets
    generated = stage_of(CampaignPhase.DOMAIN_GENERATION, found(counts, sets.names))
    resolved = stage_of(CampaignPhase.DNS_VALIDATION, found(counts, sets.dns))
    reached = stage_of(CampaignPhase.HTTP_VALIDATION, found(counts, sets.http))
    keyword_hits = keyword_stage(reached, found(counts, sets.http))
    leads = stage_of(CampaignPhase.ANALYSIS, found(counts, sets.scores))
    stages = (generated, resolved, reached, keyword_hits, leads)
    return Funnel(
        generated=generated,
        resolved=resolved,
        reached=reached,
        keyword_hits=keyword_hits,
        leads=leads,
        balanced=all(equations(reading, counts, stages)),
        stale=reading.stale,
    )


def found(counts: Counts, set_id: int | None) -> SetCounts | None:
    return None if set_id is None else counts.get(set_id)


def stage_of(phase: CampaignPhase, counts: SetCounts | None) -> FunnelStage | None:
    if counts is None:
        return None
    passing = {LABELS[phase][code] for code in SUCCEEDED[phase]}
    outcomes = labelled(phase, counts.outcomes)
    return FunnelStage(
        entered=counts.total,
        passed=sum(outcomes[label] for label in passing),
        waiting=counts.total - sum(counts.outcomes),
        losses={label: count for label, count in outcomes.items() if label not in passing},
    )


def keyword_stage(reached: FunnelStage | None, counts: SetCounts | None) -> FunnelStage | None:
    if reached is None or counts is None:
        return None
    passed = counts.keyword_pages
    return FunnelStage(reached.passed, passed, 0, {NO_KEYWORDS: reached.passed - passed})


def equations(reading: Reading, counts: Counts, stages: Sequence[FunnelStage | None]) -> Iterator[bool]:
    """All that must hold of the counters; what is stale or under way is not held against a later phase."""
    generated, resolved, reached, _, leads = stages
    yield all(adds_up(stage) for stage in stages if stage is not None)
    if reading.stale:
        return
    if resolved and generated:
        yield resolved.entered == generated.passed
    if reached and (source := resolved or generated):
        yield reached.entered == source.passed
    if leads and generated:
        yield leads.entered == generated.passed
    if leads and reached and resolved and reading.coherent and have_ended(reading, counts):
        yield from verdict_equations(reading, counts)


def adds_up(stage: FunnelStage) -> bool:
    left = (stage.waiting, *stage.losses.values())
    return min(left) >= 0 and stage.entered == stage.passed + sum(left)


def have_ended(reading: Reading, counts: Counts) -> bool:
    return all(set_id in counts and counts[set_id].ended for set_id in reading.sets.present)


def verdict_equations(reading: Reading, counts: Counts) -> Iterator[bool]:
    """Outcomes call for verdicts; only a domain that could not be scored (`internal_error`) leaves its group."""
    asked, fetched = counts_of(counts, reading.sets.dns), counts_of(counts, reading.sets.http)
    judged = counts_of(counts, reading.sets.scores)
    groups = [
        *((total(asked, outcomes), total(judged, [verdict])) for verdict, outcomes in DNS_VERDICTS),
        *((total(fetched, outcomes), total(judged, [verdict])) for verdict, outcomes in HTTP_VERDICTS),
        (total(fetched, PAGES), total(judged, PAGE_VERDICTS)),
    ]
    yield all(called_for >= given for called_for, given in groups)
    yield sum(called_for - given for called_for, given in groups) == total(judged, [Reason.INTERNAL_ERROR])


def counts_of(counts: Counts, set_id: int | None) -> tuple[int, ...]:
    return () if set_id is None else counts[set_id].outcomes


def total(outcomes: tuple[int, ...], codes: Iterable[int]) -> int:
    return sum(outcomes[code - 1] for code in codes if code <= len(outcomes))
