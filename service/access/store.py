"""Tenants, keys, sessions and acts in the database."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from service.access.model import Act, ActDetail, Bearer, Key, KeyScope, Principal, RecordedAct
from service.postgres.database import Database, Tx
from service.postgres.queries import load_queries

SQL = load_queries("service.access")
FIND_PRINCIPAL = SQL["find_principal"]
FIND_PRINCIPAL_OF_SESSION = SQL["find_principal_of_session"]
LIST_ENDED_BEARERS = SQL["list_ended_bearers"]
COUNT_KEYS = SQL["count_keys"]
FIND_TENANT = SQL["find_tenant"]
INSERT_TENANT = SQL["insert_tenant"]
LOCK_TENANT = SQL["lock_tenant"]
INSERT_KEY = SQL["insert_key"]
LIST_KEYS = SQL["list_keys"]
FIND_KEY = SQL["find_key"]
COUNT_OTHER_ADMIN_KEYS = SQL["count_other_admin_keys"]
REVOKE_KEY = SQL["revoke_key"]
INSERT_SESSION = SQL["insert_session"]
UPDATE_SESSION_USED = SQL["update_session_used"]
UPDATE_SESSIONS_USED = SQL["update_sessions_used"]
DELETE_SESSION = SQL["delete_session"]
DELETE_ENDED_SESSIONS = SQL["delete_ended_sessions"]
DELETE_OLD_ACTS = SQL["delete_old_acts"]
DELETE_ENDED_KEYS = SQL["delete_ended_keys"]
INSERT_ACT = SQL["insert_act"]
LIST_ACTS = SQL["list_acts"]

decode_detail = msgspec.json.Decoder(ActDetail).decode


async def find_principal(database: Database, secret_hash: bytes, *, seconds: float) -> Principal | None:
    row = await database.look_up(FIND_PRINCIPAL, secret_hash, database.clock_offset, seconds=seconds)
    return None if row is None else principal_of(row)


async def find_principal_of_session(
    tx: Tx, secret_hash: bytes, *, idle_since: datetime
) -> tuple[Principal, datetime] | None:
    """Who, and when the session was used last."""
    row = await tx.find(FIND_PRINCIPAL_OF_SESSION, secret_hash, tx.now, idle_since)
    return None if row is None else (principal_of(row), row["used_at"])


def principal_of(row: asyncpg.Record) -> Principal:
    scopes = frozenset(KeyScope(scope) for scope in row["scopes"])
    return Principal(row["tenant_id"], row["key_id"], row["name"], scopes, row["expires_at"], row["session_id"])


async def list_ended_bearers(tx: Tx, bearers: Sequence[Bearer]) -> list[Bearer]:
    keys, sessions = [bearer.key_id for bearer in bearers], [bearer.session_id for bearer in bearers]
    rows = await tx.fetch(LIST_ENDED_BEARERS, keys, sessions, tx.now)
    return [Bearer(row["key_id"], row["session_id"]) for row in rows]


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


async def lock_tenant(tx: Tx, tenant_id: UUID) -> None:
    await tx.execute(LOCK_TENANT, tenant_id)


async def insert_key(
    tx: Tx,
    tenant_id: UUID,
    name: str,
    *,
    secret_hash: bytes,
    hint: str,
    scopes: Sequence[KeyScope],
    expires_at: datetime | None,
) -> UUID:
    key_id: UUID = await tx.value(INSERT_KEY, tenant_id, name, secret_hash, hint, scopes, expires_at, tx.now)
    return key_id


async def list_keys(tx: Tx, tenant_id: UUID) -> tuple[Key, ...]:
    return tuple(key_of(row) for row in await tx.fetch(LIST_KEYS, tenant_id))


async def find_key(tx: Tx, tenant_id: UUID, key_id: UUID) -> Key | None:
    row = await tx.find(FIND_KEY, key_id, tenant_id)
    return None if row is None else key_of(row)


def key_of(row: asyncpg.Record) -> Key:
    return Key(
        row["key_id"],
        row["name"],
        row["hint"],
        in_order(row["scopes"]),
        row["created_at"],
        row["expires_at"],
        row["revoked_at"],
    )


def in_order(scopes: Iterable[str]) -> tuple[KeyScope, ...]:
    """Scopes as they are always shown: from the least to the most."""
    given = set(scopes)
    return tuple(scope for scope in KeyScope if scope in given)


async def count_other_admin_keys(tx: Tx, tenant_id: UUID, key_id: UUID) -> int:
    return int(await tx.value(COUNT_OTHER_ADMIN_KEYS, tenant_id, key_id, tx.now))


async def revoke_key(tx: Tx, tenant_id: UUID, key_id: UUID) -> bool:
    return await tx.execute(REVOKE_KEY, key_id, tenant_id, tx.now) > 0


async def insert_session(tx: Tx, key_id: UUID, secret_hash: bytes, expires_at: datetime) -> UUID:
    session_id: UUID = await tx.value(INSERT_SESSION, key_id, secret_hash, tx.now, expires_at)
    return session_id


async def update_session_used(tx: Tx, session_id: UUID) -> None:
    await tx.execute(UPDATE_SESSION_USED, session_id, tx.now)


async def update_sessions_used(tx: Tx, session_ids: Sequence[UUID], *, unused_since: datetime) -> None:
    await tx.execute(UPDATE_SESSIONS_USED, session_ids, tx.now, unused_since)


async def delete_session(tx: Tx, session_id: UUID) -> bool:
    return await tx.execute(DELETE_SESSION, session_id) > 0


async def delete_ended_sessions(tx: Tx, *, idle_since: datetime, limit: int) -> int:
    return await tx.execute(DELETE_ENDED_SESSIONS, tx.now, idle_since, limit)


async def delete_old_acts(tx: Tx, before: datetime, limit: int) -> int:
    return await tx.execute(DELETE_OLD_ACTS, before, limit)


async def delete_ended_keys(tx: Tx, before: datetime, limit: int) -> int:
    return await tx.execute(DELETE_ENDED_KEYS, before, limit)


async def insert_act(tx: Tx, tenant_id: UUID, actor: str, act: Act, target: str, detail: ActDetail) -> None:
    await tx.execute(INSERT_ACT, tenant_id, actor, act, target, msgspec.json.encode(detail).decode(), tx.now)


async def list_acts(tx: Tx, tenant_id: UUID, *, before: int | None, limit: int) -> list[tuple[int, RecordedAct]]:
    """Acts with their numbers, which only a cursor shows."""
    rows = await tx.fetch(LIST_ACTS, tenant_id, before, limit)
    return [
        (
            row["act_id"],
            RecordedAct(Act(row["act"]), row["actor"], row["target"], decode_detail(row["detail"]), row["occurred_at"]),
        )
        for row in rows
    ]
