"""Facts to scores and reasons."""

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture

from service.scoring.score import Facts, score_rows
from service.scoring.weights import Thresholds, Weights

COUNT = 50_000  # a chunk


def test_score_rows(benchmark: BenchmarkFixture) -> None:
    numbers = np.arange(COUNT)
    facts = Facts(
        reach=(numbers % 5 + 1).astype(np.uint8),
        unique_keywords=(numbers % 7).astype(np.int32),
        keyword_hits=(numbers % 40).astype(np.int32),
        body_bytes=(numbers % 60_000).astype(np.int64),
        title_hit=numbers % 3 == 0,
        parked_confidence=(numbers % 100 / 100).astype(np.float32),
        age_seconds=(numbers * 60).astype(np.int64),
    )
    scores = benchmark(score_rows, facts, Weights(), Thresholds())
    assert len(scores.score) == COUNT
