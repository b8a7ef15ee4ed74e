"""Facts to scores and reasons: all rows of a chunk at once, and the parts of a page's scores for people to read."""

from collections.abc import Sequence
from enum import IntEnum

import msgspec
import numpy as np
import numpy.typing as npt

from service.scoring.weights import PerComponent, Thresholds, Weights, share_weights

FloatColumn = npt.NDArray[np.float64]
BoolColumn = npt.NDArray[np.bool_]

KIBIBYTE = 1024
DAY_SECONDS = 86_400

COVERAGE_KEYWORDS_FULL = 5
"""Distinct keywords."""

DENSITY_HITS_FULL = 3.0
"""Hits per KiB of body."""

CONTENT_BYTES_FULL = 50_000

TF_LITE_HITS_FULL = 5.0
"""Hits per KiB of body."""

TF_LITE_SPREAD_FULL = 2.4
"""Natural logarithm of one more than the distinct keywords; eleven reach it."""

PARKED_CONFIDENCE = 0.30
"""From here on a page is taken for parked by its components."""

PARKED_CERTAIN_CONFIDENCE = 0.90
"""From here on the penalty no longer applies: such a page loses its component, and its reason says the rest."""

PARKED_PENALTY = 0.5

SCORE_DECIMALS = 3


class Reach(IntEnum):
    """How far a name came before it was scored. A failure is one of asking; a negative is an answer."""

    PAGE = 1
    DNS_NEGATIVE = 2
    DNS_FAILED = 3
    HTTP_NEGATIVE = 4
    HTTP_FAILED = 5


class Reason(IntEnum):
    """Why a name is a lead or is none. The engine alone gives `INTERNAL_ERROR`, to a row that could not be scored."""

    QUALIFIED = 1
    LOW_SCORE = 2
    NO_KEYWORDS = 3
    PARKED = 4
    THIN_CONTENT = 5
    DNS_NEGATIVE = 6
    DNS_FAILED = 7
    HTTP_NEGATIVE = 8
    HTTP_FAILED = 9
    INTERNAL_ERROR = 10


class Facts(msgspec.Struct, frozen=True, eq=False):
    """What the earlier phases found: columns of one length, a row for each name. Without a page only `reach` counts.

    `body_bytes` is the size of the body in bytes, `age_seconds` the time since it was fetched.
    `parked_confidence` is 0..1 and single precision, as it is stored: it is compared in that precision, or a stored
    0.45 would fall below a threshold of 0.45.
    """

    reach: npt.NDArray[np.uint8]
    unique_keywords: npt.NDArray[np.int32]
    keyword_hits: npt.NDArray[np.int32]
    body_bytes: npt.NDArray[np.int64]
    title_hit: BoolColumn
    parked_confidence: npt.NDArray[np.float32]
    age_seconds: npt.NDArray[np.int64]


class FactsRow(msgspec.Struct, frozen=True):
    """One row of `Facts`."""

    reach: Reach
    unique_keywords: int
    keyword_hits: int
    body_bytes: int
    title_hit: bool
    parked_confidence: float
    age_seconds: int


class Scores(msgspec.Struct, frozen=True, eq=False):
    """`score`: 0..1 in three decimals; `reason`: codes of `Reason`. Rows are those of the facts."""

    score: npt.NDArray[np.float32]
    reason: npt.NDArray[np.uint8]


class Part(msgspec.Struct, frozen=True):
    """What one component adds to a score: its value, 0..1, times its share of the weights, times the row's factor."""

    value: float
    weight: float
    contribution: float


class ScoreComponents(PerComponent[Part], frozen=True, eq=False, rename="camel"):
    """The part of each component."""


class ScoreParts(msgspec.Struct, frozen=True):
    """The contributions add up to the score, before it is rounded to three decimals.

    `factor` is 1 for a page, `PARKED_PENALTY` for one that may be parked, and 0 without a page.
    """

    components: ScoreComponents
    factor: float
    score: float


def score_rows(facts: Facts, weights: Weights, thresholds: Thresholds) -> Scores:
    """Score and reason of every row. Weights need not add up to 1; `Invalid` if all of them are 0.

    The first of these decides the reason:

    1. no page: `dns_negative`, `dns_failed`, `http_negative` or `http_failed`, as `reach` says;
    2. `parked`: the confidence is at least `parked_floor`. What else such a page says is not its owner's;
    3. `thin_content`: the body is smaller than `min_content_bytes`, too little to judge by its words;
    4. `no_keywords`: none was found;
    5. `low_score`: the rounded score is below `match`;
    6. `qualified`.
    """
    _check(facts)
    score = _score_column(facts, share_weights(weights))
    return Scores(score.astype(np.float32), _reason_column(facts, score, thresholds))


def score_parts(rows: Sequence[FactsRow], weights: Weights) -> list[ScoreParts]:
    """How each row's score comes about; the score is the one that `score_rows` gives it."""
    facts = _facts_of(rows)
    _check(facts)
    shares = share_weights(weights)
    values = zip(*(column.tolist() for column in _component_columns(facts).values()), strict=True)
    factors, scores = _factor_column(facts).tolist(), _score_column(facts, shares).tolist()
    return [_parts_of(*row, shares) for row in zip(values, factors, scores, strict=True)]


def _parts_of(values: tuple[float, ...], factor: float, score: float, shares: PerComponent[float]) -> ScoreParts:
    parts = (Part(value, share, factor * share * value) for value, share in zip(values, shares.values(), strict=True))
    return ScoreParts(ScoreComponents(*parts), factor, score)


def _check(facts: Facts) -> None:
    assert len({len(column) for column in msgspec.structs.astuple(facts)}) == 1
    assert np.isin(facts.reach, list(Reach)).all()


def _facts_of(rows: Sequence[FactsRow]) -> Facts:
    return Facts(
        reach=np.array([row.reach for row in rows], dtype=np.uint8),
        unique_keywords=np.array([row.unique_keywords for row in rows], dtype=np.int32),
        keyword_hits=np.array([row.keyword_hits for row in rows], dtype=np.int32),
        body_bytes=np.array([row.body_bytes for row in rows], dtype=np.int64),
        title_hit=np.array([row.title_hit for row in rows], dtype=np.bool_),
        parked_confidence=np.array([row.parked_confidence for row in rows], dtype=np.float32),
        age_seconds=np.array([row.age_seconds for row in rows], dtype=np.int64),
    )


def _score_column(facts: Facts, shares: PerComponent[float]) -> FloatColumn:
    """Rounded to three decimals, in double precision, so that 0.27 is no less than a threshold of 0.27.

    Added up component by component rather than as a matrix product, whose last bit depends on the number of rows.
    """
    score = np.zeros(len(facts.reach))
    for share, column in zip(shares.values(), _component_columns(facts).values(), strict=True):
        score += share * column
    return np.round(_factor_column(facts) * score, SCORE_DECIMALS)


def _component_columns(facts: Facts) -> PerComponent[FloatColumn]:
    """Each component's value in every row, 0..1."""
    coverage = np.minimum(1.0, facts.unique_keywords / COVERAGE_KEYWORDS_FULL)
    hits_per_kib = _hits_per_kib(facts)
    density = np.minimum(1.0, hits_per_kib / DENSITY_HITS_FULL)
    spread = np.minimum(1.0, np.log1p(facts.unique_keywords) / TF_LITE_SPREAD_FULL)
    return PerComponent(
        keyword_density=np.where(facts.body_bytes > 0, density, coverage),  # no density without a body
        unique_keyword_coverage=coverage,
        non_parked=np.where(facts.parked_confidence < PARKED_CONFIDENCE, 1.0, 0.0),
        content_length_quality=np.minimum(1.0, facts.body_bytes / CONTENT_BYTES_FULL),
        title_keyword=facts.title_hit.astype(np.float64),
        freshness=_freshness_column(facts.age_seconds),
        tf_lite=np.minimum(1.0, hits_per_kib / TF_LITE_HITS_FULL) * spread,
    )


def _hits_per_kib(facts: Facts) -> FloatColumn:
    """0 where there is no body. Divided in floating point: hits times 1024 could leave an int32."""
    kibibytes = facts.body_bytes / KIBIBYTE
    return np.divide(facts.keyword_hits, kibibytes, out=np.zeros_like(kibibytes), where=kibibytes > 0)


def _freshness_column(age_seconds: npt.NDArray[np.int64]) -> FloatColumn:
    """A day old is still fresh; the older limits are exclusive."""
    steps = [age_seconds <= DAY_SECONDS, age_seconds < 7 * DAY_SECONDS, age_seconds < 30 * DAY_SECONDS]
    return np.select(steps, [1.0, 0.7, 0.4], default=0.0)


def _factor_column(facts: Facts) -> FloatColumn:
    confidence = facts.parked_confidence
    doubtful = (confidence >= PARKED_CONFIDENCE) & (confidence < PARKED_CERTAIN_CONFIDENCE)
    return np.where(facts.reach == Reach.PAGE, np.where(doubtful, PARKED_PENALTY, 1.0), 0.0)


def _reason_column(facts: Facts, score: FloatColumn, thresholds: Thresholds) -> npt.NDArray[np.uint8]:
    """The first that applies; the order is explained at `score_rows`."""
    decisions: list[tuple[Reason, BoolColumn]] = [
        (Reason.DNS_NEGATIVE, facts.reach == Reach.DNS_NEGATIVE),
        (Reason.DNS_FAILED, facts.reach == Reach.DNS_FAILED),
        (Reason.HTTP_NEGATIVE, facts.reach == Reach.HTTP_NEGATIVE),
        (Reason.HTTP_FAILED, facts.reach == Reach.HTTP_FAILED),
        (Reason.PARKED, facts.parked_confidence >= thresholds.parked_floor),
        (Reason.THIN_CONTENT, facts.body_bytes < thresholds.min_content_bytes),
        (Reason.NO_KEYWORDS, facts.unique_keywords == 0),
        (Reason.LOW_SCORE, score < thresholds.match),
    ]
    reasons, conditions = zip(*decisions, strict=True)
    return np.select(conditions, [np.uint8(reason) for reason in reasons], default=np.uint8(Reason.QUALIFIED))
