"""Lists of names that are brought in: how they are written, how far they are, and what became of one. Pure."""

from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Literal
from uuid import UUID

import msgspec

from phaseline_client.errors import Interrupted, Lost
from phaseline_client.generated.models import ImportProgress, ImportReceipt, ImportState

GZIP_MARK = b"\x1f\x8b"
GZIP_SUFFIX = ".gz"
LOOK_SECONDS = 1.0  # between two questions what became of a list
LOOKS_IN_VAIN_MAX = 4
LOOKS_MAX = 120  # as long as a large list may need to be merged

ListType = Literal["text/plain", "text/csv", "application/x-ndjson"]
PLAIN: ListType = "text/plain"
SUFFIXES: dict[str, ListType] = {
    "": PLAIN,
    ".txt": PLAIN,
    ".lst": PLAIN,
    ".list": PLAIN,
    ".csv": "text/csv",
    ".tsv": "text/csv",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
}


class Sent(msgspec.Struct, frozen=True):
    """How much of a list was sent; `total_bytes` is None where that is not known."""

    bytes: int
    total_bytes: int | None


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """How a list is brought in. `on_lost` is told when its receipt is lost, and what became of it is looked for."""

    content_type: ListType | None = None
    column: str | None = None
    field: str | None = None
    on_progress: Callable[[Sent], object] | None = None
    on_lost: Callable[[Interrupted], object] | None = None


def type_of(content: object) -> ListType:
    """By the file's name, behind `.gz`; ValueError where that says nothing. What is no file is text."""
    if not isinstance(content, PurePath):
        return PLAIN
    suffix = PurePath(content.name.lower().removesuffix(GZIP_SUFFIX)).suffix
    if suffix not in SUFFIXES:
        raise ValueError(f"{suffix} does not tell how {content} is written: say it as content_type.")
    return SUFFIXES[suffix]


class Search:
    """For a list whose receipt was lost, among those that the campaign has. `earlier` were there before."""

    def __init__(self, earlier: Iterable[ImportProgress]) -> None:
        self._earlier: frozenset[UUID] = frozenset(each.import_id for each in earlier)
        self._looks = self._in_vain = 0

    def found(self, imports: Iterable[ImportProgress]) -> ImportProgress | None:
        """It, once it is whole; None where looking again may help.

        A server that was just sent a list may not have begun with it, so that one look is not enough to say that
        nothing came of it (Interrupted). Lost where the server is still at work after all looks.
        """
        new = [each for each in imports if each.import_id not in self._earlier]
        if new and new[0].state is ImportState.COMPLETED:
            return new[0]
        self._looks += 1
        self._in_vain = 0 if new else self._in_vain + 1
        if self._in_vain == LOOKS_IN_VAIN_MAX:
            told = "The connection was lost before the list was whole, so nothing of it was brought in."
            raise Interrupted("import_cut", told)
        if self._looks == LOOKS_MAX:
            raise Lost("import_unknown", "The receipt was lost, and the server is still at work on the list.")
        return None


def receipt_of(found: ImportProgress) -> ImportReceipt:
    """As much of a receipt as the server remembers: neither the rejects nor what was changed on names."""
    used = found.accepted + found.duplicates + found.rejected_count
    return ImportReceipt(
        import_id=found.import_id,
        lines_read=found.lines_read,
        accepted=found.accepted,
        duplicates=found.duplicates,
        rejected_count=found.rejected_count,
        skipped=found.lines_read - used,
        rejects=[],
        notes={},
    )
