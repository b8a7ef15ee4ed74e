"""However an export is cut up and breaks off, what is written is one whole file, or it is told that it is not."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phaseline_client import ExportFormat, Interrupted, Moved, Unreadable
from phaseline_client.exports import RESUMES_IN_VAIN_MAX, RESUMES_MAX, Resumes
from phaseline_client.tables import ROW_BYTES_MAX, Table, table_of
from service.domains.reading import model
from service.domains.reading.model import DnsFacts, Domain, HttpFacts
from service.domains.reading.tables import writer_of

RESUMABLE = (ExportFormat.CSV, ExportFormat.NDJSON)
TITLES = st.one_of(st.none(), st.text(st.sampled_from('ab",\n\r#=é ') | st.characters(codec="utf-8"), max_size=12))


def domain_of(position: int, title: str | None) -> Domain:
    dns = DnsFacts("resolved", ("192.0.2.1", "192.0.2.2"), None, 3)
    http = HttpFacts("reached", 200, title, "https://x.example/", ("pricing",), 2, 512, 0.0, 9)
    return Domain(position, f"n{position}.com", dns, http, None)


def domains_of(titles: Sequence[str | None]) -> list[Domain]:
    return [domain_of(3 * index, title) for index, title in enumerate(titles)]


def written(kind: ExportFormat, domains: Sequence[Domain]) -> bytes:
    """What the server sends for these."""
    writer = writer_of(model.ExportFormat(kind))
    return writer.write(domains) + writer.finish()


def behind(domains: Sequence[Domain], position: int) -> list[Domain]:
    return [domain for domain in domains if domain.position > position]


def fed(table: Table, data: bytes, sizes: Iterator[int]) -> bytes:
    """What is written of these bytes, arriving in parts."""
    out = b""
    while data:
        size = next(sizes)
        out, data = out + table.feed(data[:size]), data[size:]
    return out


@given(
    kind=st.sampled_from(RESUMABLE),
    titles=st.lists(TITLES, max_size=12),
    cuts=st.lists(st.floats(0, 1), max_size=4),
    size=st.integers(1, 400),
)
def test_a_broken_export_becomes_the_file_that_one_answer_would_have_been(
    kind: ExportFormat, titles: list[str | None], cuts: list[float], size: int
) -> None:
    domains, table, out = domains_of(titles), table_of(kind), b""
    for cut in cuts:
        answer = written(kind, behind(domains, table.last_position))
        table.begin()
        out += fed(table, answer[: int(cut * (len(answer) - 1))], iter(lambda: size, 0))
        with pytest.raises(Interrupted):
            table.finish()
    table.begin()
    out += fed(table, written(kind, behind(domains, table.last_position)), iter(lambda: size, 0))
    assert out + table.finish() == written(kind, domains)
    assert table.rows == len(domains)


@pytest.mark.parametrize("kind", RESUMABLE)
def test_a_break_behind_the_trailer_adds_nothing(kind: ExportFormat) -> None:
    domains, table = domains_of(["a", "b"]), table_of(kind)
    out = table.feed(written(kind, domains))
    table.begin()
    out += table.feed(written(kind, []))
    assert out + table.finish() == written(kind, domains)


@pytest.mark.parametrize("kind", RESUMABLE)
def test_an_answer_that_skips_rows_repeats_them_or_goes_on_after_its_end_is_refused(kind: ExportFormat) -> None:
    domains = domains_of(["a", "b", "c"])
    whole = written(kind, domains)
    lines = whole.splitlines(keepends=True)
    skipping = b"".join([*lines[:-3], *lines[-2:]])
    repeating = b"".join([*lines[:-1], lines[-2]])
    for data, told in [(skipping, "rows came"), (whole + lines[-2], "after the end"), (repeating, "comes after")]:
        table = table_of(kind)
        with pytest.raises(Unreadable, match=told):
            for line in data.splitlines(keepends=True):
                table.feed(line)


def test_other_columns_after_a_break_are_refused() -> None:
    table = table_of(ExportFormat.CSV)
    table.feed(written(ExportFormat.CSV, domains_of(["a"])))
    table.begin()
    with pytest.raises(Moved, match="other columns"):
        table.feed(b"position,name\r\n")


@pytest.mark.parametrize("kind", RESUMABLE)
def test_what_is_no_export_is_refused(kind: ExportFormat) -> None:
    for data in (b"<html>\r\n<body>\r\n", b"x" * (ROW_BYTES_MAX + 1)):
        with pytest.raises(Unreadable, match="no export of a Phaseline server"):
            table_of(kind).feed(data)


@pytest.mark.parametrize("kind", list(ExportFormat))
def test_an_answer_of_nothing_is_cut(kind: ExportFormat) -> None:
    with pytest.raises(Interrupted):
        table_of(kind).finish()


@pytest.mark.parametrize("size", [1, 3, 1_000_000])
def test_parquet_is_whole_with_its_footer(size: int) -> None:
    whole = written(ExportFormat.PARQUET, domains_of(["a", "b"]))
    table = table_of(ExportFormat.PARQUET)
    assert fed(table, whole, iter(lambda: size, 0)) + table.finish() == whole
    table.begin()
    fed(table, whole[:-1], iter(lambda: size, 0))
    with pytest.raises(Interrupted, match="footer"):
        table.finish()
    assert not table.is_resumable


def test_an_export_is_gone_on_with_while_rows_come_and_a_bounded_number_of_times() -> None:
    table = table_of(ExportFormat.CSV)
    in_vain = Resumes(table, lambda: 0.5)
    for _ in range(RESUMES_IN_VAIN_MAX):
        assert in_vain.next_pause() > 0
    with pytest.raises(Interrupted, match="was cut 5 times"):
        in_vain.next_pause()
    crawling = Resumes(table, lambda: 0.5)
    for count in range(1, RESUMES_MAX + 1):
        table.rows = count
        assert crawling.next_pause() < 1
    table.rows += 1
    with pytest.raises(Interrupted, match="was cut 21 times, last at row 21"):
        crawling.next_pause()


def test_a_parquet_file_is_not_gone_on_with() -> None:
    with pytest.raises(Interrupted, match="begun anew"):
        Resumes(table_of(ExportFormat.PARQUET), lambda: 0.5).next_pause()
