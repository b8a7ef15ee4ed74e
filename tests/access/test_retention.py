"""What is not kept for ever goes when its time has come, and not before."""

import secrets
from datetime import timedelta

from service import assembly
from service.access import commands
from service.access.model import Act, KeyScope, NewKey, Principal
from service.postgres.database import Database
from service.settings import Settings

EVERYTHING = Settings(acts_days=30, ended_keys_days=10)
FOR_EVER = Settings()


async def forget(database: Database, settings: Settings, *, days: float) -> int:
    """What one clean-up removes so many days from now."""
    database.clock_offset += timedelta(days=days)
    try:
        return await assembly.forget_what_is_old(database, settings)
    finally:
        database.clock_offset -= timedelta(days=days)


async def acts(database: Database) -> list[str]:
    return [row["act"] for row in await database.pool.fetch("SELECT act FROM acts ORDER BY act_id")]


async def keys(database: Database) -> set[str]:
    return {row["name"] for row in await database.pool.fetch("SELECT name FROM api_keys")}


async def test_acts_are_kept_for_their_time(database: Database, principal: Principal) -> None:
    async with database.transaction() as tx:
        await commands.note_act(tx, principal, Act.CAMPAIGN_CREATED, "x")
    assert await acts(database) == ["key_made", "campaign_created"]
    assert await forget(database, EVERYTHING, days=29) == 0
    assert await forget(database, FOR_EVER, days=3_000) == 0
    assert await acts(database) == ["key_made", "campaign_created"]
    assert await forget(database, EVERYTHING, days=31) == 2
    assert await acts(database) == []


async def test_ended_keys_are_listed_for_their_time(database: Database, key: NewKey, principal: Principal) -> None:
    async with database.transaction() as tx:
        await tx.begin()
        expiring, revoked = [
            await commands.make_key(
                tx,
                tenant="default",
                name=name,
                random_part=secrets.token_urlsafe(32),
                scopes=(KeyScope.READ,),
                expires_at=expires_at,
            )
            for name, expires_at in (("expiring", tx.now + timedelta(days=5)), ("revoked", None))
        ]
        await commands.revoke_key(tx, principal.tenant_id, revoked.key_id)
        await commands.open_session(tx, principal, "a session's secret")
    ours = key.name
    assert await forget(database, Settings(ended_keys_days=10), days=9) > 0, "the session has ended"
    assert await keys(database) == {ours, expiring.name, revoked.name}
    assert await forget(database, FOR_EVER, days=3_000) == 0
    assert await forget(database, Settings(ended_keys_days=10), days=11) == 1
    assert await keys(database) == {ours, expiring.name}
    assert await forget(database, Settings(ended_keys_days=10), days=16) == 1
    assert await keys(database) == {ours}, "a key that lets somebody in stays"
