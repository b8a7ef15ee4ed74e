"""Every Struct and every list of words on the wire, whichever way they go, and values of theirs for Hypothesis.

Whole numbers are within 2^53, beyond which programs that know only doubles lose digits.
"""

from collections.abc import Mapping
from datetime import UTC
from enum import Enum
from typing import Any

import msgspec
from hypothesis import strategies as st
from litestar.handlers import HTTPRouteHandler, WebsocketRouteHandler
from msgspec import inspect

from service import assembly
from service.web.contract.asyncapi import conversation_of
from service.web.contract.operations import answer_kind, kinds_answered, kinds_asked
from service.web.contract.schemas import Kind, classes_in, describe_kinds, shown_name
from service.web.errors import Problem

SAFE_INTEGER = 2**53
ITEMS_MAX = 3
LENGTH_MAX = 12

Struct = type[msgspec.Struct]


class Wire(msgspec.Struct, frozen=True):
    """All that callers send and get, by name; `operations` of which it is the whole body. `shown`: see `schemas`."""

    asked: Mapping[str, Struct]
    answered: Mapping[str, Struct]
    words: Mapping[str, type[Enum]]
    shown: frozenset[str]
    operations_asked: Mapping[str, HTTPRouteHandler]
    operations_answered: Mapping[str, HTTPRouteHandler]

    def answered_name(self, name: str) -> str:
        """What the document calls a Struct that callers get."""
        return shown_name(name, self.shown)


def read_wire() -> Wire:
    routes = assembly.routes()
    handlers = [each for each in routes if isinstance(each, HTTPRouteHandler) and each.include_in_schema is not False]
    conversations = [conversation_of(each) for each in routes if isinstance(each, WebsocketRouteHandler)]
    asked = [kind for each in handlers for kind in kinds_asked(each)] + [each.takes for each in conversations]
    answered = [kind for each in handlers for kind in kinds_answered(each)]
    answered += [*(each.sends for each in conversations), Problem]
    found = classes_in([*asked, *answered])
    bodies = {each: each.parsed_data_field.annotation for each in handlers if each.parsed_data_field is not None}
    return Wire(
        asked=structs_in(asked),
        answered=structs_in(answered),
        words={name: kind for name, kind in found.items() if issubclass(kind, Enum)},
        shown=describe_kinds(asked, answered, {}).shown,
        operations_asked={name: each for each, kind in bodies.items() for name in structs_of(kind)},
        operations_answered={name: each for each in handlers for name in structs_of(answer_kind(each))},
    )


def structs_in(kinds: list[Kind]) -> dict[str, Struct]:
    return {name: kind for name, kind in classes_in(kinds).items() if issubclass(kind, msgspec.Struct)}


def structs_of(kind: Kind | None) -> list[str]:
    """The Struct that a body is, where it is one; a body that may be left out is one too."""
    told = None if kind is None else inspect.type_info(kind)
    parts = told.types if isinstance(told, inspect.UnionType) else (told,)
    return [part.cls.__name__ for part in parts if isinstance(part, inspect.StructType)]


def values_of(kind: Struct) -> st.SearchStrategy[Any]:
    """Whatever the Struct can be once it was decoded."""
    return strategy_of(inspect.type_info(kind))


def strategy_of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    found: st.SearchStrategy[Any]
    match kind:
        case inspect.StructType(cls=cls, fields=fields):
            found = st.builds(cls, **{field.name: strategy_of(field.type) for field in fields})
        case inspect.UnionType(types=kinds):
            found = st.one_of([strategy_of(each) for each in kinds])
        case inspect.Metadata(type=inner, extra_json_schema=schema):
            words = (schema or {}).get("enum")
            found = st.sampled_from(words) if words else strategy_of(inner)
        case inspect.DictType(key_type=key, value_type=value):
            found = st.dictionaries(strategy_of(key), strategy_of(value), max_size=ITEMS_MAX)
        case inspect.FrozenSetType(item_type=item, min_length=least):
            found = st.frozensets(strategy_of(item), min_size=least or 0, max_size=ITEMS_MAX)
        case inspect.VarTupleType(item_type=item, min_length=least, max_length=most):
            items = st.lists(strategy_of(item), min_size=least or 0, max_size=min(ITEMS_MAX, most or ITEMS_MAX))
            found = items.map(tuple)
        case _:
            found = scalars_of(kind)
    return found


def scalars_of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    found: st.SearchStrategy[Any]
    match kind:
        case inspect.EnumType(cls=cls):
            found = st.sampled_from(cls)
        case inspect.LiteralType(values=values):
            found = st.sampled_from(values)
        case inspect.StrType():
            found = texts_of(kind)
        case inspect.IntType(ge=least, le=most):
            lowest, highest = (-SAFE_INTEGER if least is None else least), (SAFE_INTEGER if most is None else most)
            found = st.integers(lowest, min(highest, SAFE_INTEGER))
        case inspect.FloatType(ge=least, le=most):
            found = st.floats(least, most, allow_nan=False, allow_infinity=False)
        case inspect.DateTimeType(tz=True):
            found = st.datetimes(timezones=st.just(UTC))  # as the contract has them
        case _:
            found = SIMPLE[type(kind)]
    return found


SIMPLE: Mapping[type[inspect.Type], st.SearchStrategy[Any]] = {
    inspect.UUIDType: st.uuids(),
    inspect.BoolType: st.booleans(),
    inspect.NoneType: st.none(),
}


def texts_of(kind: inspect.StrType) -> st.SearchStrategy[str]:
    least, most = kind.min_length or 0, min(kind.max_length or LENGTH_MAX, LENGTH_MAX)
    if kind.pattern is not None:
        return st.from_regex(kind.pattern).filter(lambda text: least <= len(text) <= (kind.max_length or len(text)))
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=most)
