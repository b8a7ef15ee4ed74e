"""What was found -> scores and reasons."""

import numpy as np
import numpy.typing as npt

from service.campaigns.model import Analysis
from service.fetching import outcomes as http
from service.pipelines.model import FactItems, ScoreColumns
from service.resolving import outcomes as dns
from service.scoring.score import Facts, Reach, score_rows


def score_domains(configuration: Analysis, items: FactItems) -> ScoreColumns:
    """A score and a reason for each name of a chunk."""
    facts = Facts(
        reach=reach_of(items.dns_outcome, items.http_outcome),
        unique_keywords=items.unique_keywords,
        keyword_hits=items.keyword_hits,
        body_bytes=items.body_bytes,
        title_hit=items.title_hit,
        parked_confidence=items.parked_confidence,
        age_seconds=items.age_seconds,
    )
    scores = score_rows(facts, configuration.weights, configuration.thresholds)
    return ScoreColumns(
        positions=items.positions,
        outcomes=scores.reason,
        score=scores.score.astype(np.float32),
        dns_outcome=items.dns_outcome,
        http_outcome=items.http_outcome,
        keyword_bits=items.keyword_bits,
    )


def reach_of(dns_outcome: npt.NDArray[np.int16], http_outcome: npt.NDArray[np.int16]) -> npt.NDArray[np.uint8]:
    """How far each name came. A parked page is a page: the scorer judges it by its confidence.

    A resolved name that was never fetched (its HTTP phase was cut short) counts as failed there, not as an answer.
    """
    reach: npt.NDArray[np.uint8] = np.where(
        np.isin(http_outcome, [http.HttpOutcome.REACHED, http.HttpOutcome.PARKED]),
        Reach.PAGE,
        np.where(np.isin(http_outcome, codes(http.NEGATIVE)), Reach.HTTP_NEGATIVE, Reach.HTTP_FAILED),
    ).astype(np.uint8)
    reach[np.isin(dns_outcome, codes(dns.NEGATIVE))] = Reach.DNS_NEGATIVE
    reach[np.isin(dns_outcome, [*codes(dns.FAILED), 0])] = Reach.DNS_FAILED
    return reach


def codes(outcomes: frozenset[dns.DnsOutcome] | frozenset[http.HttpOutcome]) -> list[int]:
    return sorted(int(outcome) for outcome in outcomes)
