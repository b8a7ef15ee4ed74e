"""What openapi-diff does not look at: names of operations, media, scopes, words, formats, patterns. Pure.

Of a request, whatever was taken is taken; of an answer, whatever was promised is kept.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.contracts.compatibility.older import may_be_null, messages_in, without_null
from tests.contracts.operations import resolved

Json = dict[str, Any]

SCHEMAS = "#/components/schemas/"
# A request must not begin to ask for these, nor for others; an answer must not begin to break them.
PROMISES = ("format", "pattern", "uniqueItems", "propertyNames")


class Walk:
    """Two documents side by side; each pair of schemas is looked at once in each direction."""

    def __init__(self, old: Json, new: Json) -> None:
        self._old, self._new = old, new
        self._seen: set[tuple[str, str, bool]] = set()

    def breaks(self, old: Json, new: Json, place: str, *, asked: bool) -> Iterator[str]:
        """Of one schema, and of all within it; `asked` says that callers send it."""
        wide, narrow = (old, new) if asked else (new, old)
        if may_be_null(wide) and not may_be_null(narrow):
            yield f"{place}: it {'may no longer' if asked else 'may now'} be null"
        old, new = without_null(old), without_null(new)
        pair = (old.get("$ref", ""), new.get("$ref", ""), asked)
        if all(pair[:2]):
            if pair in self._seen:
                return
            self._seen.add(pair)
            place = pair[0].removeprefix(SCHEMAS)
        old, new = resolved(self._old, old), resolved(self._new, new)
        yield from own_breaks(old, new, place, asked=asked)
        for name, inner, other in pairs_within(old, new):
            yield from self.breaks(inner, other, f"{place}/{name}", asked=asked)


def own_breaks(old: Json, new: Json, place: str, *, asked: bool) -> Iterator[str]:
    before, after = words_of(old), words_of(new)
    if asked and after is not None and (before is None or before - after):
        yield f"{place}: these words are taken no longer, or others were before: {sorted((before or after) - after)}"
    if not asked and before is not None and after is not None and "const" in old and before != after:
        yield f"{place}: what was always {before} is {after}"
    for promise in PROMISES:
        bound, was_bound = (new, old) if asked else (old, new)
        if promise in bound and bound[promise] != was_bound.get(promise):
            yield f"{place}: {promise} was {old.get(promise)} and is {new.get(promise)}"


def words_of(schema: Json) -> set[str] | None:
    """The closed list that a value comes from, if there is one."""
    if "const" in schema:
        return {schema["const"]}
    return set(schema["enum"]) if "enum" in schema else None


def pairs_within(old: Json, new: Json) -> Iterator[tuple[str, Json, Json]]:
    """Inner schemas that stand in the same place of both; what is missing is openapi-diff's to find."""
    for name, inner in old.get("properties", {}).items():
        if name in new.get("properties", {}):
            yield name, inner, new["properties"][name]
    for key in ("items", "additionalProperties"):
        if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
            yield key, old[key], new[key]
    for key in ("anyOf", "oneOf", "prefixItems"):
        for number, (inner, other) in enumerate(zip(old.get(key, ()), new.get(key, ()), strict=False)):
            yield f"{key}/{number}", inner, other


def word_breaks(old: Json, new: Json, old_messages: Json, new_messages: Json) -> list[str]:
    """Sentences, each with its place; operations that are gone are openapi-diff's to find."""
    walk = Walk(old, new)
    found: list[str] = []
    for path, item in old["paths"].items():
        for method, operation in item.items():
            other = new["paths"].get(path, {}).get(method)
            if other is not None:
                found += operation_breaks(walk, (old, operation), (new, other), f"{method.upper()} {path}")
    found += message_breaks(old_messages, new_messages)
    return found


def operation_breaks(walk: Walk, before: tuple[Json, Json], after: tuple[Json, Json], place: str) -> Iterator[str]:
    (old_document, old), (new_document, new) = before, after
    if old["operationId"] != new["operationId"]:
        yield f"{place}: it was called {old['operationId']} and is called {new['operationId']}"
    if scopes_of(new) - scopes_of(old):
        yield f"{place}: it needs {sorted(scopes_of(new) - scopes_of(old))}"
    if new.get("requestBody", {}).get("required") and not old.get("requestBody", {}).get("required"):
        yield f"{place}: its body can be left out no longer"
    yield from content_breaks(walk, old.get("requestBody", {}), new.get("requestBody", {}), place, asked=True)
    for status, answer in old["responses"].items():
        told = new["responses"].get(status)
        if told is not None:
            pair = resolved(old_document, answer), resolved(new_document, told)
            yield from content_breaks(walk, *pair, f"{place} {status}", asked=False)
    asked, now_asked = parameters_of(old_document, old), parameters_of(new_document, new)
    for name in asked.keys() & now_asked.keys():
        yield from walk.breaks(asked[name], now_asked[name], f"{place} {name}", asked=True)


def content_breaks(walk: Walk, old: Json, new: Json, place: str, *, asked: bool) -> Iterator[str]:
    contents, others = old.get("content", {}), new.get("content", {})
    for kind, content in contents.items():
        if kind not in others:
            yield f"{place}: {kind} is {'taken' if asked else 'given'} no longer"
            continue
        for key in ("schema", "x-line-schema"):
            if key in content and key in others[kind]:
                yield from walk.breaks(content[key], others[kind][key], f"{place} {kind}", asked=asked)


def scopes_of(operation: Json) -> set[str]:
    """What a caller needs: a kind of credentials counts, too."""
    pairs = [(kind, roles) for each in operation["security"] for kind, roles in each.items()]
    return {f"{kind} {scope}" for kind, roles in pairs for scope in roles or ("any",)}


def parameters_of(document: Json, operation: Json) -> Mapping[str, Json]:
    found = (resolved(document, each) for each in operation.get("parameters", ()))
    return {f"{each['in']} {each['name']}": each["schema"] for each in found}


def message_breaks(old: Json, new: Json) -> Iterator[str]:
    walk = Walk(old, new)
    others = {name: schema for name, _, schema in messages_in(new)}
    for name, action, schema in messages_in(old):
        if name in others:
            yield from walk.breaks(schema, others[name], name, asked=action == "receive")
    for name, channel in old["channels"].items():
        if new["channels"].get(name, {}).get("address") != channel["address"]:
            yield f"{name}: the channel is not at {channel['address']}"
