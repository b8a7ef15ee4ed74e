"""The live service does what its OpenAPI document says, whatever it is asked."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from service import assembly
from tests.contracts.conformance.running import SETTINGS, hold
from tests.contracts.tenants import World
from tests.served import answers_counted

pytestmark = pytest.mark.timeout(600)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_service_is_as_its_document_says(world: World) -> None:
    before = answers_counted()
    verdict = await hold(world)
    assert verdict.holds, verdict.output
    refused = answers_counted() - before
    for item in assembly.contract().openapi["paths"].values():
        for operation in item.values():
            name = operation["operationId"]
            assert bool(refused[name, "401"]) == bool(operation["security"]), name


@pytest.mark.asyncio(loop_scope="module")
async def test_a_service_that_is_not_as_its_document_says_is_found_out(world: World, tmp_path: Path) -> None:
    document = assembly.contract().openapi
    broken = msgspec.json.decode(msgspec.json.encode(document))
    broken["components"]["schemas"]["Liveness"]["properties"]["live"]["const"] = "no"
    broken["paths"]["/health/ready"]["get"]["security"] = [{"key": ["read"]}]
    del broken["paths"]["/workers"]["get"]["responses"]["200"]
    (tmp_path / "openapi.json").write_bytes(msgspec.json.encode(broken))
    chosen = ["get_liveness", "get_readiness", "list_workers"]
    options = [word for name in chosen for word in ("--include-operation-id", name)]
    verdict = await hold(world, document=tmp_path / "openapi.json", options=[*options, "--phases", "coverage"])
    assert not verdict.holds
    for fault in (
        "Response violates schema",
        "API accepts requests without authentication",
        "Undocumented status code",
        f"curl -X GET -H 'Authorization: Bearer {world.owner.key.secret}'",
    ):
        assert fault in verdict.output, verdict.output


def test_every_rule_beyond_the_schema_is_one_of_the_service_s(repository: Path) -> None:
    rules = tomllib.loads(SETTINGS.read_text())["checks"]["RefusedByRule"]["rules"]
    source = "".join(file.read_text() for file in (repository / "service").rglob("*.py"))
    assert [code for code in rules if f'"{code}"' not in source] == []
    assert all(reason.endswith(".") for reason in rules.values())
