"""Keys over real HTTP: what they may do, until when, and what they can give."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from service.access import commands
from service.access.model import KeyScope, NewKey, Principal
from service.postgres.database import Database
from tests.conftest import key_of
from tests.web.test_api import REQUEST, assert_problem
from tests.world import Caller


async def granted(api: Caller, **request: Any) -> Any:
    answer = await api.call("POST", "/keys", json={"name": "new", **request})
    assert answer.status == 201, answer.body
    return answer.body


async def bearer(api: Caller, *scopes: str) -> Caller:
    """Somebody with a new key of these scopes."""
    return Caller(api.base_url, (await granted(api, scopes=scopes))["secret"])


async def status_of(api: Caller, method: str, path: str, json: Any = None) -> int:
    return (await api.call(method, path, json=json)).status


async def test_a_new_key_reads_and_writes(api: Caller) -> None:
    made = await granted(api)
    assert made["scopes"] == ["read", "write"]
    assert made["expiresAt"] is None
    caller = Caller(api.base_url, made["secret"])
    assert await status_of(caller, "GET", "/campaigns") == 200
    assert await status_of(caller, "POST", "/campaigns", REQUEST) == 201


@pytest.mark.parametrize(
    ("scope", "reads", "writes", "administers"),
    [("read", 200, 403, 403), ("write", 403, 201, 403), ("admin", 403, 403, 200)],
)
async def test_a_scope_allows_its_own_and_nothing_else(
    api: Caller, scope: str, reads: int, writes: int, administers: int
) -> None:
    caller = await bearer(api, scope)
    assert await status_of(caller, "GET", "/campaigns") == reads
    assert await status_of(caller, "POST", "/campaigns", REQUEST) == writes
    for path in ("/keys", "/acts", "/settings"):
        assert await status_of(caller, "GET", path) == administers


async def test_a_missing_scope_is_named_before_the_body_is_looked_at(api: Caller) -> None:
    caller = await bearer(api, "read")
    answer = await caller.call("POST", "/campaigns", content=b"{")
    assert_problem(answer, 403, "scope_missing")
    assert "'write'" in answer.body["detail"]


async def test_a_key_gives_no_scope_that_it_has_not(api: Caller) -> None:
    caller = await bearer(api, "admin", "read")
    answer = await caller.call("POST", "/keys", json={"name": "more", "scopes": ["read", "write"]})
    assert_problem(answer, 403, "scope_not_held")
    assert (await granted(caller, scopes=["read"]))["scopes"] == ["read"]


async def test_a_key_gives_none_that_outlives_it(api: Caller, database: Database) -> None:
    soon, later = await instants(database)
    caller = Caller(api.base_url, (await granted(api, scopes=["read", "admin"], expiresAt=soon))["secret"])
    for expiry in (None, later):
        answer = await caller.call("POST", "/keys", json={"name": "n", "scopes": ["read"], "expiresAt": expiry})
        assert_problem(answer, 403, "expiry_too_late")
    assert (await granted(caller, scopes=["read"], expiresAt=soon))["expiresAt"] == soon


async def instants(database: Database) -> tuple[str, str]:
    """In an hour, and in two, as they stand on the wire."""
    now: datetime = await database.pool.fetchval("SELECT date_trunc('second', now())")
    return on_the_wire(now + timedelta(hours=1)), on_the_wire(now + timedelta(hours=2))


def on_the_wire(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_an_expired_key_is_nobodys(api: Caller, database: Database) -> None:
    soon, _ = await instants(database)
    made = await granted(api, expiresAt=soon)
    caller = Caller(api.base_url, made["secret"])
    assert await status_of(caller, "GET", "/campaigns") == 200
    await database.pool.execute("UPDATE api_keys SET expires_at = now() WHERE key_id = $1", made["id"])
    assert_problem(await caller.call("GET", "/campaigns"), 401, "key_unknown")


@pytest.mark.parametrize(
    ("request_body", "code"),
    [
        ({"name": ""}, "body_invalid"),
        ({"name": "n", "scopes": []}, "body_invalid"),
        ({"name": "n", "scopes": ["root"]}, "body_invalid"),
        ({"name": "n", "expiresAt": "2099-01-01T00:00:00"}, "body_invalid"),
        ({"name": "n", "expiresAt": "2001-01-01T00:00:00Z"}, "expiry_past"),
        ({"name": "n", "tenant": "another"}, "body_invalid"),
    ],
)
async def test_bad_requests_make_no_key(
    api: Caller, database: Database, request_body: dict[str, Any], code: str
) -> None:
    assert_problem(await api.call("POST", "/keys", json=request_body), 422, code)
    assert await database.pool.fetchval("SELECT count(*) FROM api_keys") == 1


async def test_the_list_shows_own_keys_and_no_secret(api: Caller, database: Database) -> None:
    await key_of(database, "another")
    made = await granted(api)
    listed = await api.call("GET", "/keys")
    assert [shown["name"] for shown in listed.body["items"]] == ["new", "default's key"]
    assert made["secret"] not in str(listed.body)
    assert made["secret"].startswith(listed.body["items"][0]["hint"])


async def test_a_revoked_key_is_nobodys_at_once(api: Caller) -> None:
    made = await granted(api)
    for _ in range(2):
        assert await status_of(api, "DELETE", f"/keys/{made['id']}") == 204
    assert_problem(await Caller(api.base_url, made["secret"]).call("GET", "/campaigns"), 401, "key_unknown")
    assert (await api.call("GET", "/keys")).body["items"][0]["revokedAt"] is not None


async def test_unknown_and_other_tenants_keys_are_not_found(api: Caller, database: Database) -> None:
    other = await key_of(database, "another")
    for key_id in (uuid4(), other.key_id):
        assert_problem(await api.call("DELETE", f"/keys/{key_id}"), 404, "key_not_found")
    assert await status_of(Caller(api.base_url, other.secret), "GET", "/campaigns") == 200


async def test_the_last_admin_key_stays(api: Caller, key: NewKey) -> None:
    await granted(api)
    assert_problem(await api.call("DELETE", f"/keys/{key.key_id}"), 409, "last_admin_key")
    second = await granted(api, scopes=["admin"])
    assert await status_of(api, "DELETE", f"/keys/{key.key_id}") == 204
    successor = Caller(api.base_url, second["secret"])
    assert_problem(await successor.call("DELETE", f"/keys/{second['id']}"), 409, "last_admin_key")


async def test_an_expired_admin_key_does_not_count(api: Caller, database: Database, key: NewKey) -> None:
    soon, _ = await instants(database)
    second = await granted(api, scopes=["admin"], expiresAt=soon)
    await database.pool.execute("UPDATE api_keys SET expires_at = now() WHERE key_id = $1", second["id"])
    assert_problem(await api.call("DELETE", f"/keys/{key.key_id}"), 409, "last_admin_key")


async def test_acts_tell_who_did_what(api: Caller, key: NewKey) -> None:
    made = await granted(api, name="for a script")
    await api.call("DELETE", f"/keys/{made['id']}")
    campaign = (await api.call("POST", "/campaigns", json=REQUEST)).body
    first = (await api.call("GET", "/acts?limit=3")).body
    assert [(act["act"], act["actor"], act["target"]) for act in first["items"]] == [
        ("campaign_created", "default's key", campaign["id"]),
        ("key_revoked", "default's key", made["id"]),
        ("key_made", "default's key", made["id"]),
    ]
    assert first["items"][2]["detail"] == {"name": "for a script", "scopes": ["read", "write"]}
    rest = (await api.call("GET", f"/acts?limit=3&cursor={first['nextCursor']}")).body
    assert [(act["act"], act["actor"]) for act in rest["items"]] == [("key_made", "operator")]
    assert rest["nextCursor"] is None


async def test_acts_of_other_tenants_are_not_shown(api: Caller, database: Database) -> None:
    await key_of(database, "another")
    assert len((await api.call("GET", "/acts")).body["items"]) == 1


async def test_a_refused_act_is_not_recorded(api: Caller, key: NewKey) -> None:
    await api.call("DELETE", f"/keys/{key.key_id}")
    assert [act["act"] for act in (await api.call("GET", "/acts")).body["items"]] == ["key_made"]


async def test_keys_made_at_the_machine_can_do_everything(key: NewKey, principal: Principal) -> None:
    assert principal.scopes == set(KeyScope)


async def test_keys_made_at_the_machine_can_be_bounded(database: Database) -> None:
    async with database.transaction() as tx:
        made = await commands.make_key(tx, tenant="t", name="n", random_part="r" * 43, scopes=(KeyScope.READ,))
    found = await commands.find_principal(database, made.secret)
    assert found is not None
    assert found.scopes == {KeyScope.READ}
