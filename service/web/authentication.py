"""Who asks: a bearer key in the Authorization header, on every route that does not say otherwise."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.middleware.authentication import AbstractAuthenticationMiddleware, AuthenticationResult

from service.errors import Unauthenticated

PUBLIC = {"is_public": True}  # a route's `opt`: no key is asked for
SCHEME = "bearer "
HEADER_LENGTH_MAX = 500

# Handed in by the assembly: whose secret is this? The answer is kept as the request's user.
FindPrincipal = Callable[[str], Awaitable[object | None]]


class BearerAuthentication(AbstractAuthenticationMiddleware):
    """Sets `user` to the principal of the key; Unauthenticated otherwise, before anything of the request is read."""

    def __init__(self, app: Any, find_principal: FindPrincipal) -> None:
        super().__init__(app, exclude_from_auth_key="is_public")
        self._find_principal = find_principal

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        header = connection.headers.get("authorization", "")
        if not header[: len(SCHEME)].lower() == SCHEME or len(header) > HEADER_LENGTH_MAX:
            raise Unauthenticated("key_missing", "Send your key as 'Authorization: Bearer phl_...'.")
        principal = await self._find_principal(header[len(SCHEME) :].strip())
        if principal is None:
            raise Unauthenticated("key_unknown", "This key is not known here, or it was revoked.")
        return AuthenticationResult(user=principal, auth=None)
