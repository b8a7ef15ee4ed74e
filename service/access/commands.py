"""Make keys, know their bearers, take keys back; open and close sessions; write down who did what.

`make_key` and `revoke_key` are the operator's, at the machine itself; `grant_key` and `withdraw_key` are asked for over
the network and bound by what the asking key may do.
"""

import hashlib
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from service.access import store
from service.access.model import (
    ALL_SCOPES,
    Act,
    ActDetail,
    Bearer,
    GrantKey,
    Key,
    KeyScope,
    NewKey,
    Principal,
    Session,
)
from service.errors import Conflict, Forbidden, Invalid, NotFound
from service.postgres.database import Database, Tx

SECRET_PREFIX = "phl_"  # noqa: S105 - the public beginning of every key
SECRET_LENGTH_MAX = 100
HINT_LENGTH = 8
DEFAULT_TENANT = "default"
OPERATOR = "operator"  # the actor of what is done on the machine itself
EXPIRY_MAX = datetime(9000, 1, 1, tzinfo=UTC)  # whatever its time zone, the database's calendar reaches so far
FIND_SECONDS_MAX = 30.0
SESSION_HOURS_MAX = 12
SESSION_IDLE_HOURS_MAX = 2
SESSION_USE_RESOLUTION = timedelta(minutes=1)  # how seldom it is written that a session is in use
SESSIONS_DELETED_MAX = 1_000  # rows in one clean-up
ROWS_DELETED_MAX = 1_000  # of acts and keys, the same


async def find_principal(database: Database, secret: str, *, seconds: float = FIND_SECONDS_MAX) -> Principal | None:
    """Whose key this is, if anybody's. Asked before every request, so it is one round trip."""
    if not secret.startswith(SECRET_PREFIX) or len(secret) > SECRET_LENGTH_MAX:
        return None
    return await store.find_principal(database, hash_secret(secret), seconds=seconds)


async def find_principal_of_session(tx: Tx, secret: str) -> Principal | None:
    """Who opened this session, if it is one, and still open; being used keeps it open, until its end."""
    if len(secret) > SECRET_LENGTH_MAX:
        return None
    await tx.begin()
    found = await store.find_principal_of_session(tx, hash_secret(secret), idle_since=idle_since(tx))
    if found is None:
        return None
    principal, used_at = found
    assert principal.session_id is not None
    if tx.now - used_at >= SESSION_USE_RESOLUTION:
        await store.update_session_used(tx, principal.session_id)
    return principal


async def list_ended_bearers(tx: Tx, bearers: Sequence[Bearer]) -> list[Bearer]:
    """Those of these whose key or session has ended; the sessions of the others are in use."""
    await tx.begin()
    ended = await store.list_ended_bearers(tx, bearers)
    alive = {bearer.session_id for bearer in bearers if bearer.session_id is not None}
    alive -= {bearer.session_id for bearer in ended}
    if alive:
        await store.update_sessions_used(tx, list(alive), unused_since=tx.now - SESSION_USE_RESOLUTION)
    return ended


async def make_key(
    tx: Tx,
    *,
    tenant: str,
    name: str,
    random_part: str,
    scopes: Collection[KeyScope] = ALL_SCOPES,
    expires_at: datetime | None = None,
) -> NewKey:
    """A new key for a tenant, which is made with its first key. `random_part` is 43 characters of `token_urlsafe`."""
    await tx.begin()
    tenant_id = await store.find_or_insert_tenant(tx, tenant)
    return await insert_key(tx, tenant_id, OPERATOR, name, random_part, scopes, expires_at)


async def make_first_key(tx: Tx, random_part: str) -> NewKey | None:
    """On a database without keys, the key of the default tenant; otherwise nothing."""
    if await store.count_keys(tx) > 0:
        return None
    return await make_key(tx, tenant=DEFAULT_TENANT, name="first", random_part=random_part)


async def grant_key(tx: Tx, principal: Principal, request: GrantKey, random_part: str) -> NewKey:
    """A new key for the caller's tenant, which can do no more, and lives no longer, than the caller's own."""
    await tx.begin()
    if not request.scopes <= principal.scopes:
        raise Forbidden("scope_not_held", "A key cannot give a scope that it does not have.", pointer="/scopes")
    if request.expires_at is not None and request.expires_at <= tx.now:
        raise Invalid("expiry_past", "A new key cannot have expired already.", pointer="/expiresAt")
    if request.expires_at is not None and request.expires_at > EXPIRY_MAX:
        raise Invalid("expiry_unreasonable", "A key that is to live so long needs no expiry.", pointer="/expiresAt")
    if principal.expires_at is not None and (request.expires_at is None or request.expires_at > principal.expires_at):
        raise Forbidden("expiry_too_late", "A key cannot give one that outlives it.", pointer="/expiresAt")
    return await insert_key(
        tx, principal.tenant_id, principal.actor, request.name, random_part, request.scopes, request.expires_at
    )


async def insert_key(
    tx: Tx,
    tenant_id: UUID,
    actor: str,
    name: str,
    random_part: str,
    scopes: Collection[KeyScope],
    expires_at: datetime | None,
) -> NewKey:
    secret = SECRET_PREFIX + random_part
    held = store.in_order(scopes)
    key_id = await store.insert_key(
        tx,
        tenant_id,
        name,
        secret_hash=hash_secret(secret),
        hint=secret[:HINT_LENGTH],
        scopes=held,
        expires_at=expires_at,
    )
    detail = ActDetail(name=name, scopes=held, expires_at=expires_at)
    await store.insert_act(tx, tenant_id, actor, Act.KEY_MADE, str(key_id), detail)
    return NewKey(key_id, name, secret, held, expires_at)


async def find_or_make_tenant(tx: Tx, name: str) -> UUID:
    """The tenant of this name; one that is made now has no key yet."""
    await tx.begin()
    return await store.find_or_insert_tenant(tx, name)


async def get_tenant(tx: Tx, name: str) -> UUID:
    """The tenant of this name."""
    tenant_id = await store.find_tenant(tx, name)
    if tenant_id is None:
        raise NotFound("tenant_not_found", f"There is no tenant {name}; one is made with its first key.")
    return tenant_id


async def list_keys(tx: Tx, tenant_id: UUID) -> tuple[Key, ...]:
    """The keys of a tenant, newest first, those taken back too."""
    return await store.list_keys(tx, tenant_id)


async def revoke_key(tx: Tx, tenant_id: UUID, key_id: UUID) -> None:
    """Take back any key, the last one too: whoever can do this can make another. Twice is once."""
    await tx.begin()
    await take_back(tx, tenant_id, OPERATOR, await get_key(tx, tenant_id, key_id))


async def withdraw_key(tx: Tx, principal: Principal, key_id: UUID) -> None:
    """Take back a key of the caller's tenant, but not the last one that can administer it. Twice is once."""
    await tx.begin()
    await store.lock_tenant(tx, principal.tenant_id)
    key = await get_key(tx, principal.tenant_id, key_id)
    if KeyScope.ADMIN in key.scopes and await store.count_other_admin_keys(tx, principal.tenant_id, key_id) == 0:
        raise Conflict("last_admin_key", "This is the tenant's last admin key: make another one before it goes.")
    await take_back(tx, principal.tenant_id, principal.actor, key)


async def get_key(tx: Tx, tenant_id: UUID, key_id: UUID) -> Key:
    key = await store.find_key(tx, tenant_id, key_id)
    if key is None:
        raise NotFound("key_not_found", "There is no such key.")
    return key


async def take_back(tx: Tx, tenant_id: UUID, actor: str, key: Key) -> None:
    if key.revoked_at is None and await store.revoke_key(tx, tenant_id, key.id):
        await store.insert_act(tx, tenant_id, actor, Act.KEY_REVOKED, str(key.id), ActDetail(name=key.name))


async def open_session(tx: Tx, principal: Principal, secret: str) -> Session:
    """A session for a browser, opened with a key: one that was opened with another would never end."""
    if principal.session_id is not None:
        raise Forbidden("key_needed", "A session is opened with a key, not with another session.")
    await tx.begin()
    latest = tx.now + timedelta(hours=SESSION_HOURS_MAX)
    expires_at = min(latest, principal.expires_at or latest)
    session_id = await store.insert_session(tx, principal.key_id, hash_secret(secret), expires_at)
    await note_act(tx, principal, Act.SESSION_OPENED, str(session_id), ActDetail(expires_at=expires_at))
    return Session(principal.actor, store.in_order(principal.scopes), expires_at)


async def close_session(tx: Tx, principal: Principal) -> None:
    """End the caller's session; a caller without one has nothing to close, and is told the same."""
    await tx.begin()
    if principal.session_id is not None and await store.delete_session(tx, principal.session_id):
        await note_act(tx, principal, Act.SESSION_CLOSED, str(principal.session_id))


async def delete_ended_sessions(tx: Tx) -> int:
    """Clear away what nobody can use any more; how many, a bounded number at a time."""
    await tx.begin()
    return await store.delete_ended_sessions(tx, idle_since=idle_since(tx), limit=SESSIONS_DELETED_MAX)


async def delete_old_acts(tx: Tx, days: int) -> int:
    """Forget who did what so many days ago, a bounded number at a time; nothing where it is to stay for ever (0)."""
    await tx.begin()
    return await store.delete_old_acts(tx, tx.now - timedelta(days=days), ROWS_DELETED_MAX) if days else 0


async def delete_ended_keys(tx: Tx, days: int) -> int:
    """The same for keys that let nobody in since then."""
    await tx.begin()
    return await store.delete_ended_keys(tx, tx.now - timedelta(days=days), ROWS_DELETED_MAX) if days else 0


async def note_act(tx: Tx, principal: Principal, act: Act, target: str, detail: ActDetail | None = None) -> None:
    """Write down who did what, in the transaction in which it is done."""
    await tx.begin()
    await store.insert_act(tx, principal.tenant_id, principal.actor, act, target, detail or ActDetail())


async def note_act_of(tx: Tx, tenant_id: UUID, actor: str, act: Act, target: str, detail: ActDetail) -> None:
    """The same of what nobody asked for: an installation's own rules did it."""
    await tx.begin()
    await store.insert_act(tx, tenant_id, actor, act, target, detail)


def idle_since(tx: Tx) -> datetime:
    """A session that was not used since then has ended."""
    return tx.now - timedelta(hours=SESSION_IDLE_HOURS_MAX)


def hash_secret(secret: str) -> bytes:
    # A key is 256 random bits: a plain hash cannot be searched, and a slow one would only cost every request.
    return hashlib.sha256(secret.encode()).digest()
