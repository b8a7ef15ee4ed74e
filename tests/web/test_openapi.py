"""The document is true: what it tells of is what happens, for every route and every status that can be provoked."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import pytest

from service.access.model import KeyScope, NewKey, Principal
from service.campaigns.outcomes import LABELS
from service.postgres import database as postgres_database
from service.postgres.database import Database
from service.progress.events import CampaignPhase
from service.settings import Settings
from tests.served import Served, serving
from tests.web.documented import Json, Operation, Record, handlers_of, operations_of, parameters_of, resolved
from tests.web.locks import nobody_writes_campaigns, until_waiting
from tests.web.raw_http import connected, read_answer, request_head
from tests.web.test_api import REQUEST, changed, created
from tests.world import Answer, Caller

JSON_TYPE = {"Content-Type": "application/json"}
LIST_TYPE = {"Content-Type": "text/plain"}
TOO_LARGE = b'"' + b"x" * 1_000_001 + b'"'
WRONG_VALUE = "~"
FOR_LISTS = changed("/initialPhase", "dns_validation")  # it takes names
BODIES: dict[str, Any] = {
    "create_campaign": REQUEST,
    "update_campaign": {"name": "another"},
    "transition_campaign": {"targetPhase": "domain_generation"},
    "preview_pattern": REQUEST["configuration"]["domainGeneration"],
    "estimate_campaign": {key: REQUEST[key] for key in ("initialPhase", "configuration")},
    "make_key": {"name": "another"},
}
# Told of, and provoked elsewhere: tests/domains/reading/test_pages.py, tests/domains/importing.
PROVOKED_ELSEWHERE = {("list_domains", 409), ("list_leads", 409), ("import_domains", 408), ("stream_rejects", 200)}


@pytest.fixture
async def served(database_url: str) -> AsyncIterator[Served]:
    async with serving(database_url, Settings(body_seconds=1)) as running:
        yield running


@pytest.fixture
def api(served: Served, key: NewKey) -> Caller:
    return Caller(served.base_url, key.secret)


@pytest.fixture
async def document(api: Caller) -> Json:
    answer = await api.call("GET", "/schema/openapi.json")
    found: Json = answer.body if isinstance(answer.body, dict) else msgspec.json.decode(answer.body)
    return found


@pytest.fixture
def operations(document: Json, served: Served) -> list[Operation]:
    return operations_of(document, served.application)


def test_every_route_is_in_the_document(served: Served, operations: list[Operation]) -> None:
    assert {each.id for each in operations} == {str(each.operation_id) for each in handlers_of(served.application)}


def test_every_reference_leads_somewhere(document: Json) -> None:
    def check(part: Any) -> None:
        if isinstance(part, dict):
            if "$ref" in part:
                kind, name = part["$ref"].removeprefix("#/components/").split("/")
                assert name in document["components"][kind]
            for each in part.values():
                check(each)
        elif isinstance(part, list):
            for each in part:
                check(each)

    check(document)


def test_idempotent_operations_tell_of_their_header(document: Json, operations: list[Operation]) -> None:
    assert {each.id for each in operations if each.is_idempotent} >= {"create_campaign", "transition_campaign"}
    for operation in operations:
        header = parameters_of(document, operation, "header").get("Idempotency-Key")
        assert (header is not None) == operation.is_idempotent, operation.id
        told = [name for response in operation.spec["responses"].values() for name in response.get("headers", {})]
        assert ("Idempotency-Replayed" in told) == operation.is_idempotent, operation.id


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing/here"), ("PUT", "/campaigns"), ("OPTIONS", "/keys")])
async def test_where_there_is_no_operation_the_request_has_an_id_too(api: Caller, method: str, path: str) -> None:
    answer = await api.call(method, path)
    assert answer.status >= 400
    assert answer.headers["x-request-id"]


def test_who_may_ask(document: Json, operations: list[Operation]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert (schemes["key"]["type"], schemes["key"]["scheme"]) == ("http", "bearer")
    assert (schemes["session"]["in"], schemes["session"]["name"]) == ("cookie", "phaseline_session")
    security = {each.id: each.spec["security"] for each in operations}
    assert {name for name, required in security.items() if not required} == {"get_liveness", "get_readiness"}
    assert security["create_campaign"] == [{"key": ["write"]}, {"session": ["write"]}]
    assert security["list_keys"] == [{"key": ["admin"]}, {"session": ["admin"]}]
    assert security["open_session"] == [{"key": []}]


def test_outcome_filters_are_closed_lists(document: Json, operations: list[Operation]) -> None:
    phases = {
        "dnsOutcome": CampaignPhase.DNS_VALIDATION,
        "httpOutcome": CampaignPhase.HTTP_VALIDATION,
        "analysisOutcome": CampaignPhase.ANALYSIS,
    }
    for operation in operations:
        if operation.id in {"list_domains", "export_domains"}:
            queries = parameters_of(document, operation, "query")
            for name, phase in phases.items():
                assert queries[name]["schema"]["type"] == "array"
                outcome = resolved(document, queries[name]["schema"]["items"])
                assert outcome["enum"] == list(LABELS[phase].values())


async def test_statuses_headers_and_problems_are_as_they_are_told(
    served: Served,
    api: Caller,
    document: Json,
    operations: list[Operation],
    database: Database,
    principal: Principal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = Record(document)
    callers = await others(api)
    for operation in operations:
        await ask_as(record, operation, callers)
        await ask_from_elsewhere(record, operation, callers[0])
        await ask_for_what_there_is_not(record, operation, api)
        await ask_in_wrong_ways(record, operation, api)
        await ask_with_wrong_bodies(record, operation, api)
        await ask_twice(record, operation, api, database, principal.tenant_id)
    await asyncio.gather(*(send_slowly(record, each, api) for each in operations))
    await ask_too_often(record, operations, api, database)
    for operation in operations:
        await ask_rightly(record, operation, api)
    await ask_to_go_without_admin(record, operations, api, principal)
    await ask_a_busy_database(record, operations, served, api, monkeypatch)
    await ask_a_broken_database(record, operations, api, database)
    assert not record.faults, "\n".join(record.faults)
    never_seen = {
        (name, status) for name, status in record.never_seen(operations) if not is_bug_of_public(name, status)
    }
    assert never_seen <= PROVOKED_ELSEWHERE


def is_bug_of_public(name: str, status: int) -> bool:
    """Nothing that could be broken from outside stands behind them."""
    return status == 500 and name in {"get_liveness", "get_readiness"}


async def others(api: Caller) -> list[Caller]:
    """Somebody without a key, and bearers of keys of one scope each."""
    made = [(await api.call("POST", "/keys", json={"name": scope, "scopes": [scope]})).body for scope in KeyScope]
    return [Caller(api.base_url, None), *(Caller(api.base_url, each["secret"]) for each in made)]


async def ask_as(record: Record, operation: Operation, callers: list[Caller]) -> None:
    for caller in callers:
        record.note(operation, await caller.call(operation.method, operation.place()))


async def ask_from_elsewhere(record: Record, operation: Operation, nobody: Caller) -> None:
    """From another site's page, with the cookie that comes by itself."""
    headers = {"Cookie": "phaseline_session=x", "Origin": "https://elsewhere.example"}
    record.note(operation, await nobody.call(operation.method, operation.place(), headers=headers))


async def ask_for_what_there_is_not(record: Record, operation: Operation, api: Caller) -> None:
    record.note(operation, await api.call(operation.method, operation.place(), json=BODIES.get(operation.id)))


async def ask_in_wrong_ways(record: Record, operation: Operation, api: Caller) -> None:
    """One wrong parameter at a time; conditions that fail, and some that are none."""
    campaign = await created(api)
    place, body = operation.place(campaign["id"]), BODIES.get(operation.id)
    for name in parameters_of(record.document, operation, "query"):
        record.note(operation, await api.call(operation.method, f"{place}?{name}={WRONG_VALUE}", json=body))
    for name in parameters_of(record.document, operation, "header"):
        for value in ('"999"', "a b", "x" * 300):
            record.note(operation, await api.call(operation.method, place, json=body, headers={name: value}))
    if "{phase}" in operation.path:
        record.note(operation, await api.call(operation.method, place.replace("dns_validation", "nonsense")))


async def ask_with_wrong_bodies(record: Record, operation: Operation, api: Caller) -> None:
    place = operation.place((await created(api))["id"])
    if operation.id == "import_domains":
        place = operation.place((await created(api, FOR_LISTS))["id"])
        for headers in (LIST_TYPE, LIST_TYPE | {"Content-Encoding": "br"}, LIST_TYPE | {"Content-Encoding": "gzip"}):
            record.note(operation, await api.call(operation.method, place, content=b"-", headers=headers))
        return
    if operation.method == "GET":
        return
    headers = JSON_TYPE | ({"Idempotency-Key": "wrong"} if operation.is_idempotent else {})
    for content in (b"{", b'{"colour": "red"}', TOO_LARGE):
        if "requestBody" in operation.spec or (operation.is_idempotent and content is TOO_LARGE):
            record.note(operation, await api.call(operation.method, place, content=content, headers=headers))


async def ask_twice(record: Record, operation: Operation, api: Caller, database: Database, tenant_id: UUID) -> None:
    """With the same Idempotency-Key: while the first is under way, after it, and for something else."""
    if not operation.is_idempotent:
        return
    place, body, name = operation.place((await created(api))["id"]), BODIES.get(operation.id), operation.id
    async with answering(database, tenant_id, name):
        record.note(operation, await api.call(operation.method, place, json=body, headers={"Idempotency-Key": name}))
    for if_match in ({}, {}, {"If-Match": '"1"'}):
        headers = {"Idempotency-Key": name, **if_match}
        record.note(operation, await api.call(operation.method, place, json=body, headers=headers))


@contextlib.asynccontextmanager
async def answering(database: Database, tenant_id: UUID, name: str) -> AsyncIterator[None]:
    """As if a request with this Idempotency-Key were under way."""
    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1::text || ' ' || $2::text, 0))", str(tenant_id), name
        )
        yield


async def send_slowly(record: Record, operation: Operation, api: Caller) -> None:
    if not operation.is_idempotent and "requestBody" not in operation.spec:
        return
    head = request_head(
        operation.method, operation.place(), str(api.secret), "Content-Length: 10", "Idempotency-Key: slow"
    )
    async with connected(api.base_url) as (reader, writer):
        writer.write(head)
        raw = await read_answer(reader)
    headers = dict(line.split(": ", 1) for line in raw.head.split("\r\n")[1:])
    record.note(operation, Answer(raw.status, headers, msgspec.json.decode(raw.body)))


async def ask_too_often(record: Record, operations: list[Operation], api: Caller, database: Database) -> None:
    async with serving(database.url, Settings(requests_in_flight=1)) as served, nobody_writes_campaigns(database):
        busy = Caller(served.base_url, api.secret)
        held = asyncio.create_task(created(busy))
        await until_waiting(database, 1)
        for operation in operations:
            await ask_as(record, operation, [busy])
        held.cancel()


async def ask_rightly(record: Record, operation: Operation, api: Caller) -> None:
    """In a campaign's first state, in which some commands make no sense."""
    place, body = operation.place((await created(api))["id"]), BODIES.get(operation.id)
    if operation.id == "revoke_key":
        place = f"/keys/{(await api.call('POST', '/keys', json={'name': 'short'})).body['id']}"
    record.note(operation, await api.call(operation.method, place, json=body))
    if operation.id == "import_domains":
        place = operation.place((await created(api, FOR_LISTS))["id"])
        record.note(operation, await api.call(operation.method, place, content=b"one.com", headers=LIST_TYPE))
    if operation.id.endswith("_campaign") and operation.method == "POST":
        await ask_in_a_fitting_state(record, operation, api)


async def ask_in_a_fitting_state(record: Record, operation: Operation, api: Caller) -> None:
    campaign = await created(api)
    path = f"/campaigns/{campaign['id']}"
    await api.call("PUT", f"{path}/transition", json={"targetPhase": "domain_generation"})
    before = {"resume_campaign": "pause", "retry_campaign": "cancel"}.get(operation.id)
    if before:
        await api.call("POST", f"{path}/{before}")
    record.note(
        operation, await api.call(operation.method, operation.place(campaign["id"]), json=BODIES.get(operation.id))
    )


async def ask_to_go_without_admin(
    record: Record, operations: list[Operation], api: Caller, principal: Principal
) -> None:
    """All keys but one are taken back; the last is refused."""
    revoke = next(each for each in operations if each.id == "revoke_key")
    for made in (await api.call("GET", "/keys")).body["items"]:
        if made["id"] != str(principal.key_id) and made["revokedAt"] is None:
            await api.call("DELETE", f"/keys/{made['id']}")
    record.note(revoke, await api.call("DELETE", f"/keys/{principal.key_id}"))


async def ask_a_busy_database(
    record: Record, operations: list[Operation], served: Served, api: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its connections are taken."""
    monkeypatch.setattr(postgres_database, "ACQUIRE_SECONDS_MAX", 0.1)
    pool = served.application.state["database"].pool
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(pool.get_max_size()):
            await stack.enter_async_context(pool.acquire())
        for operation in operations:
            await ask_as(record, operation, [api])


async def ask_a_broken_database(record: Record, operations: list[Operation], api: Caller, database: Database) -> None:
    await database.pool.execute("ALTER TABLE api_keys RENAME TO hidden_keys")
    for operation in operations:
        await ask_as(record, operation, [api])


async def test_an_unknown_outcome_is_still_refused_in_words(api: Caller) -> None:
    campaign = await created(api)
    answer = await api.call("GET", f"/campaigns/{campaign['id']}/domains?dnsOutcome=resolvd")
    assert (answer.status, answer.body["code"], answer.body["pointer"]) == (422, "outcome_unknown", "/dnsOutcome")
    assert "'resolvd'" in answer.body["detail"]
    assert all(label in answer.body["detail"] for label in LABELS[CampaignPhase.DNS_VALIDATION].values())
