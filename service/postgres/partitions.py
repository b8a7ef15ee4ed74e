"""Leaves of the result tables: a large set's rows have a partition of their own, small sets share one."""

from service.postgres.database import Tx

LARGE_SET_ID_MIN = 1_000_000_000


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


def leaf_name(table: str, set_id: int) -> str:
    return f"{table}_{set_id}"
