"""More requests than can be answered soon are turned away at once, so that those that are let in are answered soon.

Counted are the requests that are worked on, here or in the database: from their arrival to the first byte of their
answer, without the time in which their body is waited for. For one that is turned away nothing is done, not even found
out whose it is. What is public, probes and metrics above all, always comes in.
"""

import contextlib
from collections.abc import Iterator

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from litestar.types.asgi_types import ReceiveMessage

from service.errors import Exhausted

BUSY_RETRY_SECONDS = 1


class Turns:
    """How many requests are worked on in this process, and how many may be."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0


class Turn:
    """One request's; Exhausted where there is none left."""

    def __init__(self, turns: Turns) -> None:
        if turns.taken >= turns.limit:
            raise Exhausted(
                "server_busy",
                f"As many requests are worked on here as can be at a time ({turns.limit}); ask again in a moment.",
                retry_after_seconds=BUSY_RETRY_SECONDS,
            )
        self._turns = turns
        self._is_counted = False
        self._is_over = False
        self._count()

    @contextlib.contextmanager
    def set_aside(self) -> Iterator[None]:
        """Others may be let in meanwhile. It goes on even where that makes more than there may be."""
        self._discount()
        try:
            yield
        finally:
            if not self._is_over:
                self._count()

    def end(self) -> None:
        self._is_over = True
        self._discount()

    def _count(self) -> None:
        self._turns.taken += not self._is_counted
        self._is_counted = True

    def _discount(self) -> None:
        self._turns.taken -= self._is_counted
        self._is_counted = False


def turn_away(app: ASGIApp, turns: Turns) -> ASGIApp:
    """The middleware, before anything that costs more than it does."""

    async def turned(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["route_handler"].opt.get("is_public"):
            await app(scope, receive, send)
            return
        turn = Turn(turns)

        async def receive_aside() -> ReceiveMessage:
            with turn.set_aside():
                return await receive()

        async def send_and_end(message: Message) -> None:
            if message["type"] == "http.response.start":
                turn.end()
            await send(message)

        try:
            await app(scope, receive_aside, send_and_end)
        finally:
            turn.end()

    return turned
