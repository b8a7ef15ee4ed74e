"""What became of a target: a closed set whose codes are stored."""

from enum import IntEnum
from typing import Final


class HttpOutcome(IntEnum):
    """Codes are stable: they are stored as smallint and never reused."""

    REACHED = 1  # a 2xx page was obtained
    PARKED = 2  # a 2xx page, but a parking page
    NOT_FOUND = 3  # 404 or 410
    CLIENT_ERROR = 4  # any other 4xx, and the codes above 599 that some servers make up to refuse
    SERVER_ERROR = 5  # 5xx
    RATE_LIMITED = 6  # 429, or 503 that asks us to wait longer than we do
    REDIRECT_LOOP = 7  # back to a page already seen, or more redirects than allowed
    BLOCKED = 8  # we do not go there: address, host form, port or scheme
    UNRESOLVABLE = 9  # a host without an address
    CONNECTION_REFUSED = 10  # refused, or no route
    CONNECTION_RESET = 11
    TIMED_OUT = 12
    TLS_FAILED = 13  # handshake or, where asked for, certificate
    BROKEN_RESPONSE = 14  # not HTTP, shorter than declared, undecodable, or a redirect to nowhere
    INTERNAL_ERROR = 15  # our own fault; logged

    @property
    def label(self) -> str:
        """The word of the API, the metrics and the logs."""
        return self.name.lower()


class TlsFault(IntEnum):
    """Why a handshake failed, where the outcome is `tls_failed`. Stored like outcomes: codes are never reused."""

    CERTIFICATE_EXPIRED = 1
    WRONG_HOST = 2  # the certificate is another name's
    UNTRUSTED_CERTIFICATE = 3  # signed by itself, or by nobody whom we know
    BAD_CERTIFICATE = 4  # any other fault of a certificate
    NO_AGREEMENT = 5  # no protocol or cipher in common, or the server refused with an alert
    CLOSED = 6  # the connection ended in the handshake
    NOT_TLS = 7  # something else is spoken there

    @property
    def label(self) -> str:
        return self.name.lower()


SUCCEEDED: Final = frozenset({HttpOutcome.REACHED})
# Answers, though not the ones hoped for: asking again soon would give the same.
NEGATIVE: Final = frozenset(
    {
        HttpOutcome.PARKED,
        HttpOutcome.NOT_FOUND,
        HttpOutcome.CLIENT_ERROR,
        HttpOutcome.REDIRECT_LOOP,
        HttpOutcome.BLOCKED,
        HttpOutcome.UNRESOLVABLE,
    }
)
FAILED: Final = frozenset(HttpOutcome) - SUCCEEDED - NEGATIVE
RETRYABLE: Final = FAILED
