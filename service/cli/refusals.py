"""What goes wrong between the client and a server, in the words of commands: the one place where they are matched."""

import contextlib
from collections.abc import Iterator

import phaseline_client as phaseline
from service.errors import Conflict, NotFound, Refused, Unauthenticated, Unavailable

MAY_BE_DONE = " It may have been done: look before you repeat it."


class Interrupted(Unavailable):
    """A transfer had begun and was cut off."""


@contextlib.contextmanager
def telling(url: str, *, advice: str = "") -> Iterator[None]:
    """Inside, whatever the client raises of this server becomes `Refused`; `advice` is for where an answer was lost."""
    try:
        yield
    except phaseline.PhaselineError as error:
        raise told(error, url, advice) from None


def told(error: phaseline.PhaselineError, url: str, advice: str) -> Refused:
    match error:
        case phaseline.Refused():
            return told_by_server(error)
        case phaseline.NetworkFault():
            return told_by_network(error, url, advice)
        case phaseline.Moved():
            return Conflict(error.code, error.message)
        case _:
            return Refused(error.code, error.message)


def told_by_network(fault: phaseline.NetworkFault, url: str, advice: str) -> Unavailable:
    """There is no answer: what a person at a terminal can do about it."""
    match fault:
        case phaseline.Interrupted():
            return Interrupted(fault.code, fault.message)
        case phaseline.Unreachable():
            sentence = f"No server answers at {url}; start one with `phaseline run`, or name another with --url."
        case phaseline.Lost(code="server_lost"):
            sentence = f"The connection to {url} was lost, and asking again did not help.{advice}"
        case _:
            sentence = fault.message
    return Unavailable(fault.code, sentence)


def told_by_server(refusal: phaseline.Refused) -> Refused:
    """The server's own sentence, where it sent one."""
    code, sentence = refusal.code, refusal.message
    match refusal:
        case phaseline.Forbidden(code=phaseline.NO_REASON):
            return Unauthenticated("key_refused", "This key is not accepted here.")
        case phaseline.Unauthenticated() | phaseline.Forbidden():
            return Unauthenticated(code, sentence)
        case phaseline.NotFound():
            return NotFound(code, sentence)
        case phaseline.Unavailable() | phaseline.Failed():
            return Unavailable(code, sentence)
    return located(Refused(code, sentence, pointer=refusal.problem.pointer or None))


def located(refusal: Refused) -> Refused:
    """With the field in its sentence, where one is at fault."""
    where = f" (at {refusal.pointer})" if refusal.pointer else ""
    return Refused(refusal.code, refusal.message + where, pointer=refusal.pointer)
