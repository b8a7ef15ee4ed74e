"""Where requests wait for their turn. The schedule decides; here are the clock, the waiting and the giving up."""

import asyncio
from typing import Final

from service.fetching.schedule import Pace, Schedule

_GO: Final = True
_GIVE_UP: Final = False


class Turn:
    """A request's place in the queue of one address."""

    __slots__ = ("address", "verdict")

    def __init__(self, address: str) -> None:
        self.address = address
        self.verdict: asyncio.Future[bool] = asyncio.get_running_loop().create_future()


class Queue:
    """The turns that one caller waits for, so that they can be given up together."""

    __slots__ = ("_gate", "_is_closed", "_turns")

    def __init__(self, gate: "Gate") -> None:
        self._gate = gate
        self._turns: set[Turn] = set()
        self._is_closed = False

    async def wait(self, address: str) -> bool:
        """Wait until a request may go there; false if the queue was closed. After true, `Gate.leave` must follow."""
        if self._is_closed:
            return False
        turn = Turn(address)
        self._turns.add(turn)
        try:
            return await self._gate.enter(turn)
        finally:
            self._turns.discard(turn)

    def close(self) -> None:
        """Nobody who waits here goes any more."""
        self._is_closed = True
        for turn in self._turns:
            self._gate.give_up(turn)


class Gate:
    """Lets requests go by a pace; several queues share it."""

    __slots__ = ("_full", "_schedule", "_timer")

    def __init__(self, pace: Pace) -> None:
        self._full = pace
        self._schedule: Schedule[Turn] = Schedule(pace)
        self._timer: asyncio.TimerHandle | None = None

    def set_share(self, fraction: float) -> None:
        """What part of the pace is ours; who waits without any goes on with it."""
        self._schedule.pace = self._full.share(fraction)
        self._admit()

    def occupancy(self) -> float:
        """Which part of the connections to an address is in use, at the busiest one."""
        allowed = self._full.connections_per_address
        return 0.0 if allowed is None else self._schedule.most_under_way() / allowed

    async def enter(self, turn: Turn) -> bool:
        self._schedule.add(turn, turn.address, self._now())
        self._admit()
        try:
            return await turn.verdict
        except asyncio.CancelledError:
            self._schedule.discard(turn, turn.address)
            if not turn.verdict.cancelled() and turn.verdict.result() is _GO:
                self.leave(turn.address, 0)
            raise

    def leave(self, address: str, byte_count: int) -> None:
        self._schedule.release(address, byte_count, self._now())
        self._admit()

    def give_up(self, turn: Turn) -> None:
        if not turn.verdict.done():
            self._schedule.discard(turn, turn.address)
            turn.verdict.set_result(_GIVE_UP)

    def _admit(self) -> None:
        """Let go who may; look again when the next one is due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._now()
        while (turn := self._schedule.take(now)) is not None:
            if turn.verdict.done():  # its task is being cancelled
                self._schedule.release(turn.address, 0, now)
            else:
                turn.verdict.set_result(_GO)
        if (due_at := self._schedule.next_due()) is not None:
            self._timer = asyncio.get_running_loop().call_at(due_at, self._admit)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
