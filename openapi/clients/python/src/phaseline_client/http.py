"""How pyreqwest is set up, and what its failures say. What both kinds of its clients share."""

from datetime import timedelta
from typing import TypeVar

from pyreqwest.client import BaseClientBuilder
from pyreqwest.exceptions import BuilderError, ClientClosedError, DetailedPyreqwestError, PyreqwestError

from phaseline_client.asking import Timeouts
from phaseline_client.calls import NoAnswer, Place, bearer, is_loopback
from phaseline_client.errors import Unreadable

ANSWER_BYTES_MAX = 100_000_000  # of what is held in memory; a page of the longest rows is far below
PART_BYTES_MAX = 262_144
TRANSFER_TIMEOUT = timedelta(days=2)  # of a whole export
CONNECTING = "client error (Connect)"  # what pyreqwest's client says where it could not even connect

Builder = TypeVar("Builder", bound=BaseClientBuilder)


def configured(builder: Builder, place: Place, timeouts: Timeouts) -> Builder:
    """For one server; without a bound for the whole of a request, which each sets itself."""
    built = (
        builder.base_url(f"{place.url}/")
        .default_headers(bearer(place))
        .follow_redirects(enable=False)  # a key is shown to nobody but the server that was named
        .connect_timeout(timedelta(seconds=timeouts.connect))
    )
    return built.no_proxy() if is_loopback(place.url) else built


def no_answer(error: PyreqwestError) -> NoAnswer:
    """Pyreqwest says of every silence and of every break that it could not connect; its causes tell where that is so.

    What is no failure of the network is raised on.
    """
    if isinstance(error, ClientClosedError | BuilderError):
        raise error
    details = error.details if isinstance(error, DetailedPyreqwestError) else {"causes": None}
    was_connecting = any(cause["message"] == CONNECTING for cause in details["causes"] or ())
    return NoAnswer(reached=not was_connecting)


class Gathered:
    """The parts of an answer that is held in memory."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, part: bytes) -> None:
        """Unreadable where it grows too large."""
        self._parts.append(part)
        self._size += len(part)
        if self._size > ANSWER_BYTES_MAX:
            raise Unreadable("answer_too_large", f"An answer has more than {ANSWER_BYTES_MAX:,} bytes.")

    @property
    def data(self) -> bytes:
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
