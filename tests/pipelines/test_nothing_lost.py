"""The whole DNS phase between resolvers that lose, die, fail and are lied for: every name has its own, true outcome."""

import random
import socket
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from uuid import UUID

import pytest

from service.access.model import Principal
from service.campaigns.model import Advance, DnsValidation
from service.campaigns.views import get_phases
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from service.resolving.outcomes import DnsOutcome
from service.settings import Settings
from tests.audit import audit
from tests.resolving.scripted import (
    NXDOMAIN,
    SERVFAIL,
    Query,
    Script,
    address,
    answer,
    cut_short,
    scripted,
    wire,
)
from tests.world import a_campaign, running_worker, start, transition, until

GENERATION, DNS = CampaignPhase.DOMAIN_GENERATION, CampaignPhase.DNS_VALIDATION
HOSTS = ("127.77.8.1", "127.77.8.2")
NAMES = 3_000
FORGED = address("127.77.66.66")
LOSS = 0.05
ATTEMPTS = 8  # so that no name is lost for good: one in 25,000 million would be, of a twentieth
DIES_AFTER = 400

NAMES_AND_ANSWERS = """
SELECT n.name, d.outcome, d.addresses
FROM campaigns c
JOIN names n ON n.set_id = c.name_set_id
LEFT JOIN dns_results d ON d.set_id = c.dns_set_id AND d.position = n.position
WHERE c.campaign_id = $1
"""

Truth = tuple[DnsOutcome, bytes | None]


def truth(name: str) -> Truth:
    digest = zlib.crc32(name.encode())
    match digest % 3:
        case 0:
            return DnsOutcome.RESOLVED, bytes((127, 77, 200, digest >> 8 & 0xFF))
        case 1:
            return DnsOutcome.ABSENT, None
        case _:
            return DnsOutcome.NO_DATA, None


def tells(query: Query) -> Sequence[bytes]:
    outcome, packed = truth(query.name.lower())
    if outcome is DnsOutcome.ABSENT:
        return (answer(query, rcode=NXDOMAIN),)
    return (answer(query) if packed is None else answer(query, address(socket.inet_ntoa(packed))),)


def loses() -> Script:
    dice = random.Random(8)
    return lambda query: () if dice.random() < LOSS else tells(query)


def dies() -> Script:
    seen = iter(range(DIES_AFTER))
    return lambda query: () if next(seen, None) is None else tells(query)


def only_fails(query: Query) -> Sequence[bytes]:
    return (answer(query, rcode=SERVFAIL),)


def lies_under_other_ids(query: Query) -> Sequence[bytes]:
    forged = answer(query, FORGED, query_id=bytes((query.packet[0] ^ 0x55, query.packet[1])))
    return forged, *tells(query), forged


def lies_about_other_questions(query: Query) -> Sequence[bytes]:
    forged = answer(query, FORGED, question=wire("evil.test") + query.question[-4:])
    return forged, *tells(query), forged


def is_spoken_for(elsewhere: socket.socket) -> Script:
    """Somebody else answers first, with the right id and question, from another port."""

    def script(query: Query) -> Sequence[bytes]:
        if query.over == "udp":
            elsewhere.sendto(answer(query, FORGED), query.client)
        return tells(query)

    return script


def cuts_short(query: Query) -> Sequence[bytes]:
    """Whatever has an address is told over TCP only."""
    is_long = query.over == "udp" and truth(query.name.lower())[1] is not None
    return (cut_short(query),) if is_long else tells(query)


@pytest.fixture
def elsewhere() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind((HOSTS[0], 0))
        yield opened


def pair(case: str, elsewhere: socket.socket) -> tuple[Script, Script]:
    """How two resolvers behave."""
    pairs = {
        "clean": (tells, tells),
        "loss": (loses(), loses()),
        "dies": (tells, dies()),
        "servfail": (tells, only_fails),
        "wrong_ids": (lies_under_other_ids, lies_under_other_ids),
        "wrong_questions": (lies_about_other_questions, lies_about_other_questions),
        "spoofed": (is_spoken_for(elsewhere), is_spoken_for(elsewhere)),
        "truncated": (cuts_short, cuts_short),
    }
    return pairs[case]


@pytest.mark.parametrize(
    "case", ["clean", "loss", "dies", "servfail", "wrong_ids", "wrong_questions", "spoofed", "truncated"]
)
async def test_every_name_has_its_own_outcome(
    database: Database, principal: Principal, elsewhere: socket.socket, case: str
) -> None:
    scripts = pair(case, elsewhere)
    async with scripted(scripts[0], host=HOSTS[0]) as first, scripted(scripts[1], host=HOSTS[1]) as second:
        validation = DnsValidation(
            resolvers=tuple(f"{each.host}:{each.port}" for each in (first, second)),
            timeout_seconds=0.3,
            attempts=ATTEMPTS,
            in_flight_max=100,
            detect_wildcards=False,
        )
        async with running_worker(database, Settings(lease_seconds=3)):
            request = a_campaign(NAMES, advance=Advance.MANUAL, dns_validation=validation)
            campaign = await start(database, principal, request)
            await until(database, principal, campaign.id, GENERATION, PhaseStatus.COMPLETED)
            await transition(database, principal, campaign.id, DNS)
            await until(database, principal, campaign.id, DNS, PhaseStatus.COMPLETED)
        assert second.queries, "both were asked"
    async with database.transaction() as tx:
        run = next(run for run in (await get_phases(tx, principal, campaign.id)).phases if run.phase is DNS)
    found = await answers(database, campaign.id)
    assert len(found) == run.total == sum(run.outcomes.values()) == NAMES
    assert {name: answer for name, answer in found.items() if answer != truth(name)} == {}
    assert +Counter(run.outcomes) == Counter(outcome.label for outcome, _ in found.values())


async def answers(database: Database, campaign_id: UUID) -> dict[str, Truth]:
    async with database.pool.acquire() as connection:
        await audit(connection, campaign_id)
        rows = await connection.fetch(NAMES_AND_ANSWERS, campaign_id)
    assert len(rows) == NAMES
    return {row["name"]: (DnsOutcome(row["outcome"]), row["addresses"]) for row in rows}
