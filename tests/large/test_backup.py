"""Two million domains into a backup, and back into a durable server of its own: how long that takes."""

import tempfile
import time
from pathlib import Path

import asyncpg
import pytest

from service.postgres.dumping import dump_database, restore_database
from service.postgres.embedded import embedded_postgres
from tests.large.conftest import Large
from tests.large.measuring import FIGURES, MIB

pytestmark = [pytest.mark.large, pytest.mark.asyncio(loop_scope="session")]

COUNTS = "SELECT (SELECT count(*) FROM names), (SELECT count(*) FROM dns_results), (SELECT count(*) FROM scores)"


async def test_backup_and_restore(large: Large, tmp_path: Path) -> None:
    database = large.database
    size = await database.pool.fetchval("SELECT pg_database_size(current_database())")
    began = time.monotonic()
    made = await dump_database(database.url, tmp_path / "large.dump")
    written = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="phaseline-restored-") as home:
        async with embedded_postgres(Path(home)) as server:
            started = time.monotonic()
            await restore_database(server.dsn, Path(made.file))
            restored = time.monotonic()
            connection = await asyncpg.connect(server.dsn)
            try:
                assert await connection.fetchrow(COUNTS) == await database.pool.fetchrow(COUNTS)
            finally:
                await connection.close()
    FIGURES.append(
        f"backup of {size / MIB:,.0f} MiB: {made.byte_count / MIB:,.0f} MiB in {written - began:.0f} s; "
        f"restored in {restored - started:.0f} s"
    )
