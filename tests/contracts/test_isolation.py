"""What one tenant has is for the other as if it did not exist: generated from every operation that is served.

An operation or a parameter without an example in `operations` fails here by itself.
"""

import itertools
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.contracts.operations import (
    EXAMPLES,
    TOLERATED,
    TRIED_ELSEWHERE,
    UNDOCUMENTED,
    other_routes,
    served_handlers,
    served_sockets,
)
from tests.contracts.tenants import World, call_example, digest, marks_in, new_things, operation_of, prepare
from tests.world import Answer

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNREPEATED_HEADERS = {"date", "x-request-id"}
SHOWING = [
    *("list_campaigns", "get_campaign", "list_transitions", "list_domains", "list_leads", "export_domains"),
    *("list_imports", "list_keys", "list_acts"),
]


async def test_the_document_tells_every_operation_that_is_served(world: World) -> None:
    told = {(operation.method, operation.path) for operation in world.operations.values()}
    assert told == set(served_handlers(world.application)) - UNDOCUMENTED
    assert other_routes(world.application) == []


async def test_every_operation_has_an_example(world: World) -> None:
    assert set(EXAMPLES) - set(world.operations) <= TOLERATED
    assert set(world.operations) - set(EXAMPLES) == set()
    for operation in world.operations.values():
        assert bool(operation.id_parameters) == (EXAMPLES[operation.id].campaign is not None), operation.id


async def test_every_parameter_has_an_example(world: World) -> None:
    for operation in world.operations.values():
        asked = operation.parameters_in("query", "header", "cookie") - TRIED_ELSEWHERE
        assert asked == set(EXAMPLES[operation.id].parameters), operation.id


async def test_there_is_one_socket(world: World) -> None:
    """Its one action is tried in test_isolated_channel."""
    assert set(served_sockets(world.application)) == {"/ws"}


def subsets(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """All but the empty one."""
    return itertools.chain.from_iterable(itertools.combinations(names, count + 1) for count in range(len(names)))


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if example.campaign is not None])
async def test_what_is_anothers_is_not_found_and_stays_as_it_is(world: World, name: str) -> None:
    operation, campaign = operation_of(world, name), EXAMPLES[name].campaign
    theirs, own = await new_things(world.owner), await new_things(world.stranger)
    await prepare(world.owner, operation, theirs)
    await prepare(world.stranger, operation, own)
    before = await digest(world.database)
    for foreign in subsets(operation.id_parameters):
        existing = {**own.ids(campaign), **{each: theirs.ids(campaign)[each] for each in foreign}}
        unknown = {**own.ids(campaign), **{each: str(uuid4()) for each in foreign}}
        answer = await call_example(world.stranger.caller, operation, existing)
        nothing = await call_example(world.stranger.caller, operation, unknown)
        assert answer.status == 404, answer.body
        assert answer.body["code"].endswith("_not_found")
        assert essence(answer) == essence(nothing)
    assert await digest(world.database) == before
    answer = await call_example(world.owner.caller, operation, theirs.ids(campaign))
    assert 200 <= answer.status < 300, answer.body


def essence(answer: Answer) -> tuple[object, ...]:
    headers = {name: value for name, value in answer.headers.items() if name not in UNREPEATED_HEADERS}
    return answer.status, headers, answer.body


@pytest.mark.parametrize("name", EXAMPLES)
async def test_what_is_answered_shows_nothing_of_anothers(world: World, name: str) -> None:
    """To a valid call, on own things where it names any: neither an id nor a name of the other tenant's."""
    operation, campaign = operation_of(world, name), EXAMPLES[name].campaign
    own = await new_things(world.stranger)
    await prepare(world.stranger, operation, own)
    answer = await call_example(world.stranger.caller, operation, own.ids(campaign))
    assert 200 <= answer.status < 300, answer.body
    assert marks_in(answer, world.owner) == set()


@pytest.mark.parametrize("name", SHOWING)
async def test_the_marks_of_a_tenant_are_what_its_own_lists_show(world: World, name: str) -> None:
    """Else they would be missed nowhere."""
    operation, campaign = world.operations[name], EXAMPLES[name].campaign
    answer = await call_example(world.owner.caller, operation, world.owned.ids(campaign))
    assert marks_in(answer, world.owner), answer.body


IDEMPOTENT = "is_idempotent"
IDEMPOTENT_EXAMPLES = [
    name
    for name in EXAMPLES
    if name.endswith("_campaign") and name not in {"get_campaign", "explain_campaign", "estimate_campaign"}
]  # fmt: skip


async def test_every_idempotent_operation_is_tried(world: World) -> None:
    handlers = served_handlers(world.application)
    found = {
        operation.id
        for operation in world.operations.values()
        if handlers[operation.method, operation.path].opt.get(IDEMPOTENT)
    }
    assert found <= set(IDEMPOTENT_EXAMPLES)
    assert set(IDEMPOTENT_EXAMPLES) - found <= TOLERATED


@pytest.mark.parametrize("name", IDEMPOTENT_EXAMPLES)
async def test_an_idempotency_key_of_anothers_is_a_new_one(world: World, name: str) -> None:
    operation, campaign = operation_of(world, name), EXAMPLES[name].campaign
    theirs, own = await new_things(world.owner), await new_things(world.stranger)
    await prepare(world.owner, operation, theirs)
    await prepare(world.stranger, operation, own)
    header = {"Idempotency-Key": f"{name}-1"}
    kept = await call_example(world.owner.caller, operation, theirs.ids(campaign), header)
    assert 200 <= kept.status < 300, kept.body
    if operation.id_parameters:  # the very request, which the owner would get the kept answer to
        refused = await call_example(world.stranger.caller, operation, theirs.ids(campaign), header)
        assert (refused.status, refused.body["code"]) == (404, "campaign_not_found")
    answer = await call_example(world.stranger.caller, operation, own.ids(campaign), header)
    assert 200 <= answer.status < 300, answer.body
    assert "idempotency-replayed" not in answer.headers
    assert marks_in(answer, world.owner) == set()
    again = await call_example(world.owner.caller, operation, theirs.ids(campaign), header)
    assert (again.headers["idempotency-replayed"], again.body) == ("true", kept.body)
