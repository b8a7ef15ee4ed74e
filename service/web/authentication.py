"""Who asks, and may they: a bearer key from programs, or a session's cookie from pages of our own origin.

On every route that does not say otherwise in its `opt`: `PUBLIC` asks nobody, `ADMIN_ONLY` and `ANY_SCOPE` replace the
rule that looking needs `read` and everything else `write`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.middleware.authentication import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from service.errors import Forbidden, Unauthenticated

SCHEME = "bearer "
HEADER_LENGTH_MAX = 500
SESSION_COOKIE = "phaseline_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
READ, WRITE, ADMIN = "read", "write", "admin"

PUBLIC = {"is_public": True}
ADMIN_ONLY = {"scope": ADMIN}
ANY_SCOPE = {"scope": None}

AnyConnection = ASGIConnection[Any, Any, Any, Any]


class Caller(Protocol):
    """What the web needs to know of whoever asks; features know more."""

    @property
    def tenant_id(self) -> UUID: ...

    @property
    def scopes(self) -> frozenset[str]: ...


# Handed in by the assembly: whose secret is this? The answer is kept as the request's user.
FindPrincipal = Callable[[str], Awaitable[Caller | None]]


class Authentication(AbstractAuthenticationMiddleware):
    """Sets `user` to the caller; Unauthenticated or Forbidden otherwise, before anything of the request is read."""

    def __init__(self, app: ASGIApp, find_principal: FindPrincipal, find_principal_of_session: FindPrincipal) -> None:
        super().__init__(app, exclude_from_auth_key="is_public")
        self._find_principal = find_principal
        self._find_principal_of_session = find_principal_of_session

    async def authenticate_request(self, connection: AnyConnection) -> AuthenticationResult:
        caller = await self._find_caller(connection)
        check_scope(connection, caller)
        return AuthenticationResult(user=caller, auth=None)

    async def _find_caller(self, connection: AnyConnection) -> Caller:
        """A key speaks before a cookie, so that a page can open a new session while it has an old one."""
        cookie = connection.cookies.get(SESSION_COOKIE)
        if cookie is None or "authorization" in connection.headers:
            caller = await self._find_principal(bearer_key(connection))
            if caller is None:
                raise Unauthenticated("key_unknown", "This key is not known here, or it expired or was revoked.")
            return caller
        check_origin(connection)
        caller = await self._find_principal_of_session(cookie)
        if caller is None:
            raise Unauthenticated("session_unknown", "This session has ended; open another with a key.")
        return caller


def bearer_key(connection: AnyConnection) -> str:
    header: str = connection.headers.get("authorization", "")
    if header[: len(SCHEME)].lower() != SCHEME or len(header) > HEADER_LENGTH_MAX:
        raise Unauthenticated("key_missing", "Send your key as 'Authorization: Bearer phl_...'.")
    return header[len(SCHEME) :].strip()


def check_origin(connection: AnyConnection) -> None:
    """A cookie comes by itself, from whatever page asks: where it could do or stream something, the page must be ours.

    Browsers send Origin with every request that is not plain reading, and with every websocket.
    """
    if connection.scope["type"] == ScopeType.HTTP and connection.scope["method"] in SAFE_METHODS:
        return
    if connection.headers.get("origin") != own_origin(connection):
        raise Forbidden("origin_refused", "With a session, this can only be asked from Phaseline's own pages.")


def own_origin(connection: AnyConnection) -> str:
    """How a browser names us: as the settings say, or else as this request was addressed."""
    origin: str | None = connection.app.state.get("origin")
    if origin:
        return origin
    scheme = {"ws": "http", "wss": "https"}.get(connection.scope["scheme"], connection.scope["scheme"])
    return f"{scheme}://{connection.headers.get('host', '')}"


def check_scope(connection: AnyConnection, caller: Caller) -> None:
    needed = needed_scope(connection)
    if needed is not None and needed not in caller.scopes:
        raise Forbidden("scope_missing", f"This needs a key with the scope '{needed}'.")


def needed_scope(connection: AnyConnection) -> str | None:
    """A websocket only reads."""
    method = connection.scope["method"] if connection.scope["type"] == ScopeType.HTTP else "GET"
    return scope_of(connection.route_handler.opt, method)


def scope_of(options: Mapping[str, Any], method: str) -> str | None:
    """The scope that the route names, or else what its method says; None where any key will do."""
    if "scope" in options:
        named: str | None = options["scope"]
        return named
    return READ if method in SAFE_METHODS else WRITE
