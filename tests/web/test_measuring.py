"""Requests are counted by what they were answered with, wherever that was decided."""

from tests.served import answers_counted
from tests.world import Caller


async def test_what_is_refused_at_the_edge_is_counted_as_what_it_is(api: Caller) -> None:
    """It was counted as a failure of ours: the framework answers it outside of all middleware."""
    before = answers_counted()
    assert (await Caller(api.base_url, None).call("GET", "/keys")).status == 401
    assert (await api.call("OPTIONS", "/keys")).status == 405
    assert (await api.call("GET", "/acts?limit=x")).status == 400
    assert (await api.call("GET", "/keys")).status == 200
    assert answers_counted() - before == {
        ("list_keys", "401"): 1,
        ("other", "405"): 1,
        ("list_acts", "400"): 1,
        ("list_keys", "200"): 1,
    }
