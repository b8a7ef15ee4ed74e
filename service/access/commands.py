"""Make keys, know their bearers, take keys back."""

import hashlib
from uuid import UUID

from service.access import store
from service.access.model import Key, NewKey, Principal
from service.errors import NotFound
from service.postgres.database import Tx

SECRET_PREFIX = "phl_"  # noqa: S105 - the public beginning of every key
SECRET_LENGTH_MAX = 100
HINT_LENGTH = 8
DEFAULT_TENANT = "default"


async def find_principal(tx: Tx, secret: str) -> Principal | None:
    """Whose key this is, if anybody's."""
    if not secret.startswith(SECRET_PREFIX) or len(secret) > SECRET_LENGTH_MAX:
        return None
    return await store.find_principal(tx, hash_secret(secret))


async def make_key(tx: Tx, *, tenant: str, name: str, random_part: str) -> NewKey:
    """A new key for a tenant, which is made with its first key. `random_part` is 43 characters of `token_urlsafe`."""
    await tx.begin()
    tenant_id = await store.find_or_insert_tenant(tx, tenant)
    secret = SECRET_PREFIX + random_part
    key_id = await store.insert_key(tx, tenant_id, name, secret_hash=hash_secret(secret), hint=secret[:HINT_LENGTH])
    return NewKey(key_id, name, secret)


async def make_first_key(tx: Tx, random_part: str) -> NewKey | None:
    """On a database without keys, the key of the default tenant; otherwise nothing."""
    if await store.count_keys(tx) > 0:
        return None
    return await make_key(tx, tenant=DEFAULT_TENANT, name="first", random_part=random_part)


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
    await tx.begin()
    if not await store.revoke_key(tx, tenant_id, key_id):
        raise NotFound("key_not_found", "There is no such key.")


def hash_secret(secret: str) -> bytes:
    # A key is 256 random bits: a plain hash cannot be searched, and a slow one would only cost every request.
    return hashlib.sha256(secret.encode()).digest()
