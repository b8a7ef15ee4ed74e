"""Tenants and keys in the database."""

from uuid import UUID

from service.access.model import Key, Principal
from service.postgres.database import Tx
from service.postgres.queries import load_queries

SQL = load_queries("service.access")
FIND_PRINCIPAL = SQL["find_principal"]
COUNT_KEYS = SQL["count_keys"]
FIND_TENANT = SQL["find_tenant"]
INSERT_TENANT = SQL["insert_tenant"]
INSERT_KEY = SQL["insert_key"]
LIST_KEYS = SQL["list_keys"]
REVOKE_KEY = SQL["revoke_key"]


async def find_principal(tx: Tx, secret_hash: bytes) -> Principal | None:
    row = await tx.find(FIND_PRINCIPAL, secret_hash)
    return None if row is None else Principal(row["tenant_id"], row["key_id"], row["name"])


async def count_keys(tx: Tx) -> int:
    return int(await tx.value(COUNT_KEYS))


async def find_tenant(tx: Tx, name: str) -> UUID | None:
    found: UUID | None = await tx.value(FIND_TENANT, name)
    return found


async def find_or_insert_tenant(tx: Tx, name: str) -> UUID:
    found = await find_tenant(tx, name)
    if found is not None:
        return found
    made: UUID = await tx.value(INSERT_TENANT, name, tx.now)
    return made


async def insert_key(tx: Tx, tenant_id: UUID, name: str, *, secret_hash: bytes, hint: str) -> UUID:
    key_id: UUID = await tx.value(INSERT_KEY, tenant_id, name, secret_hash, hint, tx.now)
    return key_id


async def list_keys(tx: Tx, tenant_id: UUID) -> tuple[Key, ...]:
    rows = await tx.fetch(LIST_KEYS, tenant_id)
    return tuple(Key(row["key_id"], row["name"], row["hint"], row["created_at"], row["revoked_at"]) for row in rows)


async def revoke_key(tx: Tx, tenant_id: UUID, key_id: UUID) -> bool:
    return await tx.execute(REVOKE_KEY, key_id, tenant_id, tx.now) > 0
