"""Results that nobody looked for: one statement fills a run that was just started, and the service finds it over.

What is made up lies in the product's own tables as if workers had written it: the leaf that a large set has of its own,
all indexes, and a chunk that counts the rows by outcome.
"""

from uuid import UUID

import asyncpg

from service.campaigns.outcomes import FAILED, LABELS, SUCCEEDED
from service.pipelines.accounting import finish_if_over
from service.pipelines.store import TABLES, make_leaf
from service.postgres.database import Database
from service.progress.events import CampaignPhase

MAKE_UP_SECONDS_MAX = 1_800.0

FIND_RUN = "SELECT run_id, name_set_id, dns_set_id FROM phase_runs WHERE campaign_id = $1 AND phase_status = 'running'"
MARK_PLANNED = "UPDATE phase_runs SET plan = 'planned' WHERE run_id = $1"
COUNT = """
    WITH counts AS (
        SELECT
            array_agg(coalesce(c.amount, 0) ORDER BY codes.code) AS outcomes,
            coalesce(sum(c.amount), 0) AS total,
            coalesce(sum(c.amount) FILTER (WHERE codes.code = ANY($3)), 0) AS succeeded,
            coalesce(sum(c.amount) FILTER (WHERE codes.code = ANY($4)), 0) AS failed
        FROM generate_series(1, $2::integer) AS codes (code)
        LEFT JOIN (SELECT outcome, count(*) AS amount FROM {table} WHERE set_id = $1 GROUP BY outcome) AS c
            ON c.outcome = codes.code
    )
    INSERT INTO chunks (
        run_id, number, kind, state, first_position, end_position, item_count, outcome_counts,
        succeeded_count, negative_count, failed_count, keyword_page_count
    )
    SELECT
        $1, 1, 'fresh', 'done', 0, 2000000000, total, outcomes, succeeded, total - succeeded - failed, failed,
        ({keyword_pages})
    FROM counts
"""
COUNT_KEYWORD_PAGES = "SELECT count(*) FROM http_results WHERE set_id = $1 AND keyword_bits <> 0 AND outcome = 1"


async def make_up(
    database: Database, campaign_id: UUID, phase: CampaignPhase, statement: str, *arguments: object
) -> None:
    """Carry the phase that was just started, with nobody else at work on it.

    `statement` inserts the rows: $1 is their set, $2 the set that the phase reads (names for DNS, DNS results for
    HTTP), and further ones are `arguments`.
    """
    run = await database.pool.fetchrow(FIND_RUN, campaign_id)
    source = run["name_set_id" if phase is CampaignPhase.DNS_VALIDATION else "dns_set_id"]
    async with database.transaction() as tx:
        await make_leaf(tx, phase, run["run_id"])
    async with database.pool.acquire() as connection:
        await connection.execute(statement, run["run_id"], source, *arguments, timeout=MAKE_UP_SECONDS_MAX)
        await count(connection, phase, run["run_id"])
        await connection.execute(MARK_PLANNED, run["run_id"])
    assert await finish_if_over(database, run["run_id"])


async def count(connection: asyncpg.Connection, phase: CampaignPhase, run_id: int) -> None:
    """One chunk counts what was made up."""
    await connection.execute(
        COUNT.format(table=TABLES[phase], keyword_pages=COUNT_KEYWORD_PAGES),
        run_id,
        len(LABELS[phase]),
        sorted(SUCCEEDED[phase]),
        sorted(FAILED[phase]),
        timeout=MAKE_UP_SECONDS_MAX,
    )
