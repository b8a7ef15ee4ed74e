# Made from `awaited/server.py` by `make client-python`; a change here is lost.

"""One server: what is sent to it again, and when."""

import contextlib
from collections.abc import Generator, Iterator
from typing import TypeVar
from uuid import uuid4

from phaseline_client.asking import Asking, Timeouts, receipt_of
from phaseline_client.blocking.sources import Content, opened
from phaseline_client.blocking.time import now, pause
from phaseline_client.calls import Answer, Call, NoAnswer, Place, with_key
from phaseline_client.generated.mirrored.transport import Transport
from phaseline_client.repeating import Jitter, Repeating

T = TypeVar("T")


class Server:
    """Asks one server, with one key."""

    def __init__(self, place: Place, timeouts: Timeouts, repeating: Repeating, jitter: Jitter) -> None:
        self.place = place
        self.timeouts = timeouts
        self.jitter = jitter
        self._repeating = repeating
        self._transport = Transport(place, timeouts)

    def ask(self, call: Call[T], repeating: Repeating | None = None) -> T:
        """The answer. Asked again, as the same command, while the server is away or busy for a moment."""
        asking = self._begin(call, repeating)
        while True:
            outcome = self._transport.ask(asking.call)
            seconds = asking.next_pause(outcome, now())
            if seconds is None:
                return asking.answer_of(outcome)
            pause(seconds)

    @contextlib.contextmanager
    def open_stream(self, call: Call[bytes]) -> Iterator[Generator[bytes]]:
        """A file's bytes as they come, Interrupted where they break off; its beginning is asked for like any answer."""
        asking = self._begin(call)
        while True:
            with self._transport.open(asking.call) as begun:
                if not isinstance(begun, Answer | NoAnswer):
                    yield begun
                    return
            seconds = asking.next_pause(begun, now())
            if seconds is None:
                asking.answer_of(begun)
                raise AssertionError("a success is a stream")
            pause(seconds)

    def send(self, call: Call[T], content: Content) -> T:
        """Send a list, once; Interrupted where its receipt never came."""
        with opened(content) as parts:
            return receipt_of(call, self.place, self._transport.send(call, parts))

    def close(self) -> None:
        self._transport.close()

    def _begin(self, call: Call[T], repeating: Repeating | None = None) -> Asking[T]:
        keyed = with_key(call, str(uuid4()))
        return Asking(keyed, self.place, repeating or self._repeating, self.jitter, now())
