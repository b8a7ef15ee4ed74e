"""Every parameter of a query, a header or a path, with any text: a success or a problem, never a bug of ours."""

from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contracts.operations import EXAMPLES, PLAIN_PATH_PARAMETERS
from tests.contracts.problems import assert_success_or_problem
from tests.contracts.tenants import World, operation_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

WORDS = [
    *("", "0", "-1", "1", "200", "201", "2147483646", "2147483647", "1e3", "1e999", "nan", "inf", "-0", "0.5"),
    *("1.0000001", "true", "null", "None", "[]", "{}", " 5", "+5", "5_0", "0x5", "\u0663", "%", "*", "9" * 5_000),
    *("score", "position", "resolved", "parquet", "csv", "analysis", "pending", "../..", "%00", "A", "a\x00", "\x00"),
    *("\ud83d\ude00", "\u202e", "A" * 40, "a" * 253, "a" * 254, "x" * 501, "'; DROP TABLE campaigns --"),
]
# As they stand in an address.
TEXTS = (
    st.sampled_from([quote(word.encode("utf-8", "surrogatepass"), safe="") for word in WORDS])
    | st.text(st.characters(codec="utf-8"), max_size=20).map(lambda text: quote(text, safe=""))
    | st.binary(max_size=20).map(lambda data: quote_from_bytes(data, safe=""))
)
HEADER_TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30) | st.sampled_from(
    ['"1"', 'W/"1"', "*", "gzip", "text/csv", "text/plain; charset=utf-16", "application/x-ndjson", "1" * 300]
)
MEANING_SOMETHING = {"", ".", "..", "analysis", *PLAIN_PATH_PARAMETERS.values()}  # of an address, or of a path
# Not what ends the things that all tests here share.
ASKED = [name for name, example in EXAMPLES.items() if example.parameters and name != "delete_campaign"]


@pytest.mark.parametrize("name", ASKED)
@settings(max_examples=30)
@given(data=st.data())
async def test_any_text_in_a_query_or_a_header_is_no_bug_of_ours(world: World, name: str, data: st.DataObject) -> None:
    operation, example = operation_of(world, name), EXAMPLES[name]
    asked = data.draw(st.lists(st.sampled_from(sorted(operation.parameters_in("query")) or [""]), max_size=4))
    query = "&".join(f"{each}={data.draw(TEXTS)}" for each in asked)
    in_headers = {*operation.parameters_in("header"), "X-Nothing" if example.content is None else "Content-Type"}
    named = data.draw(st.sets(st.sampled_from(sorted(in_headers))))
    headers = {each: data.draw(HEADER_TEXTS) for each in sorted(named)}
    path = operation.path_of(world.owned.ids(example.campaign))
    answer = await world.owner.caller.call(
        operation.method, f"{path}?{query}", json=example.body, content=example.content, headers=headers
    )
    assert_success_or_problem(answer)
    if answer.status >= 400:
        assert answer.body.get("pointer", "/").removeprefix("/") in {"", *operation.parameters}


@settings(max_examples=80)
@given(data=st.data(), name=st.sampled_from([name for name, example in EXAMPLES.items() if example.campaign]))
async def test_any_text_in_a_path_is_not_found(world: World, name: str, data: st.DataObject) -> None:
    operation = operation_of(world, name)
    text = data.draw(TEXTS.filter(lambda text: text not in MEANING_SOMETHING))
    replaced = data.draw(st.sampled_from([each for each, place in operation.parameters.items() if place == "path"]))
    ids = {**PLAIN_PATH_PARAMETERS, **world.owned.ids(EXAMPLES[name].campaign), replaced: text}
    answer = await world.owner.caller.call(operation.method, operation.path.format(**ids))
    assert_success_or_problem(answer)
    assert answer.status >= 400
