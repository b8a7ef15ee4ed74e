"""Rates and in-flight caps of DNS with one, two and four worker processes, counted where the questions arrive.

A cap holds in every second, wherever it begins, for all processes together; and it is used.
"""

import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from service.access.model import Principal
from service.campaigns.model import DnsValidation
from service.pipelines import planner
from service.postgres.database import Database
from tests.manners.carrying import CHUNK_NAMES, DNS, begin, bring_list, carried, working
from tests.manners.measuring import (
    FULL_SHARE_MIN,
    MEASURED_SECONDS,
    SETTLING_SECONDS,
    USED_MIN,
    Arrivals,
    assert_rate,
    between,
    of_resolver,
    receiving,
    steady,
    told,
)

TAIL_SECONDS = 1.0  # not all workers end at the same time

PER_SECOND = 1_600
PER_SECOND_OF_RESOLVER = 800
WAITING_MAX = 40  # at each resolver; it answers after 50 ms, so that this is at most 800 a second
NAMES = int(PER_SECOND * (SETTLING_SECONDS + MEASURED_SECONDS + TAIL_SECONDS))

OF_ALL = DnsValidation(queries_per_second=PER_SECOND)
OF_EACH = DnsValidation(queries_per_second_per_resolver=PER_SECOND_OF_RESOLVER)
IN_FLIGHT = DnsValidation(in_flight_max=WAITING_MAX)
CAPS = (OF_ALL, OF_EACH, IN_FLIGHT)


@pytest.mark.parametrize("count", [1, 2, 4])
async def test_caps_hold_and_are_used(
    database: Database,
    database_url: str,
    principal: Principal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
) -> None:
    """One campaign after the other, so that each is asked with one cap only."""
    monkeypatch.setitem(planner.CHUNK_ITEMS, DNS, CHUNK_NAMES)
    begun: list[float] = []
    async with receiving(tmp_path) as receiver, working(database, database_url, count, tmp_path):
        for cap in CAPS:
            validation = msgspec.structs.replace(cap, resolvers=receiver.addresses, detect_wildcards=False)
            campaign_id = await bring_list(database, principal, validation, NAMES)
            begun.append(time.time())
            await begin(database, principal, campaign_id)
            run = await carried(database, principal, campaign_id)
            assert run.outcomes["absent"] == run.total == NAMES
    all_of, each_of, waiting = (
        between(receiver.arrivals, first, end) for first, end in zip(begun, [*begun[1:], time.time()], strict=True)
    )
    assert_rate(all_of["at"], PER_SECOND)
    for index in range(len(receiver.addresses)):
        assert_rate(of_resolver(each_of, index)["at"], PER_SECOND_OF_RESOLVER)
        assert_waiting(of_resolver(waiting, index), WAITING_MAX)


def assert_waiting(arrivals: Arrivals, cap: int) -> None:
    """Nobody counts here what we do not wait for any more: the cap is exact."""
    most, often = arrivals["waiting"].max(), np.quantile(steady(arrivals)["waiting"], 1 - FULL_SHARE_MIN)
    told(f"at most {most}, often {often:.0f}, of {cap} in flight")
    assert most <= cap
    assert often >= cap * USED_MIN
