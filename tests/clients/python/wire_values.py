"""Whatever may be on the wire, by the service's own Structs: what it sends today, and what a later one might."""

import functools
import re
from collections.abc import Callable
from datetime import UTC
from operator import ne
from typing import Any

import msgspec
from hypothesis import strategies as st
from litestar.handlers import HTTPRouteHandler, WebsocketRouteHandler
from msgspec import inspect as kinds

from service import assembly
from service.web.contract.asyncapi import conversation_of
from service.web.contract.operations import kinds_answered, kinds_asked
from service.web.contract.schemas import classes_in
from service.web.errors import Problem

Values = st.SearchStrategy[Any]

ITEMS_MAX = 3
LENGTH_MAX = 8
INTEGER_MAX = 2**63
TEXTS = st.characters(exclude_categories=["Cs"])
LATER_FIELDS = st.dictionaries(
    st.text(TEXTS, max_size=5).map(lambda name: f"ofLaterOn{name}"),
    st.none() | st.integers() | st.text(TEXTS, max_size=5) | st.lists(st.booleans(), max_size=2),
    max_size=2,
)
SCALARS: dict[type[kinds.Type], Values] = {
    kinds.BoolType: st.booleans(),
    kinds.NoneType: st.none(),
    kinds.UUIDType: st.uuids().map(str),
    kinds.DateTimeType: st.datetimes(timezones=st.just(UTC)).map(msgspec.to_builtins),
}


class Server(msgspec.Struct, frozen=True):
    """How a server fills in a Struct: with which words, with what beside its fields, and which fields it may omit."""

    words: Callable[[kinds.EnumType], Values]
    extras: Values
    omitted: Callable[[kinds.StructType, kinds.Field], bool]


def known_words(kind: kinds.EnumType) -> Values:
    return st.sampled_from([member.value for member in kind.cls])


def any_words(kind: kinds.EnumType) -> Values:
    return known_words(kind) | st.text(TEXTS, max_size=8)


def is_omitted(kind: kinds.StructType, field: kinds.Field) -> bool:
    """In answers, what has its default, where the Struct leaves that out."""
    return not field.required and bool(kind.cls.__struct_config__.omit_defaults)


CALLER = Server(known_words, st.just({}), lambda _, field: not field.required)  # who asks may leave out more
TODAY = Server(known_words, st.just({}), is_omitted)
LATER = Server(any_words, LATER_FIELDS, is_omitted)


def wire_kinds() -> dict[str, type]:
    """Every Struct and every list of words that callers send or get, by its name."""
    found: list[Any] = [Problem]
    for route in assembly.routes():
        if isinstance(route, WebsocketRouteHandler):
            conversation = conversation_of(route)
            found += [conversation.sends, conversation.takes]
        elif isinstance(route, HTTPRouteHandler):
            found += [*kinds_asked(route), *kinds_answered(route)]
    return classes_in(found)


def values_of(kind: kinds.Type, server: Server) -> Values:
    """As JSON has them."""
    return SCALARS[type(kind)] if type(kind) in SCALARS else MAKERS[type(kind)](kind, server)


def integers_of(kind: kinds.IntType, _: Server) -> Values:
    return st.integers(0 if kind.ge is None else kind.ge, INTEGER_MAX if kind.le is None else kind.le)


def floats_of(kind: kinds.FloatType, _: Server) -> Values:
    return st.floats(kind.ge, kind.le, allow_nan=False, allow_infinity=False)


def texts_of(kind: kinds.StrType, _: Server) -> Values:
    least, most = kind.min_length or 0, min(kind.max_length or LENGTH_MAX, LENGTH_MAX)
    if kind.pattern is None:
        return st.text(TEXTS, min_size=least, max_size=most)
    return st.text("ab-é 7", min_size=least, max_size=most).filter(re.compile(kind.pattern).search)


def maps_of(kind: kinds.DictType, server: Server) -> Values:
    return st.dictionaries(values_of(kind.key_type, server), values_of(kind.value_type, server), max_size=ITEMS_MAX)


def unions_of(kind: kinds.UnionType, server: Server) -> Values:
    unset = msgspec.UnsetType
    types = [each for each in kind.types if not (isinstance(each, kinds.CustomType) and each.cls is unset)]
    return st.one_of([values_of(each, server) for each in types])


def lists_of(kind: kinds.CollectionType, server: Server) -> Values:
    is_set = isinstance(kind, kinds.SetType | kinds.FrozenSetType)
    least, most = kind.min_length or 0, min(kind.max_length or ITEMS_MAX, ITEMS_MAX)
    return st.lists(values_of(kind.item_type, server), min_size=least, max_size=most, unique=is_set)


def objects_of(kind: kinds.StructType, server: Server) -> Values:
    required: dict[str, Values] = {} if kind.tag_field is None else {kind.tag_field: st.just(kind.tag)}
    optional: dict[str, Values] = {}
    for field in kind.fields:
        values = values_of(field.type, server)
        if server.omitted(kind, field):
            optional[field.encode_name] = values.filter(functools.partial(ne, default_of(field)))
        else:
            required[field.encode_name] = values
    known = st.fixed_dictionaries(required, optional=optional)
    return st.builds(lambda fields, extras: {**extras, **fields}, known, server.extras)


def default_of(field: kinds.Field) -> Any:
    """As JSON has it."""
    has_value = field.default is not msgspec.NODEFAULT and field.default is not msgspec.UNSET
    return msgspec.json.decode(msgspec.json.encode(field.default)) if has_value else None


MAKERS: dict[type[kinds.Type], Callable[[Any, Server], Values]] = {
    kinds.Metadata: lambda kind, server: values_of(kind.type, server),
    kinds.EnumType: lambda kind, server: server.words(kind),
    kinds.LiteralType: lambda kind, _: st.sampled_from(kind.values),
    kinds.IntType: integers_of,
    kinds.FloatType: floats_of,
    kinds.StrType: texts_of,
    kinds.DictType: maps_of,
    kinds.UnionType: unions_of,
    kinds.VarTupleType: lists_of,
    kinds.FrozenSetType: lists_of,
    kinds.StructType: objects_of,
}
