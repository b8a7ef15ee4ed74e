import gzip
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domains.importing.formats import ListFormat, rows_of
from service.domains.importing.intake import Intake
from service.domains.importing.reader import LINE_BYTES_MAX, PIECE_BYTES_MAX, Gunzip, LineSplitter
from service.errors import Invalid

LINE = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\ufeff"), max_size=30)
FRAGMENTS = st.lists(
    st.sampled_from(
        [
            b"\xef\xbb\xbf",
            b"\r\n",
            b"\n",
            b"\x00",
            b"\xff",
            b'"',
            b",",
            b"a.com",
            b"{",
            b"}",
            b'{"domain":"b.com"}',
            b"://",
        ]
    )
    | st.binary(max_size=20),
    max_size=40,
)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """The same bytes in pieces of these sizes, again and again."""
    pieces, start, turn = [], 0, 0
    while start < len(data):
        size = sizes[turn % len(sizes)]
        pieces.append(data[start : start + size])
        start, turn = start + size, turn + 1
    return pieces


SIZES = st.lists(st.integers(1, 50), min_size=1, max_size=5)


@given(st.lists(LINE, max_size=20), st.sampled_from(["\n", "\r\n"]), st.booleans(), SIZES)
def test_lines_are_found_however_they_arrive(lines: list[str], end: str, marked: bool, sizes: list[int]) -> None:
    data = ("\ufeff" if marked else "").encode() + "".join(line + end for line in lines).encode()
    splitter = LineSplitter()
    found = [line for piece in cut(data, sizes) for line in splitter.feed(piece)] + splitter.finish()
    expected = [line.encode() for line in lines]
    assert found == expected or (marked and not lines and found == [b""])


@given(st.binary(max_size=300), SIZES)
def test_any_bytes_give_the_same_lines_in_any_pieces(data: bytes, sizes: list[int]) -> None:
    try:
        at_once = LineSplitter()
        expected = at_once.feed(data) + at_once.finish()
    except Invalid:
        return
    splitter = LineSplitter()
    assert [line for piece in cut(data, sizes) for line in splitter.feed(piece)] + splitter.finish() == expected


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_line_may_be_as_long_as_the_bound_and_not_longer(end: bytes) -> None:
    for length, kept in (
        (LINE_BYTES_MAX, LINE_BYTES_MAX),
        (LINE_BYTES_MAX + 1, LINE_BYTES_MAX + 1),
        (10**6, LINE_BYTES_MAX + 1),
    ):
        splitter = LineSplitter()
        found = [line for piece in cut(b"x" * length + end, [999]) for line in splitter.feed(piece)] + splitter.finish()
        assert [len(line) for line in found] == [kept]


def test_a_line_of_a_thousand_megabytes_takes_no_memory() -> None:
    splitter, piece = LineSplitter(), b"x" * 1_000_000
    tracemalloc.start()
    for _ in range(1_000):
        assert splitter.feed(piece) == []
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    assert [len(line) for line in splitter.feed(b"\nnext.com\n")] == [LINE_BYTES_MAX + 1, len("next.com")]


@given(st.lists(st.binary(max_size=2_000), min_size=1, max_size=4), SIZES)
def test_gzip_members_follow_each_other(parts: list[bytes], sizes: list[int]) -> None:
    gunzip = Gunzip()
    packed = b"".join(map(gzip.compress, parts))
    assert b"".join(out for piece in cut(packed, sizes) for out in gunzip.feed(piece)) == b"".join(parts)
    gunzip.finish()


def test_pieces_are_bounded_and_nothing_is_lost_behind_a_full_one() -> None:
    data = bytes(PIECE_BYTES_MAX * 3)
    gunzip = Gunzip()
    pieces = list(gunzip.feed(gzip.compress(data)))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= PIECE_BYTES_MAX
    gunzip.finish()


def test_a_bomb_is_refused_before_it_has_gone_off() -> None:
    gunzip, out = Gunzip(), 0
    with pytest.raises(Invalid) as refused:
        for piece in gunzip.feed(gzip.compress(bytes(100_000_000))):
            out += len(piece)
    assert refused.value.code == "expansion_too_large"
    assert out < 40_000_000


@given(st.binary(min_size=1, max_size=200), st.integers(0, 10_000), st.integers(0, 255))
def test_damaged_gzip_is_refused_or_whole(data: bytes, place: int, byte: int) -> None:
    packed = bytearray(gzip.compress(data, mtime=0))
    packed[place % len(packed)] = byte
    out: list[bytes] = []
    refusal = refusal_of(lambda: expand(bytes(packed), out))
    assert refusal in {"gzip_broken", "gzip_truncated"} or b"".join(out) == data


def expand(packed: bytes, out: list[bytes]) -> None:
    gunzip = Gunzip()
    out.extend(gunzip.feed(packed))
    gunzip.finish()


def refusal_of(action: Callable[[], None]) -> str | None:
    try:
        action()
    except Invalid as refused:
        return refused.code
    return None


@pytest.mark.parametrize("kind", ListFormat)
@given(fragments=FRAGMENTS, sizes=SIZES)
def test_whatever_is_sent_every_line_is_accounted_for(
    kind: ListFormat, fragments: list[bytes], sizes: list[int]
) -> None:
    intake = Intake(rows_of(kind, column=None, field=None), None)
    data = b"".join(fragments)
    if refusal_of(lambda: feed_all(intake, cut(data, sizes))) == "encoding_unsupported":
        return
    names, rejects = intake.take()
    assert (len(names), len(rejects)) == (intake.name_count, intake.rejected_count)
    lines = [line for line, _ in names] + [reject[0] for reject in rejects]
    assert len(set(lines)) == len(lines)
    assert all(1 <= line <= intake.lines_read for line in lines)
    assert all("\x00" not in text for _, _, text in rejects)


def feed_all(intake: Intake, pieces: list[bytes]) -> None:
    for piece in pieces:
        intake.feed(piece)
    intake.finish()


def test_an_open_quote_takes_no_other_lines_with_it_silently() -> None:
    intake = Intake(rows_of(ListFormat.CSV, column="domain", field=None), None)
    intake.feed(b'domain,note\na.com,"open\n' + b"b.com,x\n" * 20_000 + b"c.com,y\n")
    intake.finish()
    assert intake.lines_read == intake.name_count + intake.rejected_count + 1
    assert intake.name_count > 0
    assert {reject.reason for reject in intake.first_rejects} == {"quote_unclosed"}


def test_deep_json_is_one_rejected_line() -> None:
    intake = Intake(rows_of(ListFormat.NDJSON, column=None, field=None), None)
    intake.feed(b'{"domain":' * 5_000 + b"\n" + b'{"domain":"a.com"}\n{"domain":7}\n{}\n[]\n')
    intake.finish()
    assert [reject.reason for reject in intake.first_rejects] == [
        "json_invalid", "field_missing", "field_missing", "json_invalid",
    ]  # fmt: skip
    assert intake.take()[0] == [(2, "a.com")]
