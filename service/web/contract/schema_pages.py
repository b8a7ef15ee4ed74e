"""A schema of the documents -> HTML: what a value may be, and a table of what an object holds."""

from collections.abc import Iterator

import msgspec

from service.web.contract.html import NOTHING, Html, element, joined, link, phrase, prose, table, text
from service.web.contract.schemas import NULL, PLACE, Json

BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "matches {}",
}


def schema_section(name: str, schema: Json) -> Html:
    """One component, with a place to be linked to."""
    heading = element("h3", element("code", text(name)))
    return element("section", heading, schema_body(schema), id=anchor(name), class_="schema")


def schema_body(schema: Json) -> Html:
    described = prose(schema.get("description", ""))
    if schema.get("type") == "object" and "properties" in schema:
        return joined([described, properties_table(schema), closed_note(schema)])
    return joined([described, element("p", kind_of(schema))])


def closed_note(schema: Json) -> Html:
    if schema.get("additionalProperties") is not False:
        return NOTHING
    return element("p", text("Other fields are refused."), class_="note")


def properties_table(schema: Json) -> Html:
    required = set(schema.get("required", ()))
    rows = (
        (
            element("code", text(name)),
            kind_of(part),
            text("always" if name in required else "may be left out"),
            told(part),
        )
        for name, part in schema["properties"].items()
    )
    return table(("field", "what it is", "there", ""), rows)


def told(schema: Json) -> Html:
    """What it means, between which bounds, and what it is where it is left out."""
    parts = [phrase(schema["description"])] if "description" in schema else []
    parts += [text(bound) for bound in bounds_of(schema)]
    if "default" in schema:
        parts.append(joined([text("if left out: "), element("code", text(compact(schema["default"])))]))
    return joined(parts, "; ")


def bounds_of(schema: Json) -> Iterator[str]:
    """Its own, and those of what it may be besides null."""
    for key, sentence in BOUNDS.items():
        if key in schema:
            yield sentence.format(schema[key])
    for part in schema.get("anyOf", ()):
        yield from bounds_of(part)
    if isinstance(schema.get("items"), dict):
        yield from (f"each {bound}" for bound in bounds_of(schema["items"]))


def kind_of(schema: Json) -> Html:
    """In a few words, with links to what has a name."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(PLACE)
        return link(f"#{anchor(name)}", text(name))
    if "const" in schema:
        return element("code", text(compact(schema["const"])))
    if "enum" in schema:
        return joined((element("code", text(word)) for word in schema["enum"]), " | ")
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return joined((kind_of(part) for part in schema[key]), " | ")
    return plain_kind(schema)


def plain_kind(schema: Json) -> Html:
    if schema == NULL:
        return element("code", text("null"))
    if schema.get("type") == "array":
        return joined([text("list of "), kind_of(schema["items"])])
    if isinstance(schema.get("additionalProperties"), dict):
        keys = kind_of(schema["propertyNames"]) if "propertyNames" in schema else text("any name")
        return joined([text("by "), keys, text(": "), kind_of(schema["additionalProperties"])])
    return text(schema.get("format") or schema.get("type", "anything"))


def anchor(name: str) -> str:
    return f"schema-{name}"


def compact(value: object) -> str:
    return msgspec.json.encode(value).decode()


def example_block(title: str, value: object) -> Html:
    """Folded away: a text as it is, anything else as JSON."""
    shown = value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return element("details", element("summary", text(title)), element("pre", element("code", text(shown))))
