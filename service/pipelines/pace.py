"""How many domains a worker finishes in a second, over the last while."""

from collections import deque

WINDOW_SECONDS = 15.0  # longer than the time between two checkpoints of a slow chunk


class Pace:
    """Chunks finish many at once, so that only what came of a whole window tells anything. Times are a clock's."""

    def __init__(self, now: float) -> None:
        self._count = 0
        self._marks = deque([(now, 0)])

    def count(self, finished: int) -> None:
        self._count += finished

    def look(self, now: float) -> float:
        """Domains a second since the last look that is a window ago, or since the beginning."""
        while len(self._marks) > 1 and self._marks[1][0] <= now - WINDOW_SECONDS:
            self._marks.popleft()
        began, before = self._marks[0]
        self._marks.append((now, self._count))
        return (self._count - before) / (now - began) if now > began else 0.0
