"""What must hold when a run is over: the audit of all data, the truth of what was answered, and that nothing leaked."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from uuid import UUID

import asyncpg

from service.fetching.outcomes import HttpOutcome
from service.resolving.outcomes import DnsOutcome
from service.sandbox.behaviours import DnsBehaviour
from service.sandbox.truth import DEFAULT_SEED, truth_of
from tests.audit import audit_everything
from tests.chaos.campaign import DNS_TIMEOUT_SECONDS
from tests.chaos.rig import Rig
from tests.crashes.installation import WORKERS
from tests.crashes.processes import PROC, list_children, standing
from tests.expected import Internet, Outcomes, list_outcomes, list_untrue

LOOKS_MAX = 400
LOOK_SECONDS = 0.05
UNTRUE_TOLD = 5

# Sixteen of the API, six of each worker, two of their parent, and one each that listens for bells.
CONNECTIONS_MAX = 16 + 1 + WORKERS * (6 + 1) + 2
# Sockets to resolvers stay open for a while; those to webs do not outlast their chunk.
FILES_MAX = 120

LEASED = "SELECT count(*) FROM chunks WHERE state = 'leased'"
LEFT = "SELECT count(*) FROM chunks WHERE state <> 'done'"
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'phaseline%'"
HANGING = """
    SELECT count(*)
    FROM pg_stat_activity
    WHERE application_name LIKE 'phaseline%' AND now() - xact_start > interval '3 seconds'"""
TEMPORARY = "SELECT count(*) FROM pg_class WHERE relpersistence = 't'"
CAMPAIGNS_OF_TENANT = """
    SELECT count(*) FROM campaigns JOIN tenants USING (tenant_id) WHERE tenants.name = $1 AND deleted_at IS NULL"""

STANDING = """
    SELECT c.name, c.current_phase, c.phase_status, k.state, count(k.number)
    FROM campaigns c
    LEFT JOIN phase_runs r ON r.campaign_id = c.campaign_id AND r.phase = c.current_phase
    LEFT JOIN chunks k ON k.run_id = r.run_id AND k.state <> 'done'
    WHERE c.phase_status <> 'completed'
    GROUP BY c.name, c.current_phase, c.phase_status, k.state"""

# Whoever answered too late, or not at all, may have been kept from it by what we did.
DNS_UNHEARD = frozenset({DnsOutcome.TIMED_OUT, DnsOutcome.SERVFAIL, DnsOutcome.MALFORMED})
HTTP_UNHEARD = frozenset(
    {
        HttpOutcome.TIMED_OUT,
        HttpOutcome.CONNECTION_RESET,
        HttpOutcome.CONNECTION_REFUSED,
        HttpOutcome.UNRESOLVABLE,  # where a redirect leads is looked up, and that may time out
    }
)


async def where_all_stand(rig: Rig) -> str:
    """For whoever has to find out what went wrong."""
    try:
        rows = await (await rig.postgres.watch()).fetch(STANDING)
    except (asyncpg.PostgresError, OSError) as error:
        return f"PostgreSQL does not tell: {error}"
    return "; ".join(" ".join(str(value) for value in row) for row in rows)


async def check_data(rig: Rig, tenant: str, campaign_ids: list[UUID], *, deceived: bool) -> None:
    watch = await rig.postgres.watch()
    await audit_everything(watch)
    assert await watch.fetchval(LEFT) == 0, "a chunk is left"
    assert await watch.fetchval(CAMPAIGNS_OF_TENANT, tenant) == len(campaign_ids), "a campaign was made twice, or never"
    for campaign_id in campaign_ids:
        outcomes = await list_outcomes(watch, campaign_id)
        assert all(each.dns is not None and each.score is not None for each in outcomes), "a name has no outcome"
        if not deceived:
            check_truth(outcomes)


def check_truth(outcomes: list[Outcomes]) -> None:
    """Whatever was answered is true. A slow name may be heard or not, as the machine is busy or not."""
    heard = [
        each
        for each in outcomes
        if each.dns not in DNS_UNHEARD
        and each.http not in HTTP_UNHEARD
        and truth_of(DEFAULT_SEED, each.name).dns is not DnsBehaviour.slow
    ]
    untrue = list_untrue(Internet(DEFAULT_SEED, DNS_TIMEOUT_SECONDS), heard)
    assert not untrue, "; ".join(untrue[:UNTRUE_TOLD])


async def check_leaks(rig: Rig) -> None:
    """Connections, leases, transactions, temporary tables, processes and files. Some may be on their way out."""
    watch = await rig.postgres.watch()
    await settled("a lease", lambda: counted(watch, LEASED), 0)
    await settled("a transaction", lambda: counted(watch, HANGING), 0)
    await settled("a temporary table", lambda: counted(watch, TEMPORARY), 0)
    await settled("a connection", lambda: counted(watch, CONNECTIONS), CONNECTIONS_MAX)
    for part, children in ((rig.server, 0), (rig.workers, WORKERS)):
        assert part.process is not None
        pid = part.process.pid
        await settled("a process", partial(children_of, pid), children)
        for each in (pid, *list_children(pid)):
            await settled("a file", partial(files_of, each), FILES_MAX)


async def settled(what: str, count: Callable[[], Awaitable[int]], most: int) -> None:
    """Wait until there are no more than so many. Looks are counted, not seconds: all of us may be held up."""
    for _ in range(LOOKS_MAX):
        found = await count()
        if found <= most:
            return
        await asyncio.sleep(LOOK_SECONDS)
    raise AssertionError(f"{what} leaked: there are {found}, and {most} at most should be")


async def counted(connection: asyncpg.Connection, query: str) -> int:
    return int(await connection.fetchval(query))


async def children_of(pid: int) -> int:
    return len(list_children(pid))


async def files_of(pid: int) -> int:
    """Open files and sockets of a process; none of one that is gone."""
    if standing(pid) is None:
        return 0
    return len(list((Path(PROC) / str(pid) / "fd").iterdir()))
