"""Who is asking, what they may do, and what they did."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

NAME_LENGTH_MAX = 200

Instant = Annotated[datetime, Meta(tz=True)]


class KeyScope(StrEnum):
    """What a key allows. None includes another."""

    READ = "read"  # look at everything of the tenant
    WRITE = "write"  # create, change, command
    ADMIN = "admin"  # keys, acts, settings


ALL_SCOPES = tuple(KeyScope)


class Act(StrEnum):
    """What is written down about people, besides the transitions of phases."""

    KEY_MADE = "key_made"
    KEY_REVOKED = "key_revoked"
    SESSION_OPENED = "session_opened"
    SESSION_CLOSED = "session_closed"
    CAMPAIGN_CREATED = "campaign_created"
    CAMPAIGN_DELETED = "campaign_deleted"


class Principal(msgspec.Struct, frozen=True):
    """The tenant that a caller acts for, and the name of the key that says so (the actor in audits).

    `expires_at` is the key's; `session_id` is there exactly where a cookie spoke for the key.
    """

    tenant_id: UUID
    key_id: UUID
    actor: str
    scopes: frozenset[KeyScope]
    expires_at: datetime | None = None
    session_id: UUID | None = None


class Bearer(msgspec.Struct, frozen=True):
    """What lets a connection stay open: a key, and the session that spoke for it where a cookie did."""

    key_id: UUID
    session_id: UUID | None


class NewKey(msgspec.Struct, frozen=True, rename="camel"):
    """A key just made: `secret` is known to nobody else and stored nowhere."""

    key_id: UUID = msgspec.field(name="id")
    name: str
    secret: str
    scopes: tuple[KeyScope, ...]
    expires_at: Instant | None


class Key(msgspec.Struct, frozen=True, rename="camel"):
    """A key as it can be shown: `hint` is its beginning."""

    id: UUID
    name: str
    hint: str
    scopes: tuple[KeyScope, ...]
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None


class KeyList(msgspec.Struct, frozen=True):
    """All keys of a tenant, newest first."""

    items: tuple[Key, ...]


class GrantKey(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A key that somebody asks for; it can do nothing that the asking key cannot."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
    scopes: Annotated[frozenset[KeyScope], Meta(min_length=1)] = frozenset({KeyScope.READ, KeyScope.WRITE})
    expires_at: Instant | None = None


class Session(msgspec.Struct, frozen=True, rename="camel"):
    """A browser's session: whose key opened it, and when it ends at the latest."""

    actor: str
    scopes: tuple[KeyScope, ...]
    expires_at: Instant


class ActDetail(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """What is worth knowing of an act's target."""

    name: str | None = None
    scopes: tuple[KeyScope, ...] = ()
    expires_at: Instant | None = None


class RecordedAct(msgspec.Struct, frozen=True, rename="camel"):
    """Who did what; `target` is the id of the key, session or campaign."""

    act: Act
    actor: str
    target: str
    detail: ActDetail
    occurred_at: Instant


class ActPage(msgspec.Struct, frozen=True, rename="camel"):
    """Acts, newest first."""

    items: tuple[RecordedAct, ...]
    next_cursor: str | None
