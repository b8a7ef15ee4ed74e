"""What every answer says to browsers, and the question of other sites' pages, which is always answered with no."""

from collections.abc import Collection

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.exceptions import MethodNotAllowedException
from litestar.types import ASGIApp, Message, Receive, Scope, Send

# Defaults: a route that serves pages sets its own Content-Security-Policy and Cache-Control, and they stay.
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


async def add_security_headers(message: Message, _: Scope) -> None:
    """Run before each message is sent, of answers to unknown routes too."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)


def refuse_preflights(app: ASGIApp) -> ASGIApp:
    """OPTIONS is how a browser asks whether another site's page may call us. No page may: CORS is off."""

    async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] == "OPTIONS":
            handlers = scope["litestar_app"].route_handler_method_map.get(scope["path_template"], {})
            raise MethodNotAllowedException(headers={"Allow": allowed(handlers)})
        await app(scope, receive, send)

    return refusing


def allowed(methods: Collection[str]) -> str:
    return ", ".join(sorted(method for method in methods if method != "OPTIONS"))
