"""Every operation of the contract through both clients: its valid example is answered with what the method promises."""

import asyncio
import functools
import inspect
import json
import typing
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from phaseline_client import AsyncPhaseline, Phaseline, PhaselineError
from tests.contracts.operations import EXAMPLES, Example
from tests.contracts.python_client.operations import Operation, operations_of
from tests.contracts.tenants import Things, World, new_things, operation_of, prepare

OPENAPI = Path(__file__).parents[3] / "openapi" / "openapi.json"
OPERATIONS = {each.id: each for each in operations_of(json.loads(OPENAPI.read_text()))}
IN_MODULE = pytest.mark.asyncio(loop_scope="module")


def test_every_operation_has_a_method_and_an_example() -> None:
    assert set(OPERATIONS) == set(EXAMPLES)
    for kind in (AsyncPhaseline("http://127.0.0.1"), Phaseline("http://127.0.0.1")):
        for operation in OPERATIONS.values():
            assert callable(method_of(kind, operation))


def method_of(client: AsyncPhaseline | Phaseline, operation: Operation) -> Callable[..., Any]:
    method: Callable[..., Any] = getattr(getattr(client, operation.tag), operation.id)
    return method


@IN_MODULE
@pytest.mark.parametrize("name", EXAMPLES)
async def test_an_example_is_answered(world: World, name: str) -> None:
    own = await prepared(world, name)
    async with AsyncPhaseline(world.base_url, world.owner.key.secret) as client:
        call = bound(method_of(client, OPERATIONS[name]), EXAMPLES[name], OPERATIONS[name], own)
        if OPERATIONS[name].streams:
            stream: AbstractAsyncContextManager[AsyncIterator[bytes]] = call()
            async with stream as parts:
                assert b"".join([part async for part in parts])
        else:
            assert_promised(call, await call())


@IN_MODULE
@pytest.mark.parametrize("name", EXAMPLES)
async def test_an_example_is_answered_to_who_blocks(world: World, name: str) -> None:
    own = await prepared(world, name)
    await asyncio.to_thread(ask_blocking, world, name, own)


def ask_blocking(world: World, name: str, own: Things) -> None:
    with Phaseline(world.base_url, world.owner.key.secret) as client:
        call = bound(method_of(client, OPERATIONS[name]), EXAMPLES[name], OPERATIONS[name], own)
        if OPERATIONS[name].streams:
            stream: AbstractContextManager[typing.Iterator[bytes]] = call()
            with stream as parts:
                assert b"".join(parts)
        else:
            assert_promised(call, call())


async def prepared(world: World, name: str) -> Things:
    own = await new_things(world.owner)
    await prepare(world.owner, operation_of(world, name), own)
    return own


def bound(
    method: Callable[..., Any], example: Example, operation: Operation, things: Things
) -> "functools.partial[Any]":
    """The method with the example's arguments, each of the type that the method asks for."""
    hints = typing.get_type_hints(method, include_extras=True)
    wire = {**things.ids(example.campaign), "phase": "domain_generation", **example.parameters}
    given: dict[str, Any] = {
        each.name: [wire[each.wire_name]] if each.type.startswith("Sequence") else wire[each.wire_name]
        for each in operation.arguments
        if each.wire_name in wire
    }
    if operation.body and example.body is not None:
        given["body"] = example.body
    converted = {name: msgspec.convert(value, hints[name], strict=False) for name, value in given.items()}
    if operation.media:
        converted |= {"content": example.content, "content_type": example.content_type}
    assert len(converted) >= len(example.parameters)
    return functools.partial(method, **converted)


def assert_promised(call: "functools.partial[Any]", answer: object) -> None:
    promised = inspect.signature(call.func, eval_str=True).return_annotation
    assert answer is None if promised is None else isinstance(answer, promised)


@IN_MODULE
async def test_a_closed_client_asks_nobody(world: World) -> None:
    async with AsyncPhaseline(world.base_url, world.owner.key.secret) as client:
        await client.operations.get_liveness()
    with pytest.raises(Exception, match="closed") as raised:
        await client.operations.get_liveness()
    assert not isinstance(raised.value, PhaselineError)
