"""Parameters of paths, queries and headers: what they are called on the wire, and queries read as strictly as bodies.

Litestar takes the last of several values of a query, and reads `null` as an absent one, so that a caller who meant one
thing would be answered about another. `check_query` runs before each handler, and before its arguments are read.
"""

from collections import Counter
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import ClientException
from litestar.handlers.base import BaseRouteHandler
from litestar.params import HeaderParameter, PathParameter, QueryParameter
from litestar.typing import FieldDefinition

NULL = "null"  # in a query in any case


def parameters_of(handler: BaseRouteHandler) -> dict[str, FieldDefinition]:
    """All that a route takes beside its body, by their names on the wire."""
    return {
        parameter_name(field): field
        for field in handler.parsed_fn_signature.parameters.values()
        if isinstance(field.kwarg_definition, PathParameter | QueryParameter | HeaderParameter)
    }


def parameter_name(field: FieldDefinition) -> str:
    definition = field.kwarg_definition
    return getattr(definition, "name", None) or (
        camel(field.name) if isinstance(definition, PathParameter) else field.name
    )


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.title, others))


async def check_query(request: Request[Any, Any, State]) -> None:
    """ClientException for a value too many, or for one that is none; names that no parameter has are passed over."""
    query: bytes = request.scope["query_string"]
    if not query:
        return
    fields = {
        name: field
        for name, field in parameters_of(request.route_handler).items()
        if isinstance(field.kwarg_definition, QueryParameter)
    }
    given = [pair for pair in parse_qsl(query.decode("latin-1"), keep_blank_values=True) if pair[0] in fields]
    for name, count in Counter(name for name, _ in given).items():
        if count > 1 and not is_list(fields[name]):
            raise ClientException(f"{name}: One value is taken, and {count} were given.")
    for name, value in given:
        if value.lower() == NULL and not takes_any_text(fields[name]):
            raise ClientException(f"{name}: `{NULL}` is no value; leave the parameter out.")


def kinds_of(field: FieldDefinition) -> tuple[FieldDefinition, ...]:
    """What it may be: the members of a union, or itself."""
    return field.inner_types if field.is_union else (field,)


def is_list(field: FieldDefinition) -> bool:
    return any(kind.is_non_string_sequence for kind in kinds_of(field))


def takes_any_text(field: FieldDefinition) -> bool:
    return any(kind.annotation is str for kind in kinds_of(field))
