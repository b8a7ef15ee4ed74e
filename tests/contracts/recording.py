"""Asks a live server what the contract shows, and keeps one answer of each kind.

Requests are the ones that the contract shows. Answers are kept as they came, but for what is another each time (ids,
instants, secrets, durations) and for lists, of which the first two items are enough.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from service.web.contract.examples import Examples
from tests.world import Answer, Caller

Json = dict[str, Any]

ITEMS_SHOWN = 2
PAGE = "limit=2"
INSTANT = "2026-01-02T03:04:05.678901Z"
SECRET = "phl_" + "x" * 43
# Fields that say how fast or where something was, and what they say here.
CHANGING: Mapping[str, Any] = {
    "durationMs": 7,
    "ratePerSecond": 431.5,
    "namesPerSecond": 431.5,
    "sequence": 12,
    "chunksHeld": 1,
    "hint": SECRET[:8],
    "nextCursor": "AAECAwQFBgcICQoLDA0ODw",
}
CHANGING_TEXTS = (
    (re.compile(r"phl_[\w-]{43}"), SECRET),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"), INSTANT),
    (re.compile(r"(?<=[a-z]):\d{4,5}(?=/|$)"), ""),  # the sandbox's ports
)
ID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)


class Recorder:
    """Asks, and keeps what it is told."""

    def __init__(self, base_url: str, secret: str, document: Json) -> None:
        self.caller = Caller(base_url, secret)
        self.examples = Examples({}, {}, {})
        self._document = document
        self._places = {
            operation["operationId"]: (method.upper(), path, operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
        }
        self._ids: dict[str, str] = {}
        self.sent: set[tuple[str, str]] = set()  # operations, each with the name of a request or its kind of media
        self.asked: set[str] = set()

    async def ask(self, name: str, example: str | None = None, *, query: str = "", **ids: str) -> Any:
        """Send an operation's request, the one of this name where it has some, and keep the first answer."""
        method, path, operation = self._places[name]
        self.sent |= {(name, example)} if example else set()
        body = (
            operation["requestBody"]["content"]["application/json"]["examples"][example]["value"] if example else None
        )
        place = path.format(**ids) + (f"?{query}" if query else "")
        answer = await self.caller.call(method, place, json=body)
        self._keep(name, answer)
        return answer.body

    async def send_list(self, kind: str, **ids: str) -> None:
        """Import the list that is shown for this kind of media."""
        method, path, operation = self._places["import_domains"]
        text: str = operation["requestBody"]["content"][kind]["example"]
        self.sent.add(("import_domains", kind))
        content = text.encode()
        self._keep(
            "import_domains",
            await self.caller.call(method, path.format(**ids), content=content, headers={"Content-Type": kind}),
        )

    async def provoke(self, status: int, method: str, path: str, **options: Any) -> None:
        """Keep the problem that comes."""
        answer = await self.caller.call(method, path, **options)
        self.keep_problem(status, answer)

    def keep_problem(self, status: int, answer: Answer) -> None:
        assert answer.status == status, answer.body
        self.examples.problems[str(status)] = self.steady(answer.body)

    def keep_message(self, name: str, message: Any) -> None:
        self.examples.messages[name] = self.steady(message)

    def _keep(self, name: str, answer: Answer) -> None:
        self.asked.add(name)
        success = next(code for code in self._places[name][2]["responses"] if code < "400")
        assert str(answer.status) == success, (name, answer.body)
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if kind:
            shown = (
                self._steady_lines(kind, answer.body) if isinstance(answer.body, bytes) else self.steady(answer.body)
            )
            self.examples.answers.setdefault(name, {}).setdefault(kind, shown)

    def steady(self, value: Any, name: str = "") -> Any:
        """The same whenever it is asked."""
        if value is not None and name in CHANGING:
            return CHANGING[name]
        if isinstance(value, dict):
            return {key: self.steady(part, key) for key, part in value.items()}
        if isinstance(value, list):
            return [self.steady(part) for part in value[: ITEMS_SHOWN if name == "items" else None]]
        return self._steady_text(value) if isinstance(value, str) else value

    def _steady_lines(self, kind: str, body: bytes) -> str:
        lines = body.decode().splitlines(keepends=True)
        if kind == "application/x-ndjson":
            return b"".join(
                msgspec.json.encode(self.steady(msgspec.json.decode(line))) + b"\n" for line in lines
            ).decode()
        durations = [place for place, name in enumerate(lines[0].split(",")) if name.endswith("duration_ms")]
        return self._steady_text("".join(with_durations(line, durations) for line in lines))

    def _steady_text(self, text: str) -> str:
        for pattern, instead in CHANGING_TEXTS:
            text = pattern.sub(instead, text)
        return ID.sub(
            lambda found: self._ids.setdefault(found[0], f"01a20a38-1028-75e6-9ad2-{len(self._ids):012x}"), text
        )


def with_durations(line: str, places: list[int]) -> str:
    """A line of a CSV without quotes, its durations the same each time."""
    cells = line.split(",")
    return ",".join(
        str(CHANGING["durationMs"]) if place in places and cell.isdecimal() else cell
        for place, cell in enumerate(cells)
    )
