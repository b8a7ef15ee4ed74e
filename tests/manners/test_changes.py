"""Caps of DNS while worker processes come and die, and how we ask a resolver that loses questions."""

import asyncio
import time
from pathlib import Path

import pytest

from service.access.model import Principal
from service.campaigns.model import DnsValidation
from service.pipelines import planner
from service.postgres.database import Database
from tests.manners.carrying import CHUNK_NAMES, DNS, LEASE_SECONDS, begin, bring_list, carried, working
from tests.manners.measuring import (
    OVER_MAX,
    SETTLING_SECONDS,
    USED_MIN,
    Arrivals,
    between,
    of_resolver,
    rates,
    receiving,
    told,
)

MEASURED_SECONDS = 2.0

PER_SECOND = 1_200
PER_SECOND_OF_RESOLVER = 800  # above half of that of all: what holds is that of all
WAITING_MAX = 40
BACKED_OFF_MAX = 0.22  # of what was asked before; waiting in vain for what is lost would alone make it 0.3
RECOVERED_MIN = 0.8
LOST = 0.3
ATTEMPTS = 8  # so that hardly a name is lost for good

SLOW_SECONDS = 2.5  # more than two heartbeats
SLOW_WAITING_MAX = 200
SLOW_TIMEOUT_SECONDS = 10.0
SLOW_CHUNK_NAMES = 100  # eight of them are more than what may wait


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(planner.CHUNK_ITEMS, DNS, CHUNK_NAMES)


async def test_a_rate_holds_while_one_joins_and_one_is_killed(
    database: Database, database_url: str, principal: Principal, tmp_path: Path
) -> None:
    """The share of who dies without a word is nobody's until its lease has run out; then the other has it."""
    names = PER_SECOND * 20
    async with receiving(tmp_path) as receiver, working(database, database_url, 1, tmp_path) as workers:
        validation = DnsValidation(
            resolvers=receiver.addresses,
            queries_per_second=PER_SECOND,
            queries_per_second_per_resolver=PER_SECOND_OF_RESOLVER,
            detect_wildcards=False,
        )
        campaign_id = await bring_list(database, principal, validation, names)
        await begin(database, principal, campaign_id)
        await asyncio.sleep(SETTLING_SECONDS)
        await workers.add()
        joined = time.time()
        await asyncio.sleep(SETTLING_SECONDS + MEASURED_SECONDS)
        await workers.kill()
        killed = time.time()
        await asyncio.sleep(LEASE_SECONDS + SETTLING_SECONDS + MEASURED_SECONDS)
        ended = time.time()
        run = await carried(database, principal, campaign_id)
    assert run.outcomes["absent"] == run.total == names
    assert_never_over(receiver.arrivals, PER_SECOND)
    for index in range(len(receiver.addresses)):
        assert_never_over(of_resolver(receiver.arrivals, index), PER_SECOND_OF_RESOLVER)
    both = mean(receiver.arrivals, joined + SETTLING_SECONDS, killed)
    left = mean(receiver.arrivals, ended - MEASURED_SECONDS, ended)
    told(f"both {both:.0f}, the one that was left {left:.0f} of {PER_SECOND} a second")
    assert both >= PER_SECOND * USED_MIN
    assert left >= PER_SECOND * USED_MIN


async def test_what_is_lost_is_asked_more_slowly_and_then_as_before(
    database: Database, database_url: str, principal: Principal, tmp_path: Path
) -> None:
    names = 22_000
    async with receiving(tmp_path) as receiver, working(database, database_url, 2, tmp_path):
        validation = DnsValidation(
            resolvers=receiver.addresses,
            in_flight_max=WAITING_MAX,
            timeout_seconds=0.4,
            attempts=ATTEMPTS,
            detect_wildcards=False,
        )
        campaign_id = await bring_list(database, principal, validation, names)
        await begin(database, principal, campaign_id)
        await asyncio.sleep(SETTLING_SECONDS + MEASURED_SECONDS)
        receiver.lose(LOST)
        lost = time.time()
        await asyncio.sleep(SETTLING_SECONDS + MEASURED_SECONDS)
        receiver.lose(0)
        found = time.time()
        await asyncio.sleep(SETTLING_SECONDS + MEASURED_SECONDS)
        ended = time.time()
        run = await carried(database, principal, campaign_id)
    assert run.outcomes["absent"] + run.outcomes["timed_out"] == run.total == names
    before, during, after = (mean(receiver.arrivals, end - MEASURED_SECONDS, end) for end in (lost, found, ended))
    told(f"{before:.0f} a second before, {during:.0f} while a part is lost, {after:.0f} afterwards")
    assert during <= before * BACKED_OFF_MAX
    assert after >= before * RECOVERED_MIN


async def test_no_more_wait_at_a_slow_resolver_while_one_joins(
    database: Database, database_url: str, principal: Principal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits there counts until it is answered, whoever has the share by then."""
    monkeypatch.setitem(planner.CHUNK_ITEMS, DNS, SLOW_CHUNK_NAMES)
    async with (
        receiving(tmp_path, delay_seconds=SLOW_SECONDS) as receiver,
        working(database, database_url, 1, tmp_path) as workers,
    ):
        validation = DnsValidation(
            resolvers=receiver.addresses,
            in_flight_max=SLOW_WAITING_MAX,
            timeout_seconds=SLOW_TIMEOUT_SECONDS,
            detect_wildcards=False,
        )
        campaign_id = await bring_list(database, principal, validation, 2_000)
        await begin(database, principal, campaign_id)
        await asyncio.sleep(SETTLING_SECONDS)
        await workers.add()
        await carried(database, principal, campaign_id)
    most = max(int(of_resolver(receiver.arrivals, index)["waiting"].max()) for index in range(len(receiver.addresses)))
    told(f"at most {most} of {SLOW_WAITING_MAX} in flight")
    assert most <= SLOW_WAITING_MAX


def assert_never_over(arrivals: Arrivals, cap: float) -> None:
    seen = rates(arrivals["at"])
    told(f"at most {seen.most} of {cap:.0f} a second")
    assert seen.most <= cap * OVER_MAX


def mean(arrivals: Arrivals, first: float, end: float) -> float:
    return len(between(arrivals, first, end)) / (end - first)
