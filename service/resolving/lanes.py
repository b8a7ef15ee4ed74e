"""One resolver as seen from here: its sockets, and how much it can take right now."""

import math
import socket
from collections import deque
from contextlib import ExitStack
from typing import Final

from service.resolving.batches import Batch
from service.resolving.datagrams import DatagramSender
from service.resolving.model import EngineSettings, ResolverAddress, ResolverStatistics
from service.resolving.packets import QUESTION_TAILS, RecordType

RECEIVE_BUFFER_BYTES: Final = 4 << 20  # asked for; the kernel may grant less

BURST_SECONDS: Final = 0.1  # of its rate, saved up while the loop is busy elsewhere
WINDOW_SECONDS: Final = 1.0  # in which no more than the rate goes out

WINDOW_FIRST: Final = 128  # queries in flight before we know anything: what a default receive buffer holds
WINDOW_MIN: Final = 8
LOSSES_MIN: Final = 8  # fewer proven losses are an accident
LOSS_SHARE_MAX: Final = 0.1  # of the answers heard meanwhile
MEMORY_SECONDS: Final = 1.0  # losses and answers count half after so long

SUSPEND_AFTER: Final = 8  # queries in a row without a sign of life
CANARY_SECONDS: Final = 1.0  # between two signs asked of a suspended resolver

# Asked of a resolver that has not answered anything yet: whoever resolves knows the root's name servers.
ROOT_QUESTION: Final = QUESTION_TAILS[RecordType.NS]

# What a query in flight is: its batch, its row, and the turn of the wheel at which it is late.
Asked = tuple[Batch, int, int]


class TokenBucket:
    """A rate cap. Saves up `BURST_SECONDS` at most, and goes below zero for what cannot wait (canaries, TCP).

    No second, wherever it begins, sees more than the rate: what was saved up, or a share that has just shrunk, does
    not come on top of what went out in the second before.
    """

    __slots__ = ("_full_rate", "_rate", "_recent", "_recent_count", "_time", "_tokens")

    def __init__(self, per_second: float) -> None:
        self._full_rate = self._rate = per_second
        self._tokens = min(1.0, per_second)
        self._time = 0.0
        # What was taken since each refill of the last second: (time of the refill, count).
        self._recent: deque[tuple[float, int]] = deque([(0.0, 0)])
        self._recent_count = 0

    def set_share(self, fraction: float) -> None:
        self._rate = self._full_rate * fraction

    def refill(self, seconds: float) -> None:
        if not self._full_rate:
            return
        self._tokens = min(self._tokens + self._rate * seconds, max(1.0, self._rate * BURST_SECONDS))
        self._time += seconds
        self._recent.append((self._time, 0))
        # What was taken after one refill went out before the next.
        while len(self._recent) > 1 and self._recent[1][0] <= self._time - WINDOW_SECONDS:
            self._recent_count -= self._recent.popleft()[1]

    def take(self, count: int) -> None:
        if self._full_rate:
            self._tokens -= count
            refilled_at, before = self._recent[-1]
            self._recent[-1] = refilled_at, before + count
            self._recent_count += count

    def room(self, wanted: int) -> int:
        """How many of `wanted` may go now."""
        if not self._full_rate:
            return wanted
        return min(wanted, int(self._tokens), math.ceil(self._rate) - self._recent_count)


class Window:
    """How many queries may be in flight: additive increase, multiplicative decrease (AIMD, as TCP does it).

    It doubles per round trip until the first back-off, and then grows by one per window of answers. It is halved when
    proven losses pass `LOSS_SHARE_MAX` of the answers, once per timeout, since losses of one burst come to light
    together. A loss is *proven* when another attempt got an answer: a name that nobody ever answers says nothing about
    the resolver, and would hold the window down for nothing.

    Its bound is this process's share of `in_flight_max`: one query at least, unless the share is nothing.
    """

    __slots__ = ("_calm_seconds", "_calm_until", "_full_max", "_heard", "_is_doubling", "_losses", "_max", "_size")

    def __init__(self, in_flight_max: int, calm_seconds: float) -> None:
        self._full_max = in_flight_max
        self._max = float(in_flight_max)
        self._size = min(float(WINDOW_FIRST), self._max)
        self._calm_seconds = calm_seconds
        self._calm_until = 0.0
        self._is_doubling = True
        self._heard = 0.0
        self._losses = 0.0

    @property
    def size(self) -> int:
        return int(min(self._size, self._max))

    def set_share(self, fraction: float) -> None:
        self._max = float(max(1, int(self._full_max * fraction))) if fraction else 0.0

    def grow(self, answers: int) -> None:
        self._heard += answers
        if self._size < self._max:
            gain = answers if self._is_doubling else answers / self._size
            self._size = min(self._size + gain, self._max)

    def lose(self, now: float) -> None:
        """Take note of one proven loss, and back off if there were too many."""
        self._losses += 1
        if now < self._calm_until or self._losses < LOSSES_MIN or self._losses < self._heard * LOSS_SHARE_MAX:
            return
        self._size = max(self.size / 2, min(float(WINDOW_MIN), float(self._full_max)))
        self._is_doubling = False
        self._calm_until = now + self._calm_seconds
        self._heard = self._losses = 0.0

    def age(self) -> None:
        """Called every `MEMORY_SECONDS`."""
        self._heard /= 2
        self._losses /= 2

    def restart(self) -> None:
        """The resolver was away: begin anew, carefully."""
        self._size = min(float(WINDOW_MIN), float(self._full_max))
        self._is_doubling = True


class Channel:
    """One connected UDP socket of a lane: the kernel picks its port, and drops what comes from elsewhere."""

    __slots__ = ("index", "lane", "pending", "sender", "socket")

    def __init__(self, lane: "Lane", index: int, connected: socket.socket) -> None:
        self.lane = lane
        self.index = index
        self.socket = connected
        self.sender = DatagramSender(connected)
        self.pending: dict[int, Asked] = {}

    def forget(self, batch: Batch) -> None:
        """Drop a batch's queries; answers that still come are late."""
        stale = [query_id for query_id, asked in self.pending.items() if asked[0] is batch]
        for query_id in stale:
            del self.pending[query_id]
        self.lane.in_flight -= len(stale)
        batch.in_flight -= len(stale)


def connect_all(address: ResolverAddress, count: int) -> list[socket.socket]:
    """`count` sockets, or none and an OSError."""
    with ExitStack() as failed:
        sockets = [failed.enter_context(connect(address)) for _ in range(count)]
        failed.pop_all()
    return sockets


def connect(address: ResolverAddress) -> socket.socket:
    """A connected, non-blocking UDP socket; raises OSError, as where there is no route."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    connected = socket.socket(family, socket.SOCK_DGRAM)
    with ExitStack() as failed:
        failed.enter_context(connected)
        connected.settimeout(0)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        connected.connect((address.host, address.port))
        failed.pop_all()
    return connected


class Lane:
    """A resolver: what waits for it, what is in flight, and how it has been doing.

    `waiting` holds rows that need this lane, mostly retries of what another one failed. `known_question` is one that it
    answered, to be asked again as a sign of life. `silent_count` counts queries lost in a row since the last answer.
    """

    __slots__ = (
        "address",
        "answered",
        "bucket",
        "canaries_unanswered",
        "canary_due",
        "channels",
        "foreign",
        "in_flight",
        "index",
        "is_hungry",
        "is_suspended",
        "known_question",
        "late",
        "next_channel",
        "refused",
        "retried",
        "sent",
        "silent_count",
        "streamed",
        "timed_out",
        "waiting",
        "window",
    )

    def __init__(self, index: int, address: ResolverAddress, settings: EngineSettings) -> None:
        self.index = index
        self.address = address
        self.channels: list[Channel] = []
        self.next_channel = 0
        self.waiting: deque[tuple[Batch, int]] = deque()
        self.bucket = TokenBucket(settings.queries_per_second_per_resolver)
        self.window = Window(settings.in_flight_max, settings.timeout_seconds)
        self.in_flight = 0
        self.silent_count = 0
        self.is_hungry = False
        self.is_suspended = False
        self.canary_due = 0.0
        self.canaries_unanswered = 0
        self.known_question = ROOT_QUESTION
        self.sent = self.retried = self.answered = self.timed_out = 0
        self.late = self.foreign = self.streamed = self.refused = 0

    def set_share(self, fraction: float) -> None:
        self.bucket.set_share(fraction)
        self.window.set_share(fraction)

    def room(self, wanted: int) -> int:
        """How many of `wanted` queries it can take now."""
        if self.is_suspended:
            return 0
        return self.bucket.room(min(wanted, self.window.size - self.in_flight))

    def turn_channel(self) -> Channel:
        """The next of its sockets, in turn."""
        self.next_channel = (self.next_channel + 1) % len(self.channels)
        return self.channels[self.next_channel]

    def suspend(self, now: float) -> None:
        """Ask it for nothing but a sign of life, from now on."""
        self.is_suspended = True
        self.canary_due = now
        self.canaries_unanswered = 0

    def resume(self) -> None:
        """It gave a sign. If the first canary came back, it was the names that were dead, not the resolver."""
        self.is_suspended = False
        if self.canaries_unanswered > 1:
            self.window.restart()

    def statistics(self) -> ResolverStatistics:
        return ResolverStatistics(
            address=self.address,
            sent=self.sent,
            retried=self.retried,
            answered=self.answered,
            timed_out=self.timed_out,
            late=self.late,
            foreign=self.foreign,
            streamed=self.streamed,
            refused=self.refused,
            in_flight=self.in_flight,
            window=self.window.size,
            is_suspended=self.is_suspended,
        )
