"""The names of a space: one by its offset, or a block of neighbours as a matrix of bytes.

An offset is written in the mixed radix of the label's slots, most significant place first. Names that break the rules
of host labels have offsets too; blocks mark them, and nobody else needs to know.
"""

import msgspec
import numpy as np
import numpy.typing as npt

from service.generating.pattern import HYPHEN, Pattern, label_slots, space_size

BLOCK_ROWS_MAX = 200_000
"""Four chunks of generation. Widened to text, the longest names take 200 MB at this bound."""

_HYPHEN_BYTE = ord(HYPHEN)


class NameBlock(msgspec.Struct, frozen=True, eq=False):
    """The names at `first_offset` and the offsets after it.

    `matrix` has a row for each name and a column for each of its ASCII bytes: uint8, shape (count, width).
    `valid` marks the rows that are host names: bool, shape (count,).
    """

    first_offset: int
    matrix: npt.NDArray[np.uint8]
    valid: npt.NDArray[np.bool_]


def name_at(pattern: Pattern, tld: str, offset: int) -> str:
    """The name at one offset of the space, be it a valid host name or not."""
    assert 0 <= offset < space_size(pattern)
    label: list[str] = []
    for slot in reversed(label_slots(pattern)):
        offset, digit = divmod(offset, len(slot))
        label.append(slot[digit])
    return "".join(reversed(label)) + "." + tld


def render_names(pattern: Pattern, tld: str, first_offset: int, count: int) -> NameBlock:
    """The names of `count` offsets from `first_offset` on, all of which must lie within the space."""
    assert 1 <= count <= BLOCK_ROWS_MAX
    assert 0 <= first_offset <= space_size(pattern) - count
    slots = label_slots(pattern)
    first_name = np.frombuffer(name_at(pattern, tld, first_offset).encode("ascii"), dtype=np.uint8)
    matrix = np.tile(first_name, (count, 1))
    _write_digits(matrix, slots, first_offset)
    return NameBlock(first_offset, matrix, _host_labels(matrix[:, : len(slots)]))


def valid_names(block: NameBlock) -> list[str]:
    """The valid names, in the order of their offsets.

    Each byte is widened to a code point, and numpy then makes the strings: three times as fast as slicing one text.
    """
    rows = block.matrix[block.valid]
    names: list[str] = rows.astype(np.uint32).view(f"U{rows.shape[1]}").ravel().tolist()
    return names


def valid_offsets(block: NameBlock) -> npt.NDArray[np.int64]:
    """The offsets of the valid names, in the same order."""
    return np.flatnonzero(block.valid).astype(np.int64) + block.first_offset


def _write_digits(matrix: npt.NDArray[np.uint8], slots: tuple[str, ...], first_offset: int) -> None:
    """Overwrite the places in which the rows differ; every row comes as a copy of the first.

    Unsigned, because numpy divides unsigned numbers by a constant the fastest. The product never exceeds its offset,
    so nothing overflows.
    """
    rest = np.arange(len(matrix), dtype=np.uint64) + np.uint64(first_offset)
    for column in reversed(range(len(slots))):
        if rest[0] == rest[-1]:  # the rows share this place and all to its left
            return
        alphabet = np.frombuffer(slots[column].encode("ascii"), dtype=np.uint8)
        quotient = rest // len(alphabet)
        matrix[:, column] = alphabet[rest - quotient * len(alphabet)]
        rest = quotient


def _host_labels(labels: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which rows begin and end with a letter or digit, and have no `--` third and fourth."""
    valid: npt.NDArray[np.bool_] = (labels[:, 0] != _HYPHEN_BYTE) & (labels[:, -1] != _HYPHEN_BYTE)
    if labels.shape[1] >= 4:
        valid &= (labels[:, 2] != _HYPHEN_BYTE) | (labels[:, 3] != _HYPHEN_BYTE)
    return valid
