"""Bytes as they arrive -> lines. Pure, incremental, and bounded whatever is sent."""

import zlib
from collections.abc import Iterator

from service.errors import Invalid

LINE_BYTES_MAX = 65_536
PIECE_BYTES_MAX = 65_536  # decompressed at a time
EXPANSION_RATIO_MAX = 200  # lists of names compress 3 to 30 times
EXPANSION_FREE_BYTES = 10_000_000  # so much may come out of a few bytes before the ratio counts

UTF8_MARK = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
GZIP_WINDOW_BITS = 16 + zlib.MAX_WBITS


class LineSplitter:
    """Cuts bytes at line feeds; a carriage return before one, and a mark at the very beginning, are no part of a line.

    A line of more than LINE_BYTES_MAX bytes is handed out as its first LINE_BYTES_MAX + 1: its length tells.
    """

    def __init__(self) -> None:
        self._held = b""
        self._begun = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that these bytes complete."""
        *lines, held = (self._held + data).split(b"\n")
        # A line that is too long already stays too long, whatever is taken off its ends.
        self._held = held[: LINE_BYTES_MAX + len(UTF8_MARK + b"x\r")]
        return self._clean(lines)

    def finish(self) -> list[bytes]:
        """The last line, if it has no line feed."""
        last, self._held = self._held, b""
        return self._clean([last]) if last else []

    def _clean(self, lines: list[bytes]) -> list[bytes]:
        if lines and not self._begun:
            self._begun = True
            lines[0] = without_mark(lines[0])
        return [line.removesuffix(b"\r")[: LINE_BYTES_MAX + 1] for line in lines]


def without_mark(line: bytes) -> bytes:
    """The first line without UTF-8's byte order mark; Invalid for UTF-16's."""
    if line.startswith(UTF16_MARKS):
        raise Invalid("encoding_unsupported", "The list is in UTF-16; send it in UTF-8.")
    return line.removeprefix(UTF8_MARK)


class Gunzip:
    """Decompresses gzip, one member or several, a bounded piece at a time; Invalid where it is broken or a bomb."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(GZIP_WINDOW_BITS)
        self._bytes_in = 0
        self._bytes_out = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._bytes_in += len(data)
        is_full = False  # a full piece may have more behind it, even when all input is taken
        while data or is_full:
            if self._member.eof and data:
                self._member = zlib.decompressobj(GZIP_WINDOW_BITS)
            piece, data = self._step(data)
            is_full = len(piece) == PIECE_BYTES_MAX
            if piece:
                yield piece

    def finish(self) -> None:
        """Refuse a stream that ends before its last member does."""
        if not self._member.eof:
            raise Invalid("gzip_truncated", "The gzip stream ends before it is complete.")

    def _step(self, data: bytes) -> tuple[bytes, bytes]:
        """A piece of output, and what is left of the input."""
        member = self._member
        try:
            piece = member.decompress(data, PIECE_BYTES_MAX)
        except zlib.error:
            raise Invalid("gzip_broken", "The body is not gzip, or it is damaged.") from None
        self._bytes_out += len(piece)
        if self._bytes_out > EXPANSION_FREE_BYTES + EXPANSION_RATIO_MAX * self._bytes_in:
            raise Invalid("expansion_too_large", f"The list expands more than {EXPANSION_RATIO_MAX} times.")
        return piece, member.unused_data if member.eof else member.unconsumed_tail
