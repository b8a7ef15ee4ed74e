"""Doorbells: one direct connection that LISTENs, and an event per bell in this loop.

A bell only shortens a wait. Nothing depends on it: when the connection is lost, pollers go on at their own pace while
it is made anew. (LISTEN needs a direct connection; a pooler in transaction mode would drop it: see `pooling`.)
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

import asyncpg

from service.postgres.database import CONNECT_SECONDS_MAX, DATABASE_ERRORS

RECONNECT_SECONDS_MAX = 10.0
RECONNECT_SECONDS_MIN = 0.2
ASK_SECONDS = 15.0  # who only listens does not hear that the other end has vanished
ANSWER_SECONDS_MAX = 5.0
logger = logging.getLogger(__name__)


class Wakeups:
    """Set an event whenever its bell is rung; run `listen()` in a task that somebody owns."""

    def __init__(self, url: str, bells: tuple[str, ...]) -> None:
        self._url = url
        self._events = {bell: asyncio.Event() for bell in bells}

    def event(self, bell: str) -> asyncio.Event:
        return self._events[bell]

    async def listen(self, stop: asyncio.Event) -> None:
        """Listen until told to stop, reconnecting with growing pauses."""
        pause = RECONNECT_SECONDS_MIN
        while not stop.is_set():
            try:
                await self._listen_once(stop)
                pause = RECONNECT_SECONDS_MIN
            except DATABASE_ERRORS as error:
                logger.warning("doorbells are not heard for now", extra={"error": str(error)})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
            pause = min(RECONNECT_SECONDS_MAX, pause * 2)

    async def _listen_once(self, stop: asyncio.Event) -> None:
        connection = await asyncpg.connect(self._url, timeout=CONNECT_SECONDS_MAX)
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _connection: lost.set())
            for bell, event in self._events.items():
                await connection.add_listener(bell, ringer(event))
                event.set()  # whatever rang while we were away
            waits = {asyncio.ensure_future(lost.wait()), asyncio.ensure_future(stop.wait())}
            try:
                while not (await asyncio.wait(waits, timeout=ASK_SECONDS, return_when=asyncio.FIRST_COMPLETED))[0]:
                    await connection.execute("SELECT 1", timeout=ANSWER_SECONDS_MAX)
            finally:
                for wait in waits:
                    wait.cancel()
        finally:
            connection.terminate()


def ringer(event: asyncio.Event) -> Callable[..., None]:
    def ring(*_: object) -> None:
        event.set()

    return ring
