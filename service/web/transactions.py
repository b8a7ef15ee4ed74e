"""One request, one transaction: handed to the handler, begun at its first statement, committed before the answer."""

from collections.abc import AsyncGenerator

from litestar.datastructures import State
from litestar.di import NamedDependency

from service.postgres.database import DATABASE_ERRORS, Database, Tx, explain_database_error

Transaction = NamedDependency[Tx]


async def provide_transaction(state: State) -> AsyncGenerator[Tx, None]:
    """Hand out a transaction. A handler's error is thrown in here: roll back and return, Litestar answers it."""
    database: Database = state["database"]
    tx = Tx(database)
    try:
        yield tx
    except Exception:  # noqa: BLE001 - the handler's error, whatever it is, is answered by the framework
        await tx.rollback()
        return
    except BaseException:
        await tx.rollback()
        raise
    try:
        await tx.commit()
    except DATABASE_ERRORS as error:
        raise explain_database_error(error) or error from error
