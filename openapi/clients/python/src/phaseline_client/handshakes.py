"""What websockets says of a connection that did not begin, or that ended. What both kinds of its clients share."""

from websockets.exceptions import ConnectionClosed, InvalidStatus

from phaseline_client.calls import Answer, seconds_of
from phaseline_client.errors import PhaselineError
from phaseline_client.following import Away, told_by_closure

MESSAGE_BYTES_MAX = 1_000_000
CLOSE_SECONDS = 1.0
NO_CLOSURE = 1006  # the connection was lost without a word


def answer_of(refused: InvalidStatus) -> Answer:
    response = refused.response
    return Answer(response.status_code, bytes(response.body or b""), seconds_of(response.headers.get("Retry-After")))


def closure_of(closed: ConnectionClosed) -> Away | PhaselineError:
    """Ours where we said first that it ends."""
    frame = closed.sent if closed.rcvd is None or closed.rcvd_then_sent is False else closed.rcvd
    return told_by_closure(NO_CLOSURE, "") if frame is None else told_by_closure(frame.code, frame.reason)
