"""Bounds on an open websocket: how much either side can leave unread, and how long a peer is kept that is not there.

uvicorn has none of them: it answers pings while their sender reads none of the answers, queues all messages of one
read, and once it has given a peer up it still waits, for ever, for that peer to take its last bytes.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.http11 import Request

from service.web.wires import OFFERED_DEFLATE, WIRE

PING_SECONDS = 20.0  # between two pings
PONG_SECONDS_MAX = 20.0  # for the answer to one; a peer that is gone or frozen gives none
LINGER_SECONDS_MAX = 15.0  # for the last bytes and the peer's goodbye, of which uvicorn waits 10 for the latter
MESSAGES_WAITING_MAX = 100  # sent to us, and not yet looked at
POLICY_VIOLATION = 1008
SWITCHING_PROTOCOLS = 101


class BoundedSocket(WebSocketsSansIOProtocol):
    """One connection. What waits to be sent is bounded by not listening to a peer that does not listen either.

    It is a `Wire`, too: whoever sends the same to many writes frames that were encoded once.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.conn.available_extensions = [OFFERED_DEFLATE]
        self._linger_timer: asyncio.TimerHandle | None = None
        self._on_drained: Callable[[], None] | None = None

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == SWITCHING_PROTOCOLS:
            self.scope["extensions"][WIRE] = {"wire": self}  # the application is called a turn later

    # A wire

    def is_gone(self) -> bool:
        return self.disconnected or self.close_sent or self.transport.is_closing()

    def is_full(self) -> bool:
        return not self.writable.is_set()

    def window_bits(self) -> int:
        agreed = [each for each in self.conn.extensions if isinstance(each, PerMessageDeflate)]
        return agreed[0].local_max_window_bits if agreed else 0

    def write(self, frames: bytes) -> None:
        if not self.is_gone():
            self.transport.write(frames)

    def when_drained(self, call: Callable[[], None]) -> None:
        self._on_drained = call

    # What a peer can make us hold

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_drained = None
        if self._linger_timer is not None:
            self._linger_timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop_listening()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._on_drained is not None:
            call, self._on_drained = self._on_drained, None
            call()
        if not self.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()

    async def receive(self) -> Any:  # as below: uvicorn's types of ASGI events are its own
        message = await super().receive()
        if not self.writable.is_set():
            self._stop_listening()
        return message

    async def send(self, message: Any) -> None:
        """A handshake that was refused with a whole answer is complete, too: uvicorn would log an error of ours."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message["more_body"]:
            self.handshake_complete = True

    def send_receive_event_to_app(self) -> None:
        if self.queue.qsize() < MESSAGES_WAITING_MAX or self.close_sent:
            super().send_receive_event_to_app()
            return
        self.conn.fail(POLICY_VIOLATION, "too many messages at once")
        if self.conn.close_sent is None:  # not even let in yet, so there is nothing to close with words
            self.transport.abort()
        else:
            self.handle_parser_exception()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._abort_later()

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self._abort_later()

    def _stop_listening(self) -> None:
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def _abort_later(self) -> None:
        """Closing waits for what is not yet sent; of a peer that is not there, nothing ever is."""
        if not self.disconnected and self._linger_timer is None:
            self._linger_timer = self.loop.call_later(LINGER_SECONDS_MAX, self.transport.abort)
