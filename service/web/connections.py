"""Bounds on what reaches us before there is a request: the size of its head, and the time that it takes to arrive.

uvicorn has neither with httptools, which keeps a header that never ends in memory. It also drops the answer of a caller
that closes its own side once it has asked.
"""

import asyncio
from http import HTTPStatus
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service.web.errors import Problem
from service.web.security import SECURITY_HEADERS

HEAD_BYTES_MAX = 65_536  # request line and headers together
HEADERS_MAX = 100
HEAD_SECONDS_MAX = 10.0
HEAD_PROBLEM = msgspec.json.encode(
    Problem(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE.phrase,
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "headers_too_large",
        "The request line and its headers are too long.",
    )
)


class HeadTooLarge(Exception):
    """Raised inside the parser, to stop it."""


class BoundedConnection(HttpToolsProtocol):
    """One connection. Its head is counted as it arrives, so that no more than a read beyond the bound is ever kept."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_bytes = 0
        self._is_head_too_large = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def eof_received(self) -> Any:  # uvicorn's never answers, so it says None where asyncio takes a bool
        """Keep our side open while a whole request is being answered; then close it."""
        cycle = self.cycle
        is_answering = cycle is not None and not cycle.more_body and not cycle.response_complete
        if is_answering:
            cycle.keep_alive = False
        return is_answering

    def data_received(self, data: bytes) -> None:
        """What arrives while a head is incomplete belongs to it, but for the read in which it begins or ends."""
        if self._in_head:
            self._head_bytes += len(data)
        was_in_head = self._in_head
        super().data_received(data)
        if was_in_head and self._in_head and self._head_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
            self._refuse_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if not self._in_head:
            self._head_bytes = 0
            self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if len(self.headers) > HEADERS_MAX or size > HEAD_BYTES_MAX:
            self._is_head_too_large = True
            raise HeadTooLarge

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """What still comes of a body that is answered already is thrown away, for a bounded time."""
        super().on_response_complete()
        if self.cycle.response_complete and self.cycle.more_body:
            self._start_timer()

    def send_400_response(self, msg: str) -> None:
        if self._is_head_too_large:
            self._refuse_head()
        else:
            super().send_400_response(msg)

    def _await_head(self) -> None:
        self._in_head = True
        self._start_timer()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._head_timer = self.loop.call_later(HEAD_SECONDS_MAX, self._give_up)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        """A slow head; but while an answer is under way, it may be us who do not read on."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._await_head()
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse_head(self) -> None:
        """No request came of it, so no handler answers."""
        lines = ["content-type: application/problem+json", f"content-length: {len(HEAD_PROBLEM)}", "connection: close"]
        lines += [f"{name.lower()}: {value}" for name, value in SECURITY_HEADERS.items()]
        head = STATUS_LINE[431] + "\r\n".join(lines).encode() + b"\r\n\r\n"
        self.transport.write(head + HEAD_PROBLEM)
        self.transport.close()
