"""Every Struct of the wire, through the client's model of it: nothing is lost, and what is new does no harm."""

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.inspect import type_info

from phaseline_client.generated import models
from phaseline_client.known import Word
from tests.clients.python.wire_values import CALLER, LATER, TODAY, Server, Values, values_of, wire_kinds

REPOSITORY = Path(__file__).parents[3]
SCHEMAS: dict[str, Any] = json.loads((REPOSITORY / "openapi" / "openapi.json").read_text())["components"]["schemas"]
KINDS = wire_kinds()
STRUCTS = sorted(name for name, schema in SCHEMAS.items() if schema.get("type") == "object")
ASKED = [name for name in STRUCTS if SCHEMAS[name].get("additionalProperties") is False]
ANSWERED = [name for name in STRUCTS if name not in ASKED]
EXAMPLES = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])


def kind_of(name: str) -> type:
    """The service's own."""
    return KINDS[name] if name in KINDS else KINDS[name.removeprefix("Shown")]


@functools.cache
def values(name: str, server: Server) -> Values:
    return values_of(type_info(kind_of(name)), server)


def served(name: str, data: bytes) -> bytes:
    """Read by the service, and written again."""
    return msgspec.json.encode(msgspec.json.decode(data, type=kind_of(name)))


def passed(name: str, data: bytes) -> bytes:
    """Read by the client, and written again."""
    return msgspec.json.encode(msgspec.json.decode(data, type=getattr(models, name)))


def plain(data: bytes) -> Any:
    return unordered(msgspec.json.decode(data))


def unordered(value: Any) -> Any:
    """A key's scopes are a set."""
    if isinstance(value, dict):
        return {name: sorted(each) if name == "scopes" else unordered(each) for name, each in value.items()}
    return [unordered(each) for each in value] if isinstance(value, list) else value


def test_every_struct_and_every_list_of_words_has_a_model() -> None:
    for name, schema in SCHEMAS.items():
        model = getattr(models, name)
        if "enum" in schema:
            assert issubclass(model, Word)
            assert [word.value for word in model] == schema["enum"]
        elif schema.get("type") == "object":
            assert issubclass(model, msgspec.Struct)
            assert issubclass(kind_of(name), msgspec.Struct)
    assert {name for name in KINDS if issubclass(KINDS[name], msgspec.Struct)} <= set(STRUCTS)


@EXAMPLES
@pytest.mark.parametrize("name", ASKED)
@given(data=st.data())
def test_what_is_asked_is_sent_as_it_was_meant(name: str, data: st.DataObject) -> None:
    """What is left out stays out, null stays null."""
    sent = msgspec.json.encode(data.draw(values(name, CALLER)))
    assert plain(passed(name, sent)) == plain(sent)
    assert plain(served(name, passed(name, sent))) == plain(served(name, sent))


@EXAMPLES
@pytest.mark.parametrize("name", ANSWERED)
@given(data=st.data())
def test_what_is_answered_comes_back_as_it_was_sent(name: str, data: st.DataObject) -> None:
    sent = served(name, msgspec.json.encode(data.draw(values(name, TODAY))))
    assert plain(passed(name, sent)) == plain(sent)


@EXAMPLES
@pytest.mark.parametrize("name", ANSWERED)
@given(data=st.data())
def test_what_a_later_server_adds_does_no_harm(name: str, data: st.DataObject) -> None:
    """Words come through, fields are passed over."""
    sent = data.draw(values(name, LATER))
    assert plain(passed(name, msgspec.json.encode(sent))) == unordered(without_later(sent))


def without_later(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_later(each) for name, each in value.items() if not name.startswith("ofLaterOn")}
    return [without_later(each) for each in value] if isinstance(value, list) else value


def shown_answers() -> Iterator[tuple[str, bytes]]:
    """Each answer that the contract shows, with the name of its model."""
    document = json.loads((REPOSITORY / "openapi" / "openapi.json").read_text())
    for item in document["paths"].values():
        for operation in item.values():
            for answer in operation["responses"].values():
                content = answer.get("content", {}).get("application/json", {})
                if "example" in content:
                    yield content["schema"]["$ref"].rsplit("/", 1)[1], msgspec.json.encode(content["example"])


def test_every_answer_that_the_contract_shows_comes_back_as_it_is() -> None:
    shown = list(shown_answers())
    assert len(shown) > 20
    for name, example in shown:
        assert plain(passed(name, example)) == plain(example), name
