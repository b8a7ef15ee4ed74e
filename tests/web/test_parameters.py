"""Queries are read as strictly as bodies, and no body is the word `null`."""

import pytest

from tests.web.test_api import assert_problem, created
from tests.world import Caller


@pytest.mark.parametrize("query", ["limit=1&limit=2", "limit=1&limit=1", "cursor=a&limit=1&cursor=b", "limit=&limit="])
async def test_a_value_too_many_is_refused(api: Caller, query: str) -> None:
    answer = await api.call("GET", f"/campaigns?{query}")
    assert_problem(answer, 400, "request_invalid")
    assert answer.body["detail"].endswith("One value is taken, and 2 were given.")


@pytest.mark.parametrize("query", ["currentPhase=null", "phaseStatus=NULL", "limit=null", "phaseStatus=n%75ll"])
async def test_null_is_no_value(api: Caller, query: str) -> None:
    """It was read as if there were no such filter, and everything was answered."""
    answer = await api.call("GET", f"/campaigns?{query}")
    assert_problem(answer, 400, "request_invalid")
    assert answer.body["detail"] == f"{query.partition('=')[0]}: `null` is no value; leave the parameter out."


async def test_lists_and_texts_take_what_they_took(api: Caller) -> None:
    campaign_id = (await created(api))["id"]
    for query in ("dnsOutcome=resolved&dnsOutcome=absent", "prefix=null", "unknown=1&unknown=null"):
        assert (await api.call("GET", f"/campaigns/{campaign_id}/domains?{query}")).status == 200, query
    answer = await api.call("GET", f"/campaigns/{campaign_id}/domains?cursor=null")
    assert_problem(answer, 422, "cursor_invalid")


@pytest.mark.parametrize("query", ["currentPhase=none", "phaseStatus=done"])
async def test_a_parameter_is_called_as_the_caller_called_it(api: Caller, query: str) -> None:
    answer = await api.call("GET", f"/campaigns?{query}")
    assert_problem(answer, 400, "request_invalid")
    assert answer.body["detail"].startswith(f"{query.partition('=')[0]}: ")


async def test_null_is_no_body(api: Caller) -> None:
    path = f"/campaigns/{(await created(api))['id']}/cancel"
    answer = await api.call("POST", path, content=b" null ", headers={"Content-Type": "application/json"})
    assert_problem(answer, 422, "body_invalid")
    assert (await api.call("POST", path)).status == 200


async def test_a_scope_given_twice_is_given_once(api: Caller) -> None:
    """As the document says, which does not ask for different ones."""
    answer = await api.call("POST", "/keys", json={"name": "one", "scopes": ["read", "read"]})
    assert (answer.status, answer.body["scopes"]) == (201, ["read"])
