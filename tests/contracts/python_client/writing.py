"""The operations as Python: `calls` says what each of them asks, `awaited` asks it."""

import re
from collections.abc import Collection, Iterable

from tests.contracts.python_client.operations import Operation
from tests.contracts.python_client.texts import NOTE, docstring, indented, pascal

STANDARD = {"UUID": "uuid", "datetime": "datetime", "Sequence": "collections.abc", "Literal": "typing"}
WORD = re.compile(r"\w+")
FIELD = re.compile(r"{(\w+)}")


def calls_text(tag: str, operations: list[Operation], models: Collection[str]) -> str:
    lines = [line for each in operations for line in ("", "", *call_lines(each))]
    own = ["from phaseline_client.calls import Call, Manner, encoded, given, segment"]
    return text_of(f"What the operations of `{tag}` ask.", own, lines, models)


def awaited_text(tag: str, about: str, operations: list[Operation], models: Collection[str]) -> str:
    own = [
        "from collections.abc import AsyncGenerator",
        "from contextlib import AbstractAsyncContextManager",
        f"from phaseline_client.generated.calls import {tag} as calls",
        "from phaseline_client.awaited.sources import AsyncContent",
        "from phaseline_client.awaited.server import AsyncServer",
    ]
    methods = [line for each in operations for line in ("", *method_lines(each))]
    lines = [
        "", "",
        f"class Async{pascal(tag)}:",
        *indented(docstring(about)),
        "",
        "    def __init__(self, server: AsyncServer) -> None:",
        "        self._server = server",
        *indented(methods),
    ]  # fmt: skip
    return text_of(f"The operations of `{tag}`.", own, lines, models)


def text_of(about: str, own: Iterable[str], lines: Iterable[str], models: Collection[str]) -> str:
    """With the imports that are used; the formatter takes out what is not."""
    body = "\n".join(lines)
    words = set(WORD.findall(body))
    imports = [f"from {STANDARD[word]} import {word}" for word in sorted(words & STANDARD.keys())]
    imports += [f"from phaseline_client.generated.models import {word}" for word in sorted(words & set(models))]
    return "\n".join([NOTE, "", *docstring(about), "", *imports, *own, body, ""])


def call_lines(operation: Operation) -> list[str]:
    answer = answer_of(operation)
    path = FIELD.sub(lambda found: f"{{segment({name_of(operation, found[1])})}}", operation.path)
    parts = [f'method="{operation.method}"', f"path={'f' if '{' in path else ''}{path!r}", f"answer={returned(answer)}"]
    parts.append(f"manner=Manner.{operation.manner}")
    for field, place in (("query", "query"), ("headers", "header")):
        pairs = [f"({each.wire_name!r}, {each.name})" for each in operation.arguments_in(place)]
        if field == "headers" and operation.media:
            pairs.append("('Content-Type', content_type)")
        if pairs:
            parts.append(f"{field}=given({', '.join(pairs)})")
    if operation.body:
        parts.append("body=encoded(body)")
    return [
        f"def {operation.id}({signature(operation)}) -> Call[{answer}]:",
        f"    return Call({', '.join(parts)})",
    ]


def method_lines(operation: Operation) -> list[str]:
    call = f"calls.{operation.id}({', '.join(passed(operation))})"
    about = indented(docstring(operation.told))
    if operation.streams:
        return [
            f"def {operation.id}(self, {signature(operation)}) -> AbstractAsyncContextManager[AsyncGenerator[bytes]]:",
            *about,
            f"    return self._server.open_stream({call})",
        ]
    asked = f"send({call}, content)" if operation.media else f"ask({call})"
    taken = ", ".join(part for part in ("self", signature(operation, content=("content: AsyncContent",))) if part)
    return [
        f"async def {operation.id}({taken}) -> {answer_of(operation)}:",
        *about,
        f"    return await self._server.{asked}",
    ]


def answer_of(operation: Operation) -> str:
    return "bytes" if operation.streams else operation.answer or "None"


def returned(answer: str) -> str:
    return "type(None)" if answer == "None" else answer


def signature(operation: Operation, content: tuple[str, ...] = ()) -> str:
    """What is in the path and what is sent come first; all else has to be named."""
    first = [f"{each.name}: {each.type}" for each in operation.arguments_in("path")]
    if operation.body:
        first.append(f"body: {operation.body}" + ("" if operation.body_required else " | None = None"))
    named = [f"{each.name}: {each.type} | None = None" for each in operation.arguments_in("query", "header")]
    if operation.media:
        first += content
        named.insert(0, f"content_type: Literal[{', '.join(map(repr, operation.media))}]")
    return ", ".join([*first, *(["*", *named] if named else [])])


def passed(operation: Operation) -> list[str]:
    first = [each.name for each in operation.arguments_in("path")] + (["body"] if operation.body else [])
    named = ["content_type"] if operation.media else []
    named += [each.name for each in operation.arguments_in("query", "header")]
    return [*first, *(f"{name}={name}" for name in named)]


def name_of(operation: Operation, wire_name: str) -> str:
    (name,) = [each.name for each in operation.arguments_in("path") if each.wire_name == wire_name]
    return name
