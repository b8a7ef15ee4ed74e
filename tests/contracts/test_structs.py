"""Every Struct that a request is decoded into, against bodies with every kind of fault.

A body is refused with a problem that points into it, or what is accepted comes back the same; nothing is our bug.
"""

import functools
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.testing import RequestFactory

from service.errors import Invalid
from service.progress.events import Subscribe
from service.progress.socket import decode_subscribe
from service.web.bodies import StrictBody
from tests.contracts.mutations import leads_somewhere, mutated, paths, value_at, with_value
from tests.contracts.operations import (
    CREATE,
    EXAMPLES,
    GENERATION,
    served_handlers,
)
from tests.contracts.problems import assert_no_bug
from tests.contracts.tenants import World, operation_of
from tests.progress.test_socket import receive, watching

QUIET_APP = Litestar(logging_config=None)  # the factory's own would configure the logging of all tests
IN_MODULE = pytest.mark.asyncio(loop_scope="module")

PHASES: dict[str, Any] = {
    "domainGeneration": {**GENERATION, "secondVariableLength": None, "offset": 5},
    "dnsValidation": {
        "resolvers": ["127.77.0.1:5353"], "recordTypes": ["A", "AAAA"], "timeoutSeconds": 0.5, "attempts": 2,
        "queriesPerSecond": 100, "queriesPerSecondPerResolver": 50.5, "inFlightMax": 10, "detectWildcards": False,
    },
    "httpValidation": {
        "keywords": [
            {"text": "pricing", "kind": "literal", "caseSensitive": True, "category": "shop"},
            {"text": "che.*out", "kind": "regex", "caseSensitive": False, "category": None},
        ],
        "ports": {"https": 8443, "http": None}, "timeoutSeconds": 2.0, "connectTimeoutSeconds": 1.0,
        "bodyBytesMax": 4_096, "redirectsMax": 1, "concurrency": 4, "userAgent": "test/1",
    },
    "analysis": {
        "weights": {"keywordDensity": 0.5, "nonParked": 0.25, "tfLite": 0.25},
        "thresholds": {"match": 0.3, "minContentBytes": 0, "parkedFloor": 0.9},
    },
}  # fmt: skip
BODIES: dict[str, Any] = {
    "create_campaign": {
        **CREATE, "configuration": {"advance": "automatic", "network": "sandbox", **PHASES},
    },
    "update_campaign": {"name": "x", "configuration": {"advance": "manual", **PHASES}},
    "transition_campaign": {
        "targetPhase": "domain_generation", "transitionReason": "go", "rerun": {"scope": "failed"},
    },
    **{f"{command}_campaign": {"reason": "because"} for command in ("pause", "resume", "cancel", "retry")},
    "preview_pattern": PHASES["domainGeneration"],
    "estimate_campaign": {
        "initialPhase": "domain_generation",
        "configuration": {"advance": "automatic", "network": "sandbox", **PHASES},
    },
    "make_key": {"name": "new", "scopes": ["read", "write"], "expiresAt": "2099-01-01T00:00:00Z"},
}  # fmt: skip
COMPLETE_DNS = """
    UPDATE campaigns SET initial_phase = 'dns_validation', current_phase = 'dns_validation', phase_status = 'completed'
    WHERE campaign_id = $1::text::uuid
"""
SUBSCRIPTION = {"subscribe": ["campaign.progress"], "campaignIds": ["01a20a38-1028-75e6-9ad2-0d5b1cddaef2"]}


def handler_of(world: World, name: str) -> HTTPRouteHandler:
    operation = operation_of(world, name)
    return served_handlers(world.application)[operation.method, operation.path]


@IN_MODULE
async def test_every_operation_with_a_body_has_one_here(world: World) -> None:
    decoded = {name for name in world.operations if handler_of(world, name).parsed_data_field is not None}
    assert decoded == set(BODIES) & set(world.operations)
    assert set(BODIES) <= set(EXAMPLES)


@IN_MODULE
@pytest.mark.parametrize("name", BODIES)
async def test_the_bodies_here_are_decoded(world: World, name: str) -> None:
    """Else nothing would be learned from their faults."""
    assert refusal_of(handler_of(world, name), msgspec.json.encode(BODIES[name])) is None


def decode(handler: HTTPRouteHandler, body: bytes) -> tuple[Any, Any]:
    """As the route decodes it, and the type that it decodes."""
    field = handler.parsed_data_field
    assert field is not None
    return decoder_of(handler).decode_bytes(body), field.annotation


@functools.cache
def decoder_of(handler: HTTPRouteHandler) -> StrictBody:
    """On a request to that route."""
    return StrictBody(RequestFactory(QUIET_APP).post(route_handler=handler))


def refusal_of(handler: HTTPRouteHandler, body: bytes) -> Invalid | HTTPException | None:
    try:
        decode(handler, body)
    except (Invalid, HTTPException) as refusal:
        return refusal
    return None


@IN_MODULE
@pytest.mark.parametrize("name", BODIES)
@settings(max_examples=150)
@given(data=st.data())
async def test_a_faulty_body_is_refused_where_it_is_faulty_or_comes_back_the_same(
    world: World, name: str, data: st.DataObject
) -> None:
    handler, body = handler_of(world, name), data.draw(mutated(BODIES[name]))
    refusal = refusal_of(handler, body)
    if isinstance(refusal, Invalid):
        assert (refusal.code, bool(refusal.message)) == ("body_invalid", True)
        assert refusal.pointer is None or leads_somewhere(body, refusal.pointer), (body, refusal.pointer)
    elif refusal is not None:
        assert refusal.status_code == 400
    else:
        decoded, annotation = decode(handler, body)
        assert msgspec.json.decode(msgspec.json.encode(decoded), type=annotation) == decoded


@IN_MODULE
async def test_what_a_body_says_is_not_taken_for_the_path_of_its_fault(world: World) -> None:
    """Msgspec quotes it in front of the path."""
    body = msgspec.json.encode({**BODIES["transition_campaign"], "targetPhase": "x - at `$.rerun`"})
    refusal = refusal_of(handler_of(world, "transition_campaign"), body)
    assert isinstance(refusal, Invalid)
    assert refusal.pointer == "/targetPhase"
    assert refusal.message == "Invalid enum value 'x - at `$.rerun`'."


@settings(max_examples=150)
@given(body=mutated(SUBSCRIPTION))
def test_a_faulty_subscription_is_refused_or_comes_back_the_same(body: bytes) -> None:
    try:
        decoded = decode_subscribe(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):  # what the socket answers with an error
        return
    assert msgspec.json.decode(msgspec.json.encode(decoded), type=Subscribe) == decoded


@IN_MODULE
@settings(max_examples=15)
@given(body=mutated(SUBSCRIPTION))
async def test_a_faulty_subscription_is_answered_and_the_socket_lives_on(world: World, body: bytes) -> None:
    text = body.decode("utf-8", "replace")
    try:
        decode_subscribe(text)
    except (msgspec.MsgspecError, RecursionError):
        async with watching(world.base_url, world.owner.key) as socket:
            await socket.send(text)
            assert (await receive(socket))["code"] == "subscription_invalid"
            await socket.send(msgspec.json.encode({"subscribe": ["campaign.progress"], "campaignIds": "all"}).decode())
            assert (await receive(socket))["type"] == "campaign.progress"


@IN_MODULE
@pytest.mark.parametrize("name", BODIES)
@settings(max_examples=40)
@given(data=st.data())
async def test_a_faulty_request_is_no_bug_of_ours(world: World, name: str, data: st.DataObject) -> None:
    operation, body = operation_of(world, name), data.draw(mutated(BODIES[name]))
    path = operation.path_of(world.owned.ids("generating"))
    headers = {"Content-Type": "application/json"}
    assert_no_bug(await world.owner.caller.call(operation.method, path, content=body, headers=headers), body)


@IN_MODULE
@pytest.mark.parametrize("name", BODIES)
async def test_no_text_may_hold_a_nul(world: World, name: str) -> None:
    """The database's texts and documents cannot; an escaped backslash before `u0000` is none."""
    operation = operation_of(world, name)
    path = operation.path_of(world.owned.ids("generating"))
    places = [place for place in paths(BODIES[name]) if isinstance(value_at(BODIES[name], place), str)]
    for place in places:
        text = value_at(BODIES[name], place)
        body = msgspec.json.encode(with_value(BODIES[name], place, f"{text}\0"))
        answer = await world.owner.caller.call(operation.method, path, content=body)
        assert (answer.status, answer.body["code"]) == (422, "body_invalid"), place
    assert refusal_of(handler_of(world, "pause_campaign"), rb'{"reason": "\\u0000"}') is None


@IN_MODULE
async def test_a_key_until_beyond_all_time_is_no_bug_of_ours(world: World) -> None:
    request = {**BODIES["make_key"], "expiresAt": "9999-12-31T23:59:59-23:59"}
    assert_no_bug(await world.owner.caller.call("POST", "/keys", json=request), msgspec.json.encode(request))


@IN_MODULE
async def test_a_rerun_of_what_is_older_than_all_time_is_no_bug_of_ours(world: World) -> None:
    await world.database.pool.execute(COMPLETE_DNS, world.stranger.planted_id)
    rerun = {"scope": "olderThan", "olderThan": "0001-01-01T00:00:00+23:59"}
    request = {"targetPhase": "dns_validation", "rerun": rerun}
    path = f"/campaigns/{world.stranger.planted_id}/transition"
    assert_no_bug(await world.stranger.caller.call("PUT", path, json=request), msgspec.json.encode(request))
