"""Bytes in, names and rejects out, with everything counted. Pure; what it holds is bounded by what is taken off it."""

from collections import Counter
from collections.abc import Iterator

from service.domains.importing.formats import Faulty, Found, Rows
from service.domains.importing.model import (
    REJECTED_TEXT_LENGTH_MAX,
    REJECTS_SHOWN_MAX,
    Note,
    RejectedLine,
    RejectReason,
)
from service.domains.importing.normalise import Unusable, is_plain, normalise
from service.domains.importing.reader import Gunzip, LineSplitter
from service.errors import Invalid

LINES_MAX = 50_000_000
BYTES_MAX = 8_000_000_000  # decompressed

NameRow = tuple[int, str]  # line, name
RejectRow = tuple[int, str, str]  # line, reason, text


class Intake:
    """One list on its way in. Feed it, and take the rows off it now and then."""

    def __init__(self, rows: Rows, gunzip: Gunzip | None) -> None:
        self._rows = rows
        self._gunzip = gunzip
        self._splitter = LineSplitter()
        self._names: list[NameRow] = []
        self._rejects: list[RejectRow] = []
        self.first_rejects: list[RejectedLine] = []
        self.notes: Counter[Note] = Counter()
        self.bytes_read = 0
        self.lines_read = 0
        self.name_count = 0
        self.rejected_count = 0

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What was sent, decompressed where it has to be, in bounded pieces for `feed`."""
        return iter((data,)) if self._gunzip is None else self._gunzip.feed(data)

    def feed(self, piece: bytes) -> None:
        self.bytes_read += len(piece)
        if self.bytes_read > BYTES_MAX:
            raise Invalid("list_too_large", f"A list may have {BYTES_MAX:,} bytes; split it.")
        self._read(self._splitter.feed(piece))

    def finish(self) -> None:
        """The list is whole; Invalid where it is cut short."""
        if self._gunzip is not None:
            self._gunzip.finish()
        self._read(self._splitter.finish())
        for row in self._rows.finish():
            self._keep(row)

    def rows_held(self) -> int:
        return len(self._names) + len(self._rejects)

    def take(self) -> tuple[list[NameRow], list[RejectRow]]:
        """The rows since this was last asked."""
        names, rejects = self._names, self._rejects
        self._names, self._rejects = [], []
        return names, rejects

    def _read(self, lines: list[bytes]) -> None:
        if self.lines_read + len(lines) > LINES_MAX:
            raise Invalid("list_too_long", f"A list may have {LINES_MAX:,} lines; split it.")
        for line, data in enumerate(lines, start=self.lines_read + 1):
            for row in self._rows.read(line, data):
                self._keep(row)
        self.lines_read += len(lines)

    def _keep(self, row: Found | Faulty) -> None:
        if isinstance(row, Faulty):
            self._reject(row.line, row.text, row.reason)
        elif is_plain(row.text):  # the same as `normalise`, without its objects
            self._accept(row.line, row.text)
        else:
            self._normalise(row)

    def _normalise(self, row: Found) -> None:
        found = normalise(row.text)
        if isinstance(found, Unusable):
            self._reject(row.line, row.text, found.reason)
            return
        self.notes.update(found.notes)
        self._accept(row.line, found.name)

    def _accept(self, line: int, name: str) -> None:
        self.name_count += 1
        self._names.append((line, name))

    def _reject(self, line: int, text: str, reason: RejectReason) -> None:
        self.rejected_count += 1
        shown = storable(text[:REJECTED_TEXT_LENGTH_MAX])
        self._rejects.append((line, reason.value, shown))
        if len(self.first_rejects) < REJECTS_SHOWN_MAX:
            self.first_rejects.append(RejectedLine(line, shown, reason))


def storable(text: str) -> str:
    """PostgreSQL's text holds neither NUL nor halves of surrogate pairs."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
