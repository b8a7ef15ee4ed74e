"""What goes wrong under load, in the few kinds that are counted apart. Pure.

Trouble
├── Shed       429 or 503 with Retry-After: the server has enough to do, and says when to come again
├── Denied     any other refusal that nobody expected, by status and the code of its problem
├── Silent     no answer, or none to the end
└── Wrong      an answer that cannot be right
"""

from phaseline_client.calls import Answer, Outcome
from phaseline_client.errors import Refused, refusal_of

SHEDDING = frozenset({429, 503})


class Trouble(Exception):
    """Its text is what it is counted by."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self}"


class Shed(Trouble):
    pass


class Denied(Trouble):
    pass


class Silent(Trouble):
    pass


class Wrong(Trouble):
    pass


def trouble_of(outcome: Outcome, expected: tuple[type[Refused], ...], *, why: str) -> Trouble | None:
    """None for a success, and for a refusal that is to be expected. `why` there is no answer, where there is none."""
    if not isinstance(outcome, Answer):
        return Silent(why)
    if outcome.status < 300:
        return None
    refusal = refusal_of(outcome)
    if isinstance(refusal, expected):
        return None
    text = f"{outcome.status} {refusal.code}"
    if outcome.status in SHEDDING and outcome.retry_after_seconds is not None:
        return Shed(text)
    return Denied(text)
