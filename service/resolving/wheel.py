"""A timer wheel for many deadlines that all lie equally far ahead: no timer object per query."""

from typing import Final

TICK_SECONDS: Final = 0.02
TURNS_PER_TICK_MAX: Final = 5  # a loop that stalled has its answers still unread: it must not call them late


class TimerWheel:
    """Keys stand in the bucket of the turn at which they are due. They are not taken out when they are dealt with.

    So whoever puts a key in remembers the due turn with it, and compares when the key comes round.
    """

    __slots__ = ("_buckets", "_span_turns", "_turned_at", "turn")

    def __init__(self, span_seconds: float) -> None:
        self._span_turns = max(1, round(span_seconds / TICK_SECONDS)) + 1  # the turn under way does not count
        self._buckets: list[list[int]] = [[] for _ in range(self._span_turns + 1)]
        self._turned_at = 0.0
        self.turn = 0

    def start(self, now: float) -> None:
        """Time that passed before this moment does not count."""
        self._turned_at = now

    def far_bucket(self) -> tuple[int, list[int]]:
        """The due turn of what is put in now, and its bucket, to append keys to before the wheel turns again."""
        due = self.turn + self._span_turns
        return due, self._buckets[due % len(self._buckets)]

    def due_turns(self, now: float) -> int:
        """How many times to turn now. A stall of the loop is left out of our time, so deadlines are late, not early."""
        turns = int((now - self._turned_at) / TICK_SECONDS)
        self._turned_at = now if turns > TURNS_PER_TICK_MAX else self._turned_at + turns * TICK_SECONDS
        return min(turns, TURNS_PER_TICK_MAX)

    def advance(self) -> list[int]:
        """Turn once, and take the keys that are due at the new `turn`."""
        self.turn += 1
        place = self.turn % len(self._buckets)
        keys, self._buckets[place] = self._buckets[place], []
        return keys
