"""A websocket that is refused is told why, with the status and the problem that a request would get.

A handshake is a request, and a server that offers the ASGI extension `websocket.http.response` lets us answer it as
one. Where it is not offered, the framework closes what was never opened: a bare 403.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar import Response
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from litestar.types.asgi_types import WebSocketResponseBodyEvent, WebSocketResponseStartEvent

from service.web.errors import PROBLEM_TYPE, AnyConnection, Problem
from service.web.security import SECURITY_HEADERS

EXTENSION = "websocket.http.response"

# By class of error, as the application answers requests; `Exception` is among them.
ErrorHandlers = Mapping[type[Exception], Callable[[AnyConnection, Any], Response[Problem]]]


def answer_refused_handshakes(app: ASGIApp, handlers: ErrorHandlers) -> ASGIApp:
    """The middleware, outside of whatever may refuse. Once a socket is accepted, errors close it, as ever."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.WEBSOCKET or EXTENSION not in (scope.get("extensions") or {}):
            await app(scope, receive, send)
            return
        is_answered = False

        async def send_noting_answer(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            await send(message)

        try:
            await app(scope, receive, send_noting_answer)
        except Exception as error:
            if is_answered:
                raise
            handle = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
            await send_problem(send, handle(ASGIConnection(scope), error))

    return answering


async def send_problem(send: Send, answer: Response[Problem]) -> None:
    headers = {**SECURITY_HEADERS, **answer.headers, "Content-Type": PROBLEM_TYPE}
    encoded = [(name.lower().encode(), str(value).encode()) for name, value in headers.items()]
    body = msgspec.json.encode(answer.content)
    start = WebSocketResponseStartEvent(
        type="websocket.http.response.start", status=answer.content.status, headers=encoded
    )
    await send(start)
    await send(WebSocketResponseBodyEvent(type="websocket.http.response.body", body=body, more_body=False))
