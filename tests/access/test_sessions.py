"""Sessions over real HTTP and websockets: a cookie for pages of our own origin, and for no others."""

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from service.access import commands
from service.access.model import NewKey
from service.postgres.database import Database
from service.settings import Settings
from tests.web.test_api import REQUEST, assert_problem
from tests.world import Answer, Caller, running_api

ELSEWHERE = "https://elsewhere.example"


def cookie_of(answer: Answer) -> str:
    """The cookie as a browser sends it back."""
    return answer.headers["set-cookie"].partition(";")[0]


@pytest.fixture
async def cookie(api: Caller) -> str:
    return cookie_of(await api.call("POST", "/session"))


@pytest.fixture
def page(base_url: str) -> Caller:
    """A page of our own: it has no key."""
    return Caller(base_url, None)


async def test_a_key_becomes_a_cookie_that_no_script_reads(api: Caller, page: Caller, database: Database) -> None:
    answer = await api.call("POST", "/session")
    assert answer.status == 201
    assert answer.body["actor"] == "default's key"
    assert answer.body["scopes"] == ["read", "write", "admin"]
    parts = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert parts == {"httponly", "path=/", "samesite=strict"}
    secret = cookie_of(answer).partition("=")[2]
    assert len(secret) == 43
    assert secret not in str([dict(row) for row in await database.pool.fetch("SELECT * FROM sessions")])
    assert secret not in str(answer.body)
    assert (await page.call("GET", "/campaigns", headers={"Cookie": cookie_of(answer)})).status == 200


async def test_over_https_the_cookie_never_travels_openly(database_url: str, key: NewKey) -> None:
    settings = Settings(origin="https://phaseline.example")
    async with running_api(database_url, settings) as base_url:
        answer = await Caller(base_url, key.secret).call("POST", "/session")
        assert "secure" in answer.headers["set-cookie"].lower()
        page, cookie = Caller(base_url, None), {"Cookie": cookie_of(answer)}
        own = {**cookie, "Origin": "https://phaseline.example"}
        assert (await page.call("POST", "/campaigns", json=REQUEST, headers=own)).status == 201
        inner = {**cookie, "Origin": base_url}
        assert_problem(await page.call("POST", "/campaigns", json=REQUEST, headers=inner), 403, "origin_refused")


async def test_only_our_own_pages_can_command(page: Caller, cookie: str, database: Database) -> None:
    for headers in ({}, {"Origin": ELSEWHERE}, {"Origin": "null"}, {"Origin": page.base_url + "0"}):
        answer = await page.call("POST", "/campaigns", json=REQUEST, headers={"Cookie": cookie, **headers})
        assert_problem(answer, 403, "origin_refused")
    assert await database.pool.fetchval("SELECT count(*) FROM campaigns") == 0
    own = {"Cookie": cookie, "Origin": page.base_url}
    assert (await page.call("POST", "/campaigns", json=REQUEST, headers=own)).status == 201


async def test_a_session_can_do_what_its_key_can(api: Caller, page: Caller) -> None:
    made = (await api.call("POST", "/keys", json={"name": "reader", "scopes": ["read"]})).body
    reader = Caller(api.base_url, made["secret"])
    own = {"Cookie": cookie_of(await reader.call("POST", "/session")), "Origin": page.base_url}
    assert (await page.call("GET", "/campaigns", headers=own)).status == 200
    assert_problem(await page.call("POST", "/campaigns", json=REQUEST, headers=own), 403, "scope_missing")
    assert (await page.call("DELETE", "/session", headers=own)).status == 204


async def test_a_session_does_not_open_another(page: Caller, cookie: str) -> None:
    own = {"Cookie": cookie, "Origin": page.base_url}
    assert_problem(await page.call("POST", "/session", headers=own), 403, "key_needed")


async def test_a_closed_session_is_gone(page: Caller, cookie: str) -> None:
    own = {"Cookie": cookie, "Origin": page.base_url}
    closed = await page.call("DELETE", "/session", headers=own)
    assert closed.status == 204
    assert "max-age=0" in closed.headers["set-cookie"].lower()
    assert_problem(await page.call("GET", "/campaigns", headers=own), 401, "session_unknown")


async def test_a_session_ends_with_its_key(api: Caller, page: Caller) -> None:
    made = (await api.call("POST", "/keys", json={"name": "short"})).body
    cookie = cookie_of(await Caller(api.base_url, made["secret"]).call("POST", "/session"))
    await api.call("DELETE", f"/keys/{made['id']}")
    assert_problem(await page.call("GET", "/campaigns", headers={"Cookie": cookie}), 401, "session_unknown")


@pytest.mark.parametrize("secret", ["", "x", "x" * 43, "x" * 5_000])
async def test_what_is_no_session_is_nobodys(page: Caller, secret: str) -> None:
    answer = await page.call("GET", "/campaigns", headers={"Cookie": f"phaseline_session={secret}"})
    assert_problem(answer, 401, "session_unknown")


async def opened(database: Database, key: NewKey, secret: str) -> None:
    principal = await commands.find_principal(database, key.secret)
    assert principal is not None
    async with database.transaction() as tx:
        await commands.open_session(tx, principal, secret)


async def is_open(database: Database, secret: str) -> bool:
    async with database.transaction() as tx:
        return await commands.find_principal_of_session(tx, secret) is not None


async def test_a_session_ends_when_it_lies_idle(database: Database, key: NewKey) -> None:
    await opened(database, key, "used")
    await opened(database, key, "idle")
    for minutes in (100, 200):
        database.clock_offset = timedelta(minutes=minutes)
        assert await is_open(database, "used")
    assert not await is_open(database, "idle")


async def test_a_session_ends_after_half_a_day_of_use(database: Database, key: NewKey) -> None:
    await opened(database, key, "used")
    for hours in range(1, 12):
        database.clock_offset = timedelta(hours=hours)
        assert await is_open(database, "used")
    database.clock_offset = timedelta(hours=12)
    assert not await is_open(database, "used")


async def test_ended_sessions_are_cleared_away(database: Database, key: NewKey) -> None:
    await opened(database, key, "idle")
    database.clock_offset = timedelta(hours=1)
    await opened(database, key, "open")
    database.clock_offset = timedelta(hours=2, seconds=1)
    async with database.transaction() as tx:
        assert await commands.delete_ended_sessions(tx) == 1
    assert await is_open(database, "open")


async def test_opening_and_closing_are_recorded(api: Caller, page: Caller, cookie: str) -> None:
    await page.call("DELETE", "/session", headers={"Cookie": cookie, "Origin": page.base_url})
    closed, started, _ = (await api.call("GET", "/acts")).body["items"]
    assert (closed["act"], started["act"]) == ("session_closed", "session_opened")
    assert closed["target"] == started["target"]


@contextlib.asynccontextmanager
async def watching(page: Caller, cookie: str, origin: str | None) -> AsyncIterator[ClientConnection]:
    headers = {"Cookie": cookie, **({"Origin": origin} if origin else {})}
    address = page.base_url.replace("http://", "ws://") + "/ws"
    async with connect(address, additional_headers=headers, proxy=None) as socket:
        yield socket


async def test_our_own_pages_can_watch(page: Caller, cookie: str) -> None:
    async with watching(page, cookie, page.base_url) as socket:
        await socket.send('{"subscribe":["campaign.progress"],"campaignIds":[1]}')
        assert '"error"' in str(await socket.recv())


@pytest.mark.parametrize("origin", [None, ELSEWHERE, "null"])
async def test_other_sites_pages_cannot_watch(page: Caller, cookie: str, origin: str | None) -> None:
    with pytest.raises(InvalidStatus):
        async with watching(page, cookie, origin):
            pass


async def test_watching_needs_the_scope_to_read(api: Caller, page: Caller) -> None:
    made = (await api.call("POST", "/keys", json={"name": "blind", "scopes": ["write"]})).body
    cookie = cookie_of(await Caller(api.base_url, made["secret"]).call("POST", "/session"))
    with pytest.raises(InvalidStatus):
        async with watching(page, cookie, page.base_url):
            pass


async def test_settings_are_shown_without_secrets(database_url: str, key: NewKey) -> None:
    settings = Settings(database_url="postgresql://me:hush@db/phaseline", key="phl_hush", workers=3)
    async with running_api(database_url, settings) as base_url:
        answer = await Caller(base_url, key.secret).call("GET", "/settings")
    shown = {item["name"]: item["value"] for item in answer.body["items"]}
    assert shown["PHASELINE_WORKERS"] == "3"
    assert shown["DATABASE_URL"] == "(set, not shown)"
    assert "hush" not in str(answer.body)
    assert len(shown) == len(Settings.__struct_fields__)
