"""The operations of the document, as the client's methods name and type them."""

from typing import Any

import msgspec

from tests.contracts.operations import resolved
from tests.contracts.python_client.texts import snake

JSON_TYPE = "application/json"
KEY_HEADER = "Idempotency-Key"
READ_BY_POST = ("preview_pattern", "estimate_phase")  # they change nothing
KINDS = {
    400: "Invalid", 404: "NotFound", 409: "Conflict", 412: "PreconditionFailed", 413: "Invalid", 415: "Invalid",
    422: "Invalid",
}  # fmt: skip
PLAIN = {
    ("string", None): "str", ("string", "uuid"): "UUID", ("string", "date-time"): "datetime", ("integer", None): "int",
    ("number", None): "float",
}  # fmt: skip
REFERENCE = "#/components/schemas/"

Schema = dict[str, Any]


class Argument(msgspec.Struct, frozen=True):
    """A parameter. `place` is path, query or header; `wire_name` is what it is called there."""

    name: str
    wire_name: str
    place: str
    type: str
    told: str = ""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. `body` is the type of what is sent as JSON, `media` are the kinds of a list that is streamed in.

    `answer` is None where nothing is answered, and `streams` says that a file is.
    """

    id: str
    tag: str
    method: str
    path: str
    manner: str
    told: str
    arguments: tuple[Argument, ...]
    body: str | None
    body_required: bool
    media: tuple[str, ...]
    answer: str | None
    streams: bool

    def arguments_in(self, *places: str) -> list[Argument]:
        return [each for each in self.arguments if each.place in places]


def operations_of(document: dict[str, Any]) -> list[Operation]:
    found = [
        operation_of(document, path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    if missing := set(READ_BY_POST) - {each.id for each in found}:
        raise ValueError(f"there are no operations {missing}")
    return found


def operation_of(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> Operation:
    arguments = [argument_of(resolved(document, each)) for each in operation.get("parameters", [])]
    taken = operation.get("requestBody", {})
    answers = {int(code): resolved(document, each) for code, each in operation["responses"].items()}
    (success,) = [answer for code, answer in answers.items() if 200 <= code < 300]
    contents = success.get("content", {})
    (tag,) = operation["tags"]
    return Operation(
        id=operation["operationId"],
        tag=tag,
        method=method.upper(),
        path=path,
        manner=manner_of(method, operation["operationId"], arguments),
        told=told_of(operation, arguments, sorted(answers)),
        arguments=tuple(arguments),
        body=type_of(taken["content"][JSON_TYPE]["schema"]) if JSON_TYPE in taken.get("content", {}) else None,
        body_required=taken.get("required", False),
        media=tuple(kind for kind in taken.get("content", {}) if kind != JSON_TYPE),
        answer=type_of(contents[JSON_TYPE]["schema"]) if JSON_TYPE in contents else None,
        streams=bool(contents) and JSON_TYPE not in contents,
    )


def argument_of(parameter: dict[str, Any]) -> Argument:
    name, place, schema = parameter["name"], parameter["in"], parameter["schema"]
    if parameter["required"] != (place == "path"):
        raise ValueError(f"{name}: what is in a path is needed, and nothing else can be")
    default = f"Left out: {schema['default']}." if "default" in schema else ""
    told = " ".join(part for part in (parameter.get("description", ""), default) if part)
    return Argument(snake(name), name, place, type_of(schema), told)


def manner_of(method: str, operation_id: str, arguments: list[Argument]) -> str:
    if method == "get" or operation_id in READ_BY_POST:
        return "READING"
    return "COMMAND" if any(each.wire_name == KEY_HEADER for each in arguments) else "ONCE"


def told_of(operation: dict[str, Any], arguments: list[Argument], statuses: list[int]) -> str:
    """The docstring: what it does, what its arguments mean, and how it is refused besides as every call may be."""
    about = [f"`{each.name}`: {each.told}" for each in arguments if each.told and each.wire_name != KEY_HEADER]
    kinds = dict.fromkeys(KINDS[status] for status in statuses if status in KINDS)
    refusals = [f"Refused as {', '.join(kinds)}."] if kinds else []
    parts = [operation["summary"], operation.get("description", ""), "\n".join(about), *refusals]
    return "\n\n".join(part for part in parts if part)


def type_of(schema: Schema) -> str:
    """As Python writes it."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(REFERENCE)
    if "enum" in schema:
        return f"Literal[{', '.join(repr(word) for word in schema['enum'])}]"
    if schema["type"] == "array":
        return f"Sequence[{type_of(schema['items'])}]"
    return PLAIN[schema["type"], schema.get("format")]
