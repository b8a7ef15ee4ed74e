"""The closed list of outcomes of each phase, by name, and which of them can be retried. Pure."""

from collections.abc import Mapping, Sequence
from enum import IntEnum

from service.fetching import outcomes as http
from service.progress.events import CampaignPhase
from service.resolving import outcomes as dns
from service.scoring.score import Reason


class GenerationOutcome(IntEnum):
    """What became of one offset of a pattern's space."""

    GENERATED = 1
    REJECTED = 2  # it would break the host name rules
    INTERNAL_ERROR = 3


LABELS: Mapping[CampaignPhase, Mapping[int, str]] = {
    CampaignPhase.DOMAIN_GENERATION: {int(code): code.name.lower() for code in GenerationOutcome},
    CampaignPhase.DNS_VALIDATION: {int(code): code.name.lower() for code in dns.DnsOutcome},
    CampaignPhase.HTTP_VALIDATION: {int(code): code.name.lower() for code in http.HttpOutcome},
    CampaignPhase.ANALYSIS: {int(code): code.name.lower() for code in Reason},
}

RETRYABLE: Mapping[CampaignPhase, frozenset[int]] = {
    CampaignPhase.DOMAIN_GENERATION: frozenset(),
    CampaignPhase.DNS_VALIDATION: frozenset(map(int, dns.RETRYABLE)),
    CampaignPhase.HTTP_VALIDATION: frozenset(map(int, http.RETRYABLE)),
    CampaignPhase.ANALYSIS: frozenset({int(Reason.INTERNAL_ERROR)}),
}

SUCCEEDED: Mapping[CampaignPhase, frozenset[int]] = {
    CampaignPhase.DOMAIN_GENERATION: frozenset({int(GenerationOutcome.GENERATED)}),
    CampaignPhase.DNS_VALIDATION: frozenset(map(int, dns.SUCCEEDED)),
    CampaignPhase.HTTP_VALIDATION: frozenset(map(int, http.SUCCEEDED)),
    CampaignPhase.ANALYSIS: frozenset({int(Reason.QUALIFIED)}),
}

FAILED: Mapping[CampaignPhase, frozenset[int]] = {
    CampaignPhase.DOMAIN_GENERATION: frozenset({int(GenerationOutcome.INTERNAL_ERROR)}),
    CampaignPhase.DNS_VALIDATION: frozenset(map(int, dns.FAILED)),
    CampaignPhase.HTTP_VALIDATION: frozenset(map(int, http.FAILED)),
    CampaignPhase.ANALYSIS: frozenset({int(Reason.INTERNAL_ERROR)}),
}

INTERNAL_ERROR: Mapping[CampaignPhase, int] = {
    phase: next(code for code, label in labels.items() if label == "internal_error") for phase, labels in LABELS.items()
}


def labelled(phase: CampaignPhase, counts: Sequence[int]) -> dict[str, int]:
    """Counts by outcome code (the first is code 1) as counts by name; every outcome of the list is there."""
    by_code = dict(enumerate(counts, start=1))
    return {label: by_code.get(code, 0) for code, label in LABELS[phase].items()}


def count_retryable(phase: CampaignPhase, counts: Sequence[int]) -> int:
    return sum(count for code, count in enumerate(counts, start=1) if code in RETRYABLE[phase])
