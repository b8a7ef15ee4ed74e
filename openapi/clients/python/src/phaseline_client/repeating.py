"""When asking once more may help, and when to do it. Pure.

A command carries the same Idempotency-Key each time, so that it is done once, however often its answer was lost.
"""

from collections.abc import Callable, Iterator

import msgspec

from phaseline_client.calls import Answer, Outcome
from phaseline_client.errors import read_problem

PAUSE_SECONDS_MIN = 0.25
PAUSE_SECONDS_MAX = 4.0
BUSY = frozenset({429, 502, 503, 504})
CONFLICT = 409
IN_PROGRESS = "idempotency_in_progress"  # the same command, asked before, is not done yet

Jitter = Callable[[], float]  # gives 0 to 1


class Repeating(msgspec.Struct, frozen=True, kw_only=True):
    """How often a request is sent in all, and how late.

    No attempt begins later than `seconds_max` after the first. A server that wants more patience than
    `retry_after_seconds_max` is told to the caller instead. `unheard_max` are the attempts as long as nobody listens:
    1 says at once that there is no server, more wait for one that starts.
    """

    attempts_max: int = 6
    seconds_max: float = 60.0
    retry_after_seconds_max: float = 20.0
    unheard_max: int = 4


REPEATING = Repeating()
ONCE = Repeating(attempts_max=1, unheard_max=1)


class Patience:
    """The attempts of one request."""

    def __init__(self, repeating: Repeating, jitter: Jitter) -> None:
        self.reached = False
        self._repeating = repeating
        self._attempts = 0
        self._pauses = growing_pauses(PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX, jitter)

    def next_pause(self, outcome: Outcome, elapsed_seconds: float) -> float | None:
        """How many seconds to wait before the next attempt; None where this outcome is the last."""
        self._attempts += 1
        self.reached = self.reached or isinstance(outcome, Answer) or outcome.reached
        asked_for = wanted_pause(outcome)
        most = self._repeating.attempts_max if self.reached else self._repeating.unheard_max
        if asked_for is None or asked_for > self._repeating.retry_after_seconds_max or self._attempts >= most:
            return None
        pause = max(asked_for, next(self._pauses))
        return None if elapsed_seconds + pause > self._repeating.seconds_max else pause


def wanted_pause(outcome: Outcome) -> float | None:
    """At least how many seconds the server asks for; None where another attempt would end as this one."""
    if not isinstance(outcome, Answer):
        return 0.0
    passes = outcome.status in BUSY or (outcome.status == CONFLICT and code_of(outcome) == IN_PROGRESS)
    return (outcome.retry_after_seconds or 0.0) if passes else None


def code_of(answer: Answer) -> str | None:
    problem = read_problem(answer.data)
    return None if problem is None else problem.code


def growing_pauses(least: float, most: float, jitter: Jitter) -> Iterator[float]:
    """Seconds, doubled each time up to a bound, and spread so that not all clients return at once."""
    pause = least
    while True:
        yield pause * (0.5 + jitter())
        pause = min(most, pause * 2)
