"""The closed list of outcomes of each phase, by name, and which of them can be retried. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Annotated

from msgspec import Meta

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


def closed_list(name: str, meaning: str, words: Iterable[str]) -> Meta:
    """For a text that is one of a list: the contract tells it, and what we read from our own database is not judged."""
    return Meta(title=name, description=meaning, extra_json_schema={"enum": list(words)})


DnsWord = Annotated[
    str, closed_list("DnsOutcome", "What became of a name in DNS.", LABELS[CampaignPhase.DNS_VALIDATION].values())
]
HttpWord = Annotated[
    str, closed_list("HttpOutcome", "What became of its page.", LABELS[CampaignPhase.HTTP_VALIDATION].values())
]
AnalysisWord = Annotated[
    str, closed_list("AnalysisOutcome", "Why a name is a lead or is none.", LABELS[CampaignPhase.ANALYSIS].values())
]
TlsFaultWord = Annotated[
    str, closed_list("TlsFault", "Why a handshake failed.", (fault.label for fault in http.TlsFault))
]

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
