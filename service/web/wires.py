"""What one frame sent to many needs of each websocket: that bytes can be written as they are, and how they must look.

A frame is encoded once for each `Encoding` that somebody has. That works since no compressed message here depends on
the ones before it (`no_context_takeover`, RFC 7692 7.1.1): one that did would be smaller, but each socket would have to
compress for itself, with a window of its own.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple, Protocol, cast

from litestar.types import Scope
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode

WIRE: Final = "phaseline.wire"  # the extension of the ASGI scope
WINDOW_BITS_MAX: Final = 12  # of deflate: 4 kB, more than a message has
COMPRESSION: Final = {"memLevel": 5}
OFFERED_DEFLATE: Final = ServerPerMessageDeflateFactory(
    server_no_context_takeover=True,
    client_no_context_takeover=True,
    server_max_window_bits=WINDOW_BITS_MAX,
    client_max_window_bits=WINDOW_BITS_MAX,
    compress_settings=COMPRESSION,
)


class Encoding(NamedTuple):
    """How a connection takes its messages; `window_bits` of deflate are 0 where it takes none."""

    is_binary: bool
    window_bits: int


class Wire(Protocol):
    """An open websocket."""

    def is_gone(self) -> bool:
        """Whether the connection has ended or is about to."""

    def is_full(self) -> bool:
        """Whether the peer has left so much unread that nothing more should be written for now."""

    def window_bits(self) -> int:
        """Of the deflate that was agreed on; 0 for none."""

    def write(self, frames: bytes) -> None:
        """Whole frames; nothing happens where the connection is gone."""

    def when_drained(self, call: Callable[[], None]) -> None:
        """Call once, when a full one can be written to again; never, if it is closed before."""


def wire_of(scope: Scope) -> Wire:
    """Of a websocket that `web.sockets` serves."""
    extensions: dict[str, dict[str, Wire]] = cast("dict[str, dict[str, Wire]]", scope["extensions"])
    return extensions[WIRE]["wire"]


def encode_frame(payload: bytes, encoding: Encoding) -> bytes:
    """One unmasked frame, as a server sends it."""
    frame = Frame(Opcode.BINARY if encoding.is_binary else Opcode.TEXT, payload)
    extensions = [deflate(encoding.window_bits)] if encoding.window_bits else []
    return frame.serialize(mask=False, extensions=extensions)


@lru_cache
def deflate(window_bits: int) -> PerMessageDeflate:
    """It keeps nothing from one message to the next."""
    return PerMessageDeflate(
        remote_no_context_takeover=True,
        local_no_context_takeover=True,
        remote_max_window_bits=WINDOW_BITS_MAX,
        local_max_window_bits=window_bits,
        compress_settings=COMPRESSION,
    )
