"""What needs no database: tables, filters, and the funnel's equations."""

import csv
import io
from uuid import uuid4

import msgspec
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domains.reading.filters import bits_of, check_filters
from service.domains.reading.funnel import make_funnel
from service.domains.reading.model import (
    DnsFacts,
    Domain,
    ExportFormat,
    Filters,
    HttpFacts,
    Reading,
    Sets,
    Verdict,
    Wanted,
)
from service.domains.reading.rows import SetCounts
from service.domains.reading.showing import hash_text
from service.domains.reading.tables import FORMULA_SIGNS, csv_cell, writer_of
from service.errors import Invalid
from service.progress.events import CampaignPhase

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
HTTP_FACTS = st.builds(
    HttpFacts,
    outcome=st.just("reached"),
    status_code=st.integers(200, 299),
    title=TEXTS | TEXTS.map("={}".format),
    final_url=TEXTS,
    keywords=st.lists(TEXTS, max_size=3).map(tuple),
    keyword_hits=st.integers(0, 9),
    body_bytes=st.integers(0, 2**31 - 1),
    parked_confidence=st.sampled_from([0.0, 0.5, 1.0]),
    duration_ms=st.integers(0, 9_999),
    content_hash=st.none() | st.just("00000000000000ff"),
    near_hash=st.none() | st.just("ffffffffffffffff"),
    keyword_contexts=st.lists(TEXTS | TEXTS.map("={}".format), max_size=3).map(tuple),
    tls_fault=st.none() | st.just("wrong_host"),
)
DOMAINS = st.builds(
    Domain,
    position=st.integers(0, 2**31 - 2),
    domain=st.just("a.com"),
    dns=st.none() | st.just(DnsFacts("resolved", ("192.0.2.1", "2001:db8::1"), None, 3)),
    http=st.none() | HTTP_FACTS,
    analysis=st.none() | st.just(Verdict(0.275, "qualified")),
)


@given(batches=st.lists(st.lists(DOMAINS, max_size=3), max_size=3))
def test_each_file_holds_what_was_written(batches: list[list[Domain]]) -> None:
    whole = [domain for batch in batches for domain in batch]
    files = {}
    for kind in ExportFormat:
        writer = writer_of(kind)
        files[kind] = b"".join([*map(writer.write, batches), writer.finish()])
    lines = files[ExportFormat.NDJSON].splitlines()
    assert [msgspec.json.decode(line, type=Domain) for line in lines[:-1]] == whole
    rows = pq.read_table(io.BytesIO(files[ExportFormat.PARQUET])).to_pylist()
    assert [row["title"] for row in rows] == [domain.http.title if domain.http else None for domain in whole]
    for row, domain in zip(rows, whole, strict=True):
        contexts = list(domain.http.keyword_contexts) if domain.http else None
        assert row["keyword_contexts"] == contexts
        assert row["near_hash"] == (domain.http.near_hash if domain.http else None)
    header, *records, trailer = csv.reader(io.StringIO(files[ExportFormat.CSV].decode(), newline=""))
    assert trailer == [f"# complete rows={len(whole)}"]
    assert {len(record) for record in records} <= {len(header)}
    title = header.index("title")
    for record, domain in zip(records, whole, strict=True):
        shown = (domain.http.title or "") if domain.http else ""
        assert record[title] == (f"'{shown}" if shown.startswith(FORMULA_SIGNS) else shown)
        assert not record[header.index("keyword_contexts")].startswith(FORMULA_SIGNS)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert csv_cell(cell) == f"'{cell}"
    assert csv_cell((cell, "b")) == f"'{cell} | b"


def test_numbers_stay_numbers() -> None:
    assert (csv_cell(-1), csv_cell(0.5), csv_cell(None), csv_cell(())) == (-1, 0.5, None, "")


def test_a_broken_parquet_file_cannot_be_opened() -> None:
    writer = writer_of(ExportFormat.PARQUET)
    domain = Domain(1, "a.com", None, None, None)
    begun = writer.write([domain] * 20_000)
    assert begun
    with pytest.raises(ValueError, match="not a parquet file"):
        pq.read_table(io.BytesIO(begun))
    assert len(pq.read_table(io.BytesIO(begun + writer.finish()))) == 20_000


@pytest.mark.parametrize(
    ("stored", "shown"),
    [(None, None), (0, "0" * 16), (-1, "f" * 16), (255, "00000000000000ff"), (-(2**63), "8" + "0" * 15)],
)
def test_hashes_are_shown_as_sixteen_digits(stored: int | None, shown: str | None) -> None:
    assert hash_text(stored) == shown


def test_a_keyword_may_have_more_than_one_bit_and_the_highest() -> None:
    assert bits_of("a", ["a", "b", "a"]) == 0b101
    assert bits_of("z", [*"ab" * 31, "z"]) == 1 << 62
    with pytest.raises(Invalid):
        bits_of("c", ["a", "b"])


def test_what_is_not_asked_for_does_not_narrow() -> None:
    assert check_filters(Wanted(), ()) == Filters()


def test_an_unknown_outcome_is_told_with_those_that_there_are() -> None:
    with pytest.raises(Invalid) as refused:
        check_filters(Wanted(http_outcomes=("gone",)), ())
    assert refused.value.pointer == "/httpOutcome"
    assert "not_found" in refused.value.available


def test_a_campaign_without_results_has_no_stages_and_balances() -> None:
    nothing = Reading(uuid4(), Sets(None, None, None, None), (), (), coherent=False)
    funnel = make_funnel(nothing, {})
    assert (funnel.generated, funnel.leads, funnel.balanced) == (None, None, True)


def test_a_phase_under_way_balances_with_what_is_waiting() -> None:
    reading = Reading(uuid4(), Sets(1, 2, None, None), (), (), coherent=False)
    counts = {1: SetCounts(True, 10, (9, 1)), 2: SetCounts(False, 9, (4, 0, 2))}
    funnel = make_funnel(reading, counts)
    assert funnel.balanced
    assert funnel.resolved is not None
    assert (funnel.resolved.entered, funnel.resolved.passed, funnel.resolved.waiting) == (9, 4, 3)


@pytest.mark.parametrize("outcomes", [(9, 1), (10, 0, 0, 0), (11,)])
def test_a_phase_that_begins_with_another_number_does_not_balance(outcomes: tuple[int, ...]) -> None:
    reading = Reading(uuid4(), Sets(1, 2, None, None), (), (), coherent=False)
    counts = {1: SetCounts(True, 10, outcomes), 2: SetCounts(False, 8, (8,))}
    assert not make_funnel(reading, counts).balanced
    stale = msgspec.structs.replace(reading, stale=(CampaignPhase.DNS_VALIDATION,))
    assert make_funnel(stale, counts).balanced is (sum(outcomes) == 10)
