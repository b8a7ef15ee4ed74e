"""Scores of pages from their feature vectors, by the rules of `service.scoring`: both systems judge alike."""

from collections.abc import Sequence

import numpy as np

from loadtest.baseline.words import Features
from service.scoring.score import Facts, Reach, Scores, score_rows
from service.scoring.weights import Thresholds, Weights


def score_pages(pages: Sequence[Features | None]) -> Scores:
    """Of domains that have just been fetched; None where there is no page, whose reason means nothing."""
    count = len(pages)
    reach = np.fromiter((Reach.DNS_FAILED if page is None else Reach.PAGE for page in pages), np.uint8, count)
    facts = Facts(
        reach=reach,
        unique_keywords=np.fromiter((page.kw_unique if page else 0 for page in pages), np.int32, count),
        keyword_hits=np.fromiter((page.kw_hits_total if page else 0 for page in pages), np.int32, count),
        body_bytes=np.fromiter((page.content_bytes if page else 0 for page in pages), np.int64, count),
        title_hit=np.fromiter((page.title_has_keyword if page else False for page in pages), np.bool_, count),
        parked_confidence=np.fromiter((page.parked_confidence if page else 0.0 for page in pages), np.float32, count),
        age_seconds=np.zeros(count, np.int64),
    )
    return score_rows(facts, Weights(), Thresholds())
