"""Whatever goes wrong, as one of a few kinds; each has a `code`, stable for programs, and a sentence for people.

PhaselineError
├── Refused         the server says no, with a problem document (RFC 9457): `problem`, `status`
│   ├── Invalid  Unauthenticated  Forbidden  NotFound  Conflict  PreconditionFailed
│   └── Throttled  Unavailable  Failed          these may pass; `retry_after_seconds`, where the server told it
├── NetworkFault    there is no answer
│   ├── Unreachable     nobody heard the request
│   ├── Lost            it may have been heard, and done
│   └── Interrupted     an answer or a list had begun, and was cut off
├── ChannelRefused  the websocket was ended for good: its key has ended, or what was asked for cannot be read
├── Unreadable      what answers is no server of this version
├── Moved           the campaign is not any more what an export began with
└── WaitedTooLong   the campaign is not where it was waited for
"""

from collections.abc import Mapping

import msgspec

from phaseline_client.calls import Answer
from phaseline_client.generated.models import Problem

NO_REASON = "no_reason"  # the code of a refusal that came without a problem: from a proxy, most likely

_decode_problem = msgspec.json.Decoder(Problem).decode


class PhaselineError(Exception):
    """The base of all."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class Refused(PhaselineError):
    """The server's answer is no. `problem` is its document."""

    def __init__(self, problem: Problem, retry_after_seconds: float | None = None) -> None:
        super().__init__(problem.code, problem.detail)
        self.args = (problem, retry_after_seconds)  # so that it can be pickled
        self.problem = problem
        self.status = problem.status
        self.retry_after_seconds = retry_after_seconds


class Invalid(Refused):
    """The request cannot be read, or makes no sense."""


class Unauthenticated(Refused):
    """There is no key or session, or it is nobody's."""


class Forbidden(Refused):
    """The key may not do this."""


class NotFound(Refused):
    """There is no such thing, or it is another tenant's."""


class Conflict(Refused):
    """The state of things forbids this now."""


class PreconditionFailed(Refused):
    """It has changed since the version that was named."""


class Throttled(Refused):
    """Too many requests are under way."""


class Unavailable(Refused):
    """Something that the server needs is busy or away, or the server itself is."""


class Failed(Refused):
    """Something went wrong within the server."""


class NetworkFault(PhaselineError):
    """There is no answer."""


class Unreachable(NetworkFault):
    """Nobody heard the request, so that nothing was done."""


class Lost(NetworkFault):
    """The connection was lost, and asking again did not help or was not safe: it may have been done."""


class Interrupted(NetworkFault):
    """A transfer had begun and was cut off."""


class ChannelRefused(PhaselineError):
    """The websocket was ended, and would be again. `code` is the server's, or `closed_1008` and the like."""


class Unreadable(PhaselineError):
    """What answers there is no Phaseline server, or one that this client does not understand."""


class Moved(PhaselineError):
    """An export broke off, and the campaign has moved on meanwhile: rows of two runs make no file."""


class WaitedTooLong(PhaselineError):
    """The time that was given is over."""


KINDS: Mapping[int, type[Refused]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    429: Throttled,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def refusal_of(answer: Answer) -> Refused:
    """What an answer of 400 or more says."""
    kind = KINDS.get(answer.status) or (Failed if answer.status >= 500 else Invalid)
    return kind(problem_of(answer), answer.retry_after_seconds)


def problem_of(answer: Answer) -> Problem:
    """The document; where none came, one that says so."""
    problem = read_problem(answer.data)
    if problem is not None:
        return msgspec.structs.replace(problem, status=answer.status)
    detail = f"The server refused this with status {answer.status} and gave no reason."
    return Problem(title="Refused", status=answer.status, code=NO_REASON, detail=detail)


def read_problem(data: bytes) -> Problem | None:
    """None where it is no problem document."""
    try:
        return _decode_problem(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def passes(error: Exception) -> bool:
    """Whether it may pass by itself."""
    return isinstance(error, NetworkFault | Throttled | Unavailable | Failed)


def answer_unreadable() -> Unreadable:
    return Unreadable("answer_unreadable", "What answers there is no Phaseline server of this version.")
