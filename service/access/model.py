"""Who is asking."""

from datetime import datetime
from uuid import UUID

import msgspec


class Principal(msgspec.Struct, frozen=True):
    """The tenant that a caller acts for, and the name of the key that says so (the actor in audits)."""

    tenant_id: UUID
    key_id: UUID
    actor: str


class NewKey(msgspec.Struct, frozen=True):
    """A key just made: `secret` is known to nobody else and stored nowhere."""

    key_id: UUID
    name: str
    secret: str


class Key(msgspec.Struct, frozen=True, rename="camel"):
    """A key as it can be shown: `hint` is its beginning."""

    id: UUID
    name: str
    hint: str
    created_at: datetime
    revoked_at: datetime | None
