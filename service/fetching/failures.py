"""Which of our outcomes an error of the HTTP client is."""

import errno
import re
from typing import Final

from msgspec import Struct
from pyreqwest.exceptions import (
    ClientClosedError,
    DetailedPyreqwestError,
    RequestError,
    RequestPanicError,
    RequestTimeoutError,
)

from service.fetching.outcomes import HttpOutcome


class Failure(Struct, frozen=True):
    """No whole answer. `connecting`: it failed before any request was sent, so another way may be tried."""

    outcome: HttpOutcome
    connecting: bool


_OS_ERROR: Final = re.compile(r"\(os error (\d+)\)")
_CONNECTING: Final = "client error (Connect)"
_BEFORE_TLS: Final = frozenset({"tcp connect error", "dns error"})
_CLOSED_WITHOUT_NOTICE: Final = "without sending TLS close_notify"
_ERRNO_OUTCOMES: Final = {
    errno.ECONNREFUSED: HttpOutcome.CONNECTION_REFUSED,
    errno.EHOSTUNREACH: HttpOutcome.CONNECTION_REFUSED,
    errno.ENETUNREACH: HttpOutcome.CONNECTION_REFUSED,
    errno.EHOSTDOWN: HttpOutcome.CONNECTION_REFUSED,
    errno.ECONNRESET: HttpOutcome.CONNECTION_RESET,
    errno.ECONNABORTED: HttpOutcome.CONNECTION_RESET,
    errno.EPIPE: HttpOutcome.CONNECTION_RESET,
    errno.ENOTCONN: HttpOutcome.CONNECTION_RESET,
    errno.ETIMEDOUT: HttpOutcome.TIMED_OUT,
}


def classify(error: DetailedPyreqwestError) -> Failure | None:
    """The failure that an error stands for, or `None` for one that no server can have caused.

    The classes alone do not tell: a refusal, a reset and a failed handshake are all ConnectError, as is a connection
    closed before the answer, and a fault in a body is any of three classes. The causes, outermost first, do.
    """
    if not isinstance(error, RequestError) or isinstance(error, (ClientClosedError, RequestPanicError)):
        return None
    causes = _causes(error)
    connecting = _CONNECTING in causes
    if isinstance(error, RequestTimeoutError):
        return Failure(HttpOutcome.TIMED_OUT, connecting)
    last = causes[-1] if causes else ""
    if (number := _OS_ERROR.search(last)) is not None:
        # The numbers not listed are shortages of our own: descriptors, ports, memory, permissions.
        outcome = _ERRNO_OUTCOMES.get(int(number[1]))
        return None if outcome is None else Failure(outcome, connecting)
    if not connecting:
        return Failure(HttpOutcome.BROKEN_RESPONSE, connecting)
    # Between the connection and the request there is nothing but the handshake.
    return Failure(HttpOutcome.TLS_FAILED, connecting) if _BEFORE_TLS.isdisjoint(causes) else None


def is_silent_end(error: DetailedPyreqwestError) -> bool:
    """Whether TLS was cut without its closing note, which is how many old servers end a body of undeclared length."""
    return any(_CLOSED_WITHOUT_NOTICE in cause for cause in _causes(error))


def _causes(error: DetailedPyreqwestError) -> list[str]:
    return [cause["message"] for cause in error.details.get("causes") or ()]
