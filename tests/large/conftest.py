"""One campaign of two million domains, built once for all tests of this folder, in a durable database of its own.

Names are generated and scores are made by the service itself; what DNS and HTTP found is made up from the position, for
nothing here asks the network. The tests share one event loop, and take turns.
"""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from service import assembly
from service.access.model import Principal
from service.postgres.database import Database, open_database
from service.postgres.embedded import embedded_postgres
from tests.conftest import key_of, principal_of
from tests.domains.reading.synthetic import Planted
from tests.large.building import carry_made_up, large_request
from tests.large.measuring import FIGURES

DOMAINS = 2_000_000


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was measured, for whoever reads along; nothing here is held against an absolute time."""
    for figure in FIGURES:
        terminalreporter.write_line(figure)


class Large(msgspec.Struct, frozen=True):
    """Where it is, and whose."""

    database: Database
    principal: Principal
    planted: Planted


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def large_database() -> AsyncIterator[Database]:
    with tempfile.TemporaryDirectory(prefix="phaseline-large-") as home:
        async with embedded_postgres(Path(home)) as server:
            await assembly.migrate(server.dsn)
            async with open_database(server.dsn, connections_max=12) as database:
                yield database


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def large(large_database: Database) -> Large:
    principal = await principal_of(large_database, await key_of(large_database, "large"))
    campaign = await carry_made_up(large_database, principal, large_request(DOMAINS))
    async with large_database.pool.acquire() as connection:
        await connection.execute("VACUUM (ANALYZE)")
        sets = await connection.fetchrow(
            "SELECT name_set_id, dns_set_id, http_set_id, score_set_id FROM campaigns WHERE campaign_id = $1",
            campaign.id,
        )
    return Large(large_database, principal, Planted(campaign.id, tuple(sets), []))
