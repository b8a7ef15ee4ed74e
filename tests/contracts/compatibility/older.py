"""OpenAPI 3.1 -> 3.0, for a reader of bodies alone: parameters and messages become bodies. Pure."""

from collections.abc import Iterator
from typing import Any

from tests.contracts.operations import resolved

Json = dict[str, Any]

VERSION = "3.0.3"
JSON_TYPE = "application/json"
NULL: Json = {"type": "null"}
# Said elsewhere, or looked at by `words`; among them what 3.0 has no word for.
DROPPED = frozenset({"examples", "example", "x-line-schema", "propertyNames", "discriminator"})


def older(openapi: Json, asyncapi: Json) -> Json:
    """Operations as they are, and beside each what it asks for in its parameters, as if that were a body.

    Messages refer to the OpenAPI document's schemas, which are the same as the AsyncAPI document's.
    """
    paths: Json = {}
    for path, item in openapi["paths"].items():
        paths[path] = item
        for method, operation in item.items():
            paths[f"{path}/parameters-of-{method}"] = {"post": takes_body(parameters_as_schema(openapi, operation))}
    for name, action, schema in messages_in(asyncapi):
        paths[f"/message/{name}"] = {"post": takes_body(schema) if action == "receive" else gives_body(schema)}
    info = {key: openapi["info"][key] for key in ("title", "version")}
    components = {key: openapi["components"][key] for key in ("schemas", "responses", "parameters", "headers")}
    document = {"openapi": VERSION, "info": info, "paths": paths, "components": components}
    simple: Json = simplified(document)
    return simple


def parameters_as_schema(document: Json, operation: Json) -> Json:
    found = [resolved(document, each) for each in operation.get("parameters", ())]
    return {
        "type": "object",
        "properties": {f"{each['in']} {each['name']}": each["schema"] for each in found},
        "required": [f"{each['in']} {each['name']}" for each in found if each["required"]],
        "additionalProperties": False,
    }


def messages_in(asyncapi: Json) -> Iterator[tuple[str, str, Json]]:
    for operation in asyncapi["operations"].values():
        for place in operation["messages"]:
            name = place["$ref"].rpartition("/")[2]
            yield name, operation["action"], asyncapi["components"]["messages"][name]["payload"]


def takes_body(schema: Json) -> Json:
    content = {JSON_TYPE: {"schema": schema}}
    return {"requestBody": {"content": content}, "responses": {"204": {"description": "Taken."}}}


def gives_body(schema: Json) -> Json:
    return {"responses": {"200": {"description": "Given.", "content": {JSON_TYPE: {"schema": schema}}}}}


def simplified(part: Any) -> Any:
    """In the words of 3.0: a constant is an enum, a reference stands alone; that something may be null is left out."""
    if isinstance(part, list):
        return [simplified(each) for each in part]
    if not isinstance(part, dict):
        return part
    found = {key: simplified_at(key, value) for key, value in without_null(part).items() if key not in DROPPED}
    if found.get("required") == []:
        del found["required"]
    if "const" in found:
        found["enum"] = [found.pop("const")]
    if "$ref" in found and len(found) > 1:
        found["allOf"] = [{"$ref": found.pop("$ref")}]
    return found


def simplified_at(key: str, value: Any) -> Any:
    """Names of fields are no keywords, and prose says nothing here, but has to be there."""
    if key == "properties":
        return {name: simplified(part) for name, part in value.items()}
    return "" if key == "description" and isinstance(value, str) else simplified(value)


def may_be_null(schema: Json) -> bool:
    return NULL in schema.get("anyOf", ())


def without_null(schema: Json) -> Json:
    """What it is besides null."""
    if not may_be_null(schema):
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    kinds = [kind for kind in schema["anyOf"] if kind != NULL]
    return rest | (kinds[0] if len(kinds) == 1 else {"anyOf": kinds})


def only_changed(old: Json, new: Json) -> tuple[Json, Json]:
    """Both without the operations that are the same in both, with all that they refer to."""
    both = old["paths"].keys() & new["paths"].keys()
    same = {path for path in both if whole(old, old["paths"][path]) == whole(new, new["paths"][path])}
    return without_paths(old, same), without_paths(new, same)


def without_paths(document: Json, paths: set[str]) -> Json:
    return document | {"paths": {path: item for path, item in document["paths"].items() if path not in paths}}


def whole(document: Json, part: Any) -> Json:
    """A part and all that it refers to, by their places."""
    found: Json = {"": part}
    waiting = list(references_in(part))
    while waiting:
        place = waiting.pop()
        if place not in found:
            found[place] = resolved(document, {"$ref": place})
            waiting += references_in(found[place])
    return found


def references_in(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from references_in(each)
