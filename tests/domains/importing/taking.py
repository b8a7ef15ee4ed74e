"""Take a list in as an import does, with everything that can be seen of it."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pytest

from service.domains.importing import formats, reader
from service.domains.importing.commands import BATCH_ROWS
from service.domains.importing.formats import ListFormat, rows_of
from service.domains.importing.intake import Intake, NameRow, RejectRow
from service.domains.importing.reader import Gunzip
from service.errors import Invalid


class Taken(NamedTuple):
    """What became of a list."""

    names: list[NameRow]
    rejects: list[RejectRow]
    lines_read: int
    bytes_read: int
    notes: dict[str, int]


def take(
    kind: ListFormat, pieces: Iterable[bytes], *, compressed: bool = False, column: str | None = None
) -> Taken | str:
    """All that a list gives, or the code with which it is refused."""
    intake = Intake(rows_of(kind, column=column, field=None), Gunzip() if compressed else None)
    names: list[NameRow] = []
    rejects: list[RejectRow] = []
    try:
        for _ in steps(intake, pieces):
            new_names, new_rejects = intake.take()
            names += new_names
            rejects += new_rejects
    except Invalid as refused:
        return refused.code
    assert (len(names), len(rejects)) == (intake.name_count, intake.rejected_count)
    return Taken(
        names,
        rejects,
        intake.lines_read,
        intake.bytes_read,
        {note.value: count for note, count in intake.notes.items()},
    )


def steps(intake: Intake, pieces: Iterable[bytes]) -> Iterator[None]:
    """Feed it everything; a step whenever rows should be taken off it, and at the end."""
    for piece in pieces:
        for part in intake.pieces(piece):
            intake.feed(part)
            if intake.rows_held() >= BATCH_ROWS:
                yield
    intake.finish()
    yield


@contextlib.contextmanager
def small_bounds(line_bytes_max: int, piece_bytes_max: int) -> Iterator[None]:
    """With bounds near which short lists already lie."""
    with pytest.MonkeyPatch.context() as patching:
        for module in (reader, formats):
            patching.setattr(module, "LINE_BYTES_MAX", line_bytes_max)
        patching.setattr(reader, "PIECE_BYTES_MAX", piece_bytes_max)
        yield
