"""Leaves of the result tables: a large set's rows have a partition of their own, small sets share one."""

import asyncpg

from service.postgres.database import Tx

LARGE_SET_ID_MIN = 1_000_000_000


class LeafBusy(Exception):
    """Somebody reads or writes the table, and does not come to an end soon enough."""


async def make_partition(tx: Tx, table: str, set_id: int) -> None:
    """An empty leaf for one large set."""
    await create_leaf(tx, table, set_id)
    await attach_leaf(tx, table, set_id)


async def create_leaf(tx: Tx, table: str, set_id: int) -> str:
    """A table shaped as a leaf, which nobody sees yet; its name."""
    leaf = leaf_name(table, set_id)
    await tx.define(f"CREATE TABLE {leaf} (LIKE {table} INCLUDING ALL)")
    return leaf


async def attach_leaf(tx: Tx, table: str, set_id: int) -> None:
    """Make a leaf part of its table. LIKE and ATTACH do not wait for readers of the parent, as PARTITION OF would.

    Others that attach leaves to the same table wait until the transaction ends: fill a leaf before, not after.
    """
    leaf = leaf_name(table, set_id)
    await tx.define(f"ALTER TABLE {table} ATTACH PARTITION {leaf} FOR VALUES FROM ({set_id}) TO ({set_id + 1})")


async def drop_leaf(tx: Tx, table: str, set_id: int, *, lock_seconds: float) -> None:
    """Take a large set's leaf away, if it is there; LeafBusy where the locks are not to be had at once.

    The table itself is locked, against readers too, while its files go: whoever comes after us waits as long as we do.
    """
    try:
        await tx.define(f"SET LOCAL lock_timeout = {round(lock_seconds * 1_000)}")
        await tx.define(f"DROP TABLE IF EXISTS {leaf_name(table, set_id)}")
    except asyncpg.LockNotAvailableError:
        raise LeafBusy from None


def leaf_name(table: str, set_id: int) -> str:
    return f"{table}_{set_id}"
