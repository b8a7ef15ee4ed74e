"""Which request may go next. Pure: the time is handed in.

There are so many at once, in all and to one address, so many a second to one address, and so many bytes a second.

    waiting at an address --add--> ready --take--> under way --release--> ready | resting | full | forgotten
                                     ^                                       |
                                     '---- its address has room and is due --'

Addresses that are ready take turns, so that a parking host with thousands of names holds up nobody but itself.
"""

import heapq
from collections import deque
from typing import Final, Generic, TypeVar

from msgspec import Struct

PAGE_BYTES_EXPECTED: Final = 16_384  # what a page is taken to weigh before any was read
PAGE_BYTES_MEMORY: Final = 32  # pages over which the expectation is averaged
# A request that went late lets the next ones go earlier, by so much at most: a second may get a twentieth too much, and
# part of that is used up by ways to the address that are not equally long.
LATENESS_SECONDS_MAX: Final = 0.03

Ticket = TypeVar("Ticket")


class Pace(Struct, frozen=True):
    """What is allowed over all worker processes together; `None` is no limit. `at_once` is each process's own."""

    at_once: int
    connections_per_address: int | None = None
    requests_per_second_per_address: float | None = None
    bytes_per_second: float | None = None

    @property
    def is_shared(self) -> bool:
        """Whether there is anything that other processes need a part of."""
        return (self.connections_per_address, self.requests_per_second_per_address, self.bytes_per_second) != (
            None,
        ) * 3

    def share(self, fraction: float) -> "Pace":
        """One process's part; without any nobody goes.

        With some it may always have one connection to an address, or it would never come to its end.
        """
        connections, rate, flow = (
            self.connections_per_address,
            self.requests_per_second_per_address,
            self.bytes_per_second,
        )
        return Pace(
            at_once=self.at_once if fraction or not self.is_shared else 0,
            connections_per_address=None if connections is None else max(1, int(connections * fraction)),
            requests_per_second_per_address=None if rate is None else rate * fraction,
            bytes_per_second=None if flow is None else flow * fraction,
        )


class _Lane(Generic[Ticket]):
    """One address: who waits there, how many are under way, and when the next may go."""

    __slots__ = ("address", "due_at", "is_listed", "under_way", "waiting")

    def __init__(self, address: str) -> None:
        self.address = address
        self.waiting: deque[Ticket] = deque()
        self.under_way = 0
        self.due_at = 0.0
        self.is_listed = False  # among the ready or the resting


class Schedule(Generic[Ticket]):
    """Tickets wait at addresses until `take` gives them out; each one given out must be released."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._lanes: dict[str, _Lane[Ticket]] = {}
        self._ready: deque[_Lane[Ticket]] = deque()
        self._resting: list[tuple[float, str]] = []  # a heap
        self._under_way = 0
        self._flow = _Flow()

    def add(self, ticket: Ticket, address: str, now: float) -> None:
        lane = self._lanes.get(address)
        if lane is None:
            lane = self._lanes[address] = _Lane(address)
        lane.waiting.append(ticket)
        self._list(lane, now)

    def take(self, now: float) -> Ticket | None:
        """The next ticket that may go now, if any."""
        if self._under_way >= self.pace.at_once or (self.pace.bytes_per_second and now < self._flow.due_at):
            return None
        self._wake(now)
        while self._ready:
            lane = self._ready.popleft()
            lane.is_listed = False
            if self._has_room(lane):  # the share may have shrunk since it was listed
                ticket = lane.waiting.popleft()
                self._charge(lane, now)
                self._list(lane, now)
                return ticket
        return None

    def release(self, address: str, byte_count: int, now: float) -> None:
        """A ticket's request is over, and has read so many bytes."""
        lane = self._lanes[address]
        lane.under_way -= 1
        self._under_way -= 1
        if flow := self.pace.bytes_per_second:
            self._flow.settle(byte_count, flow)
        self._list(lane, now)

    def discard(self, ticket: Ticket, address: str) -> None:
        """A ticket that still waits is not wanted any more; one that was given out is left to `release`."""
        lane = self._lanes.get(address)
        if lane is None or ticket not in lane.waiting:
            return
        lane.waiting.remove(ticket)
        if not lane.waiting and lane in self._ready:
            self._ready.remove(lane)
            lane.is_listed = False
            self._list(lane, lane.due_at)

    def next_due(self) -> float | None:
        """When `take` should be asked again, if nothing is added or released before."""
        if self._under_way >= self.pace.at_once:
            return None
        if self._ready:
            return self._flow.due_at
        return max(self._resting[0][0], self._flow.due_at) if self._resting else None

    def most_under_way(self) -> int:
        """How many requests are under way at the busiest address."""
        return max((lane.under_way for lane in self._lanes.values()), default=0)

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._lanes)

    def _has_room(self, lane: _Lane[Ticket]) -> bool:
        return lane.under_way < (self.pace.connections_per_address or self.pace.at_once)

    def _charge(self, lane: _Lane[Ticket], now: float) -> None:
        lane.under_way += 1
        self._under_way += 1
        if rate := self.pace.requests_per_second_per_address:
            lane.due_at = due_after(lane.due_at, now, 1 / rate)
        if flow := self.pace.bytes_per_second:
            self._flow.reserve(now, flow)

    def _list(self, lane: _Lane[Ticket], now: float) -> None:
        """Put a lane where it belongs: ready, resting until it is due, full (until a release), or forgotten."""
        if lane.is_listed:
            return
        if lane.due_at > now:
            lane.is_listed = True
            heapq.heappush(self._resting, (lane.due_at, lane.address))
        elif not lane.waiting:
            if lane.under_way == 0:
                del self._lanes[lane.address]
        elif self._has_room(lane):
            lane.is_listed = True
            self._ready.append(lane)

    def _wake(self, now: float) -> None:
        while self._resting and self._resting[0][0] <= now:
            lane = self._lanes[heapq.heappop(self._resting)[1]]
            lane.is_listed = False
            self._list(lane, now)


def due_after(due_at: float, now: float, gap_seconds: float) -> float:
    """When the next one is due after one that was due then and goes now.

    Lateness is made up for as far as no second gets too much by it: not at all where so few go in a second that one
    more would be more than that.
    """
    return max(due_at, now - max(0.0, LATENESS_SECONDS_MAX - gap_seconds)) + gap_seconds


class _Flow:
    """Bytes a second, held by when requests begin.

    Each is taken to bring what pages have brought lately; what it brought in fact is set right when it ends.
    """

    __slots__ = ("_expected", "_page_count", "_reserved", "due_at")

    def __init__(self) -> None:
        self.due_at = 0.0
        self._expected = float(PAGE_BYTES_EXPECTED)
        self._page_count = 0
        self._reserved: deque[float] = deque()

    def reserve(self, now: float, per_second: float) -> None:
        self.due_at = due_after(self.due_at, now, self._expected / per_second)
        self._reserved.append(self._expected)

    def settle(self, byte_count: int, per_second: float) -> None:
        """Which reservation is whose does not matter: their sum does."""
        reserved = self._reserved.popleft() if self._reserved else 0.0
        self.due_at += (byte_count - reserved) / per_second
        self._page_count += 1
        self._expected += (byte_count - self._expected) / min(self._page_count, PAGE_BYTES_MEMORY)
