"""Every Struct of the wire goes through the TypeScript client and comes back the same, and so does what is added later.

Types vanish before anything runs, so they are tried by themselves: values of each Struct compile as the client's types.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from litestar.handlers import HTTPRouteHandler

from service.web.parameters import camel
from tests.contracts.node.running import needs_node
from tests.contracts.typescript_client import BUILD, run_node
from tests.contracts.values import Struct, read_wire, values_of

pytestmark = needs_node

WIRE = read_wire()
OTHER_WAYS = {
    "CampaignProgress": "hear",
    "Problem": "refuse",
    "Refusal": "hear",
    "RejectedLine": "reject",
    "Subscribe": "subscribe",
}
CARRIERS = {"read": "campaigns.getCampaign", "write": "campaigns.createCampaign"}  # of what is a part of others
LATER_WORD, LATER_FIELD = "_of_later_on", "ofLaterOn"
ALL_WORDS = {member.value for kind in WIRE.words.values() for member in kind}
EXAMPLES_MAX = 12
TYPED_MAX = 5
END_SECONDS_MAX = 10
ERROR_STATUSES = st.integers(400, 599)


class Passage:
    """The client under Node, through which values go one after another."""

    def __init__(self, into: IO[str], out: IO[str]) -> None:
        self._into = into
        self._out = out

    def take(self, text: str, way: str, name: str = "") -> str:
        """What came of a text of JSON, as JSON."""
        self._into.write(json.dumps({"way": way, "name": name, "text": text}) + "\n")
        self._into.flush()
        return self._out.readline()

    def take_answer(self, text: str, name: str) -> str:
        """Of a Struct that callers get: the way that it comes to them."""
        return self.take(text, OTHER_WAYS.get(name, "read"), operation(WIRE.operations_answered.get(name), "read"))

    def take_body(self, text: str, name: str) -> str:
        return self.take(text, OTHER_WAYS.get(name, "write"), operation(WIRE.operations_asked.get(name), "write"))


def operation(handler: HTTPRouteHandler | None, way: str) -> str:
    """As the client's callers name it."""
    if handler is None:
        return CARRIERS[way]
    (tag,) = handler.tags or ()
    return f"{tag}.{camel(str(handler.operation_id))}"


@pytest.fixture(scope="module")
def passage(built: Path) -> Iterator[Passage]:
    with subprocess.Popen(
        ["node", str(built / "tests/programs/pass.js")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Passage(process.stdin, process.stdout)
        process.communicate(timeout=END_SECONDS_MAX)
    assert process.returncode == 0


def text_of(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()


def plain(value: msgspec.Struct) -> Any:
    """To be compared: some Structs are equal to nothing but themselves, and sets have no order."""
    return msgspec.to_builtins(value, order="deterministic")


def as_doubles(text: str) -> Any:
    """JSON as JavaScript knows it: all numbers are of one kind, however they are written."""
    return json.loads(text, parse_int=float)


def answers_of(name: str) -> st.SearchStrategy[Any]:
    values = values_of(WIRE.answered[name])
    if name == "Problem":  # told twice, and the status of the answer is the one that counts
        return st.builds(lambda value, status: msgspec.structs.replace(value, status=status), values, ERROR_STATUSES)
    return values


# Values


@pytest.mark.parametrize("name", sorted(WIRE.answered))
@settings(max_examples=EXAMPLES_MAX)
@given(data=st.data())
def test_an_answer_is_read_as_it_was_sent(passage: Passage, name: str, data: st.DataObject) -> None:
    value = data.draw(answers_of(name))
    passed = passage.take_answer(text_of(value), name)
    assert plain(msgspec.json.decode(passed, type=WIRE.answered[name])) == plain(value)


@pytest.mark.parametrize("name", sorted(WIRE.asked.keys() - {"Subscribe"}))
@settings(max_examples=EXAMPLES_MAX)
@given(data=st.data())
def test_a_body_is_sent_as_it_was_given(passage: Passage, name: str, data: st.DataObject) -> None:
    value = data.draw(values_of(WIRE.asked[name]))
    passed = passage.take_body(text_of(value), name)
    assert plain(msgspec.json.decode(passed, type=WIRE.asked[name])) == plain(value)


@settings(max_examples=EXAMPLES_MAX)
@given(value=values_of(WIRE.asked["Subscribe"]))
def test_a_subscription_is_to_the_campaigns_that_are_wanted(passage: Passage, value: Any) -> None:
    passed = msgspec.json.decode(passage.take_body(text_of(value), "Subscribe"), type=WIRE.asked["Subscribe"])
    ids = value.campaign_ids
    wanted = ids if ids == "all" else tuple(sorted(set(ids), key=str))
    assert passed == msgspec.structs.replace(value, campaign_ids=wanted)


@pytest.mark.parametrize("name", sorted(WIRE.answered.keys() - {"Refusal"}))
@settings(max_examples=EXAMPLES_MAX)
@given(data=st.data())
def test_fields_and_words_of_a_later_server_are_read_as_they_were_sent(
    passage: Passage, name: str, data: st.DataObject
) -> None:
    text = json.dumps(of_later_on(json.loads(text_of(data.draw(answers_of(name))))))
    assert as_doubles(passage.take_answer(text, name)) == as_doubles(text)


def of_later_on(value: Any) -> Any:
    """With a field more in each object, and with other words wherever there is one of a list."""
    if isinstance(value, dict):
        return {key: of_later_on(part) for key, part in value.items()} | {LATER_FIELD: [{"deep": 0.5}, None]}
    if isinstance(value, list):
        return [of_later_on(part) for part in value]
    return f"{value}{LATER_WORD}" if value in ALL_WORDS else value


@pytest.mark.parametrize("name", sorted(WIRE.words))
def test_words_of_a_later_server_can_be_told_from_those_that_are_known(passage: Passage, name: str) -> None:
    words = [member.value for member in WIRE.words[name]]
    for known in words:
        assert passage.take(known, "know", name) == "true\n"
    for later in (f"{words[0]}{LATER_WORD}", words[0].swapcase(), "", "constructor"):
        assert passage.take(later, "know", name) == "false\n"


def test_every_answer_that_the_contract_shows_is_read_as_it_was_sent(passage: Passage, repository: Path) -> None:
    examples = json.loads((repository / "service/web/contract/examples.json").read_text())
    for name, example in examples.items():
        text = json.dumps({"of": name, "is": example})
        assert json.loads(passage.take(text, "read", CARRIERS["read"])) == json.loads(text)


# Types


def some_of(kind: Struct) -> list[msgspec.Struct]:
    """A handful of values, the same ones each time."""
    found: list[msgspec.Struct] = []

    @settings(max_examples=TYPED_MAX, derandomize=True, database=None, phases=[Phase.generate])
    @given(value=values_of(kind))
    def collect(value: msgspec.Struct) -> None:
        found.append(value)

    collect()
    return found


def declared(kind: Struct, type_name: str, name: str) -> Iterator[str]:
    """Values as constants of a type, which takes no object that lacks what it asks for, and no field more."""
    texts = [text_of(value) for value in some_of(kind)]
    for number, text in enumerate(texts):
        yield f"export const {name}{number}: {type_name} = {text}"
    yield f"// @ts-expect-error\nexport const {name}More: {type_name} = {json.dumps(with_more(texts[0]))}"
    yield f"// @ts-expect-error\nexport const {name}Other: {type_name} = []"


def with_more(text: str) -> Any:
    return json.loads(text) | {LATER_FIELD: 1}


def test_values_of_every_struct_compile_as_the_client_s_types(built: Path) -> None:
    folder = BUILD / "values"
    folder.mkdir(exist_ok=True)
    kinds = {name: (kind, name) for name, kind in WIRE.asked.items()}
    kinds |= {f"Answered{name}": (kind, WIRE.answered_name(name)) for name, kind in WIRE.answered.items()}
    names = sorted({type_name for _, type_name in kinds.values()})
    lines = [
        f"import type {{ {', '.join(names)} }} from 'phaseline-client'",
        *(line for name, (kind, type_name) in kinds.items() for line in declared(kind, type_name, f"a{name}")),
    ]
    (folder / "values.ts").write_text("\n".join(lines) + "\n")
    (folder / "tsconfig.json").write_text('{"extends": "../../tsconfig.check.json", "include": ["values.ts"]}\n')
    run_node("node_modules/typescript/bin/tsc", "--project", str(folder))
