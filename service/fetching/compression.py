"""Brotli, decoded here rather than by the client library.

Its decoder unpacks a whole window (16 MB) for each response in hand before it gives a byte: 64 bombs of 228 bytes each
were a gigabyte. Here it is one at a time.
"""

from typing import Final

import brotli

BROTLI: Final = "br"


def unpack_brotli(packed: bytes, bytes_max: int, *, is_whole: bool) -> bytes | None:
    """At most `bytes_max` bytes; `None` for what cannot be decoded, or ends too early although it `is_whole`."""
    decoder = brotli.Decompressor()
    unpacked = bytearray()
    try:
        unpacked += decoder.process(packed, output_buffer_limit=bytes_max)
        while len(unpacked) < bytes_max and not decoder.is_finished() and not decoder.can_accept_more_data():
            unpacked += decoder.process(b"", output_buffer_limit=bytes_max - len(unpacked))
    except brotli.error:
        return None
    if is_whole and len(unpacked) < bytes_max and not decoder.is_finished():
        return None
    return bytes(unpacked[:bytes_max])
