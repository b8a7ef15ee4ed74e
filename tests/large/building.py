"""A campaign that is carried without a network: names and scores by the service, what DNS and HTTP found made up."""

import msgspec

from loadtest.bench.making_up import make_up
from service.access.model import Principal
from service.campaigns.model import Advance, Campaign, CreateCampaign
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from service.settings import Settings
from tests.world import a_campaign, running_worker, start, transition, until

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


async def carry_made_up(database: Database, principal: Principal, request: CreateCampaign) -> Campaign:
    """Through all phases, to the end; the same request gives the same results."""
    async with running_worker(database, Settings()):
        campaign = await start(database, principal, request)
        await until(database, principal, campaign.id, GENERATION, PhaseStatus.COMPLETED)
    for phase, made_up in ((DNS, MADE_UP_DNS), (HTTP, MADE_UP_HTTP)):
        await transition(database, principal, campaign.id, phase)
        await make_up(database, campaign.id, phase, made_up)
    async with running_worker(database, Settings()):
        await transition(database, principal, campaign.id, ANALYSIS)
        await until(database, principal, campaign.id, ANALYSIS, PhaseStatus.COMPLETED)
    return campaign


def large_request(count: int) -> CreateCampaign:
    request = a_campaign(count, advance=Advance.MANUAL)
    generation = request.configuration.domain_generation
    assert generation is not None
    longer = msgspec.structs.replace(generation, variable_length=6)
    return msgspec.structs.replace(
        request, configuration=msgspec.structs.replace(request.configuration, domain_generation=longer)
    )
