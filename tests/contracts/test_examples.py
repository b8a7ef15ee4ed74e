"""What the contract shows is what is sent and answered: nothing in it was made up."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from service import assembly
from service.access.model import NewKey, Principal
from service.postgres.database import Database
from tests.contracts.recorded_examples import FILE, encoded, record_everything
from tests.contracts.validation import Json, faults_of, validator_of

# Of problems, those that a caller causes are shown; nobody sees a server that is too slow, full or broken here.
UNSHOWN = {408, 429, 500, 503}
JSON_TYPE = "application/json"


@pytest.fixture(scope="module")
def document() -> Json:
    return assembly.contract().openapi


async def test_a_live_server_answers_what_is_shown(
    database: Database, key: NewKey, principal: Principal, document: Json
) -> None:
    recorder = await record_everything(database, key, principal)
    assert recorder.asked == {operation["operationId"] for operation in operations_in(document)}
    assert recorder.sent == set(shown_requests(document))
    assert encoded(recorder).decode() == FILE.read_text()


def operations_in(document: Json) -> Iterator[Json]:
    for item in document["paths"].values():
        yield from item.values()


def shown_requests(document: Json) -> Iterator[tuple[str, str]]:
    for operation in operations_in(document):
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            for name in content.get("examples", ()):
                yield operation["operationId"], name
            if "example" in content:
                yield operation["operationId"], kind


def test_every_body_has_an_example(document: Json) -> None:
    """But for files that are no text."""
    for operation in operations_in(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in (part for body in bodies for part in body.get("content", {}).values()):
            is_shown = bool({"example", "examples"} & content.keys())
            assert is_shown != (content["schema"].get("format") == "binary"), operation["operationId"]
    responses = document["components"]["responses"]
    unshown = {int(name.removeprefix("Problem")) for name, each in responses.items() if not example_of(each)}
    assert unshown == UNSHOWN


def example_of(response: Json) -> Any:
    (content,) = response["content"].values()
    return content.get("example")


def test_every_example_is_as_its_schema_says(document: Json) -> None:
    for operation in operations_in(document):
        for body in (operation.get("requestBody", {}), *operation["responses"].values()):
            for content in body.get("content", {}).values():
                assert list(content_faults(document, content)) == [], operation["operationId"]
    for response in document["components"]["responses"].values():
        for content in response["content"].values():
            assert list(content_faults(document, content)) == []


def content_faults(document: Json, content: Json) -> Iterator[str]:
    """Of whole bodies, and of each of their lines where these have a schema."""
    shown = [each["value"] for each in content.get("examples", {}).values()]
    shown += [content["example"]] if "example" in content else []
    for value in shown:
        yield from faults_of(validator_of(document, content["schema"]), value)
        if "x-line-schema" in content:
            lines = validator_of(document, content["x-line-schema"])
            for line in value.splitlines():
                yield from faults_of(lines, msgspec.json.decode(line))


def test_every_message_has_an_example_that_is_as_its_schema_says() -> None:
    document = assembly.contract().asyncapi
    for name, message in document["components"]["messages"].items():
        validator = validator_of(document, message["payload"])
        assert message["examples"], name
        for example in message["examples"]:
            assert faults_of(validator, example["payload"]) == [], name
