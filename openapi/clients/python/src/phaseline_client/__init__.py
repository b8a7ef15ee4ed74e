"""A client of Phaseline servers, for programs with an event loop (`AsyncPhaseline`) and without one (`Phaseline`).

    awaited/client -> campaigns, domains -> exporting, importing -> server -> transport    one request, asked again
                                         -> watching -> sockets                            the websocket, kept up
    generated/                            models and operations; all of `awaited/` without `await`
    calls  asking  repeating  following  errors  known    what these decide by: values and rules, no I/O

Invariants: a command carries one Idempotency-Key in all its attempts; what is not safe to repeat is sent once, a list
too. A campaign's states come in the order of their `sequence`. Fields, words and messages that a later server adds do
no harm. What is left out of a request is not sent, and the server's defaults hold; null is something else.
"""

from msgspec import UNSET, UnsetType

from phaseline_client.asking import Timeouts
from phaseline_client.awaited.client import AsyncPhaseline
from phaseline_client.errors import (
    NO_REASON,
    ChannelRefused,
    Conflict,
    Failed,
    Forbidden,
    Interrupted,
    Invalid,
    Lost,
    Moved,
    NetworkFault,
    NotFound,
    PhaselineError,
    PreconditionFailed,
    Refused,
    Throttled,
    Unauthenticated,
    Unavailable,
    Unreachable,
    Unreadable,
    WaitedTooLong,
)
from phaseline_client.exports import ExportProgress
from phaseline_client.following import Absence, has_ended
from phaseline_client.generated import models
from phaseline_client.generated.mirrored.client import Phaseline
from phaseline_client.generated.models import *
from phaseline_client.known import Word, is_known
from phaseline_client.lists import ListType, Sent
from phaseline_client.repeating import ONCE, Repeating

__all__ = [
    "NO_REASON",
    "ONCE",
    "UNSET",
    "Absence",
    "AsyncPhaseline",
    "ChannelRefused",
    "Conflict",
    "ExportProgress",
    "Failed",
    "Forbidden",
    "Interrupted",
    "Invalid",
    "ListType",
    "Lost",
    "Moved",
    "NetworkFault",
    "NotFound",
    "Phaseline",
    "PhaselineError",
    "PreconditionFailed",
    "Refused",
    "Repeating",
    "Sent",
    "Throttled",
    "Timeouts",
    "Unauthenticated",
    "Unavailable",
    "Unreachable",
    "Unreadable",
    "UnsetType",
    "WaitedTooLong",
    "Word",
    "has_ended",
    "is_known",
]
__all__ += models.__all__
