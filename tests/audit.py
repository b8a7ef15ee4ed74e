"""What must hold of a campaign's data at any time: one current outcome per domain and phase, totals equal rows."""

from uuid import UUID, uuid4

import asyncpg

from service.access.model import Principal
from service.domains.reading.views import get_funnel
from service.postgres.database import Database, Tx

RESULTS = {"dns_validation": "dns_results", "http_validation": "http_results", "analysis": "scores"}


class SnapshotTx(Tx):
    """Runs the service's own statements in a transaction that the audit has begun."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        super().__init__(Database(None, ""))
        self._connection = connection


async def audit(connection: asyncpg.Connection, campaign_id: UUID) -> None:
    """Compare every run's rows with its chunks' counts, and finished runs with their totals."""
    runs = await connection.fetch(
        "SELECT * FROM phase_runs r WHERE campaign_id = $1"
        " AND NOT EXISTS (SELECT FROM retired_sets s WHERE s.set_id = r.run_id) ORDER BY run_id",
        campaign_id,
    )
    for run in runs:
        await audit_bounds(connection, run)
        if run["phase"] == "domain_generation":
            await audit_names(connection, run)
        else:
            await audit_results(connection, run)
        if run["phase_status"] == "completed":
            await audit_completed(connection, run)


async def audit_everything(connection: asyncpg.Connection) -> None:
    """All of the database, as it is at one instant: whatever is under way meanwhile."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        for campaign in await connection.fetch("SELECT * FROM campaigns ORDER BY campaign_id"):
            if campaign["deleted_at"] is not None:
                await audit_deleted(connection, campaign["campaign_id"])
                continue
            await audit(connection, campaign["campaign_id"])
            await audit_standing(connection, campaign)
            await audit_trail(connection, campaign)
            await audit_funnel(connection, campaign)
        await audit_spaces(connection)


async def audit_funnels(connection: asyncpg.Connection) -> None:
    """The funnel of every campaign that is there, whatever it has been through."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        for campaign in await connection.fetch("SELECT * FROM campaigns WHERE deleted_at IS NULL"):
            await audit_funnel(connection, campaign)


async def audit_funnel(connection: asyncpg.Connection, campaign: asyncpg.Record) -> None:
    """What callers are told balances: by the service's own view, within the audit's snapshot."""
    principal = Principal(campaign["tenant_id"], uuid4(), "audit", frozenset())
    funnel = await get_funnel(SnapshotTx(connection), principal, campaign["campaign_id"])
    assert funnel.balanced, f"the funnel does not balance: {funnel}"


async def audit_deleted(connection: asyncpg.Connection, campaign_id: UUID) -> None:
    """Nothing of it is to be worked on, all of it is to go, and watchers are told."""
    assert await connection.fetchval("SELECT deleted FROM progress_states WHERE campaign_id = $1", campaign_id)
    active = "SELECT count(*) FROM phase_runs WHERE campaign_id = $1 AND phase_status IN ('running', 'paused')"
    assert await connection.fetchval(active, campaign_id) == 0, "a run of a deleted campaign is under way"
    assert await connection.fetchval(CHUNKS_OF_CAMPAIGN, campaign_id) == 0, "a deleted campaign has chunks"
    assert await connection.fetchval(SETS_FORGOTTEN, campaign_id) == 0, "a deleted campaign's set would stay"


async def audit_bounds(connection: asyncpg.Connection, run: asyncpg.Record) -> None:
    """No count is below nothing, and nothing is counted twice: all of them together are never beyond the total."""
    counts = [run[f"{group}_count"] for group in ("succeeded", "negative", "failed", "retrying")]
    assert min(counts) >= 0, f"a count is below nothing: {counts}"
    assert sum(counts) <= run["total_count"], f"more is told than was asked: {counts} of {run['total_count']}"
    counted = sum((await chunk_counts(connection, run["run_id"])).values())
    assert counted <= run["total_count"], f"chunks count {counted} of {run['total_count']}"


async def audit_standing(connection: asyncpg.Connection, campaign: asyncpg.Record) -> None:
    """A campaign, the newest run of its phase and what watchers are told agree; at most one of its runs is running."""
    told = await connection.fetchrow("SELECT * FROM progress_states WHERE campaign_id = $1", campaign["campaign_id"])
    standing = (campaign["current_phase"], campaign["phase_status"])
    assert told is not None
    assert (told["phase"], told["phase_status"]) == standing, "watchers are told something else"
    assert told["processed_count"] <= told["total_count"]
    runs = await connection.fetch(
        "SELECT phase, phase_status FROM phase_runs WHERE campaign_id = $1 ORDER BY number", campaign["campaign_id"]
    )
    active = [run for run in runs if run["phase_status"] in {"running", "paused"}]
    assert len(active) <= 1, "two runs of one campaign are under way"
    of_phase = [run["phase_status"] for run in runs if run["phase"] == campaign["current_phase"]]
    if of_phase:
        assert of_phase[-1] == campaign["phase_status"], "a campaign and its run stand apart"
    else:
        assert campaign["phase_status"] in {"pending", "cancelled"}, "a campaign runs without a run"


async def audit_trail(connection: asyncpg.Connection, campaign: asyncpg.Record) -> None:
    """Each line of the trail begins where the one before it ended; the last ends where the campaign stands."""
    lines = await connection.fetch(
        "SELECT * FROM phase_transitions WHERE campaign_id = $1 ORDER BY transition_id", campaign["campaign_id"]
    )
    at = (campaign["initial_phase"], "pending")
    for line in lines:
        assert (line["from_phase"], line["from_phase_status"]) == at, "the audit trail has a gap"
        at = (line["to_phase"], line["to_phase_status"])
    assert at == (campaign["current_phase"], campaign["phase_status"]), "a campaign moved without a trace"


async def audit_spaces(connection: asyncpg.Connection) -> None:
    """No offset of a tenant's pattern was leased twice, so that no name stands twice within a tenant."""
    overlapping = await connection.fetchval(OVERLAPPING_RANGES)
    assert overlapping == 0, "two campaigns of a tenant have the same offsets"
    twice = await connection.fetchval(NAMES_TWICE)
    assert twice == 0, "a tenant has a name twice"


async def audit_names(connection: asyncpg.Connection, run: asyncpg.Record) -> None:
    rows = await connection.fetchval("SELECT count(*) FROM names WHERE set_id = $1", run["run_id"])
    distinct = await connection.fetchval("SELECT count(DISTINCT name) FROM names WHERE set_id = $1", run["run_id"])
    counts = await chunk_counts(connection, run["run_id"])
    assert rows == distinct, "a name stands twice"
    assert rows == counts.get(1, 0), "names are not what chunks counted"


async def audit_results(connection: asyncpg.Connection, run: asyncpg.Record) -> None:
    table = RESULTS[run["phase"]]
    rows = await connection.fetch(
        f"SELECT outcome, count(*) AS amount FROM {table} WHERE set_id = $1 GROUP BY outcome",
        run["run_id"],
    )
    counted = {code: amount for code, amount in (await chunk_counts(connection, run["run_id"])).items() if amount}
    assert {row["outcome"]: row["amount"] for row in rows} == counted, "rows are not what chunks counted"
    if run["phase"] == "http_validation":
        await audit_keyword_pages(connection, run)
    if run["phase"] == "analysis":
        assert await connection.fetchval(SCORED_WITHOUT_PAGE, run["run_id"]) == 0, "the index of scores lacks a domain"


async def audit_keyword_pages(connection: asyncpg.Connection, run: asyncpg.Record) -> None:
    """Pages reached that hold a keyword: rows, chunks and, once it is over, the run itself say the same."""
    rows = await connection.fetchval(KEYWORD_PAGES, run["run_id"])
    counted = await connection.fetchval(
        "SELECT coalesce(sum(keyword_page_count), 0) FROM chunks WHERE run_id = $1", run["run_id"]
    )
    assert counted == rows, f"chunks count {counted} pages with a keyword, and there are {rows}"
    if run["phase_status"] == "completed":
        assert run["keyword_page_count"] == rows


async def audit_completed(connection: asyncpg.Connection, run: asyncpg.Record) -> None:
    unfinished = await connection.fetchval(
        "SELECT count(*) FROM chunks WHERE run_id = $1 AND state <> 'done'", run["run_id"]
    )
    assert unfinished == 0
    assert run["succeeded_count"] + run["negative_count"] + run["failed_count"] == run["total_count"]
    assert sum(run["outcome_counts"]) == run["total_count"], "asked is not the sum of outcomes"
    assert run["retrying_count"] == 0
    counted = await chunk_counts(connection, run["run_id"])
    assert {code: amount for code, amount in enumerate(run["outcome_counts"], start=1) if amount} == {
        code: amount for code, amount in counted.items() if amount
    }
    missing = await connection.fetchval(MISSING[run["phase"]], run["run_id"]) if run["phase"] in MISSING else 0
    assert missing == 0, "a domain has no outcome"


async def chunk_counts(connection: asyncpg.Connection, run_id: int) -> dict[int, int]:
    """Domains by outcome code, as the run's chunks count them."""
    rows = await connection.fetch(
        "SELECT u.code, sum(u.amount) AS amount FROM chunks c "
        "CROSS JOIN LATERAL unnest(c.outcome_counts) WITH ORDINALITY AS u (amount, code) "
        "WHERE c.run_id = $1 GROUP BY u.code",
        run_id,
    )
    return {int(row["code"]): int(row["amount"]) for row in rows}


KEYWORD_PAGES = "SELECT count(*) FROM http_results WHERE set_id = $1 AND outcome = 1 AND keyword_bits <> 0"
SCORED_WITHOUT_PAGE = "SELECT count(*) FROM scores WHERE set_id = $1 AND score > 0 AND http_outcome IS NULL"
CHUNKS_OF_CAMPAIGN = "SELECT count(*) FROM chunks JOIN phase_runs USING (run_id) WHERE campaign_id = $1"
SETS_FORGOTTEN = """
    SELECT count(*)
    FROM (
        SELECT run_id AS set_id FROM phase_runs WHERE campaign_id = $1
        UNION ALL SELECT set_id FROM name_sets WHERE campaign_id = $1
    ) AS s
    WHERE NOT EXISTS (SELECT FROM retired_sets r WHERE r.set_id = s.set_id)"""

# Domains of a run's input that its results lack.
MISSING = {
    "dns_validation": """
        SELECT count(*) FROM phase_runs r JOIN names n ON n.set_id = r.name_set_id
        WHERE r.run_id = $1
          AND NOT EXISTS (SELECT FROM dns_results d WHERE d.set_id = r.run_id AND d.position = n.position)""",
    "http_validation": """
        SELECT count(*) FROM phase_runs r JOIN dns_results n ON n.set_id = r.dns_set_id AND n.outcome = 1
        WHERE r.run_id = $1
          AND NOT EXISTS (SELECT FROM http_results d WHERE d.set_id = r.run_id AND d.position = n.position)""",
    "analysis": """
        SELECT count(*) FROM phase_runs r JOIN names n ON n.set_id = r.name_set_id
        WHERE r.run_id = $1
          AND NOT EXISTS (SELECT FROM scores d WHERE d.set_id = r.run_id AND d.position = n.position)""",
}

# Pairs of ranges of one tenant, pattern and TLD that share offsets.
OVERLAPPING_RANGES = """
    WITH leased AS (
        SELECT
            g.run_id, g.first_position, c.tenant_id, g.tld,
            r.configuration - 'count' - 'offset' - 'tlds' AS pattern,
            int8range(g.first_offset, g.first_offset + g.end_position - g.first_position) AS offsets
        FROM generation_ranges g JOIN phase_runs r USING (run_id) JOIN campaigns c USING (campaign_id)
    )
    SELECT count(*)
    FROM leased a
    JOIN leased b USING (tenant_id, tld, pattern)
    WHERE (a.run_id, a.first_position) < (b.run_id, b.first_position) AND a.offsets && b.offsets"""

# Names that were carried from another system stand outside of leased ranges, and may stand twice, as they did there.
NAMES_TWICE = """
    SELECT count(*)
    FROM (
        SELECT c.tenant_id, n.name
        FROM names n
        JOIN phase_runs r ON r.run_id = n.set_id
        JOIN campaigns c USING (campaign_id)
        LEFT JOIN generation_ranges g
            ON g.run_id = n.set_id AND n.position >= g.first_position AND n.position < g.end_position
        GROUP BY c.tenant_id, n.name
        HAVING count(*) > 1 AND bool_or(g.run_id IS NOT NULL)
    ) AS twice"""
