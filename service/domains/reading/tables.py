"""Domains as files: CSV that no spreadsheet executes, NDJSON, Parquet. Writers take batches and give bytes. Pure.

A whole CSV or NDJSON file ends with a trailer that tells its rows; a whole Parquet file ends with its footer. The CSV
trailer is one cell that begins with `#`, the comment sign of most readers, and has fewer cells than a row, which the
others tolerate; the NDJSON trailer is an object without a `domain`.
"""

import csv
import io
from collections.abc import Sequence
from typing import Protocol, assert_never

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from service.domains.reading.model import Domain, ExportFormat

# What makes a spreadsheet take a cell for a formula (OWASP, "CSV Injection").
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
LIST_SEPARATOR = " | "
ROW_GROUP_ROWS = 10_000  # so many rows of a Parquet file are held in memory, and compressed at once

SCHEMA = pa.schema(
    [
        pa.field("position", pa.int32(), nullable=False),
        pa.field("domain", pa.string(), nullable=False),
        ("dns_outcome", pa.string()),
        ("addresses", pa.list_(pa.string())),
        ("canonical_name", pa.string()),
        ("dns_duration_ms", pa.int32()),
        ("http_outcome", pa.string()),
        ("status_code", pa.int16()),
        ("title", pa.string()),
        ("final_url", pa.string()),
        ("keywords", pa.list_(pa.string())),
        ("keyword_hits", pa.int32()),
        ("body_bytes", pa.int32()),
        ("parked_confidence", pa.float32()),
        ("http_duration_ms", pa.int32()),
        ("score", pa.float64()),
        ("analysis_outcome", pa.string()),
        ("content_hash", pa.string()),
        ("near_hash", pa.string()),
        ("keyword_contexts", pa.list_(pa.string())),
        ("tls_fault", pa.string()),
    ]
)
COLUMNS: tuple[str, ...] = tuple(SCHEMA.names)

Cell = str | int | float | tuple[str, ...] | None


class ExportTrailer(msgspec.Struct, frozen=True, rename="camel"):
    """The last line of a whole NDJSON export."""

    complete: bool
    rows: int


class TableWriter(Protocol):
    """Takes batches in order; what it gives, put together, is the file."""

    def write(self, domains: Sequence[Domain]) -> bytes:
        """The bytes that are ready; those of a batch may come with a later one."""
        ...

    def finish(self) -> bytes:
        """The end, by which a whole file is known."""
        ...


def writer_of(kind: ExportFormat) -> TableWriter:
    match kind:
        case ExportFormat.CSV:
            return CsvTable()
        case ExportFormat.NDJSON:
            return JsonLines()
        case ExportFormat.PARQUET:
            return ParquetTable()
        case _:
            assert_never(kind)


def cells_of(domain: Domain) -> tuple[Cell, ...]:
    """One domain, flat, in the order of the columns."""
    dns, http, analysis = domain.dns, domain.http, domain.analysis
    return (
        domain.position,
        domain.domain,
        *((dns.outcome, dns.addresses, dns.canonical_name, dns.duration_ms) if dns else (None,) * 4),
        *(
            (
                http.outcome,
                http.status_code,
                http.title,
                http.final_url,
                http.keywords,
                http.keyword_hits,
                http.body_bytes,
                http.parked_confidence,
                http.duration_ms,
            )
            if http
            else (None,) * 9
        ),
        *((analysis.score, analysis.outcome) if analysis else (None,) * 2),
        # Later columns stand at the end: whoever counts columns finds the earlier ones where they were.
        *((http.content_hash, http.near_hash, http.keyword_contexts, http.tls_fault) if http else (None,) * 4),
    )


def csv_cell(cell: Cell) -> str | int | float | None:
    """Numbers as they are; texts with an apostrophe before what a spreadsheet would execute."""
    text = LIST_SEPARATOR.join(cell) if isinstance(cell, tuple) else cell
    if isinstance(text, str) and text.startswith(FORMULA_SIGNS):
        return f"'{text}"
    return text


class CsvTable:
    """RFC 4180: comma, CRLF, quotes doubled; the header comes first, even where nothing follows."""

    def __init__(self) -> None:
        self._rows = 0
        self._header = [COLUMNS]

    def write(self, domains: Sequence[Domain]) -> bytes:
        self._rows += len(domains)
        lines = io.StringIO(newline="")
        writer = csv.writer(lines, lineterminator="\r\n")
        writer.writerows(self._header)
        self._header = []
        writer.writerows([csv_cell(cell) for cell in cells_of(domain)] for domain in domains)
        return lines.getvalue().encode()

    def finish(self) -> bytes:
        return self.write(()) + f"# complete rows={self._rows}\r\n".encode()


class JsonLines:
    """Each line an item as pages have it."""

    def __init__(self) -> None:
        self._rows = 0
        self._encoder = msgspec.json.Encoder()

    def write(self, domains: Sequence[Domain]) -> bytes:
        self._rows += len(domains)
        return self._encoder.encode_lines(domains)

    def finish(self) -> bytes:
        return self._encoder.encode(ExportTrailer(complete=True, rows=self._rows)) + b"\n"


class ParquetTable:
    """Row groups of a bounded size; what is written is handed on at once."""

    def __init__(self) -> None:
        self._sink = Drain()
        self._writer = pq.ParquetWriter(self._sink, SCHEMA, compression="zstd")
        self._held: list[pa.RecordBatch] = []

    def write(self, domains: Sequence[Domain]) -> bytes:
        if domains:
            self._held.append(batch_of(domains))
        if sum(batch.num_rows for batch in self._held) >= ROW_GROUP_ROWS:
            self._write_group()
        return self._sink.take()

    def finish(self) -> bytes:
        self._write_group()
        self._writer.close()
        return self._sink.take()

    def _write_group(self) -> None:
        held, self._held = self._held, []
        if held:
            self._writer.write_table(pa.Table.from_batches(held))


def batch_of(domains: Sequence[Domain]) -> pa.RecordBatch:
    columns = zip(*map(cells_of, domains), strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


class Drain:
    """A file that is only written to, and emptied from time to time; as much of a file as pyarrow asks for."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._written = 0

    def write(self, data: bytes) -> int:
        part = bytes(data)  # it may be a buffer that is reused
        self._parts.append(part)
        self._written += len(part)
        return len(part)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
