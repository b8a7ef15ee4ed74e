"""Examples: requests as their routes give them, and answers as a live server gave them.

Requests are Structs in the routes' marks. Answers lie in `examples.json`, which `make examples` writes: a test sends
all requests, and compares what comes with what lies there.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import msgspec

from service.web.contract.schemas import Json


class Examples(msgspec.Struct, frozen=True):
    """`answers` by operation and kind of media, `problems` by status, `messages` of the websocket by their names."""

    answers: dict[str, dict[str, Any]] = {}
    problems: dict[str, Any] = {}
    messages: dict[str, Any] = {}


def read_examples() -> Examples:
    return msgspec.json.decode(files(__package__).joinpath("examples.json").read_bytes(), type=Examples)


def brief(request: msgspec.Struct) -> Json:
    """A request as somebody would write it: what has its default is left out."""
    defaults = {field.encode_name: field for field in msgspec.structs.fields(request)}
    written: Json = {}
    for name, field in defaults.items():
        value = getattr(request, field.name)
        if field.required or value != default_of(field):
            written[name] = brief_value(value)
    return written


def default_of(field: msgspec.structs.FieldInfo) -> object:
    return field.default_factory() if field.default is msgspec.NODEFAULT else field.default


def brief_value(value: object) -> object:
    if isinstance(value, msgspec.Struct):
        return brief(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [brief_value(each) for each in value]
    return msgspec.to_builtins(value)


def named_values(values: Mapping[str, object]) -> Json:
    """As the document has several examples of one thing."""
    return {name: {"value": value} for name, value in values.items()}
