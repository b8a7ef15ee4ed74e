"""The campaigns of the benchmarks, and what is made up for the phases that are not under test."""

from ipaddress import ip_address
from uuid import UUID

from loadtest.bench import carrying, workload
from loadtest.bench.making_up import make_up
from loadtest.bench.servers import DNS_ADDRESS, WEB_ADDRESS
from loadtest.bench.spaces import Space
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
from service.postgres.database import Database
from service.progress.events import CampaignPhase

GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase

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


def a_campaign(count: int, *, dns_port: int = 53, space: Space = workload.SPACE) -> CreateCampaign:
    """So many names; resolved by our name server, A records only; pages by plain HTTP."""
    configuration = Configuration(
        advance=Advance.MANUAL,
        network=Network.SANDBOX,
        domain_generation=generation_of(space, count),
        dns_validation=DnsValidation(resolvers=(f"{DNS_ADDRESS}:{dns_port}",)),
        http_validation=HttpValidation(
            keywords=tuple(Keyword(text) for text in workload.KEYWORDS), ports=Ports(https=None, http=80)
        ),
    )
    return CreateCampaign(name="bench", initial_phase=GENERATION, configuration=configuration)


def generation_of(space: Space, count: int) -> DomainGeneration:
    return DomainGeneration(
        pattern=Pattern.PREFIX,
        constant=space.constant,
        character_set=space.characters,
        variable_length=space.length,
        tlds=space.tlds,
        count=count,
    )


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
        await make_up(database, campaign_id, DNS, MAKE_UP_DNS, self.every_name)
        return campaign_id


class Fetched:
    """A campaign whose DNS and HTTP results are made up: ready to be scored."""

    def __init__(self, count: int) -> None:
        self.count = count

    async def __call__(self, database: Database, principal: Principal) -> UUID:
        campaign_id = await Resolved(self.count, every_name=False)(database, principal)
        await carrying.transition(database, principal, campaign_id, HTTP)
        await make_up(database, campaign_id, HTTP, MAKE_UP_HTTP)
        return campaign_id
