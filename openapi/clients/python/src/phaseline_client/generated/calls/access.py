# Made from the contract by `make client-python`; a change here is lost.

"""What the operations of `access` ask."""

from uuid import UUID

from phaseline_client.calls import Call, Manner, encoded, given, segment
from phaseline_client.generated.models import ActPage, GrantKey, KeyList, NewKey, Session


def open_session() -> Call[Session]:
    return Call(method="POST", path="/session", answer=Session, manner=Manner.ONCE)


def close_session() -> Call[None]:
    return Call(method="DELETE", path="/session", answer=type(None), manner=Manner.ONCE)


def list_keys() -> Call[KeyList]:
    return Call(method="GET", path="/keys", answer=KeyList, manner=Manner.READING)


def make_key(body: GrantKey) -> Call[NewKey]:
    return Call(method="POST", path="/keys", answer=NewKey, manner=Manner.ONCE, body=encoded(body))


def revoke_key(key_id: UUID) -> Call[None]:
    return Call(method="DELETE", path=f"/keys/{segment(key_id)}", answer=type(None), manner=Manner.ONCE)


def list_acts(*, cursor: str | None = None, limit: int | None = None) -> Call[ActPage]:
    return Call(
        method="GET",
        path="/acts",
        answer=ActPage,
        manner=Manner.READING,
        query=given(("cursor", cursor), ("limit", limit)),
    )
