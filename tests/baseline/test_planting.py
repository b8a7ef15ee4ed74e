"""What is planted: so many domains exactly, all words, rows that agree with each other; the same for the same seed."""

import asyncpg
import pytest

from loadtest.baseline.plans import PHASE_STATUSES, PHASE_WORDS, STATUSES, TYPES
from loadtest.baseline.planting import make_tables, plant
from service.postgres.embedded import EmbeddedServer
from tests.conftest import connected

DOMAINS = 3_000
TABLES = ("campaigns", "generated_domains", "dns_validation_results", "http_keyword_results", "campaign_state_events")
COUNTERS = {
    "dns_ok": "dns_status = 'ok'",
    "dns_pending": "dns_status = 'pending'",
    "http_timeout": "http_status = 'timeout'",
    "lead_match": "lead_status = 'match'",
}


async def test_there_are_so_many_domains_and_campaigns_of_all_words(dual: asyncpg.Connection) -> None:
    planted = await plant(dual, DOMAINS)
    assert await dual.fetchval("SELECT count(*) FROM generated_domains") == DOMAINS
    typed = await dual.fetch("SELECT campaign_type, status FROM campaigns WHERE current_phase IS NULL")
    assert {tuple(row) for row in typed} == {(kind, status) for kind in TYPES for status in STATUSES}
    phased = await dual.fetch(
        "SELECT DISTINCT current_phase, phase_status FROM campaigns WHERE current_phase IS NOT NULL"
    )
    assert {tuple(row) for row in phased} == {(phase, status) for phase in PHASE_WORDS for status in PHASE_STATUSES}
    for table, count in planted.rows.items():
        assert await dual.fetchval(f"SELECT count(*) FROM {table}") == count


@pytest.mark.parametrize(("column", "condition"), COUNTERS.items())
async def test_counters_are_the_rows(dual: asyncpg.Connection, column: str, condition: str) -> None:
    await plant(dual, DOMAINS)
    wrong = await dual.fetchval(
        f"""
        SELECT count(*)
        FROM campaign_domain_counters AS n
        WHERE {column} <> (SELECT count(*) FROM generated_domains WHERE campaign_id = n.campaign_id AND {condition})
        """
    )
    assert wrong == 0


async def test_results_of_one_type_belong_to_names_of_another_campaign(dual: asyncpg.Connection) -> None:
    await plant(dual, DOMAINS)
    results, of_domains = await dual.fetchrow(
        """
        SELECT count(*), count(d.id)
        FROM dns_validation_results AS r
        LEFT JOIN generated_domains AS d ON d.id = r.generated_domain_id AND d.domain_name = r.domain_name
        """
    )
    assert results == of_domains > 0
    fetched, resolved = await dual.fetchrow(
        """
        SELECT count(*), count(*) FILTER (WHERE d.validation_status = 'resolved')
        FROM http_keyword_results AS h
        JOIN campaigns AS c ON c.id = h.http_keyword_campaign_id AND c.campaign_type = 'http_keyword_validation'
        LEFT JOIN dns_validation_results AS d ON d.id = h.dns_result_id
        """
    )
    assert fetched == resolved > 0


async def test_the_same_seed_plants_the_same_rows_and_another_one_others(embedded_server: EmbeddedServer) -> None:
    checksums = []
    async with connected(embedded_server.connect_arguments) as owner:
        for number, seed in enumerate((1, 1, 2)):
            await owner.execute(f"CREATE DATABASE planted_{number}")
            async with connected({**embedded_server.connect_arguments, "database": f"planted_{number}"}) as connection:
                await make_tables(connection)
                await plant(connection, DOMAINS, seed)
                checksums.append([await checksum(connection, table) for table in TABLES])
            await owner.execute(f"DROP DATABASE planted_{number} WITH (FORCE)")
    assert checksums[0] == checksums[1]
    assert all(first != other for first, other in zip(checksums[0], checksums[2], strict=True))


async def checksum(connection: asyncpg.Connection, table: str) -> int:
    found: int = await connection.fetchval(f"SELECT sum(hashtext(t::text)) FROM {table} AS t")
    return found
