"""Limits of HTTP with one, two and four worker processes, counted where the requests arrive.

A limit holds in every second, wherever it begins, for all processes together; and it is used.
"""

import time
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from service.access.model import Principal
from service.campaigns.model import DnsValidation, HttpValidation, Politeness, Ports
from service.pipelines import planner
from service.postgres.database import Database
from tests.manners.carrying import HTTP, begin, bring_list, carried, working
from tests.manners.measuring import (
    FULL_SHARE_MIN,
    MEASURED_SECONDS,
    SETTLING_SECONDS,
    USED_MIN,
    Arrivals,
    assert_rate,
    between,
    receiving_visits,
    steady,
    told,
)
from tests.manners.web import BODY, BUSY_EVERY, HOSTS, RETRY_AFTER_SECONDS

RATE_USED_MIN = 0.75  # requests go one by one, so that a busy machine makes them late; a share without use were half
TAIL_SECONDS = 1.0  # not all workers end at the same time
HOSTS_IN_CHUNKS = 80  # of all workers' chunks together; each holds eight, some of whose hosts want a second's rest

REQUESTS_PER_SECOND = 100  # at each of two addresses
CONNECTIONS_MAX = 8  # at each of two addresses, which answer after 50 ms: at most 160 a second
PAGES_PER_SECOND = 200  # in all

NO_LIMIT = Politeness(connections_per_address=None, requests_per_second_per_address=None)
PLAIN = HttpValidation(ports=Ports(https=None), politeness=NO_LIMIT)
BY_RATE = replace(PLAIN, politeness=replace(NO_LIMIT, requests_per_second_per_address=REQUESTS_PER_SECOND))
BY_CONNECTIONS = replace(PLAIN, politeness=replace(NO_LIMIT, connections_per_address=CONNECTIONS_MAX))
BY_BYTES = replace(PLAIN, bytes_per_second=PAGES_PER_SECOND * len(BODY))
HOSTS_A_SECOND = ((BY_RATE, 2 * REQUESTS_PER_SECOND), (BY_CONNECTIONS, 300), (BY_BYTES, PAGES_PER_SECOND))


@pytest.mark.parametrize("count", [1, 2, 4])
async def test_limits_hold_and_are_used(
    database: Database,
    database_url: str,
    principal: Principal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
) -> None:
    """One campaign after the other, so that hosts are asked with one limit only."""
    monkeypatch.setitem(planner.CHUNK_ITEMS, HTTP, HOSTS_IN_CHUNKS // count)
    begun: list[float] = []
    async with receiving_visits(tmp_path) as receiver:
        resolver, port = receiver.addresses
        dns = DnsValidation(resolvers=(resolver,), detect_wildcards=False)
        async with working(database, database_url, count, tmp_path, http_port=int(port)):
            for limit, rate in HOSTS_A_SECOND:
                hosts = int(rate * (SETTLING_SECONDS + MEASURED_SECONDS + TAIL_SECONDS))
                campaign_id = await bring_list(database, principal, dns, hosts, limit)
                begun.append(time.time())
                await begin(database, principal, campaign_id, HTTP)
                run = await carried(database, principal, campaign_id, HTTP)
                assert run.outcomes["reached"] == run.total == hosts
    by_rate, by_connections, by_bytes = (
        between(receiver.arrivals, first, end) for first, end in zip(begun, [*begun[1:], time.time()], strict=True)
    )
    for address in range(len(HOSTS)):
        assert_rate(at_address(by_rate, address)["at"], REQUESTS_PER_SECOND, used_min=RATE_USED_MIN)
        assert_connections(at_address(by_connections, address))
    # All pages are as long, and each leaves as long after it was asked for: bytes are requests.
    assert_rate(by_bytes["at"], PAGES_PER_SECOND, used_min=RATE_USED_MIN)
    assert_nobody_was_asked_too_soon(by_rate)


def at_address(visits: Arrivals, address: int) -> Arrivals:
    found: Arrivals = visits[visits["address"] == address]
    return found


def assert_connections(visits: Arrivals) -> None:
    """Nobody counts here whose answer was sent: the cap is exact."""
    most, often = visits["connections"].max(), np.quantile(steady(visits)["connections"], 1 - FULL_SHARE_MIN)
    told(f"at most {most}, often {often:.0f}, of {CONNECTIONS_MAX} connections")
    assert most <= CONNECTIONS_MAX
    assert often >= CONNECTIONS_MAX * USED_MIN


def assert_nobody_was_asked_too_soon(visits: Arrivals) -> None:
    """Who wanted to be asked after a second was asked just once more, and not before; whichever process did."""
    busy = [
        np.sort(visits["at"][visits["host"] == host]) for host in np.unique(visits["host"]) if host % BUSY_EVERY == 0
    ]
    assert len(busy) >= 10
    assert {len(instants) for instants in busy} == {2}
    gaps = [later - earlier for earlier, later in busy]
    told(f"asked again after {min(gaps):.2f} to {max(gaps):.2f} s")
    assert min(gaps) >= RETRY_AFTER_SECONDS
