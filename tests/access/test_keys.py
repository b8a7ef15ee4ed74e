import secrets

import pytest

from service.access import commands, store
from service.access.model import NewKey, Principal
from service.errors import NotFound
from service.postgres.database import Database


async def test_the_first_key_is_made_once(database: Database) -> None:
    async with database.transaction() as tx:
        first = await commands.make_first_key(tx, secrets.token_urlsafe(32))
    async with database.transaction() as tx:
        second = await commands.make_first_key(tx, secrets.token_urlsafe(32))
    assert first is not None
    assert second is None


async def test_the_secret_is_stored_nowhere(database: Database, key: NewKey) -> None:
    rows = await database.pool.fetch("SELECT * FROM api_keys")
    assert len(rows) == 1
    assert key.secret not in str(dict(rows[0]))


async def test_a_revoked_key_is_nobodys(database: Database, key: NewKey, principal: Principal) -> None:
    async with database.transaction() as tx:
        await commands.revoke_key(tx, principal.tenant_id, key.key_id)
    assert await commands.find_principal(database, key.secret) is None
    async with database.transaction() as tx:
        (shown,) = await store.list_keys(tx, principal.tenant_id)
    assert shown.revoked_at is not None


async def test_nobody_revokes_another_tenants_key(database: Database, key: NewKey, stranger: Principal) -> None:
    with pytest.raises(NotFound):
        async with database.transaction() as tx:
            await commands.revoke_key(tx, stranger.tenant_id, key.key_id)


@pytest.mark.parametrize("secret", ["", "phl_", "phl_nonsense", "Bearer", "x" * 1_000, "phl_" + "é" * 20])
async def test_what_is_no_key_is_nobodys(database: Database, key: NewKey, secret: str) -> None:
    assert await commands.find_principal(database, secret) is None
