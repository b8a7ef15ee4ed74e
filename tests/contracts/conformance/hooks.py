"""Loaded by schemathesis: what is sent is aimed at things that are there, and more is asked of answers."""

import itertools
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response, SerializationContext
from schemathesis.core import NotSet
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.meta import TestPhase

from service.web.idempotency import KEY_LENGTH_MAX
from tests.contracts.conformance.kept import NOBODY, VARIABLE, from_text

AnyCase = Case[Any]

IDEMPOTENCY_KEY = "Idempotency-Key"
UNGUESSED = {"cursor", "keyword", "If-Match"}
READING = {"GET", "HEAD", "OPTIONS"}

kept = from_text(os.environ[VARIABLE])
spared = {each for parameters in kept.values() for each in parameters.values()}
created: list[str] = []  # campaigns, the newest last
_numbers = itertools.count()
_turns: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)  # of each operation


@schemathesis.serializer("application/x-ndjson")
def as_text(_: SerializationContext, value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def before_call(_: HookContext, case: AnyCase, kwargs: dict[str, Any]) -> None:
    """Every other request is aimed at something that is there; a chain of calls goes where it leads."""
    if case.meta is None:
        return
    if is_good(case, ParameterLocation.HEADER):
        renew_key(case)
    if not is_good(case, ParameterLocation.BODY) and operation_id(case) == "import_domains":
        send_list(case)
    elif is_good(case, ParameterLocation.BODY) and not isinstance(case.body, NotSet):
        case.body = with_whole_numbers(case.body)
    if case.meta.phase.name == TestPhase.STATEFUL:
        leave_out_guesses(case)
        begin_chain(case)
    elif next(_turns[operation_id(case)]) % 2 == 0:
        leave_out_guesses(case)
        aim(case)
    spare(case)


def is_good(case: AnyCase, place: ParameterLocation) -> bool:
    """Nothing in this place was made to be refused."""
    return case.meta is not None and not case.meta.is_negative_at(place)


def send_list(case: AnyCase) -> None:
    """Any text is a list, and no text at all is an empty one: of an import only its parameters can be bad."""
    case.body = "example.com\n"
    case.media_type = case.media_type or next(iter(case.operation.body)).media_type
    case.query = {each.name: case.query[each.name] for each in case.operation.query if each.name in case.query}


def renew_key(case: AnyCase) -> None:
    """A second request with the same key would not get past it."""
    key = case.headers.get(IDEMPOTENCY_KEY)
    if key:
        case.headers[IDEMPOTENCY_KEY] = f"{next(_numbers)}-{key}"[:KEY_LENGTH_MAX]


def with_whole_numbers(value: Any) -> Any:
    """To JSON Schema 9.0 is an integer; to us, as to most who read JSON into types, it is none."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [with_whole_numbers(each) for each in value]
    if isinstance(value, dict):
        return {name: with_whole_numbers(each) for name, each in value.items()}
    return value


def aim(case: AnyCase) -> None:
    """At what is kept for this operation."""
    if is_good(case, ParameterLocation.PATH):
        case.path_parameters = {**case.path_parameters, **kept.get(operation_id(case), {})}


def begin_chain(case: AnyCase) -> None:
    """With the newest campaign, where chance alone would choose, and find none."""
    if created and case.path_parameters.get("campaignId", created[-1]) not in {*created, *spared}:
        case.path_parameters["campaignId"] = created[-1]


@schemathesis.hook
def after_call(_: HookContext, case: AnyCase, response: Response) -> None:
    if operation_id(case) == "create_campaign" and response.status_code == HTTPStatus.CREATED:
        created.append(response.json()["id"])


def leave_out_guesses(case: AnyCase) -> None:
    """What only an answer could tell."""
    for place, values in ((ParameterLocation.QUERY, case.query), (ParameterLocation.HEADER, case.headers)):
        if is_good(case, place):
            for name in UNGUESSED & set(values):
                del values[name]


def spare(case: AnyCase) -> None:
    """What is kept for other operations is not changed: they would find nothing that they can be done with."""
    if case.method in READING:
        return
    others = spared - set(kept.get(operation_id(case), {}).values())
    for name, value in case.path_parameters.items():
        if value in others:
            case.path_parameters[name] = NOBODY


def operation_id(case: AnyCase) -> str:
    found: str = case.operation.definition.raw["operationId"]
    return found


def is_positive(case: AnyCase) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.check
class RefusedByRule:
    """What a schema allows is refused by a rule that no schema can tell, or not at all."""

    def __init__(self, rules: Mapping[str, str]) -> None:
        self.rules = rules

    def after_response(self, _: CheckContext, response: Response, case: AnyCase) -> None:
        if is_positive(case) and response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
            code = response.json()["code"]
            assert code in self.rules, f"The schema allows it, and {code} is no rule that stands beside the schema."


@schemathesis.check
class Reached:
    """Every operation was done at least once, or nothing is known of it."""

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.done: set[str] = set()

    def after_response(self, _: CheckContext, response: Response, case: AnyCase) -> None:
        self.asked.add(case.operation.label)
        if 200 <= response.status_code < 300:
            self.done.add(case.operation.label)

    def after_run(self, _: CheckContext) -> None:
        missed = sorted(self.asked - self.done)
        assert not missed, f"Never done: {', '.join(missed)}"
