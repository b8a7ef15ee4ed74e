"""Which one a person means: by "last", a whole id, or the beginning of one. Pure."""

from uuid import UUID

from service.errors import Conflict, NotFound

LAST = "last"
IDS_TOLD_MAX = 3


def the_only(kind: str, found: list[UUID], reference: str) -> UUID:
    """The one thing whose id begins so."""
    if not found:
        raise NotFound("id_unknown", f"There is no {kind} whose id begins with {reference}.")
    if len(found) > 1:
        some = ", ".join(map(str, found[:IDS_TOLD_MAX]))
        raise Conflict("id_ambiguous", f"{len(found)} ids begin with {reference}; write more of one: {some}.")
    return found[0]
