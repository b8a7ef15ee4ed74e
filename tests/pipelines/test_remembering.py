"""What was learnt about wildcards, in the database: shared by workers, for a day, and never needed."""

import asyncio
import itertools
from datetime import timedelta

import pytest

from service.access.model import Principal
from service.campaigns.model import Advance, DnsValidation, Network
from service.campaigns.model import RecordType as CampaignRecordType
from service.campaigns.views import get_phases
from service.pipelines.remembering import AGE_SECONDS_MAX, VerdictsInDatabase
from service.pipelines.transforms.engines import view_key
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from service.resolving.engine import EngineSettings, RecordType, ResolverAddress, Verdict
from tests.resolving.scripted import scripted
from tests.resolving.zones import Records, Zones
from tests.world import a_campaign, running_sandbox, running_worker, start, transition, until

VIEW, OTHER_VIEW = b"one", b"other"
POOL = Verdict(
    addresses=frozenset({b"\xc0\0\2\1", b"\xc0\0\2\2", bytes(16)}),
    canonical_names=frozenset({"lobby.test", r"odd\032name.test"}),
    probe_count=24,
    varies=True,
)
PLAIN = Verdict(probe_count=1)
LABELS = [f"aa{''.join(letters)}shop" for letters in itertools.product("abcdefghijklmnopqrstuvwxyz", repeat=2)]


async def test_verdicts_come_back_as_they_were(database: Database) -> None:
    memory = VerdictsInDatabase(database, VIEW)
    await memory.remember({b"c.test": POOL, b"test": PLAIN})
    assert await memory.find([b"c.test", b"test", b"other.test"]) == {b"c.test": POOL, b"test": PLAIN}


async def test_each_view_has_verdicts_of_its_own(database: Database) -> None:
    await VerdictsInDatabase(database, VIEW).remember({b"test": POOL})
    assert await VerdictsInDatabase(database, OTHER_VIEW).find([b"test"]) == {}


async def test_the_newest_look_stands(database: Database) -> None:
    memory = VerdictsInDatabase(database, VIEW)
    await memory.remember({b"test": PLAIN})
    await memory.remember({b"test": POOL})
    assert await memory.find([b"test"]) == {b"test": POOL}
    database.clock_offset -= timedelta(hours=1)
    await memory.remember({b"test": PLAIN})
    assert await memory.find([b"test"]) == {b"test": POOL}


async def test_after_a_day_nothing_is_believed_and_whoever_writes_removes_it(database: Database) -> None:
    memory = VerdictsInDatabase(database, VIEW)
    await memory.remember({b"test": POOL})
    database.clock_offset += timedelta(seconds=AGE_SECONDS_MAX + 1)
    assert await memory.find([b"test"]) == {}
    await memory.remember({b"other.test": PLAIN})
    assert [row["parent"] for row in await database.pool.fetch("SELECT parent FROM wildcard_verdicts")] == [
        "other.test"
    ]


async def test_writers_of_the_same_parents_do_not_wait_in_a_ring(database: Database) -> None:
    parents = [b"%d.test" % number for number in range(500)]
    memories = [VerdictsInDatabase(database, VIEW) for _ in range(8)]
    orders = [parents, parents[::-1]] * 4
    await asyncio.gather(
        *(memory.remember(dict.fromkeys(order, PLAIN)) for memory, order in zip(memories, orders, strict=True))
    )
    assert len(await memories[0].find(parents)) == 500


async def test_without_a_database_nothing_is_known_and_nothing_fails(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    memory = VerdictsInDatabase(database, VIEW)
    await memory.remember({b"test": POOL})
    await database.pool.execute("ALTER TABLE wildcard_verdicts RENAME TO away")
    assert await memory.find([b"test"]) == {}
    await memory.remember({b"test": PLAIN})
    assert len(caplog.records) == 2
    await database.pool.execute("ALTER TABLE away RENAME TO wildcard_verdicts")
    assert await memory.find([b"test"]) == {b"test": POOL}


def test_a_view_is_a_network_its_resolvers_and_the_types_that_are_asked_for() -> None:
    one, two = ResolverAddress("192.0.2.1"), ResolverAddress("192.0.2.2")
    plain = EngineSettings(resolvers=(one, two))
    key = view_key(Network.INTERNET, plain)
    assert view_key(Network.INTERNET, EngineSettings(resolvers=(two, one), attempts=9, in_flight_max=7)) == key
    assert view_key(Network.SANDBOX, plain) != key
    assert view_key(Network.INTERNET, EngineSettings(resolvers=(one,))) != key
    types = (RecordType.A, RecordType.AAAA)
    assert view_key(Network.INTERNET, EngineSettings(resolvers=(one, two), record_types=types)) != key


async def test_another_worker_asks_for_nothing_that_one_has_learnt(database: Database, principal: Principal) -> None:
    zones = Zones({f"{label}.com": Records(("192.0.2.1",)) for label in LABELS}, {"wild": Records(("192.0.2.2",))})
    async with scripted(zones, host="127.77.9.1") as server, running_sandbox() as (_, settings):
        resolvers = (f"{server.address.host}:{server.port}",)
        for _ in range(2):
            async with running_worker(database, settings):
                await validate(database, principal, DnsValidation(resolvers=resolvers))
            assert zones.probes == {"com": 1, "wild": 3}
        async with running_worker(database, settings):
            types = (CampaignRecordType.A, CampaignRecordType.AAAA)
            await validate(database, principal, DnsValidation(resolvers=resolvers, record_types=types))
        assert zones.probes == {"com": 2, "wild": 3 + 2 * 3}, "what was learnt of A records says little of AAAA"


async def validate(database: Database, principal: Principal, validation: DnsValidation) -> None:
    """Carry the next hundred and fifty names of a tenant's pattern through DNS."""
    wanted = a_campaign(150, advance=Advance.MANUAL, dns_validation=validation)
    campaign = await start(database, principal, wanted)
    await until(database, principal, campaign.id, CampaignPhase.DOMAIN_GENERATION, PhaseStatus.COMPLETED)
    await transition(database, principal, campaign.id, CampaignPhase.DNS_VALIDATION)
    await until(database, principal, campaign.id, CampaignPhase.DNS_VALIDATION, PhaseStatus.COMPLETED)
    async with database.transaction() as tx:
        run = (await get_phases(tx, principal, campaign.id)).phases[1]
    assert run.outcomes["wildcard"] == 50
    assert run.outcomes["resolved"] == 50
