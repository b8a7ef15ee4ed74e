"""Structs -> JSON schemas: one of each for what is asked, and one for what is shown.

What is asked is closed: it says `additionalProperties: false` where the Struct refuses unknown fields. What is shown
is open, so that an added field breaks no reader; all its fields are there (but those that the Struct omits), and its
values are not bounded, since no reader has to judge them. A Struct of both kinds (a campaign's configuration) has both:
the shown one is called `Shown...` where the two differ.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

import msgspec
from msgspec.inspect import DictType, EnumType, StructType, multi_type_info, type_info

Json = dict[str, Any]
Kind = Any  # whatever msgspec can make a schema of: a Struct, an enum, a list or a union of them

PLACE = "#/components/schemas/"
SHOWN = "Shown"
NULL: Json = {"type": "null"}
BOUNDS = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern", "minItems", "maxItems"),
    }
)


class Schemas(msgspec.Struct, frozen=True):
    """Every schema that has a name; `shown` are the names that mean another schema in an answer than in a request."""

    components: Mapping[str, Json]
    shown: frozenset[str]

    def asked(self, kind: Kind) -> Json:
        """How something that callers send is told of: by reference, where it has a name."""
        return without_lists(schema_of(kind), {})

    def answered(self, kind: Kind) -> Json:
        return renamed(unbounded(without_lists(schema_of(kind), {})), self.shown)


def describe_kinds(asked: Sequence[Kind], answered: Sequence[Kind], unions: Mapping[str, Kind]) -> Schemas:
    """The schemas of all that callers send and get; unions by their names."""
    asked_parts = components_of(asked)
    structs = {name: kind for name, kind in classes_in(answered).items() if issubclass(kind, msgspec.Struct)}
    answered_parts = {
        name: as_answer(schema, structs[name]) if name in structs else schema
        for name, schema in components_of(answered).items()
    }
    shown = frozenset(differing(asked_parts, answered_parts))
    components = asked_parts | {
        shown_name(name, shown): renamed(schema, shown) for name, schema in answered_parts.items()
    }
    components |= {name: renamed(schema_of(union), shown) for name, union in unions.items()}
    return Schemas(dict(sorted(components.items())), shown)


def schema_of(kind: Kind) -> Json:
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=PLACE + "{name}")
    return mended(schema)


def components_of(kinds: Sequence[Kind]) -> dict[str, Json]:
    """All that has a name; an enum's values in the order in which they are defined."""
    _, raw = msgspec.json.schema_components(kinds, ref_template=PLACE + "{name}")
    found: dict[str, Json] = {}
    for name, schema in raw.items():
        found[name] = without_lists(without(mended(schema), {"title"}), found)
    for name, kind in classes_in(kinds).items():
        if issubclass(kind, Enum):
            found[name]["enum"] = [member.value for member in kind]
    return found


def classes_in(kinds: Sequence[Kind]) -> dict[str, type]:
    """Structs and enums by their names, those within others too."""
    found: dict[str, type] = {}

    def visit(part: object) -> None:
        if isinstance(part, StructType | EnumType):
            known = found.setdefault(part.cls.__name__, part.cls)
            assert known is part.cls, f"two kinds on the wire are called {known.__name__}"
        if isinstance(part, msgspec.Struct):
            visit(tuple(getattr(part, name) for name in part.__struct_fields__))
        elif isinstance(part, tuple):
            for each in part:
                visit(each)

    visit(multi_type_info(kinds))
    return found


def in_parts(schema: Json, change: Callable[[Json], Json]) -> Json:
    """A schema with its inner schemas changed; names of fields are no keywords."""
    found = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(found.get(key), dict):
            found[key] = change(found[key])
    for key in ("anyOf", "oneOf", "prefixItems"):
        if key in found:
            found[key] = [change(part) for part in found[key]]
    if "properties" in found:
        found["properties"] = {name: change(part) for name, part in found["properties"].items()}
    return found


def without(schema: Json, keys: set[str] | frozenset[str]) -> Json:
    return {key: value for key, value in schema.items() if key not in keys}


def mended(schema: Json) -> Json:
    """What msgspec leaves out: the type of an enum, a tag as a constant, one of (not any of) what a tag tells apart.

    And what it says too much: a set may be given with an item twice, which is then once in it.
    """
    schema = in_parts(schema, mended)
    if "description" in schema:
        schema["description"] = inspect.cleandoc(schema["description"])
    if "discriminator" in schema:
        schema["oneOf"] = schema.pop("anyOf")
    if schema.get("required") == []:
        del schema["required"]
    if schema.pop("uniqueItems", False) and "default" in schema:
        schema["default"] = sorted(schema["default"])  # a set has another order in each process
    if "enum" in schema:
        schema["type"] = "string" if isinstance(schema["enum"][0], str) else "integer"
        if len(schema["enum"]) == 1:
            schema["const"] = schema.pop("enum")[0]
    return schema


def without_lists(schema: Json, found: dict[str, Json]) -> Json:
    """A closed list with a title is a component of that name, which `found` takes; here stays a reference."""
    schema = in_parts(schema, lambda part: without_lists(part, found))
    if "enum" not in schema or "title" not in schema:
        return schema
    found[schema["title"]] = without(schema, {"title"})
    return {"$ref": PLACE + schema["title"]}


def as_answer(schema: Json, kind: type[msgspec.Struct]) -> Json:
    """Open, and with every field that is always there among the required ones."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    omits = kind.__struct_config__.omit_defaults
    omitted = {name for name, field in fields.items() if omits and not field.required}
    properties = {
        name: unbounded(omissible(part) if name in omitted else without(part, {"default"})) | keys_of(fields.get(name))
        for name, part in schema["properties"].items()
    }
    required = [name for name in properties if name not in omitted]
    open_schema = without(schema, {"additionalProperties", "required"}) | {"properties": properties}
    return open_schema | ({"required": required} if required else {})


def keys_of(field: msgspec.structs.FieldInfo | None) -> Json:
    """What the keys of a dictionary are, where these are a closed list; a tag is no field."""
    kind = None if field is None else type_info(field.type)
    if isinstance(kind, DictType) and isinstance(kind.key_type, EnumType):
        return {"propertyNames": {"$ref": PLACE + kind.key_type.cls.__name__}}
    return {}


def omissible(schema: Json) -> Json:
    """What is left out where it has its default: where that is null, it is never null."""
    if schema.get("default", ()) is not None:
        return schema
    return without_null(without(schema, {"default"}))


def without_null(schema: Json) -> Json:
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != NULL]
    return {**without(schema, {"anyOf"}), **kinds[0]} if len(kinds) == 1 else schema


def unbounded(schema: Json) -> Json:
    return without(in_parts(schema, unbounded), BOUNDS)


def differing(asked: Mapping[str, Json], answered: Mapping[str, Json]) -> set[str]:
    """Names of both whose schemas are not the same, or lead to some that are not."""
    both = asked.keys() & answered.keys()
    found = {name for name in both if asked[name] != answered[name]}
    while more := {name for name in both - found if found & set(references_in(answered[name]))}:
        found |= more
    return found


def references_in(part: object) -> Iterator[str]:
    """Names of the schemas that a part of a document refers to."""
    if isinstance(part, str) and part.startswith(PLACE):
        yield part.removeprefix(PLACE)
    elif isinstance(part, dict):
        for value in part.values():
            yield from references_in(value)
    elif isinstance(part, list):
        for value in part:
            yield from references_in(value)


def shown_name(name: str, shown: frozenset[str]) -> str:
    return SHOWN + name if name in shown else name


def renamed(schema: Json, shown: frozenset[str]) -> Json:
    """With references to what is shown in place of those to what is asked."""
    schema = in_parts(schema, lambda part: renamed(part, shown))
    if "$ref" in schema:
        schema["$ref"] = renamed_reference(schema["$ref"], shown)
    if "discriminator" in schema:
        mapping = {tag: renamed_reference(place, shown) for tag, place in schema["discriminator"]["mapping"].items()}
        schema["discriminator"] = {**schema["discriminator"], "mapping": mapping}
    return schema


def renamed_reference(place: str, shown: frozenset[str]) -> str:
    return PLACE + shown_name(place.removeprefix(PLACE), shown)
