"""Lines -> the texts that should be names: plain text, CSV and NDJSON. Pure.

A reader is given lines in their order and answers, for each, a text or why there is none. Lines are numbered from 1.
"""

import csv
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple, Protocol, assert_never

import msgspec

from service.domains.importing.model import RejectReason
from service.domains.importing.reader import LINE_BYTES_MAX
from service.errors import Invalid

COLUMN_LENGTH_MAX = 200
DELIMITERS = (",", ";", "\t")
# What a column of names is called, where nobody says which it is.
COLUMN_NAMES = ("domain", "domain_name", "name", "hostname", "host", "fqdn", "url")
FIELD_DEFAULT = "domain"
JSON_OBJECT = msgspec.json.Decoder(dict[str, object])


class ListFormat(StrEnum):
    """How a list is written."""

    TEXT = "text/plain"
    CSV = "text/csv"
    NDJSON = "application/x-ndjson"


class Found(NamedTuple):
    """A text to be normalised; never blank."""

    line: int
    text: str


class Faulty(NamedTuple):
    """A line that holds no text of ours."""

    line: int
    text: str
    reason: RejectReason


class Rows(Protocol):
    """Takes one line after the other."""

    def read(self, line: int, data: bytes) -> Iterator[Found | Faulty]:
        """What this line gives: nothing if it is blank, or goes on in the next."""
        ...

    def finish(self) -> Iterator[Found | Faulty]:
        """What is left when no more lines come."""
        ...


def rows_of(kind: ListFormat, *, column: str | None, field: str | None) -> Rows:
    match kind:
        case ListFormat.TEXT:
            return TextRows()
        case ListFormat.CSV:
            return CsvRows(column)
        case ListFormat.NDJSON:
            return JsonRows(field or FIELD_DEFAULT)
        case _:
            assert_never(kind)


def decoded(line: int, data: bytes) -> Found | Faulty:
    """A line as text."""
    if len(data) > LINE_BYTES_MAX:
        return Faulty(line, data[:1_000].decode("utf-8", "replace"), RejectReason.LINE_TOO_LONG)
    try:
        return Found(line, data.decode("utf-8"))
    except UnicodeDecodeError:
        return Faulty(line, data.decode("utf-8", "replace"), RejectReason.NOT_UTF8)


def not_blank(found: Found) -> Iterator[Found]:
    text = found.text.strip()
    if text:
        yield Found(found.line, text)


class TextRows:
    """One name a line; a line that begins with # is a comment."""

    def read(self, line: int, data: bytes) -> Iterator[Found | Faulty]:
        found = decoded(line, data)
        if isinstance(found, Faulty):
            yield found
        elif not found.text.startswith("#"):
            yield from not_blank(found)

    def finish(self) -> Iterator[Found | Faulty]:
        yield from ()


class JsonRows:
    """One object a line, with the name in a field."""

    def __init__(self, field: str) -> None:
        self._field = field

    def read(self, line: int, data: bytes) -> Iterator[Found | Faulty]:
        found = decoded(line, data)
        if isinstance(found, Faulty):
            yield found
        elif not found.text.isspace() and found.text:
            yield from self._in_object(found)

    def finish(self) -> Iterator[Found | Faulty]:
        yield from ()

    def _in_object(self, found: Found) -> Iterator[Found | Faulty]:
        try:
            value = JSON_OBJECT.decode(found.text).get(self._field)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            yield Faulty(*found, RejectReason.JSON_INVALID)
            return
        if isinstance(value, str) and value.strip():
            yield Found(found.line, value.strip())
        else:
            yield Faulty(*found, RejectReason.FIELD_MISSING)


class CsvRows:
    """One record a line, or several lines where a quoted cell holds line feeds.

    `column` is a name of the first record (a header then), or an index from 0. Without one, the header says which
    column holds names, and where there is no header it is the first. A first record without any dot is a header.
    """

    def __init__(self, column: str | None) -> None:
        self._wanted = column
        self._begun = False
        self._delimiter = ","
        self._index = 0
        self._held: list[Found] = []  # lines of a record whose quote is open
        self._held_bytes = 0

    def read(self, line: int, data: bytes) -> Iterator[Found | Faulty]:
        found = decoded(line, data)
        if isinstance(found, Faulty):
            yield from self._give_up()
            yield found
            return
        opens_or_closes = found.text.count('"') % 2 == 1
        if not self._held and not opens_or_closes:
            yield from self._record([found])
            return
        self._held.append(found)
        self._held_bytes += len(data) + len(b"\n")
        if len(self._held) > 1 and opens_or_closes:
            held, self._held, self._held_bytes = self._held, [], 0
            yield from self._record(held)
        elif self._held_bytes > LINE_BYTES_MAX:
            yield from self._give_up()

    def finish(self) -> Iterator[Found | Faulty]:
        yield from self._give_up()

    def _give_up(self) -> Iterator[Faulty]:
        held, self._held, self._held_bytes = self._held, [], 0
        for part in held:
            yield Faulty(*part, RejectReason.QUOTE_UNCLOSED)

    def _record(self, parts: list[Found]) -> Iterator[Found | Faulty]:
        found = Found(parts[0].line, "\n".join(part.text for part in parts))
        if not found.text.strip():
            return
        if not self._begun:
            self._delimiter = max(DELIMITERS, key=found.text.count)
        try:
            cells = cells_of(found.text, self._delimiter)
        except csv.Error:  # a line's end within a cell that is not quoted
            yield from (Faulty(*part, RejectReason.CSV_INVALID) for part in parts)
            return
        is_first, self._begun = not self._begun, True
        if is_first and self._is_header(cells):
            return
        if self._index < len(cells) and cells[self._index].strip():
            yield Found(found.line, cells[self._index].strip())
        else:
            yield Faulty(*found, RejectReason.COLUMN_MISSING)

    def _is_header(self, cells: list[str]) -> bool:
        """Look at the first record: which column, and does it name columns or hold a name already?"""
        names = [cell.strip().lower() for cell in cells]
        wanted = self._wanted
        if wanted is not None and wanted.isascii() and wanted.isdecimal():
            self._index = int(wanted)
            return not any("." in name for name in names)
        if wanted is not None:
            if wanted.strip().lower() not in names:
                raise Invalid("column_unknown", "The first record has no such column.", pointer="/column")
            self._index = names.index(wanted.strip().lower())
            return True
        self._index = next((names.index(name) for name in COLUMN_NAMES if name in names), 0)
        return not any("." in name for name in names)


def cells_of(record: str, delimiter: str) -> list[str]:
    if '"' not in record:
        return record.split(delimiter)
    return next(csv.reader([record], delimiter=delimiter), [])
