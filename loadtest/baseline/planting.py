"""Fill an old database: campaigns of all types and states, and so many domains with what was found for them.

    python -m loadtest.baseline.planting --url postgresql://... --domains 20000 [--seed 1]

The same seed and number plant the same rows. Rows come by COPY, in one transaction: all or nothing.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import asyncpg
import msgspec

from loadtest.baseline.furniture import Rows, campaign_rows, dns_persona_id, http_persona_id, shared_rows
from loadtest.baseline.plans import DNS, HTTP, LEADS, Plan, make_plans
from loadtest.baseline.planted_rows import (
    DNS_RESULT_COLUMNS,
    DOMAIN_COLUMNS,
    HTTP_RESULT_COLUMNS,
    dns_result_rows,
    domain_rows,
    http_result_rows,
)

SCHEMA = Path(__file__).parent / "schema.sql"
DEFAULT_SEED = 1
STATEMENT_SECONDS_MAX = 3_600.0

COUNT_DOMAINS = """
    INSERT INTO campaign_domain_counters (
        campaign_id, total, dns_pending, dns_ok, dns_error, dns_timeout, http_pending, http_ok, http_error,
        http_timeout, lead_pending, lead_match, lead_no_match, lead_error, lead_timeout
    )
    SELECT
        campaign_id,
        count(*),
        count(*) FILTER (WHERE dns_status = 'pending'),
        count(*) FILTER (WHERE dns_status = 'ok'),
        count(*) FILTER (WHERE dns_status = 'error'),
        count(*) FILTER (WHERE dns_status = 'timeout'),
        count(*) FILTER (WHERE http_status = 'pending'),
        count(*) FILTER (WHERE http_status = 'ok'),
        count(*) FILTER (WHERE http_status = 'error'),
        count(*) FILTER (WHERE http_status = 'timeout'),
        count(*) FILTER (WHERE lead_status = 'pending'),
        count(*) FILTER (WHERE lead_status = 'match'),
        count(*) FILTER (WHERE lead_status = 'no_match'),
        count(*) FILTER (WHERE lead_status = 'error'),
        count(*) FILTER (WHERE lead_status = 'timeout')
    FROM generated_domains
    GROUP BY campaign_id
"""


class Planted(msgspec.Struct, frozen=True):
    """What was put in: the campaigns, and how many rows each table has."""

    plans: tuple[Plan, ...]
    rows: Mapping[str, int]

    @property
    def large(self) -> Plan:
        """The campaign that has whatever domains the others leave."""
        return self.plans[-1]


async def make_tables(connection: asyncpg.Connection) -> None:
    """The old system's tables, in an empty database."""
    await connection.execute(SCHEMA.read_text())


async def plant(connection: asyncpg.Connection, domains: int, seed: int = DEFAULT_SEED) -> Planted:
    """Fill tables that `make_tables` made; the table of domains gets exactly so many rows."""
    plans = make_plans(seed, domains)
    counted: Counter[str] = Counter()
    async with connection.transaction():
        for rows in (*shared_rows(seed), *campaign_rows(plans)):
            counted[rows.table] += await copy(connection, rows)
        for plan in plans:
            for rows in found_rows(plan):
                counted[rows.table] += await copy(connection, rows)
        await connection.execute(COUNT_DOMAINS, timeout=STATEMENT_SECONDS_MAX)
    await connection.execute("ANALYZE", timeout=STATEMENT_SECONDS_MAX)
    return Planted(tuple(plans), counted)


def found_rows(plan: Plan) -> Iterator[Rows]:
    """The domains of one campaign, and what it found for them."""
    if plan.made:
        yield Rows("generated_domains", DOMAIN_COLUMNS, domain_rows(plan))
    if plan.campaign_type == DNS and plan.done(1):
        rows = dns_result_rows(plan, dns_persona_id(plan.seed))
        yield Rows("dns_validation_results", DNS_RESULT_COLUMNS, rows)
    if plan.campaign_type in (HTTP, LEADS) and plan.done(2):
        rows = http_result_rows(plan, http_persona_id(plan.seed))
        yield Rows("http_keyword_results", HTTP_RESULT_COLUMNS, rows)


async def copy(connection: asyncpg.Connection, rows: Rows) -> int:
    """How many rows that were."""
    said: str = await connection.copy_records_to_table(
        rows.table, columns=list(rows.columns), records=rows.rows, timeout=STATEMENT_SECONDS_MAX
    )
    return int(said.rsplit(maxsplit=1)[-1])


async def run(asked: argparse.Namespace) -> Planted:
    connection = await asyncpg.connect(asked.url)
    try:
        await make_tables(connection)
        return await plant(connection, asked.domains, asked.seed)
    finally:
        await connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m loadtest.baseline.planting", description=__doc__)
    parser.add_argument("--url", required=True, help="an empty database")
    parser.add_argument("--domains", type=int, required=True, help="rows of the table of domains")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    planted = asyncio.run(run(parser.parse_args()))
    for table, count in sorted(planted.rows.items()):
        sys.stdout.write(f"{count:>12,}  {table}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
