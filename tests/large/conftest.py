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

from loadtest.bench.making_up import make_up
from service import assembly
from service.access.model import Principal
from service.campaigns.model import Advance, CreateCampaign
from service.postgres.database import Database, open_database
from service.postgres.embedded import embedded_postgres
from service.progress.events import CampaignPhase, PhaseStatus
from service.settings import Settings
from tests.conftest import key_of, principal_of
from tests.domains.reading.synthetic import Planted
from tests.large.measuring import FIGURES
from tests.world import a_campaign, running_worker, start, transition, until

DOMAINS = 2_000_000
GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase

# Six of ten names resolve (1), three are absent (3), one has no data (2).
MADE_UP_DNS = """
    INSERT INTO dns_results (set_id, position, outcome, resolver, duration_ms, addresses, found_after)
    SELECT $1, n.position, m.outcome, 0, 7, CASE WHEN m.outcome = 1 THEN '\\xc6336401'::bytea END, 0
    FROM names n
    CROSS JOIN LATERAL (
        SELECT (ARRAY[1, 1, 1, 1, 1, 1, 3, 3, 3, 2])[1 + abs(hashint4(n.position)) % 10]::smallint AS outcome
    ) AS m
    WHERE n.set_id = $2"""
# Four of five resolved names show a page (1), one refuses the connection (10); one page in fifty has a keyword, each of
# the five as often.
MADE_UP_HTTP = """
    INSERT INTO http_results (
        set_id, position, outcome, status_code, title_hit, unique_keywords, keyword_hits, duration_ms, body_bytes,
        parked_confidence, keyword_bits, content_hash, title, final_url, found_after
    )
    SELECT
        $1, d.position, m.outcome, CASE WHEN m.outcome = 1 THEN 200 END, false, (m.bits > 0)::integer,
        3 * (m.bits > 0)::integer, 20, 4000 + m.luck % 9000, 0, m.bits, m.luck, 'A page', NULL, 0
    FROM dns_results d
    CROSS JOIN LATERAL (SELECT abs(hashint4(d.position + 7)) AS luck) AS l
    CROSS JOIN LATERAL (
        SELECT
            l.luck,
            CASE WHEN l.luck % 5 < 4 THEN 1 ELSE 10 END::smallint AS outcome,
            CASE WHEN l.luck % 5 < 4 AND l.luck % 50 = 1 THEN 1 << (l.luck / 50 % 5) ELSE 0 END::bigint AS bits
    ) AS m
    WHERE d.set_id = $2 AND d.outcome = 1"""


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
    async with running_worker(large_database, Settings()):
        campaign = await start(large_database, principal, large_request())
        await until(large_database, principal, campaign.id, GENERATION, PhaseStatus.COMPLETED)
    for phase, made_up in ((DNS, MADE_UP_DNS), (HTTP, MADE_UP_HTTP)):
        await transition(large_database, principal, campaign.id, phase)
        await make_up(large_database, campaign.id, phase, made_up)
    async with running_worker(large_database, Settings()):
        await transition(large_database, principal, campaign.id, ANALYSIS)
        await until(large_database, principal, campaign.id, ANALYSIS, PhaseStatus.COMPLETED)
    async with large_database.pool.acquire() as connection:
        await connection.execute("VACUUM (ANALYZE)")
        sets = await connection.fetchrow(
            "SELECT name_set_id, dns_set_id, http_set_id, score_set_id FROM campaigns WHERE campaign_id = $1",
            campaign.id,
        )
    return Large(large_database, principal, Planted(campaign.id, tuple(sets), []))


def large_request(count: int = DOMAINS) -> CreateCampaign:
    request = a_campaign(count, advance=Advance.MANUAL)
    generation = request.configuration.domain_generation
    assert generation is not None
    longer = msgspec.structs.replace(generation, variable_length=6)
    return msgspec.structs.replace(
        request, configuration=msgspec.structs.replace(request.configuration, domain_generation=longer)
    )
