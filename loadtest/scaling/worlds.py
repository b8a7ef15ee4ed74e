"""Two worlds, and the campaigns that are carried in them."""

from uuid import UUID

import msgspec

from loadtest.bench import carrying
from loadtest.bench.campaigns import DNS, GENERATION, generation_of
from loadtest.bench.workload import KEYWORDS, SPACE
from service.access.model import Principal
from service.campaigns.model import (
    Advance,
    Configuration,
    CreateCampaign,
    DnsValidation,
    HttpValidation,
    Keyword,
    Network,
    Ports,
)
from service.postgres.database import Database
from service.settings import Settings

# Who says nothing at all is not waited for long: it would hold one of few places.
DNS_TIMEOUT_SECONDS = 0.5
HTTP_TIMEOUT_SECONDS = 2.0


class World(msgspec.Struct, frozen=True):
    """How late answers come, and how much may be under way: questions to each resolver, and requests.

    Both are a process's own. What DNS has under way is bounded for the whole installation, so that the campaign's bound
    is so many times as much as there are processes.
    """

    name: str
    delay_ms: int
    in_flight: int
    concurrency: int


FAR = World("far", delay_ms=50, in_flight=100, concurrency=16)
NEAR = World("near", delay_ms=0, in_flight=1_000, concurrency=128)
WORLDS = (FAR, NEAR)


def configuration_in(world: World, processes: int, names: int) -> Configuration:
    """By plain HTTP, as fast as everybody answers: nobody has to be spared here."""
    return Configuration(
        advance=Advance.MANUAL,
        network=Network.SANDBOX,
        domain_generation=generation_of(SPACE, names),
        dns_validation=DnsValidation(timeout_seconds=DNS_TIMEOUT_SECONDS, in_flight_max=world.in_flight * processes),
        http_validation=HttpValidation(
            keywords=tuple(Keyword(text) for text in KEYWORDS),
            ports=Ports(https=None, http=80),
            timeout_seconds=HTTP_TIMEOUT_SECONDS,
            connect_timeout_seconds=HTTP_TIMEOUT_SECONDS,
            concurrency=world.concurrency,
        ),
    )


class Named:
    """A campaign whose names are there."""

    def __init__(self, names: int) -> None:
        self.names = names

    async def __call__(self, database: Database, principal: Principal) -> UUID:
        wanted = CreateCampaign(
            name="scaling", initial_phase=GENERATION, configuration=configuration_in(NEAR, 1, self.names)
        )
        campaign_id = await carrying.create(database, principal, wanted)
        await carrying.carry(database, principal, campaign_id, GENERATION)
        return campaign_id


class Resolved:
    """A campaign whose names were resolved by a sandbox."""

    def __init__(self, names: int, settings: Settings) -> None:
        self.names = names
        self.settings = settings

    async def __call__(self, database: Database, principal: Principal) -> UUID:
        campaign_id = await Named(self.names)(database, principal)
        await carrying.carry(database, principal, campaign_id, DNS, self.settings)
        return campaign_id
