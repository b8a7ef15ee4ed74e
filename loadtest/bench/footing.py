"""What a domain takes on the disk: rows, indexes and what is stored apart, table by table."""

from loadtest.bench.running import Cost
from service.pipelines.store import TABLES
from service.postgres.database import Database

UNIT = "bytes a domain"
# Leaves of one table, shared and large ones; maps of free space and visibility count as part of the rows.
MEASURE = """
    SELECT
        sum(pg_table_size(leaf) - apart)::bigint AS rows,
        sum(pg_indexes_size(leaf))::bigint AS indexes,
        sum(apart)::bigint AS apart
    FROM (
        SELECT c.oid AS leaf, coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0) AS apart
        FROM pg_partition_tree($1::regclass) AS t
        JOIN pg_class AS c ON c.oid = t.relid
        WHERE t.isleaf
    ) AS leaves
"""
MEASURE_ALL = "SELECT pg_database_size(current_database())"


async def bytes_per_domain(database: Database, count: int) -> tuple[Cost, ...]:
    """Of each table of results, and of the whole database, in which nothing else of any size lies."""
    costs = []
    for table in TABLES.values():
        sizes = await database.pool.fetchrow(MEASURE, table)
        costs += [Cost(f"{table}, {part}", size / count, UNIT, count) for part, size in sizes.items()]
    whole = await database.pool.fetchval(MEASURE_ALL)
    return (*costs, Cost("the whole database", whole / count, UNIT, count))
