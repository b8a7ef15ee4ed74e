"""What a caller wants -> codes and bits; anything outside the closed lists is refused. Pure."""

from collections.abc import Sequence

from service.campaigns.outcomes import LABELS
from service.domains.reading.model import Filters, Wanted
from service.errors import Invalid
from service.progress.events import CampaignPhase


def check_filters(wanted: Wanted, keywords: Sequence[str]) -> Filters:
    """`Invalid`, pointing at the parameter, for an outcome or a keyword that there is not, and for an empty range."""
    low, high = wanted.score_min, wanted.score_max
    if low is not None and high is not None and low > high:
        raise Invalid("score_range_empty", "scoreMin lies above scoreMax.", pointer="/scoreMin")
    return Filters(
        dns_outcomes=codes_of(CampaignPhase.DNS_VALIDATION, wanted.dns_outcomes, "/dnsOutcome"),
        http_outcomes=codes_of(CampaignPhase.HTTP_VALIDATION, wanted.http_outcomes, "/httpOutcome"),
        analysis_outcomes=codes_of(CampaignPhase.ANALYSIS, wanted.analysis_outcomes, "/analysisOutcome"),
        keyword_bits=bits_of(wanted.keyword, keywords),
        score_min=low,
        score_max=high,
        prefix=wanted.prefix.lower() if wanted.prefix else None,
    )


def codes_of(phase: CampaignPhase, labels: Sequence[str], pointer: str) -> tuple[int, ...] | None:
    codes = {label: code for code, label in LABELS[phase].items()}
    unknown = sorted(set(labels) - set(codes))
    if unknown:
        sentence = f"{phase} has no outcome {unknown[0]!r}; it has {', '.join(codes)}."
        raise Invalid("outcome_unknown", sentence, pointer=pointer, available=tuple(codes))
    return tuple(sorted({codes[label] for label in labels})) or None


def bits_of(keyword: str | None, keywords: Sequence[str]) -> int:
    """The bits of all keywords with this text (it may stand there as a literal and as a pattern)."""
    if keyword is None:
        return 0
    bits = sum(1 << index for index, text in enumerate(keywords) if text == keyword)
    if bits == 0:
        raise Invalid("keyword_unknown", "The campaign's pages were not searched for this keyword.", pointer="/keyword")
    return signed(bits)


def signed(bits: int) -> int:
    """As the database's 64-bit integer, whose highest bit is the sign."""
    return bits - (1 << 64) if bits >= 1 << 63 else bits
