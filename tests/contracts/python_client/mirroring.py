"""What is written with `await`, without it: for programs that have no event loop."""

import io
import re
import tokenize
from collections.abc import Iterator

NAMES = {
    "aclosing": "closing",
    "aclose": "close",
    "anext": "next",
    "asynccontextmanager": "contextmanager",
    "enter_async_context": "enter_context",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "AbstractAsyncContextManager": "AbstractContextManager",
    # Of pyreqwest, whose names are the other way round.
    "Client": "SyncClient",
    "ClientBuilder": "SyncClientBuilder",
    "RequestBuilder": "SyncRequestBuilder",
    "Response": "SyncResponse",
}
DROPPED = {"async", "await"}
PREFIX = "Async"
MODULE = re.compile(r"(?<=from phaseline_client\.)(generated\.)?awaited(?:\.(\w+))?")
BY_HAND = {"sockets", "sources", "time"}  # the twins in `blocking`


def mirrored(text: str, note: str) -> str:
    lines = text.splitlines(keepends=True)
    for token in reversed(list(names_in(text))):
        (row, begin), (_, end) = token.start, token.end
        line = lines[row - 1]
        rest = line[end:].lstrip(" ") if token.string in DROPPED else mirrored_name(token.string) + line[end:]
        lines[row - 1] = line[:begin] + rest
    return f"{note}\n\n" + MODULE.sub(module_of, "".join(lines))


def names_in(text: str) -> Iterator[tokenize.TokenInfo]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            yield token


def mirrored_name(name: str) -> str:
    return NAMES.get(name, name.removeprefix(PREFIX))


def module_of(found: re.Match[str]) -> str:
    generated, name = found.groups()
    if generated:
        return f"generated.blocking.{name}" if name else "generated.blocking"
    return f"blocking.{name}" if name in BY_HAND else f"generated.mirrored.{name}"
