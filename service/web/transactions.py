"""One request, one transaction: handed to the handler, begun at its first statement, committed before the answer.

Each statement of it is bounded in time, so that a request that hangs on a lock is answered (503) and leaves nothing.
"""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager

from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.types import Scope

from service.postgres.database import DATABASE_ERRORS, Database, Tx, explain_database_error

Transaction = NamedDependency[Tx]
SHARED_TRANSACTION = "transaction"  # in the scope's state: one that a middleware opened, and ends


def open_transaction(state: State) -> AbstractAsyncContextManager[Tx]:
    """A transaction with the bounds of a request, for a middleware: committed on leaving, rolled back on any error."""
    database: Database = state["database"]
    return database.transaction(statement_seconds=state["statement_seconds"])


async def provide_transaction(state: State, scope: Scope) -> AsyncGenerator[Tx, None]:
    """Hand out a transaction. A handler's error is thrown in here: roll back and return, Litestar answers it."""
    shared: Tx | None = scope["state"].get(SHARED_TRANSACTION)
    tx = shared or Tx(state["database"], statement_seconds=state["statement_seconds"])
    try:
        yield tx
    except Exception:  # noqa: BLE001 - the handler's error, whatever it is, is answered by the framework
        await tx.rollback()
        return
    except BaseException:
        await tx.rollback()
        raise
    if shared is not None:
        return
    try:
        await tx.commit()
    except DATABASE_ERRORS as error:
        raise explain_database_error(error) or error from error
