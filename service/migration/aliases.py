"""The words of the old system, of all its eras and however they are spelled, and ours for them. Pure.

A word is folded before it is looked up (lower case, letters and digits only), so that `HTTP_KEYWORD_VALIDATION`,
`http-keyword-validation` and `httpKeywordValidation` are one. Where a word is not in a table, `standing` falls back to
the CASE rules of the seed's plan.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from service.progress.events import CampaignPhase, PhaseStatus


class Half(StrEnum):
    """The old system split two of our phases: what stood in the second half had ended the first."""

    WHOLE = "whole"
    SECOND = "second"


class PhaseWord(msgspec.Struct, frozen=True):
    """Our phase for a word of the old system."""

    phase: CampaignPhase
    half: Half = Half.WHOLE


GENERATION, DNS, HTTP, ANALYSIS = (PhaseWord(phase) for phase in CampaignPhase)
EXTRACTION = PhaseWord(CampaignPhase.HTTP_VALIDATION, Half.SECOND)
ENRICHMENT = PhaseWord(CampaignPhase.ANALYSIS, Half.SECOND)

# Columns hold the internal names; the others are what its routes, its status endpoint and its websocket said.
PHASE_WORDS: Mapping[str, PhaseWord] = {
    "setup": GENERATION,
    "discovery": GENERATION,
    "generation": GENERATION,
    "domaingeneration": GENERATION,
    "domaindiscovery": GENERATION,
    "validation": DNS,
    "dns": DNS,
    "dnsvalidation": DNS,
    "http": HTTP,
    "httpvalidation": HTTP,
    "httpkeyword": HTTP,
    "httpkeywordvalidation": HTTP,
    "httpkeywordscan": HTTP,
    "keywordvalidation": HTTP,
    "extraction": EXTRACTION,
    "featureextraction": EXTRACTION,
    "analysis": ANALYSIS,
    "scoring": ANALYSIS,
    "enrichment": ENRICHMENT,
    "leads": ENRICHMENT,
    "leadenrichment": ENRICHMENT,
}

# Where a campaign of a type began: a campaign that validates was given its names.
TYPE_WORDS: Mapping[str, CampaignPhase] = {
    "leadgeneration": CampaignPhase.DOMAIN_GENERATION,
    "generation": CampaignPhase.DOMAIN_GENERATION,
    "domaingeneration": CampaignPhase.DOMAIN_GENERATION,
    "dns": CampaignPhase.DNS_VALIDATION,
    "dnsvalidation": CampaignPhase.DNS_VALIDATION,
    "http": CampaignPhase.HTTP_VALIDATION,
    "httpvalidation": CampaignPhase.HTTP_VALIDATION,
    "httpkeyword": CampaignPhase.HTTP_VALIDATION,
    "httpkeywordvalidation": CampaignPhase.HTTP_VALIDATION,
    "httpkeywordscan": CampaignPhase.HTTP_VALIDATION,
    "keywordvalidation": CampaignPhase.HTTP_VALIDATION,
}

STATUS_WORDS: Mapping[str, PhaseStatus] = {
    word: status
    for status, words in {
        PhaseStatus.PENDING: "pending queued draft created new idle notstarted ready configured scheduled",
        PhaseStatus.RUNNING: "running inprogress active processing started resuming retrying",
        PhaseStatus.PAUSED: "paused pausing suspended onhold",
        PhaseStatus.COMPLETED: "completed complete done finished success succeeded skipped archived",
        PhaseStatus.FAILED: "failed failure error errored",
        PhaseStatus.CANCELLED: "cancelled canceled cancelling canceling stopped stopping aborted",
    }.items()
    for word in words.split()
}

MODE_WORDS: Mapping[str, bool] = {"fullsequence": True, "stepbystep": False}


def fold(word: str | None) -> str:
    """What a word is looked up by; nothing for one that says nothing."""
    return "".join(letter for letter in (word or "").lower() if letter.isalnum())


def find_phase(word: str | None) -> PhaseWord | None:
    return PHASE_WORDS.get(fold(word))


def find_initial_phase(campaign_type: str | None) -> CampaignPhase | None:
    """Where a campaign of this type begins."""
    return TYPE_WORDS.get(fold(campaign_type))


def find_status(word: str | None) -> PhaseStatus | None:
    return STATUS_WORDS.get(fold(word))
