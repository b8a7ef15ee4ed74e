"""Two tenants on one server, each with things of its own, and what would give one of them away to the other."""

import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlencode

import msgspec
import pytest
from litestar import Litestar

from service.access.model import NewKey, Principal
from service.postgres.database import Database, open_database
from tests.conftest import key_of, principal_of
from tests.contracts.operations import CREATE, EXAMPLES, TOLERATED, TRIED_ELSEWHERE, Operation, documented
from tests.domains.reading.synthetic import make_domains, plant
from tests.served import serving
from tests.world import Answer, Caller

PLANTED_DOMAINS = 400
ROWS_DIGEST = "SELECT md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {table} t"
TABLES = (
    "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
)


class Tenant(msgspec.Struct, frozen=True):
    """Who calls, and what is found nowhere but with this tenant."""

    name: str
    caller: Caller
    key: NewKey
    principal: Principal
    planted_id: str
    marks: set[str]


class Things(msgspec.Struct, frozen=True):
    """New things of one tenant: its campaigns by their kinds, and the ids that a path may name."""

    campaigns: dict[str, str]
    import_id: str
    key_id: str

    def ids(self, campaign: str | None) -> dict[str, str]:
        """What stands for each id in a path; nothing where it names none."""
        if campaign is None:
            return {}
        return {"campaignId": self.campaigns[campaign], "importId": self.import_id, "keyId": self.key_id}


class World(msgspec.Struct, frozen=True):
    application: Litestar
    base_url: str
    database: Database
    operations: dict[str, Operation]
    owner: Tenant
    stranger: Tenant
    owned: Things  # the owner's; of commands that change things, each test makes its own


@contextlib.asynccontextmanager
async def two_tenants(database_url: str) -> AsyncIterator[World]:
    async with (
        open_database(database_url, connections_max=4) as database,
        serving(database_url) as served,
    ):
        owner = await make_tenant(database, served.base_url, "the-owner", 900_000_001)
        stranger = await make_tenant(database, served.base_url, "the-stranger", 900_000_011)
        document = (await owner.caller.call("GET", "/schema/openapi.json")).body
        owned = await new_things(owner)
        yield World(served.application, served.base_url, database, documented(document), owner, stranger, owned)


async def make_tenant(database: Database, base_url: str, name: str, first_set_id: int) -> Tenant:
    key = await key_of(database, name)
    principal = await principal_of(database, key)
    domains = [
        one._replace(name=f"{one.name[0]}-{name}-{one.name}") for one in make_domains(PLANTED_DOMAINS, seed=3, rare=1.0)
    ]
    planted = await plant(database, principal, domains, first_set_id)
    marks = {str(principal.tenant_id), str(key.key_id), str(planted.campaign_id), name, f"{name}'s key"}
    return Tenant(name, Caller(base_url, key.secret), key, principal, str(planted.campaign_id), marks)


async def new_things(tenant: Tenant) -> Things:
    """A campaign that generates, one with an imported list, and a key; their marks are noted."""
    name = f"{tenant.name}-{secrets.token_hex(4)}"
    generating = await created(tenant, {**CREATE, "name": name})
    await succeeded(tenant, "PUT", f"/campaigns/{generating}/transition", {"targetPhase": "domain_generation"})
    listed = await created(tenant, {**CREATE, "name": name, "initialPhase": "dns_validation"})
    receipt = await tenant.caller.call("POST", f"/campaigns/{listed}/domains/import", content=b"a.com\nbad_one.com")
    assert receipt.status == 202, receipt.body
    key = await succeeded(tenant, "POST", "/keys", {"name": name})
    things = Things(
        {"generating": generating, "listed": listed, "planted": tenant.planted_id},
        receipt.body["importId"],
        key.body["id"],
    )
    tenant.marks.update({name, generating, listed, things.import_id, things.key_id})
    return things


async def created(tenant: Tenant, request: object) -> str:
    campaign_id: str = (await succeeded(tenant, "POST", "/campaigns", request)).body["id"]
    return campaign_id


async def succeeded(tenant: Tenant, method: str, path: str, body: object = None) -> Answer:
    answer = await tenant.caller.call(method, path, json=body)
    assert 200 <= answer.status < 300, (method, path, answer.body)
    return answer


def operation_of(world: World, name: str) -> Operation:
    """As the document tells it; one that is only being built is not tried."""
    if name not in world.operations and name in TOLERATED:
        pytest.skip("not served yet")
    return world.operations[name]


async def prepare(tenant: Tenant, operation: Operation, things: Things) -> None:
    """Bring a campaign to where its example succeeds."""
    example = EXAMPLES[operation.id]
    for command in example.before:
        await succeeded(tenant, "POST", f"/campaigns/{things.ids(example.campaign)['campaignId']}/{command}")


async def call_example(
    caller: Caller, operation: Operation, ids: dict[str, str], headers: Mapping[str, str] | None = None
) -> Answer:
    """The operation's valid call on the things with these ids."""
    example = EXAMPLES[operation.id]
    in_query = {name: example.parameters[name] for name in operation.parameters_in("query") - TRIED_ELSEWHERE}
    in_headers = {name: example.parameters[name] for name in operation.parameters_in("header") - TRIED_ELSEWHERE}
    if example.content is not None:
        in_headers["Content-Type"] = example.content_type
    path = operation.path_of(ids) + ("?" + urlencode(in_query) if in_query else "")
    return await caller.call(
        operation.method,
        path,
        json=example.body,
        content=example.content,
        headers={**in_headers, **(headers or {})},
    )


def marks_in(answer: Answer, tenant: Tenant) -> set[str]:
    """What in an answer gives a tenant away."""
    shown = msgspec.json.encode([dict(answer.headers), answer.body if not isinstance(answer.body, bytes) else None])
    text = shown.decode() + (answer.body.decode("latin-1") if isinstance(answer.body, bytes) else "")
    return {mark for mark in tenant.marks if mark in text}


async def digest(database: Database) -> dict[str, str | None]:
    """What stands in each table."""
    async with database.pool.acquire() as connection:
        tables = [row[0] for row in await connection.fetch(TABLES)]
        return {table: await connection.fetchval(ROWS_DIGEST.format(table=table)) for table in tables}
