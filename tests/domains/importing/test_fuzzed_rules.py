"""Lists as bad as they come, in any pieces: the same comes of them, every line is accounted for, memory stays."""

import csv
import gzip
import io
import itertools
import os
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domains.importing.commands import BATCH_ROWS
from service.domains.importing.formats import ListFormat, rows_of
from service.domains.importing.intake import Intake
from service.domains.importing.reader import (
    EXPANSION_FREE_BYTES,
    EXPANSION_RATIO_MAX,
    LINE_BYTES_MAX,
    Gunzip,
)
from service.errors import Invalid
from tests.domains.importing.taking import Taken, small_bounds, steps, take

SHORT_LINE, SHORT_PIECE = 24, 16
MEMORY_BYTES_MAX = 30_000_000

FRAGMENTS = st.sampled_from(
    [
        *(b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb", b"\xbf"),
        *(b"\n", b"\r\n", b"\r", b"\n\n", b"\r\r\n", b"\x00", b"\n\x00", b"\x0b", b"\x1a", b"\xc2\x85"),
        *(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", "bücher.de".encode(), "a.com\n".encode("utf-16")),
        *(b'"', b'""', b'"\n', b'\n"', b",", b";", b"\t", b"'", b"#", b" ", b"\\"),
        *(b"domain,note\n", b"a.com", b"b.com,x\n", b'"c.com"', b"http://", b"@", b":", b"/", b"xn--", b"-"),
        *(b"{", b"}", b"[", b'{"domain":"d.com"}\n', b'{"domain":"\\ud800.com"}', b'{"domain":7}', b"1" * 30),
    ]
)
LISTS = st.lists(
    FRAGMENTS | st.integers(SHORT_LINE - 5, SHORT_LINE + 5).map(lambda n: b"x" * n) | st.binary(max_size=8), max_size=30
).map(b"".join)
CUTS = st.lists(st.integers(1, 40), min_size=1, max_size=6)


def cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    """The same bytes in pieces of these sizes, in turn."""
    start = 0
    for size in itertools.cycle(sizes):
        if start >= len(data):
            return
        yield data[start : start + size]
        start += size


@pytest.mark.parametrize("kind", ListFormat)
@settings(max_examples=300)
@given(data=LISTS, sizes=CUTS)
def test_the_same_comes_of_a_list_however_it_is_cut(kind: ListFormat, data: bytes, sizes: list[int]) -> None:
    with small_bounds(SHORT_LINE, SHORT_PIECE):
        assert take(kind, cut(data, sizes)) == take(kind, [data])


@pytest.mark.parametrize("kind", ListFormat)
@given(parts=st.lists(LISTS, min_size=1, max_size=4), sizes=CUTS)
def test_the_same_comes_of_a_list_in_several_gzip_members(
    kind: ListFormat, parts: list[bytes], sizes: list[int]
) -> None:
    packed = b"".join(gzip.compress(part, mtime=0) for part in parts)
    with small_bounds(SHORT_LINE, SHORT_PIECE):
        assert take(kind, cut(packed, sizes), compressed=True) == take(kind, [b"".join(parts)])


@pytest.mark.parametrize("size", [1, 7, 1_000, 65_536, 10**6])
def test_a_first_line_that_is_too_long_stays_so_behind_a_mark(size: int) -> None:
    data = b"\xef\xbb\xbfa.com," + b"x" * (LINE_BYTES_MAX + 10) + b"\nb.com,y\n"
    pieces = cut(data, [size]) if size > 1 else [data[:-20], *cut(data[-20:], [1])]
    taken = take(ListFormat.CSV, pieces)
    assert isinstance(taken, Taken)
    assert taken.names == [(2, "b.com")]
    assert [(line, reason) for line, reason, _ in taken.rejects] == [(1, "line_too_long")]


@given(LISTS)
def test_text_lines_are_names_or_rejects_or_blank_or_comments(data: bytes) -> None:
    taken = take(ListFormat.TEXT, [data])
    if taken == "encoding_unsupported":
        assert data.startswith((b"\xff\xfe", b"\xfe\xff"))
        return
    assert isinstance(taken, Taken)
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if data.endswith(b"\n") or not data:
        lines.pop()
    told = [line for line, _ in taken.names] + [reject[0] for reject in taken.rejects]
    speaking = [number for number, line in enumerate(lines, start=1) if is_speaking(line)]
    assert sorted(told) == speaking
    assert taken.lines_read == len(lines)


def is_speaking(line: bytes) -> bool:
    """Neither blank nor a comment; what is not UTF-8 cannot be either."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return True
    return bool(text.strip()) and not text.startswith("#")


@given(LISTS)
def test_json_lines_are_names_or_rejects_or_blank(data: bytes) -> None:
    taken = take(ListFormat.NDJSON, [data])
    if isinstance(taken, Taken):
        lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        told = sorted([line for line, _ in taken.names] + [reject[0] for reject in taken.rejects])
        assert told == [number for number, line in enumerate(lines, start=1) if is_speaking(line.replace(b"#", b"x"))]


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\ufeff"), max_size=12)


@given(st.lists(st.tuples(CELL, CELL), max_size=8), st.sampled_from(["\n", "\r\n"]), st.sampled_from(",;\t"), CUTS)
def test_what_stands_in_other_cells_takes_no_name_away(
    cells: list[tuple[str, str]], end: str, delimiter: str, sizes: list[int]
) -> None:
    sheet = io.StringIO(newline="")
    # Quoted, as RFC 4180 wants it where a cell holds a line's end: a lone CR outside of quotes is rejected.
    writer = csv.writer(sheet, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["before", "domain", "after"])
    writer.writerows([before, f"n{number}.com", after] for number, (before, after) in enumerate(cells))
    taken = take(ListFormat.CSV, cut(sheet.getvalue().encode(), sizes))
    assert isinstance(taken, Taken)
    assert [name for _, name in taken.names] == [f"n{number}.com" for number in range(len(cells))]
    assert taken.rejects == []


@pytest.mark.parametrize(
    ("content", "rejected"),
    [
        (b'"a.com"\r,x\nb.com,y\n', [1]),
        (b'5" tv,a.com\nb.com,y\n6" tv,c.com\nd.com,z\n', [1, 2, 3]),
        (b'a.com,\r"x"\n', [1]),
    ],
)
def test_quotes_that_make_no_record_are_rejected_line_by_line(content: bytes, rejected: list[int]) -> None:
    taken = take(ListFormat.CSV, [content])
    assert isinstance(taken, Taken)
    assert [(line, reason) for line, reason, _ in taken.rejects] == [(line, "csv_invalid") for line in rejected]
    assert {line for line, _ in taken.names}.isdisjoint(rejected)


@pytest.mark.parametrize("blank_lines", [0, 1, 2, 50])
def test_no_cell_is_longer_than_csv_can_read(blank_lines: int) -> None:
    """131,072 characters: a record that would be longer is given up before."""
    longest = b'"' + b"x" * (LINE_BYTES_MAX - 2)
    taken = take(ListFormat.CSV, [b"a.com\n" + longest + b"\n" * (blank_lines + 1) + longest[::-1] + b"\n"])
    assert isinstance(taken, Taken)
    assert taken.names == [(1, "a.com")]
    assert taken.rejects[0][0] == 2


@given(st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=3), st.integers(0, 10_000), CUTS)
def test_gzip_that_ends_early_is_refused_but_between_members(parts: list[bytes], place: int, sizes: list[int]) -> None:
    members = [gzip.compress(part, mtime=0) for part in parts]
    packed = b"".join(members)
    kept = packed[: place % len(packed)]
    ends = [sum(map(len, members[:count])) for count in range(1, len(members))]
    gunzip = Gunzip()
    out = b"".join(out for piece in cut(kept, sizes) for out in gunzip.feed(piece))
    if len(kept) in ends:
        gunzip.finish()
        assert out == b"".join(parts[: ends.index(len(kept)) + 1])
        return
    with pytest.raises(Invalid) as refused:
        gunzip.finish()
    assert refused.value.code == "gzip_truncated"
    assert b"".join(parts).startswith(out)


@given(st.binary(min_size=1, max_size=40), CUTS)
def test_what_follows_gzip_and_is_none_is_refused(tail: bytes, sizes: list[int]) -> None:
    packed = gzip.compress(b"a.com\n", mtime=0) + tail
    assert take(ListFormat.TEXT, cut(packed, sizes), compressed=True) in {"gzip_broken", "gzip_truncated"}


def bomb(content: bytes, times: int) -> Iterator[bytes]:
    """A gzip stream of this content again and again, made of one deflated block."""
    deflating = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = deflating.compress(content) + deflating.flush(zlib.Z_FULL_FLUSH)
    yield b"\x1f\x8b\x08" + bytes(7)
    yield from itertools.repeat(block, times)


@pytest.mark.parametrize("content", [bytes(10**6), b'"' * 10**6, b'{"' * 500_000], ids=["zeros", "quotes", "braces"])
@pytest.mark.parametrize("kind", ListFormat)
def test_ten_gigabytes_in_a_few_megabytes_are_refused_early(kind: ListFormat, content: bytes) -> None:
    """After the free bytes, the ratio counts; until then nothing piles up."""
    intake = Intake(rows_of(kind, column=None, field=None), Gunzip())
    tracemalloc.start()
    with pytest.raises(Invalid) as refused:
        for _ in steps(intake, bomb(content, 10_000)):
            intake.take()
    assert tracemalloc.get_traced_memory()[1] < MEMORY_BYTES_MAX
    tracemalloc.stop()
    assert refused.value.code == "expansion_too_large"
    assert intake.bytes_read < 2 * EXPANSION_FREE_BYTES


def test_gzip_within_gzip_is_not_unpacked_twice() -> None:
    inner = gzip.compress(b"a.com\n" * 100_000, mtime=0)
    taken = take(ListFormat.TEXT, [gzip.compress(inner, mtime=0)], compressed=True)
    assert isinstance(taken, Taken)
    assert taken.names == []
    assert taken.bytes_read == len(inner)


def test_as_much_as_the_ratio_allows_is_read() -> None:
    gunzip = Gunzip()
    content = (bytes(EXPANSION_RATIO_MAX // 2) + bytes(range(256))) * 1_000
    assert sum(map(len, gunzip.feed(gzip.compress(content)))) == len(content)
    gunzip.finish()


@pytest.mark.parametrize(
    ("kind", "beginning"),
    [(ListFormat.TEXT, b""), (ListFormat.CSV, b'a.com,"'), (ListFormat.NDJSON, b"")],
)
def test_a_million_empty_lines_take_no_memory(kind: ListFormat, beginning: bytes) -> None:
    intake = Intake(rows_of(kind, column=None, field=None), None)
    before, most = resident_bytes(), 0
    for piece in [beginning, *[b"\n" * 10_000] * 100, b"b.com\n"]:
        intake.feed(piece)
        intake.take()
        most = max(most, resident_bytes())
    intake.finish()
    assert most < before + MEMORY_BYTES_MAX
    assert intake.lines_read == 10**6 + 1


def test_a_quote_that_is_never_closed_holds_a_bounded_number_of_lines() -> None:
    intake = Intake(rows_of(ListFormat.CSV, column="0", field=None), None)
    held = []
    for piece in (b'a.com,"open\n', *[b"b.com,x\n" * 1_000] * 200):
        intake.feed(piece)
        held.append(intake.lines_read - intake.name_count - intake.rejected_count)
        intake.take()
    assert max(held) <= LINE_BYTES_MAX // len(b"b.com,x\n") + 1
    intake.finish()
    assert intake.lines_read == intake.name_count + intake.rejected_count


@pytest.mark.parametrize("kind", ListFormat)
def test_a_line_of_a_thousand_megabytes_is_one_reject(kind: ListFormat) -> None:
    intake = Intake(rows_of(kind, column=None, field=None), None)
    tracemalloc.start()
    for _ in steps(intake, itertools.chain(itertools.repeat(b'{"x,' * 250_000, 1_000), [b"\n"])):
        assert intake.rows_held() <= BATCH_ROWS
    assert tracemalloc.get_traced_memory()[1] < MEMORY_BYTES_MAX
    tracemalloc.stop()
    assert (intake.lines_read, intake.rejected_count) == (1, 1)
    assert intake.first_rejects[0].reason == "line_too_long"
    assert intake.bytes_read > 10**9
