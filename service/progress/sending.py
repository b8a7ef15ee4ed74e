"""Who is sent what waits for them, and when: at once, and then not again for a fifth of a second.

No watcher has a task or a timer of its own. A change goes to all who want it in one pass, as bytes that were encoded
once; the pass gives way to others now and then, and leaves out whoever is not reading.

    idle --filled--> due --sent--> resting --a fifth of a second later--> idle | due
                      |  ^
             its socket is full, or drained
"""

import asyncio
from collections import deque
from functools import partial
from typing import Final

from service.progress.mailboxes import Mailbox
from service.runtime.telemetry import PROGRESS_SENT
from service.web.wires import Encoding, Wire

SENDS_PER_SECOND_MAX: Final = 5
SEND_SECONDS: Final = 1 / SENDS_PER_SECOND_MAX
FRAMES_AT_ONCE: Final = 100  # to one watcher, before it is looked whether its socket is full
WATCHERS_AT_ONCE: Final = 200  # some milliseconds


class Delivery:
    """One watcher: its mailbox, its socket, and how many frames are left of what waited when its turn began."""

    __slots__ = ("encoding", "is_busy", "is_closed", "left", "mailbox", "wire")

    def __init__(self, mailbox: Mailbox, wire: Wire, encoding: Encoding) -> None:
        self.mailbox = mailbox
        self.wire = wire
        self.encoding = encoding
        self.is_busy = False  # due or resting
        self.is_closed = False
        self.left = 0  # its turn has not begun


class Post:
    """All watchers of one process."""

    def __init__(self) -> None:
        self._due: deque[Delivery] = deque()
        self._resting: deque[tuple[float, Delivery]] = deque()  # all rest for as long, so it is in order
        self._round: asyncio.Handle | None = None
        self._alarm: asyncio.TimerHandle | None = None

    def deliver_to(self, mailbox: Mailbox, wire: Wire, encoding: Encoding) -> Delivery:
        """From now on what is put into the mailbox is sent, until the delivery is closed."""
        delivery = Delivery(mailbox, wire, encoding)
        mailbox.on_filled = partial(self.offer, delivery)
        return delivery

    def offer(self, delivery: Delivery) -> None:
        """There is something in its mailbox."""
        if not delivery.is_busy:
            delivery.is_busy = True
            self._make_due(delivery)

    def _make_due(self, delivery: Delivery) -> None:
        self._due.append(delivery)
        self._call_round()

    def _call_round(self) -> None:
        if self._round is None:
            self._round = asyncio.get_running_loop().call_soon(self._go_round)

    def _go_round(self) -> None:
        self._round = None
        now = asyncio.get_running_loop().time()
        for _ in range(min(len(self._due), WATCHERS_AT_ONCE)):
            self._serve(self._due.popleft(), now)
        if self._due:
            self._call_round()
        if self._resting and self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_at(self._resting[0][0], self._wake)

    def _serve(self, delivery: Delivery, now: float) -> None:
        if delivery.is_closed:
            return
        if delivery.wire.is_full():
            delivery.wire.when_drained(partial(self._make_due, delivery))
            return
        # What changes meanwhile stands behind: each campaign is sent once in a turn.
        delivery.left = delivery.left or len(delivery.mailbox)
        frames = delivery.mailbox.take(min(delivery.left, FRAMES_AT_ONCE))
        delivery.wire.write(b"".join([frame.encoded(delivery.encoding) for frame in frames]))
        PROGRESS_SENT.inc(len(frames))
        delivery.left = min(delivery.left - len(frames), len(delivery.mailbox))
        if delivery.left:
            self._due.append(delivery)
        else:
            self._resting.append((now + SEND_SECONDS, delivery))

    def _wake(self) -> None:
        self._alarm = None
        now = asyncio.get_running_loop().time()
        while self._resting and self._resting[0][0] <= now:
            _, delivery = self._resting.popleft()
            if len(delivery.mailbox):
                self._make_due(delivery)
            else:
                delivery.is_busy = False
        if self._resting and self._round is None:
            self._alarm = asyncio.get_running_loop().call_at(self._resting[0][0], self._wake)
