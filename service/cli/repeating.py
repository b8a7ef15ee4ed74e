"""When asking once more may help, and when to do it. Pure.

A command carries the same Idempotency-Key each time, so that it is done once, however often its answer was lost.
"""

from collections.abc import Callable, Iterator

import msgspec

ATTEMPTS_MAX = 6
REPEATING_SECONDS_MAX = 60.0  # after the first attempt; no other one begins later
PAUSE_SECONDS_MIN = 0.25
PAUSE_SECONDS_MAX = 4.0
RETRY_AFTER_SECONDS_MAX = 20.0  # a server that wants more patience is told to the person instead

BUSY = frozenset({429, 502, 503, 504})
IN_PROGRESS = (409, "idempotency_in_progress")  # the same command, asked before, is not done yet


class Lost(msgspec.Struct, frozen=True):
    """There is no answer. `reached`: the server may have had the request."""

    reached: bool


class Answer(msgspec.Struct, frozen=True):
    """An answer that was read to its end. `code` is the problem's, where it tells of one."""

    status: int
    data: bytes = b""
    code: str = ""
    retry_after_seconds: float = 0.0


class Patience:
    """The attempts of one request; `jitter` gives 0 to 1."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._pauses = growing_pauses(PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX, jitter)
        self._attempts = 0
        self.reached = False

    def next_pause(self, outcome: Answer | Lost, elapsed_seconds: float) -> float | None:
        """How long to wait before the next attempt; None where this outcome is the last.

        Where nobody ever listened there is nothing to wait for: most likely no server was started.
        """
        self._attempts += 1
        self.reached = self.reached or isinstance(outcome, Answer) or outcome.reached
        asked_for = wanted_pause(outcome)
        if asked_for is None or not self.reached or self._attempts == ATTEMPTS_MAX:
            return None
        pause = max(asked_for, next(self._pauses))
        is_too_late = elapsed_seconds + pause > REPEATING_SECONDS_MAX
        return None if is_too_late or asked_for > RETRY_AFTER_SECONDS_MAX else pause


def wanted_pause(outcome: Answer | Lost) -> float | None:
    """At least how many seconds the server asks for; None where another attempt would end as this one."""
    if isinstance(outcome, Lost):
        return 0.0
    passes = outcome.status in BUSY or (outcome.status, outcome.code) == IN_PROGRESS
    return outcome.retry_after_seconds if passes else None


def growing_pauses(least: float, most: float, jitter: Callable[[], float]) -> Iterator[float]:
    """Seconds, doubled each time up to a bound, and spread so that not all clients return at once."""
    pause = least
    while True:
        yield pause * (0.5 + jitter())
        pause = min(most, pause * 2)


def seconds_of(retry_after: str | None) -> float:
    """A Retry-After header in seconds; 0 where there is none, or a date."""
    text = (retry_after or "").strip()
    return float(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else 0.0
