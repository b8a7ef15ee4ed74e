"""Whether the last state of each campaign that ended has reached everybody who watched it."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from loadtest.users.telling import Farewell
from service.postgres.database import Database

COUNT_RUNNING = "SELECT count(*) FROM progress_states WHERE NOT deleted AND phase_status = 'running'"
LIST_STATES = """
    SELECT
        campaign_id, sequence, deleted OR phase_status IN ('completed', 'failed', 'cancelled') AS ended,
        occurred_at >= $1 AS lately
    FROM progress_states
"""


class Truth(msgspec.Struct, frozen=True):
    """`ends`: the last sequence of each campaign that ended while it was watched; `others`: campaigns that did not."""

    ends: Mapping[UUID, int]
    others: frozenset[UUID]


class Finals(msgspec.Struct, frozen=True):
    """How often somebody had to see a last state, and did not; `followed` are those who saw one and left."""

    due: int
    missed: int
    followed: int


async def read_truth(database: Database, since: datetime) -> Truth:
    rows = await database.pool.fetch(LIST_STATES, since)
    ends = {row["campaign_id"]: int(row["sequence"]) for row in rows if row["ended"] and row["lately"]}
    return Truth(ends, frozenset(row["campaign_id"] for row in rows) - ends.keys())


def compare(truth: Truth, farewell: Farewell) -> Finals:
    """A campaign that the database does not know any more was deleted, and everybody has to know that."""
    due = missed = 0
    heard: Counter[UUID] = Counter()
    for standing in farewell.standings:
        if standing.campaign_id in truth.others:
            continue
        end = truth.ends.get(standing.campaign_id)
        is_behind = not standing.is_deleted if end is None else standing.sequence < end
        heard[standing.campaign_id] += standing.is_dashboard * standing.watchers
        due += standing.watchers
        missed += is_behind * standing.watchers
    unheard = sum(farewell.dashboards - heard[campaign_id] for campaign_id in truth.ends)
    return Finals(due + unheard + farewell.followed, missed + unheard, farewell.followed)
