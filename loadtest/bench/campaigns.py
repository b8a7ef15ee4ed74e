"""The campaigns of the benchmarks, and what is made up for the phases that are not under test."""

from ipaddress import ip_address
from uuid import UUID

import asyncpg

from loadtest.bench import carrying, workload
from loadtest.bench.servers import DNS_ADDRESS, WEB_ADDRESS
from service.access.model import Principal
from service.campaigns.model import (
    Advance,
    Configuration,
    CreateCampaign,
    DnsValidation,
    DomainGeneration,
    HttpValidation,
    Keyword,
    Network,
    Pattern,
    Ports,
)
from service.pipelines.accounting import finish_if_over
from service.pipelines.store import make_leaf
from service.postgres.database import Database
from service.progress.events import CampaignPhase

GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase
MADE_UP_SECONDS_MAX = 600.0

FIND_RUN = "SELECT run_id, name_set_id, dns_set_id FROM phase_runs WHERE campaign_id = $1 AND phase_status = 'running'"
MARK_PLANNED = "UPDATE phase_runs SET plan = 'planned' WHERE run_id = $1"
PACKED = f"\\x{ip_address(WEB_ADDRESS).packed.hex()}"
# As in the zone: two of five are there (1), the others are absent (3).
MAKE_UP_DNS = f"""
    INSERT INTO dns_results (set_id, position, outcome, resolver, duration_ms, addresses, found_after)
    SELECT
        $1, position, CASE WHEN found THEN 1 ELSE 3 END, 0, 7, CASE WHEN found THEN '{PACKED}'::bytea END, 0
    FROM (
        SELECT position, $3::boolean OR position % {workload.REGISTERED_OF} < {workload.REGISTERED} AS found
        FROM names
        WHERE set_id = $2
    ) AS judged
"""
# Four of five hosts show a page (1), one refuses the connection (10); one page in fifty has a keyword.
MAKE_UP_HTTP = """
    INSERT INTO http_results (
        set_id, position, outcome, status_code, title_hit, unique_keywords, keyword_hits, duration_ms, body_bytes,
        parked_confidence, keyword_bits, content_hash, title, final_url, found_after
    )
    SELECT
        $1, position, CASE WHEN shown THEN 1 ELSE 10 END, CASE WHEN shown THEN 200 END, false, bits::integer,
        3 * bits::integer, 20, 4000 + luck % 9000, 0, bits, luck, 'A page', NULL, 0
    FROM (
        SELECT position, luck, luck % 5 < 4 AS shown, CASE WHEN luck % 50 = 1 THEN 1 ELSE 0 END::bigint AS bits
        FROM (
            SELECT position, abs(hashint4(position)) AS luck FROM dns_results WHERE set_id = $2 AND outcome = 1
        ) AS lucky
    ) AS judged
"""
# One chunk counts what was made up; then the run is over, and the service finds that out by itself.
COUNT_MADE_UP = """
    WITH counts AS (
        SELECT array_agg(coalesce(c.amount, 0) ORDER BY codes.code) AS outcomes, sum(c.amount) AS total
        FROM generate_series(1, $2::integer) AS codes (code)
        LEFT JOIN (SELECT outcome, count(*) AS amount FROM {table} WHERE set_id = $1 GROUP BY outcome) AS c
            ON c.outcome = codes.code
    )
    INSERT INTO chunks (
        run_id, number, kind, state, first_position, end_position, item_count, outcome_counts,
        succeeded_count, negative_count, failed_count
    )
    SELECT
        $1, 1, 'fresh', 'done', 0, 2000000000, total, outcomes,
        outcomes[1], {negative}, {failed}
    FROM counts
"""
COUNT_DNS = COUNT_MADE_UP.format(table="dns_results", negative="total - outcomes[1]", failed="0")
COUNT_HTTP = COUNT_MADE_UP.format(table="http_results", negative="0", failed="total - outcomes[1]")
DNS_CODES = 10
HTTP_CODES = 15


def a_campaign(count: int, *, dns_port: int = 53) -> CreateCampaign:
    """So many names; resolved by our name server, A records only; pages by plain HTTP."""
    configuration = Configuration(
        advance=Advance.MANUAL,
        network=Network.SANDBOX,
        domain_generation=DomainGeneration(
            pattern=Pattern.PREFIX,
            constant=workload.CONSTANT,
            character_set=workload.CHARACTERS,
            variable_length=workload.VARIABLE_LENGTH,
            tlds=(workload.TLD,),
            count=count,
        ),
        dns_validation=DnsValidation(resolvers=(f"{DNS_ADDRESS}:{dns_port}",)),
        http_validation=HttpValidation(
            keywords=tuple(Keyword(text) for text in workload.KEYWORDS), ports=Ports(https=None, http=80)
        ),
    )
    return CreateCampaign(name="bench", initial_phase=GENERATION, configuration=configuration)


class AsAsked:
    """A campaign that was created, and not started."""

    def __init__(self, count: int) -> None:
        self.count = count

    async def __call__(self, database: Database, principal: Principal) -> UUID:
        return await carrying.create(database, principal, a_campaign(self.count))


class Generated:
    """A campaign whose names are there."""

    def __init__(self, count: int, *, dns_port: int = 53) -> None:
        self.count = count
        self.dns_port = dns_port

    async def __call__(self, database: Database, principal: Principal) -> UUID:
        request = a_campaign(self.count, dns_port=self.dns_port)
        campaign_id = await carrying.create(database, principal, request)
        await carrying.carry(database, principal, campaign_id, GENERATION)
        return campaign_id


class Resolved:
    """A campaign whose names are there, with made-up addresses: of all of them, or of those that are registered."""

    def __init__(self, count: int, *, every_name: bool) -> None:
        self.count = count
        self.every_name = every_name

    async def __call__(self, database: Database, principal: Principal) -> UUID:
        campaign_id = await Generated(self.count)(database, principal)
        await carrying.transition(database, principal, campaign_id, DNS)
        run = await begin_made_up(database, campaign_id, DNS)
        async with database.pool.acquire() as connection:
            arguments = (run["run_id"], run["name_set_id"], self.every_name)
            await connection.execute(MAKE_UP_DNS, *arguments, timeout=MADE_UP_SECONDS_MAX)
            await connection.execute(COUNT_DNS, run["run_id"], DNS_CODES)
        await end_made_up(database, run["run_id"])
        return campaign_id


class Fetched:
    """A campaign whose DNS and HTTP results are made up: ready to be scored."""

    def __init__(self, count: int) -> None:
        self.count = count

    async def __call__(self, database: Database, principal: Principal) -> UUID:
        campaign_id = await Resolved(self.count, every_name=False)(database, principal)
        await carrying.transition(database, principal, campaign_id, HTTP)
        run = await begin_made_up(database, campaign_id, HTTP)
        async with database.pool.acquire() as connection:
            arguments = (run["run_id"], run["dns_set_id"])
            await connection.execute(MAKE_UP_HTTP, *arguments, timeout=MADE_UP_SECONDS_MAX)
            await connection.execute(COUNT_HTTP, run["run_id"], HTTP_CODES)
        await end_made_up(database, run["run_id"])
        return campaign_id


async def begin_made_up(database: Database, campaign_id: UUID, phase: CampaignPhase) -> asyncpg.Record:
    """The run that was just started, with a table to put results into; nobody else works on it."""
    run = await database.pool.fetchrow(FIND_RUN, campaign_id)
    async with database.transaction() as tx:
        await make_leaf(tx, phase, run["run_id"])
    return run


async def end_made_up(database: Database, run_id: int) -> None:
    await database.pool.execute(MARK_PLANNED, run_id)
    assert await finish_if_over(database, run_id)
