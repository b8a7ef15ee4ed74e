"""Whatever can go wrong with a request, as its kind, on live servers and on those that only seem to be one."""

import asyncio
import pickle
from uuid import UUID

import pytest

from phaseline_client import (
    NO_REASON,
    ONCE,
    Conflict,
    Failed,
    Forbidden,
    GrantKey,
    Invalid,
    KeyScope,
    NotFound,
    PhaselineError,
    PreconditionFailed,
    Refused,
    Repeating,
    Throttled,
    Timeouts,
    Unauthenticated,
    Unavailable,
    Unreachable,
    Unreadable,
    UpdateCampaign,
)
from service.access.model import NewKey
from service.web.serving import listening_socket
from tests.clients.python.both import LISTED, opened
from tests.clients.python.strangers import answer, answering

NOWHERE = UUID(int=7)


async def test_refusals_are_of_their_kinds_and_carry_the_problem(kind: str, base_url: str, key: NewKey) -> None:
    async with opened(kind, base_url, key.secret) as both:
        made = await both.ask(lambda client: client.campaigns.create_campaign(LISTED))
        with pytest.raises(Conflict) as conflict:
            await both.ask(lambda client: client.campaigns.pause_campaign(made.id))
        error = conflict.value
        assert error.problem.available_transitions == ["dns_validation"]
        assert (error.status, error.code, str(error)) == (409, error.problem.code, error.problem.detail)
        assert isinstance(error, Refused | PhaselineError)
        with pytest.raises(PreconditionFailed):
            await both.ask(
                lambda client: client.campaigns.update_campaign(made.id, UpdateCampaign(name="b"), if_match='"99"')
            )
        with pytest.raises(Invalid) as invalid:
            await both.ask(lambda client: client.campaigns.update_campaign(made.id, UpdateCampaign(name="")))
        assert invalid.value.problem.pointer == "/name"
        with pytest.raises(NotFound, match="no such campaign"):
            await both.ask(lambda client: client.campaigns.get_campaign(NOWHERE))
        reading = GrantKey(name="reader", scopes=[KeyScope.READ])
        reader = await both.ask(lambda client: client.access.make_key(reading))
    async with opened(kind, base_url, reader.secret) as both:
        with pytest.raises(Forbidden):
            await both.ask(lambda client: client.campaigns.create_campaign(LISTED))
    for nobodys in ("phl_nobodys", None):
        async with opened(kind, base_url, nobodys) as both:
            with pytest.raises(Unauthenticated):
                await both.ask(lambda client: client.campaigns.list_campaigns())


async def test_where_nobody_listens(kind: str) -> None:
    with listening_socket("127.0.0.1", 0) as listener:
        free = listener.getsockname()[1]
    repeating = Repeating(unheard_max=2)
    async with opened(kind, f"http://127.0.0.1:{free}", "phl_x", repeating=repeating, jitter=lambda: 0.0) as both:
        with pytest.raises(Unreachable):
            await both.ask(lambda client: client.campaigns.create_campaign(LISTED))


@pytest.mark.parametrize("url", ["", "ftp://a", "http://", "http://user:word@a", "http://a?b", "http://a:0", "a:b"])
async def test_what_is_no_server_is_said_at_once(kind: str, url: str) -> None:
    with pytest.raises(ValueError, match="is not a server's address"):
        async with opened(kind, url, "phl_x"):
            pass


@pytest.mark.parametrize("key", ["", "phl_\n", "phl_ä", "a b"])
async def test_what_is_no_key_is_said_at_once(kind: str, key: str) -> None:
    with pytest.raises(ValueError, match="is not a key"):
        async with opened(kind, "http://127.0.0.1", key):
            pass


@pytest.mark.parametrize("body", ["", "<html>", '{"items":', "[]", '{"items":7,"nextCursor":null}'])
async def test_where_somebody_else_listens(kind: str, body: str) -> None:
    async with answering(answer(body)) as url, opened(kind, url, "phl_x") as both:
        with pytest.raises(Unreadable):
            await both.ask(lambda client: client.campaigns.list_campaigns())


async def test_a_key_does_not_follow_to_another_place(kind: str) -> None:
    moved = answer("", 302, "Location: /elsewhere")
    async with answering(moved, answer("{}")) as url, opened(kind, url, "phl_x") as both:
        with pytest.raises(Unreadable, match="elsewhere"):
            await both.ask(lambda client: client.campaigns.list_campaigns())


@pytest.mark.parametrize(("status", "expected"), [(404, NotFound), (418, Invalid), (429, Throttled), (500, Failed)])
async def test_a_refusal_without_a_problem_is_one_all_the_same(kind: str, status: int, expected: type[Refused]) -> None:
    async with answering(answer("<html>", status)) as url, opened(kind, url, "phl_x", repeating=ONCE) as both:
        with pytest.raises(expected) as raised:
            await both.ask(lambda client: client.campaigns.list_campaigns())
    assert (raised.value.code, raised.value.status) == (NO_REASON, status)


async def test_a_busy_server_is_waited_for_as_long_as_it_asks(kind: str) -> None:
    empty = '{"items":[],"nextCursor":null}'
    busy = (answer("", 503, "Retry-After: 0"), answer("", 429))
    async with answering(*busy, answer(empty)) as url, opened(kind, url, "phl_x", jitter=lambda: 0.0) as both:
        assert (await both.ask(lambda client: client.campaigns.list_campaigns())).items == []
    async with answering(answer("", 503, "Retry-After: 3600")) as url, opened(kind, url, "phl_x") as both:
        with pytest.raises(Unavailable) as raised:
            await both.ask(lambda client: client.campaigns.list_campaigns())
    assert raised.value.retry_after_seconds == 3_600


async def test_a_silent_server_may_have_heard(kind: str) -> None:
    """Whoever does not answer in time was reached: what is not safe to repeat is not said to be undone."""
    asked = 0
    gone = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.read()  # until the client has had enough
        writer.close()
        gone.set()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        async with opened(kind, url, "phl_x", timeouts=Timeouts(answer=0.3)) as both:
            with pytest.raises(PhaselineError) as raised:
                await both.ask(lambda client: client.access.make_key(GrantKey(name="once")))
        await gone.wait()
    finally:
        server.close()
    assert (raised.value.code, asked) == ("server_lost", 1)


async def test_an_error_survives_another_process(base_url: str, key: NewKey) -> None:
    async with opened("awaited", base_url, key.secret) as both:
        with pytest.raises(NotFound) as raised:
            await both.ask(lambda client: client.campaigns.get_campaign(NOWHERE))
    for error in (raised.value, Unreachable("server_away", "No.")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.code, vars(again)) == (type(error), str(error), error.code, vars(error))
