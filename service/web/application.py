"""One Litestar application: routes, the transaction, who asks, and how errors are answered."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import asyncpg
from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware
from litestar.types import ControllerRouterHandler

from service.errors import Refused
from service.postgres.database import Database
from service.web.authentication import Authentication, FindPrincipal
from service.web.errors import failed, failed_in_database, failed_in_group, refused, refused_by_framework
from service.web.handshakes import ErrorHandlers, answer_refused_handshakes
from service.web.idempotency import answer_once
from service.web.limits import Flights, Limits, limit_body_time, limit_in_flight
from service.web.measuring import measure, measure_refused, tell_request_id
from service.web.parameters import check_query
from service.web.security import add_security_headers, refuse_preflights
from service.web.shedding import Turns, turn_away
from service.web.transactions import provide_transaction

BODY_BYTES_MAX = 1_000_000
API_VERSION = "0.1.0"

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]

ERROR_HANDLERS: ErrorHandlers = {
    Refused: refused,
    HTTPException: refused_by_framework,
    asyncpg.PostgresError: failed_in_database,
    asyncpg.InterfaceError: failed_in_database,
    asyncpg.InternalClientError: failed_in_database,
    ConnectionError: failed_in_database,
    ExceptionGroup: failed_in_group,
    Exception: failed,
}


def create_application(
    routes: Sequence[ControllerRouterHandler],
    *,
    database: Database,
    find_principal: FindPrincipal,
    find_principal_of_session: FindPrincipal,
    limits: Limits,
    origin: str | None,
    state: dict[str, object],
    lifespan: Sequence[Lifespan] = (),
) -> Litestar:
    """The application over these routes; `state` is what the features' handlers find there.

    `origin` is how browsers name us, where a request does not tell (behind a proxy that speaks TLS).
    """
    return Litestar(
        route_handlers=list(routes),
        state=State(
            {
                "database": database,
                "statement_seconds": limits.statement_seconds,
                "answers_hours": limits.answers_hours,
                "origin": origin,
                **state,
            }
        ),
        lifespan=list(lifespan),
        dependencies={"tx": Provide(provide_transaction), "principal": Provide(provide_user, sync_to_thread=False)},
        middleware=[
            measure,
            DefineMiddleware(answer_refused_handshakes, handlers=ERROR_HANDLERS),
            refuse_preflights,
            DefineMiddleware(turn_away, turns=Turns(limits.requests_at_once)),
            DefineMiddleware(limit_body_time, seconds=limits.body_seconds),
            DefineMiddleware(
                Authentication, find_principal=find_principal, find_principal_of_session=find_principal_of_session
            ),
            DefineMiddleware(limit_in_flight, flights=Flights(limits.requests_in_flight)),
            answer_once,
        ],
        before_request=check_query,
        before_send=[add_security_headers, measure_refused, tell_request_id],
        exception_handlers=dict(ERROR_HANDLERS.items()),
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


def provide_user(request: Request[Any, Any, State]) -> Any:
    """The principal that authentication found."""
    return request.user
