"""Logs: one line on standard error for each thing that happened, with the ids of what it belongs to.

A request, and each chunk, is a task of its own: `bind_ids` says once what all lines of that task belong to. Whatever is
told, keys, passwords and cookies are blotted out on the way, and so is what the database quotes of rows.
"""

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from typing import TextIO

import msgspec
import structlog
from structlog.typing import EventDict, ExcInfo, Processor

OURS = "service"
TEXT_LENGTH_MAX = 20_000  # of one value; a traceback that is longer loses its middle
BLOT = "***"
LEFT_OUT = "(left out: it may quote rows)"
CONTEXTS_MAX = 20  # exceptions behind one another that are looked at

_SECRETS = (
    (re.compile(r"phl_[A-Za-z0-9_-]{5,}"), "phl_" + BLOT),
    (re.compile(r"(?<=://)[^/\s@'\"]+(?=@)"), BLOT),  # user and password of a URL
    (re.compile(r"(?i)\b(password|passwd|passfile|sslpassword)(\s*=\s*['\"]?)[^\s&,;'\")]+"), rf"\1\2{BLOT}"),
    (re.compile(r"(?i)\b(authorization|cookie|set-cookie)(['\"]?\s*[:=,]\s*b?['\"]?)[^\r\n'\"]+"), rf"\1\2{BLOT}"),
    (re.compile(r"(phaseline_session=)[^\s;'\"]+"), rf"\1{BLOT}"),
)


def bind_ids(**ids: object) -> None:
    """What every later line of this task belongs to."""
    structlog.contextvars.bind_contextvars(**ids)


def configure_logging(*, level: str = "INFO", as_json: bool = False, stream: TextIO | None = None) -> None:
    """Lines as JSON for machines, plain for people. `level` is ours: others never tell more than INFO.

    At DEBUG, the libraries that speak to callers would write down whole frames and headers.
    """
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.ExceptionRenderer(format_exception),
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                blot_out_secrets,
                renderer(stream, as_json=as_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(logging.getLevelName(level), logging.INFO))
    logging.getLogger(OURS).setLevel(level)
    logging.captureWarnings(capture=True)


def renderer(stream: TextIO, *, as_json: bool) -> Processor:
    if as_json:
        return structlog.processors.JSONRenderer(serializer=encode_line)
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback, sort_keys=False
    )


def encode_line(line: EventDict, **_: object) -> str:
    return msgspec.json.encode(line).decode()


def blot_out_secrets(_: object, __: str, line: EventDict) -> EventDict:
    """The last look at a line: every value is a number or a text in which no secret stands."""
    return {name: blotted(value) for name, value in line.items()}


def blotted(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else str(value)
    for secret, replacement in _SECRETS:
        text = secret.sub(replacement, text)
    return shortened(text)


def shortened(text: str) -> str:
    if len(text) <= TEXT_LENGTH_MAX:
        return text
    half = TEXT_LENGTH_MAX // 2
    return f"{text[:half]} ... {text[-half:]}"


def format_exception(exc_info: ExcInfo) -> str:
    """A traceback, without what PostgreSQL says in detail: there it quotes the rows, which people wrote."""
    text = "".join(traceback.format_exception(*exc_info))
    for detail in details_of(exc_info[1]):
        for line in filter(None, map(str.strip, detail.splitlines())):
            text = re.sub(rf"(?m)(DETAIL:  |^[ |]*){re.escape(line)}\s*$", rf"\1{LEFT_OUT}", text)
    return text.rstrip()


def details_of(error: BaseException | None) -> Iterator[str]:
    """The driver's errors have an attribute for it; those behind an error, and in a group, too."""
    waiting = [error]
    for _ in range(CONTEXTS_MAX):
        current = waiting.pop() if waiting else None
        if current is None:
            continue
        detail = getattr(current, "detail", None)
        if isinstance(detail, str):
            yield detail
        inner = current.exceptions if isinstance(current, BaseExceptionGroup) else ()
        waiting += [current.__cause__, current.__context__, *inner]
