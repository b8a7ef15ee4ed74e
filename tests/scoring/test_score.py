"""Scores and reasons: rows worked out by hand, a plain implementation to agree with, and what must hold of any row."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from service.errors import Invalid
from service.scoring.score import Facts, FactsRow, Reach, Reason, Scores, score_parts, score_rows
from service.scoring.weights import Thresholds, Weights

DAY = 86_400
NO_WEIGHTS = dict.fromkeys(Weights.__struct_fields__, 0.0)

confidences = st.one_of(
    st.floats(0.0, 1.0, width=32),
    st.sampled_from([float(np.float32(edge)) for edge in (0.30, 0.45, 0.90)]),
)
ages = st.one_of(
    st.integers(0, 60 * DAY), st.sampled_from([DAY, DAY + 1, 7 * DAY - 1, 7 * DAY, 30 * DAY - 1, 30 * DAY])
)
rows = st.builds(
    FactsRow,
    reach=st.sampled_from([Reach.PAGE, *Reach]),
    unique_keywords=st.integers(0, 12),
    keyword_hits=st.integers(0, 200),
    body_bytes=st.one_of(st.integers(0, 100_000), st.sampled_from([0, 1023, 1024, 50_000])),
    title_hit=st.booleans(),
    parked_confidence=confidences,
    age_seconds=ages,
)
weightings = st.one_of(
    st.just(Weights()),
    st.builds(Weights, *[st.floats(0.01, 1.0)] * len(Weights.__struct_fields__)),
    st.sampled_from([Weights(**NO_WEIGHTS | {name: 1.0}) for name in Weights.__struct_fields__]),
)
thresholds_any = st.builds(Thresholds, st.floats(0.05, 0.95), st.integers(0, 60_000), st.floats(0.05, 1.0))


def page(
    *,
    unique: int = 1,
    hits: int = 2,
    size: int = 2048,
    title: bool = False,
    parked: float = 0.0,
    age: int = 3 * DAY,
    reach: Reach = Reach.PAGE,
) -> FactsRow:
    return FactsRow(reach, unique, hits, size, title, parked, age)


def columns(facts: Sequence[FactsRow]) -> Facts:
    return Facts(
        reach=np.array([row.reach for row in facts], dtype=np.uint8),
        unique_keywords=np.array([row.unique_keywords for row in facts], dtype=np.int32),
        keyword_hits=np.array([row.keyword_hits for row in facts], dtype=np.int32),
        body_bytes=np.array([row.body_bytes for row in facts], dtype=np.int64),
        title_hit=np.array([row.title_hit for row in facts], dtype=np.bool_),
        parked_confidence=np.array([row.parked_confidence for row in facts], dtype=np.float32),
        age_seconds=np.array([row.age_seconds for row in facts], dtype=np.int64),
    )


def scored(row: FactsRow, weights: Weights | None = None, thresholds: Thresholds | None = None) -> tuple[float, Reason]:
    scores = score_rows(columns([row]), weights or Weights(), thresholds or Thresholds())
    return round(float(scores.score[0]), 6), Reason(scores.reason[0])


@pytest.mark.parametrize(
    ("row", "score", "reason"),
    [
        # 30 hits in 50 KiB: density 0.6 / 3 = 0.2; all else is full: 0.35 * 0.2 + 0.25 + 4 * 0.10.
        (page(unique=5, hits=30, size=51_200, title=True, age=0), 0.72, Reason.QUALIFIED),
        # Everything is full.
        (page(unique=9, hits=999, size=60_000, title=True, age=DAY), 1.0, Reason.QUALIFIED),
        # 1 hit per KiB; 0.35 / 3 + 0.25 / 5 + 0.10 + 0.10 * 2048 / 50000 + 0.10 * 0.7 = 0.340763.
        (page(), 0.341, Reason.QUALIFIED),
        # As before without the 0.10 of a page that is not parked, halved: 0.120381.
        (page(parked=0.30), 0.12, Reason.LOW_SCORE),
        (page(parked=0.45), 0.12, Reason.PARKED),
        # From 0.90 on not halved: 0.240763.
        (page(parked=0.90), 0.241, Reason.PARKED),
        # 2 hits per KiB in 512 bytes: 0.35 * 2 / 3 + 0.05 + 0.10 + 0.001024 + 0.10 = 0.484357.
        (page(hits=1, size=512, age=0), 0.484, Reason.THIN_CONTENT),
        # Enough for a lead, but not for its words: 0.10 + 0.10 + 0.10.
        (page(unique=0, hits=0, size=100_000, age=0), 0.3, Reason.NO_KEYWORDS),
        # 2 hits in 40 KiB: 0.35 * 0.05 / 3 + 0.05 + 0.10 + 0.10 * 0.8192 = 0.237753.
        (page(size=40_960, age=30 * DAY), 0.238, Reason.LOW_SCORE),
        # Without a body the density is the coverage: 0.6 * 2 / 5 + 0.10 + 0.07.
        (page(unique=2, size=0), 0.41, Reason.THIN_CONTENT),
        # Whatever else is said of a name without a page, it scores nothing.
        (page(reach=Reach.DNS_NEGATIVE), 0.0, Reason.DNS_NEGATIVE),
        (page(reach=Reach.DNS_FAILED), 0.0, Reason.DNS_FAILED),
        (page(reach=Reach.HTTP_NEGATIVE), 0.0, Reason.HTTP_NEGATIVE),
        (page(reach=Reach.HTTP_FAILED, parked=1.0), 0.0, Reason.HTTP_FAILED),
    ],
)
def test_rows_worked_out_by_hand(row: FactsRow, score: float, reason: Reason) -> None:
    assert scored(row) == (score, reason)


@pytest.mark.parametrize(
    ("component", "row", "score"),
    [
        ("keyword_density", page(hits=3, size=2048), 0.5),
        ("keyword_density", page(hits=600, size=2048), 1.0),
        ("unique_keyword_coverage", page(unique=3), 0.6),
        ("unique_keyword_coverage", page(unique=6), 1.0),
        ("non_parked", page(parked=0.29), 1.0),
        ("non_parked", page(parked=0.95), 0.0),
        ("content_length_quality", page(size=12_345), 0.247),
        ("title_keyword", page(title=True), 1.0),
        ("title_keyword", page(title=False), 0.0),
        ("freshness", page(age=-5), 1.0),  # a clock that is behind
        ("freshness", page(age=DAY), 1.0),
        ("freshness", page(age=DAY + 1), 0.7),
        ("freshness", page(age=7 * DAY - 1), 0.7),
        ("freshness", page(age=7 * DAY), 0.4),
        ("freshness", page(age=30 * DAY - 1), 0.4),
        ("freshness", page(age=30 * DAY), 0.0),
        # 2.5 hits per KiB: 0.5; ln 4 / 2.4 = 0.577623.
        ("tf_lite", page(unique=3, hits=10, size=4096), 0.289),
        ("tf_lite", page(unique=10, hits=99, size=4096), 0.999),
        ("tf_lite", page(unique=11, hits=99, size=4096), 1.0),
        ("tf_lite", page(unique=11, hits=99, size=0), 0.0),
    ],
)
def test_each_component_alone(component: str, row: FactsRow, score: float) -> None:
    assert scored(row, Weights(**NO_WEIGHTS | {component: 0.5}))[0] == score


@pytest.mark.parametrize("match", [0.27, 0.3, 0.7])
def test_a_score_that_equals_the_threshold_qualifies(match: float) -> None:
    # The content is `match` of its full size; in single precision 0.7 would fall short of itself.
    row = page(size=round(match * 50_000))
    weights = Weights(**NO_WEIGHTS | {"content_length_quality": 1.0})
    assert scored(row, weights, Thresholds(match=match)) == (match, Reason.QUALIFIED)
    assert scored(row, weights, Thresholds(match=match + 0.0001))[1] is Reason.LOW_SCORE


def test_the_codes_that_are_stored_never_change() -> None:
    assert [(reach.value, reach.name) for reach in Reach] == [
        (1, "PAGE"),
        (2, "DNS_NEGATIVE"),
        (3, "DNS_FAILED"),
        (4, "HTTP_NEGATIVE"),
        (5, "HTTP_FAILED"),
    ]
    assert [(reason.value, reason.name) for reason in Reason] == [
        (1, "QUALIFIED"),
        (2, "LOW_SCORE"),
        (3, "NO_KEYWORDS"),
        (4, "PARKED"),
        (5, "THIN_CONTENT"),
        (6, "DNS_NEGATIVE"),
        (7, "DNS_FAILED"),
        (8, "HTTP_NEGATIVE"),
        (9, "HTTP_FAILED"),
        (10, "INTERNAL_ERROR"),
    ]


def plain_score(row: FactsRow, weights: Weights) -> float:
    """The score before it is rounded, one name at a time and without numpy's columns."""
    if row.reach is not Reach.PAGE:
        return 0.0
    coverage = min(1.0, row.unique_keywords / 5)
    per_kib = row.keyword_hits / (row.body_bytes / 1024) if row.body_bytes else None
    parked = np.float32(row.parked_confidence) >= np.float32(0.30)
    values = {
        "keyword_density": coverage if per_kib is None else min(1.0, per_kib / 3),
        "unique_keyword_coverage": coverage,
        "non_parked": 0.0 if parked else 1.0,
        "content_length_quality": min(1.0, row.body_bytes / 50_000),
        "title_keyword": 1.0 if row.title_hit else 0.0,
        "freshness": plain_freshness(row.age_seconds / DAY),
        "tf_lite": min(1.0, (per_kib or 0.0) / 5) * min(1.0, math.log(1 + row.unique_keywords) / 2.4),
    }
    asked = msgspec.structs.asdict(weights)
    mean = math.fsum(asked[name] * value for name, value in values.items()) / math.fsum(asked.values())
    certain = np.float32(row.parked_confidence) >= np.float32(0.90)
    return mean * 0.5 if parked and not certain else mean


def plain_freshness(days: float) -> float:
    if days <= 1:
        return 1.0
    if days < 7:
        return 0.7
    return 0.4 if days < 30 else 0.0


def plain_reason(row: FactsRow, score: float, thresholds: Thresholds) -> Reason:
    if row.reach is not Reach.PAGE:
        return Reason[row.reach.name]
    if np.float32(row.parked_confidence) >= np.float32(thresholds.parked_floor):
        return Reason.PARKED
    if row.body_bytes < thresholds.min_content_bytes:
        return Reason.THIN_CONTENT
    if row.unique_keywords == 0:
        return Reason.NO_KEYWORDS
    return Reason.QUALIFIED if score >= thresholds.match else Reason.LOW_SCORE


@settings(deadline=None)
@given(st.lists(rows, max_size=40), weightings, thresholds_any)
def test_columns_agree_with_the_plain_implementation(
    facts: list[FactsRow], weights: Weights, thresholds: Thresholds
) -> None:
    scores = score_rows(columns(facts), weights, thresholds)
    assert scores.score.dtype == np.float32
    assert scores.reason.dtype == np.uint8
    expected = [plain_score(row, weights) for row in facts]
    assume(all(abs(score * 1000 % 1 - 0.5) > 1e-6 for score in expected))  # a tie may be rounded either way
    rounded = [round(score * 1000) / 1000 for score in expected]
    assert scores.score.tolist() == np.array(rounded, dtype=np.float32).tolist()
    reasons = [plain_reason(row, score, thresholds) for row, score in zip(facts, rounded, strict=True)]
    assert [Reason(code) for code in scores.reason] == reasons


@settings(deadline=None)
@given(rows, weightings)
@example(page(), Weights())
def test_the_parts_add_up_to_the_score(row: FactsRow, weights: Weights) -> None:
    (parts,) = score_parts([row], weights)
    scores = score_rows(columns([row]), weights, Thresholds())
    assert np.float32(parts.score) == scores.score[0]
    listed = parts.components.values()
    assert sum(part.contribution for part in listed) == pytest.approx(parts.score, abs=0.0005 + 1e-9)
    assert sum(part.weight for part in listed) == pytest.approx(1.0)
    for part in listed:
        assert 0.0 <= part.value <= 1.0
        assert part.contribution == pytest.approx(part.value * part.weight * parts.factor)


@given(st.lists(rows, max_size=20), weightings)
def test_the_parts_of_many_rows_are_those_of_each(facts: list[FactsRow], weights: Weights) -> None:
    """Up to the last bit of a logarithm, which is another where many are taken at once."""
    each = [parts for row in facts for parts in score_parts([row], weights)]
    for together, alone in zip(score_parts(facts, weights), each, strict=True):
        assert (together.score, together.factor) == (alone.score, alone.factor)
        pairs = zip(together.components.values(), alone.components.values(), strict=True)
        assert all(one.value == pytest.approx(other.value) for one, other in pairs)


def test_the_parts_of_a_page_that_may_be_parked() -> None:
    (parts,) = score_parts([page(unique=2, title=True, parked=0.5)], Weights())
    assert (parts.score, parts.factor) == (0.195, 0.5)
    assert parts.components.unique_keyword_coverage.value == 0.4
    assert parts.components.unique_keyword_coverage.contribution == pytest.approx(0.05)
    assert parts.components.title_keyword.contribution == pytest.approx(0.05)
    assert parts.components.non_parked.contribution == 0.0


def test_the_parts_as_json() -> None:
    (decoded,) = msgspec.json.decode(msgspec.json.encode(score_parts([page()], Weights())))
    assert decoded["components"]["contentLengthQuality"].keys() == {"value", "weight", "contribution"}
    assert (decoded["factor"], decoded["score"]) == (1.0, 0.341)


@given(rows, weightings, st.integers(1, 50), st.integers(0, 3))
def test_more_of_a_good_thing_never_lowers_a_score(row: FactsRow, weights: Weights, hits: int, unique: int) -> None:
    more = msgspec.structs.replace(
        row, keyword_hits=row.keyword_hits + hits, unique_keywords=row.unique_keywords + unique, title_hit=True
    )
    before, after = score_rows(columns([row, more]), weights, Thresholds()).score
    assert after >= before


@given(rows, weightings, st.integers(0, 90 * DAY))
def test_age_never_raises_a_score(row: FactsRow, weights: Weights, seconds: int) -> None:
    older = msgspec.structs.replace(row, age_seconds=row.age_seconds + seconds)
    before, after = score_rows(columns([row, older]), weights, Thresholds()).score
    assert after <= before


@given(st.lists(rows, min_size=1, max_size=20), weightings, thresholds_any)
def test_scores_are_within_0_and_1_and_only_pages_qualify(
    facts: list[FactsRow], weights: Weights, thresholds: Thresholds
) -> None:
    scores = score_rows(columns(facts), weights, thresholds)
    assert ((scores.score >= 0.0) & (scores.score <= 1.0)).all()
    for row, score, code in zip(facts, scores.score, scores.reason, strict=True):
        if row.reach is not Reach.PAGE:
            assert (score, Reason(code)) == (0.0, Reason[row.reach.name])
        if code == Reason.QUALIFIED:
            assert row.reach is Reach.PAGE
            assert row.unique_keywords > 0
            assert row.body_bytes >= thresholds.min_content_bytes


@settings(deadline=None)
@given(st.lists(rows, min_size=2, max_size=40), weightings, st.data())
def test_rows_are_scored_alike_however_they_are_cut_into_chunks(
    facts: list[FactsRow], weights: Weights, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(1, len(facts) - 1))
    whole = score_rows(columns(facts), weights, Thresholds())
    pieces = [score_rows(columns(piece), weights, Thresholds()) for piece in (facts[:cut], facts[cut:])]
    assert joined(pieces) == joined([whole])


def joined(pieces: list[Scores]) -> tuple[list[float], list[int]]:
    return (
        [score for piece in pieces for score in piece.score.tolist()],
        [code for piece in pieces for code in piece.reason.tolist()],
    )


def test_the_largest_numbers_do_not_overflow() -> None:
    row = page(unique=2**31 - 1, hits=2**31 - 1, size=2**62, title=True, age=2**62)
    assert scored(row) == (0.55, Reason.QUALIFIED)


def test_no_rows_at_all() -> None:
    scores = score_rows(columns([]), Weights(), Thresholds())
    assert (len(scores.score), len(scores.reason)) == (0, 0)
    assert scores.score.dtype == np.float32
    assert scores.reason.dtype == np.uint8


def test_weights_that_are_all_zero_are_refused() -> None:
    with pytest.raises(Invalid):
        score_rows(columns([page()]), Weights(**NO_WEIGHTS), Thresholds())


def test_columns_of_unlike_length_and_unknown_codes_are_mistakes() -> None:
    facts = columns([page(), page()])
    for broken in (
        msgspec.structs.replace(facts, body_bytes=facts.body_bytes[:1]),
        msgspec.structs.replace(facts, reach=np.array([1, 6], dtype=np.uint8)),
    ):
        with pytest.raises(AssertionError):
            score_rows(broken, Weights(), Thresholds())
