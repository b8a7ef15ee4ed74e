"""One call and its attempts: whether it may be sent again, and what its last outcome says. Pure."""

from typing import Generic, TypeVar

import msgspec

from phaseline_client.calls import Answer, Call, Manner, NoAnswer, Outcome, Place
from phaseline_client.errors import (
    Interrupted,
    Lost,
    NetworkFault,
    Unreachable,
    Unreadable,
    answer_unreadable,
    refusal_of,
)
from phaseline_client.repeating import Jitter, Patience, Repeating

NO_CONTENT = 204

T = TypeVar("T")


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """In seconds: to open a connection; for a whole answer; without a part of a file; for the receipt of a list."""

    connect: float = 5.0
    answer: float = 30.0
    silence: float = 120.0
    receipt: float = 3_600.0


TIMEOUTS = Timeouts()


class Asking(Generic[T]):
    """The attempts of one call, from `began` on, in seconds of a clock."""

    def __init__(self, call: Call[T], place: Place, repeating: Repeating, jitter: Jitter, began: float) -> None:
        self.call = call
        self._place = place
        self._patience = Patience(repeating, jitter)
        self._began = began

    def next_pause(self, outcome: Outcome, now: float) -> float | None:
        """How many seconds to wait before it is sent again; None where this outcome is the last."""
        pause = self._patience.next_pause(outcome, now - self._began)
        is_safe = self.call.manner is not Manner.ONCE or not self._patience.reached
        return pause if is_safe else None

    def answer_of(self, outcome: Outcome) -> T:
        """What was answered at last; otherwise the refusal, or the loss, is raised."""
        if isinstance(outcome, NoAnswer):
            raise loss(self._place, reached=self._patience.reached)
        return read_answer(self.call, self._place, outcome)


def receipt_of(call: Call[T], place: Place, outcome: Outcome) -> T:
    """What was answered to a list that was sent once; Interrupted where the answer never came."""
    if isinstance(outcome, Answer):
        return read_answer(call, place, outcome)
    if outcome.reached:
        raise Interrupted("transfer_cut", f"The connection to {place.url} was lost.")
    raise loss(place, reached=False)


def read_answer(call: Call[T], place: Place, answer: Answer) -> T:
    if answer.status >= 400:
        raise refusal_of(answer)
    if not 200 <= answer.status < 300:
        raise Unreadable("answer_redirected", f"{place.url} answers that it is elsewhere.")
    try:
        return msgspec.json.decode(b"null" if answer.status == NO_CONTENT else answer.data, type=call.answer)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise answer_unreadable() from None


def loss(place: Place, *, reached: bool) -> NetworkFault:
    if reached:
        return Lost("server_lost", f"The connection to {place.url} was lost before it answered.")
    return Unreachable("server_away", f"No server answers at {place.url}.")
