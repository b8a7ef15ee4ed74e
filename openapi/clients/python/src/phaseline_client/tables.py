"""An export as it arrives: whole rows go on, what is cut waits for its rest, and the trailer tells whether it was all.

A table outlives the answers that it is read from: after a break, `begin` and feed what comes behind `last_position`.
What is given, put together, is one file with one header and one trailer. Pure.
"""

import re
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from phaseline_client.errors import Interrupted, Moved, Unreadable
from phaseline_client.generated.models import ExportFormat

ROW_BYTES_MAX = 4_000_000  # the longest title and address together are a small part of it
NOWHERE = -1  # before the first position
PARQUET_MARK = b"PAR1"
CSV_TRAILER = re.compile(rb"# complete rows=(\d{1,10})\r?")


class Line(msgspec.Struct, frozen=True):
    """What is read of a line of NDJSON: a domain's position, or the trailer's rows."""

    position: int = NOWHERE
    complete: bool = False
    rows: int = 0


decode_line = msgspec.json.Decoder(Line).decode


class Table(Protocol):
    """`rows` and `last_position` are of what was handed on so far."""

    rows: int
    last_position: int
    is_resumable: bool

    def begin(self) -> None:
        """An answer begins: the first, or one that goes on."""

    def feed(self, data: bytes) -> bytes:
        """What may be written now; Unreadable where it makes no sense."""
        ...

    def finish(self) -> bytes:
        """The end of the file. Interrupted where the answer was not whole, however it ended."""
        ...


class Told:
    """What an answer's trailer has told of its rows, held against those that came."""

    def __init__(self) -> None:
        self._rows: int | None = None
        self._came = 0

    def count(self, rows: int) -> None:
        if rows and self._rows is not None:
            raise damaged("Rows come after the end of the export")
        self._came += rows

    def end(self, rows: int) -> None:
        self._rows = rows
        if rows != self._came:
            raise damaged(f"{self._came:,} rows came, but {rows:,} were sent")

    def check_end(self) -> None:
        if self._rows is None:
            raise Interrupted("export_cut", "The export ended without its trailer.")


class CsvTable:
    """Lines end outside of quotes. The header is written once, and has to be the same after a break."""

    is_resumable = True

    def __init__(self) -> None:
        self.rows = 0
        self.last_position = NOWHERE
        self._header = b""
        self.begin()

    def begin(self) -> None:
        self._held = b""
        self._told = Told()
        self._begins = True

    def feed(self, data: bytes) -> bytes:
        lines = self._cut(data)
        head = self._take_header(lines) if self._begins and lines else b""
        trailer = CSV_TRAILER.fullmatch(lines[-1]) if lines else None
        rows = lines[:-1] if trailer else lines
        self._told.count(len(rows))
        if rows:
            check_order(self.last_position, csv_position(rows[0]))
            self.rows, self.last_position = self.rows + len(rows), csv_position(rows[-1])
        if trailer:
            self._told.end(int(trailer[1]))
        return head + lines_of(rows)

    def finish(self) -> bytes:
        self._told.check_end()
        return f"# complete rows={self.rows}\r\n".encode()

    def _cut(self, data: bytes) -> list[bytes]:
        """The lines that these bytes complete, without their line feeds."""
        *pieces, last = (self._held + data).split(b"\n")
        lines: list[bytes] = []
        open_pieces: list[bytes] = []
        is_quoted = False
        for piece in pieces:
            open_pieces.append(piece)
            is_quoted ^= piece.count(b'"') % 2 == 1
            if not is_quoted:
                lines.append(b"\n".join(open_pieces))
                open_pieces = []
        self._held = bounded(b"\n".join([*open_pieces, last]))
        return lines

    def _take_header(self, lines: list[bytes]) -> bytes:
        header = lines.pop(0)
        self._begins = False
        if self._header and header != self._header:
            raise Moved("columns_changed", "The server has other columns than when the export began; begin anew.")
        is_first, self._header = not self._header, header
        return lines_of([header]) if is_first else b""


class JsonTable:
    """A line is a row; the last is an object that says how many there were."""

    is_resumable = True

    def __init__(self) -> None:
        self.rows = 0
        self.last_position = NOWHERE
        self.begin()

    def begin(self) -> None:
        self._held = b""
        self._told = Told()

    def feed(self, data: bytes) -> bytes:
        *lines, last = (self._held + data).split(b"\n")
        self._held = bounded(last)
        if not lines:
            return b""
        end = json_line(lines[-1])
        rows = lines[:-1] if end.complete else lines
        self._told.count(len(rows))
        if rows:
            check_order(self.last_position, json_line(rows[0]).position)
            self.rows, self.last_position = self.rows + len(rows), json_line(rows[-1]).position
        if end.complete:
            self._told.end(end.rows)
        return lines_of(rows)

    def finish(self) -> bytes:
        self._told.check_end()
        return b'{"complete":true,"rows":%d}\n' % self.rows


class ParquetTable:
    """Passed on as it comes. Its rows stand in its footer; without the footer it is no file, and none can be put on."""

    is_resumable = False

    def __init__(self) -> None:
        self.rows = 0
        self.last_position = NOWHERE
        self.begin()

    def begin(self) -> None:
        self._first = self._last = b""

    def feed(self, data: bytes) -> bytes:
        size = len(PARQUET_MARK)
        self._first = (self._first + data)[:size] if len(self._first) < size else self._first
        self._last = (self._last + data[-size:])[-size:]
        return data

    def finish(self) -> bytes:
        if not self._first == self._last == PARQUET_MARK:
            raise Interrupted("export_cut", "The export ended without its footer.")
        return b""


def lines_of(lines: list[bytes]) -> bytes:
    return b"\n".join([*lines, b""])


def csv_position(row: bytes) -> int:
    digits = row.partition(b",")[0]
    if not digits.isdigit():
        raise damaged("A row has no position")
    return int(digits)


def json_line(line: bytes) -> Line:
    try:
        return decode_line(line)
    except msgspec.MsgspecError:
        raise damaged("A line is no JSON object") from None


def check_order(last_position: int, position: int) -> None:
    if position <= last_position:
        raise damaged(f"Position {position} comes after {last_position}")


def bounded(held: bytes) -> bytes:
    if len(held) > ROW_BYTES_MAX:
        raise damaged(f"A row has more than {ROW_BYTES_MAX:,} bytes")
    return held


def damaged(what: str) -> Unreadable:
    return Unreadable("export_damaged", f"{what}: what came is no export of a Phaseline server of this version.")


TABLES: Mapping[ExportFormat, Callable[[], Table]] = {
    ExportFormat.CSV: CsvTable,
    ExportFormat.NDJSON: JsonTable,
    ExportFormat.PARQUET: ParquetTable,
}


def table_of(kind: ExportFormat, after: int = NOWHERE) -> Table:
    """For the rows behind a position; ValueError where this client does not know the format."""
    if kind not in TABLES:
        raise ValueError(f"This client cannot tell whether a {kind} file is whole; use export_domains.")
    table = TABLES[kind]()
    table.last_position = after
    return table
