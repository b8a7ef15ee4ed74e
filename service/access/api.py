"""Routes of access: sessions of browsers, keys, and who did what."""

import secrets
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from litestar import Request, Response, delete, get, post
from litestar.datastructures import Cookie, State
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler

from service.access import commands, views
from service.access.model import ActPage, GrantKey, KeyList, KeyScope, NewKey, Principal, Session
from service.postgres.database import Tx
from service.web.authentication import ADMIN_ONLY, ANY_SCOPE, SESSION_COOKIE, own_origin
from service.web.bodies import StrictBody
from service.web.contract.marks import examples, may_refuse
from service.web.contract.operations import KEY
from service.web.paging import PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX

SECRET_BYTES = 32
Who = NamedDependency[Principal]
Transaction = NamedDependency[Tx]
AnyRequest = Request[Principal, None, State]


@post("/session", operation_id="open_session", opt=ANY_SCOPE, security=[{KEY: []}], tags=["access"])
async def open_session(request: AnyRequest, tx: Transaction, principal: Who) -> Response[Session]:
    """Turn a key into a cookie, which no script can read and no other site can send."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    session = await commands.open_session(tx, principal, secret)
    return Response(session, status_code=201, cookies=[session_cookie(request, secret)])


@delete("/session", operation_id="close_session", opt=ANY_SCOPE, tags=["access"])
async def close_session(request: AnyRequest, tx: Transaction, principal: Who) -> Response[None]:
    """End the session of the cookie that asks."""
    await commands.close_session(tx, principal)
    return Response(None, status_code=204, cookies=[session_cookie(request, "", max_age=0)])


def session_cookie(request: AnyRequest, secret: str, *, max_age: int | None = None) -> Cookie:
    """Without `max_age` it goes with the browser; the session's own end is kept by the database."""
    return Cookie(
        key=SESSION_COOKIE,
        value=secret,
        path="/",
        max_age=max_age,
        httponly=True,
        samesite="strict",
        secure=own_origin(request).startswith("https:"),
    )


@get("/keys", operation_id="list_keys", opt=ADMIN_ONLY, tags=["access"])
async def list_keys(tx: Transaction, principal: Who) -> KeyList:
    """List the keys of the caller's tenant, newest first, revoked ones too."""
    return KeyList(await commands.list_keys(tx, principal.tenant_id))


@post(
    "/keys",
    operation_id="make_key",
    opt={**ADMIN_ONLY, **examples(for_reading=GrantKey(name="reports", scopes=frozenset({KeyScope.READ})))},
    dto=StrictBody,
    return_dto=None,
    tags=["access"],
)
async def make_key(data: JSONBody[GrantKey], tx: Transaction, principal: Who) -> NewKey:
    """Make a key; its secret is in this answer and nowhere else."""
    return await commands.grant_key(tx, principal, data, secrets.token_urlsafe(SECRET_BYTES))


@delete(
    "/keys/{key_id:uuid}",
    operation_id="revoke_key",
    opt={**ADMIN_ONLY, **may_refuse(HTTPStatus.CONFLICT)},
    tags=["access"],
)
async def revoke_key(key_id: FromPath[UUID], tx: Transaction, principal: Who) -> None:
    """Take a key back, and with it the sessions that it opened."""
    await commands.withdraw_key(tx, principal, key_id)


@get("/acts", operation_id="list_acts", opt=ADMIN_ONLY, tags=["access"])
async def list_acts(
    tx: Transaction,
    principal: Who,
    cursor: Annotated[str | None, QueryParameter(description="`nextCursor` of the page before.")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_ITEMS_MAX)] = PAGE_ITEMS_DEFAULT,
) -> ActPage:
    """List who did what, newest first."""
    return await views.list_acts(tx, principal, cursor=cursor, limit=limit)


ROUTES: list[ControllerRouterHandler] = [open_session, close_session, list_keys, make_key, revoke_key, list_acts]
