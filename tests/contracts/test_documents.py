"""The documents as documents: committed as they are made, complete, open where answers may grow, closed where asked."""

import importlib
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler

from service import assembly
from service.cli.app import run_command
from service.cli.openapi import documents
from service.web.application import API_VERSION
from service.web.contract.documents import as_json, as_yaml
from service.web.contract.schemas import references_in
from tests.contracts.validation import Json
from tests.contracts.written_documents import outdated
from tests.world import Caller, running_api

# Named by what they make or show; there is no command behind them, or one of another name that the CLI has taken.
NO_COMMANDS = {"get_liveness", "get_readiness", "get_settings", "export_domains"}
PLACES = ("commands", "views")


@pytest.fixture(scope="module")
def document() -> Json:
    return assembly.contract().openapi


def operations_in(document: Json) -> Iterator[Json]:
    for item in document["paths"].values():
        yield from item.values()


def test_what_is_committed_is_what_the_routes_say() -> None:
    assert outdated() == []


def test_the_command_writes_both(tmp_path: Path) -> None:
    assert run_command(["openapi", "--folder", str(tmp_path / "new")]) == 0
    assert {file.name: file.read_bytes() for file in (tmp_path / "new").iterdir()} == documents()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert run_command(["openapi", "--folder", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err.startswith("Cannot write ")


def test_the_command_needs_no_client() -> None:
    """The client's types are made from what it writes."""
    script = "import sys, service.cli.openapi; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "service.cli.openapi" in loaded
    assert not {"service.cli.client", "service.cli.calling", "phaseline_client"} & set(loaded)


def test_both_are_the_same_in_every_process() -> None:
    """No order of a set or of a dictionary's keys gets into them."""
    script = "from service.cli.openapi import documents; print(b''.join(documents().values()).decode(), end='')"
    made = {
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert made == {b"".join(documents().values())}


def test_the_version_is_the_project_s(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    contract = assembly.contract()
    versions = {
        API_VERSION,
        project["version"],
        *(each["info"]["version"] for each in (contract.openapi, contract.asyncapi)),
    }
    assert len(versions) == 1


@pytest.mark.parametrize("name", ["openapi", "asyncapi"])
def test_every_reference_leads_somewhere(name: str) -> None:
    found: Json = getattr(assembly.contract(), name)
    assert set(references_in(found)) <= set(found["components"]["schemas"])


def test_every_operation_says_what_it_does(document: Json) -> None:
    summaries = [operation["summary"] for operation in operations_in(document)]
    assert all(len(summary) > 10 and summary.endswith(".") for summary in summaries), summaries
    assert len(set(summaries)) == len(summaries)
    tags = {tag["name"] for tag in document["tags"]}
    assert {tag for operation in operations_in(document) for tag in operation["tags"]} == tags


def test_an_operation_is_called_as_the_command_that_it_is(document: Json) -> None:
    handlers = [
        each for each in assembly.routes() if isinstance(each, HTTPRouteHandler) and each.include_in_schema is not False
    ]
    assert {each.operation_id for each in handlers} == {each["operationId"] for each in operations_in(document)}
    for handler in handlers:
        name = str(handler.operation_id)
        feature = handler.fn.__module__.rpartition(".")[0]
        if name not in NO_COMMANDS:
            assert any(hasattr(module, name) for module in modules_of(feature)), name


def modules_of(feature: str) -> Iterator[Any]:
    for place in PLACES:
        try:
            yield importlib.import_module(f"{feature}.{place}")
        except ModuleNotFoundError:
            continue


def test_requests_are_closed_and_answers_are_open(document: Json) -> None:
    schemas = document["components"]["schemas"]
    asked, answered = reached_by_requests(document), reached_by_answers(document)
    for name in asked | answered:
        if schemas[name].get("type") == "object":
            assert (schemas[name].get("additionalProperties") is False) == (name in asked), name


def reached_by_requests(document: Json) -> set[str]:
    return closure(
        document,
        [each.get("requestBody", {}) for each in operations_in(document)]
        + [{"$ref": "#/components/schemas/Subscribe"}],
    )


def reached_by_answers(document: Json) -> set[str]:
    responses = [each["responses"] for each in operations_in(document)]
    return closure(
        document, [*responses, document["components"]["responses"], {"$ref": "#/components/schemas/ProgressMessage"}]
    )


def closure(document: Json, parts: list[Any]) -> set[str]:
    found: set[str] = set()
    waiting = [*references_in(parts)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += references_in(document["components"]["schemas"][name])
    return found


def test_every_schema_is_reached(document: Json) -> None:
    parameters = closure(document, [each.get("parameters", []) for each in operations_in(document)])
    reached = reached_by_requests(document) | reached_by_answers(document) | parameters
    assert reached == set(document["components"]["schemas"])


def test_every_union_of_structs_has_a_name_and_a_discriminator(document: Json) -> None:
    def check(part: Any, name: str | None) -> None:
        if isinstance(part, dict):
            kinds = [kind for kind in (*part.get("anyOf", ()), *part.get("oneOf", ())) if "$ref" in kind]
            assert len(kinds) < 2 or (name is not None and "discriminator" in part), part
            for value in part.values():
                check(value, None)
        elif isinstance(part, list):
            for value in part:
                check(value, None)

    for name, schema in document["components"]["schemas"].items():
        check(schema, name)
    union = document["components"]["schemas"]["ProgressMessage"]
    assert union["discriminator"]["propertyName"] == "type"
    assert set(union["discriminator"]["mapping"]) == {"campaign.progress", "error"}


def test_messages_are_the_same_components_in_both() -> None:
    contract = assembly.contract()
    for name, schema in contract.asyncapi["components"]["schemas"].items():
        assert contract.openapi["components"]["schemas"][name] == schema


async def test_both_are_served_as_they_are_committed_to_anybody(database_url: str) -> None:
    contract = assembly.contract()
    async with running_api(database_url) as base_url:
        nobody = Caller(base_url, None)
        for name, told in (("openapi", contract.openapi), ("asyncapi", contract.asyncapi)):
            answer = await nobody.call("GET", f"/schema/{name}.json")
            assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
            assert answer.body == msgspec.json.decode(as_json(told))
            answer = await nobody.call("GET", f"/schema/{name}.yaml")
            assert (answer.status, answer.headers["content-type"]) == (200, "application/yaml")
            assert answer.body == as_yaml(told)
            assert msgspec.yaml.decode(answer.body) == msgspec.json.decode(as_json(told))
