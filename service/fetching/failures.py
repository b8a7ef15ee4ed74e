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

from service.fetching.outcomes import HttpOutcome, TlsFault


class Failure(Struct, frozen=True):
    """No whole answer. `connecting`: it failed before any request was sent, so another way may be tried.

    `by_proxy`: it was the proxy that failed; the outcome says nothing of the host.
    """

    outcome: HttpOutcome
    connecting: bool
    tls_fault: TlsFault | None = None
    by_proxy: bool = False


_OS_ERROR: Final = re.compile(r"\(os error (\d+)\)")
_CONNECTING: Final = "client error (Connect)"
_BEFORE_TLS: Final = frozenset({"tcp connect error", "dns error"})
_TUNNEL: Final = "tunnel error: "
_SOCKS: Final = "SOCKS error: "
# What a proxy says of the host it was asked for; everything else in a tunnel is its own failure.
_OF_THE_HOST: Final = {
    "tunnel error: unsuccessful": HttpOutcome.CONNECTION_REFUSED,
    "SOCKS error: general server failure": HttpOutcome.CONNECTION_REFUSED,
    "SOCKS error: connection not allowed": HttpOutcome.CONNECTION_REFUSED,
    "SOCKS error: network unreachable": HttpOutcome.CONNECTION_REFUSED,
    "SOCKS error: host unreachable": HttpOutcome.CONNECTION_REFUSED,
    "SOCKS error: connection refused": HttpOutcome.CONNECTION_REFUSED,
    "SOCKS error: ttl expired": HttpOutcome.TIMED_OUT,
}
_BAD_CERTIFICATE: Final = "invalid peer certificate: "
# The first words that occur in what the TLS library says tell the fault.
_TLS_FAULTS: Final = (
    ("certificate expired", TlsFault.CERTIFICATE_EXPIRED),
    ("certificate not valid for name", TlsFault.WRONG_HOST),
    ("UnknownIssuer", TlsFault.UNTRUSTED_CERTIFICATE),
    ("CaUsedAsEndEntity", TlsFault.UNTRUSTED_CERTIFICATE),  # how an own authority's certificate shows itself
    (_BAD_CERTIFICATE, TlsFault.BAD_CERTIFICATE),
    ("received fatal alert", TlsFault.NO_AGREEMENT),
    ("peer is incompatible", TlsFault.NO_AGREEMENT),
    ("handshake eof", TlsFault.CLOSED),
)
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
    return Failure(HttpOutcome.TLS_FAILED, connecting, tls_fault(last)) if _BEFORE_TLS.isdisjoint(causes) else None


def classify_proxied(error: DetailedPyreqwestError) -> Failure | None:
    """The same for a request through a proxy, which may fail in its own right.

    What it answers to a plain http request in a host's place (a 502, say) cannot be told from the host's own answer,
    nor can a proxy that says nothing from a host that does.
    """
    causes = _causes(error)
    told = next((cause for cause in causes if cause.startswith((_TUNNEL, _SOCKS))), None)
    if told is not None:
        outcome = _OF_THE_HOST.get(told)
        return _proxy_failure() if outcome is None else Failure(outcome, connecting=True)
    if _CONNECTING in causes and not _BEFORE_TLS.isdisjoint(causes):
        return _proxy_failure()
    return classify(error)


def _proxy_failure() -> Failure:
    return Failure(HttpOutcome.INTERNAL_ERROR, connecting=True, by_proxy=True)


def tls_fault(told: str) -> TlsFault:
    """Which fault the TLS library means by its words."""
    return next((fault for words, fault in _TLS_FAULTS if words in told), TlsFault.NOT_TLS)


def is_silent_end(error: DetailedPyreqwestError) -> bool:
    """Whether TLS was cut without its closing note, which is how many old servers end a body of undeclared length."""
    return any(_CLOSED_WITHOUT_NOTICE in cause for cause in _causes(error))


def _causes(error: DetailedPyreqwestError) -> list[str]:
    return [cause["message"] for cause in error.details.get("causes") or ()]
