"""psql of the PostgreSQL that the service runs on."""

from uuid import UUID

import asyncpg

from loadtest.bench.processes import run_program
from service.postgres.binaries import find_binaries
from service.postgres.partitions import LARGE_SET_ID_MIN


def copy_command(url: str, statement: str) -> tuple[str, ...]:
    return (str(find_binaries() / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement)


async def psql(url: str, statement: str) -> str:
    """What it prints."""
    return (await run_program(copy_command(url, statement))).strip()


async def make_leaf(url: str, table: str, set_id: int) -> None:
    """Where the service would make a table for a set, make one; small sets have a shared table already."""
    if set_id >= LARGE_SET_ID_MIN:
        bounds = f"FROM ({set_id}) TO ({set_id + 1})"
        await psql(url, f"CREATE TABLE {table}_peer PARTITION OF {table} FOR VALUES {bounds}")


async def find_set(url: str, campaign_id: UUID, column: str) -> int:
    """The set that a campaign points at; `column` is one of `campaigns`."""
    connection = await asyncpg.connect(url)
    try:
        found: int = await connection.fetchval(f"SELECT {column} FROM campaigns WHERE campaign_id = $1", campaign_id)
    finally:
        await connection.close()
    return found
