"""Binary COPY records laid out and read in numpy: the fastest way between Python and a table (README, figures).

The format is PostgreSQL's own (the COPY reference, "Binary Format"): a header, then for each row a 16-bit field count
and each field as a 32-bit length and its bytes, all big-endian, then -1.
"""

import struct
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

HEADER = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)
NAME_FIELDS = 3
NAME_PREFIX_BYTES = 2 + 4 + 4 + 4 + 4 + 4  # field count, set id, position, length of the name


def lay_out_names(set_id: int, positions: npt.NDArray[np.int32], names: npt.NDArray[np.uint8]) -> bytes:
    """Rows (set_id int4, position int4, name text) for equally long names, given as a (count, width) byte matrix."""
    count, width = names.shape
    rows = np.empty((count, NAME_PREFIX_BYTES + width), dtype=np.uint8)
    constant = struct.pack(">hii", NAME_FIELDS, 4, set_id) + struct.pack(">i", 4)
    rows[:, : len(constant)] = np.frombuffer(constant, dtype=np.uint8)
    rows[:, 14:18] = positions.astype(">i4").view(np.uint8).reshape(count, 4)
    rows[:, 18:22] = np.frombuffer(struct.pack(">i", width), dtype=np.uint8)
    rows[:, 22:] = names
    return rows.tobytes()


class Column(NamedTuple):
    """Values of one column of fixed width; `kind` is the server's type as numpy writes it, such as `>i4`."""

    values: npt.NDArray[Any]
    kind: str
    is_null: npt.NDArray[np.bool_] | None = None


def lay_out_columns(columns: Sequence[Column]) -> bytes:
    """Rows of fixed width. A null has a length of -1 and no bytes: those are laid out too, and left out at the end."""
    count = len(columns[0].values)
    width = 2 + sum(4 + np.dtype(column.kind).itemsize for column in columns)
    rows = np.empty((count, width), dtype=np.uint8)
    rows[:, :2] = np.frombuffer(struct.pack(">h", len(columns)), dtype=np.uint8)
    absent: list[tuple[npt.NDArray[np.bool_], slice]] = []
    start = 2
    for column in columns:
        size = np.dtype(column.kind).itemsize
        rows[:, start : start + 4] = np.frombuffer(struct.pack(">i", size), dtype=np.uint8)
        field = slice(start + 4, start + 4 + size)
        rows[:, field] = column.values.astype(column.kind).view(np.uint8).reshape(count, size)
        if column.is_null is not None and column.is_null.any():
            rows[column.is_null, start : start + 4] = 0xFF
            absent.append((column.is_null, field))
        start += 4 + size
    if not absent:
        return rows.tobytes()
    is_kept = np.ones((count, width), dtype=np.bool_)
    for is_null, field in absent:
        is_kept[is_null, field] = False
    return rows[is_kept].tobytes()


def read_columns(data: bytes, kinds: Mapping[str, str]) -> npt.NDArray[Any]:
    """A whole binary COPY whose columns are of fixed width and never null, as a structured array of these fields."""
    fields = [("field_count", ">i2")]
    for name, kind in kinds.items():
        fields += [(f"{name}_length", ">i4"), (name, kind)]
    rows = np.frombuffer(data[len(HEADER) : -len(TRAILER)], dtype=np.dtype(fields))
    assert data.startswith(HEADER), "not the server's binary format"
    assert data.endswith(TRAILER), "the stream was cut"
    assert (rows["field_count"] == len(kinds)).all(), "another number of columns"
    for name, kind in kinds.items():
        assert (rows[f"{name}_length"] == np.dtype(kind).itemsize).all(), f"{name} is null, or of another type"
    return rows


async def binary_stream(blocks: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Blocks of whole rows, framed as one COPY stream."""
    yield HEADER
    for block in blocks:
        yield block
    yield TRAILER
