"""Rates and in-flight caps of DNS, counted where the questions arrive, while worker processes come and go.

A cap holds in every second, wherever it begins, for all processes together, and it is used.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest

from service import assembly
from service.access.model import Principal
from service.campaigns.model import Advance, DnsValidation
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from service.settings import Settings
from tests.manners.measuring import Rates, Receiver, Times, rates, receiving
from tests.world import a_campaign, running_worker, start, transition, until

NAMES = 150_000
TOLERANCE = 0.05
STEADY_SECONDS = 6.0  # measured
SETTLING_SECONDS = 3.0  # two heartbeats, in which shares are given back and taken
LEASE_SECONDS = 15.0
STOP_SECONDS_MAX = 15.0
PER_SECOND = 1_500.0


class Workers:
    """Worker processes as `phaseline work` starts them."""

    def __init__(self, url: str) -> None:
        self.environment = assembly.child_environment(Settings(), url)
        self.processes: list[asyncio.subprocess.Process] = []

    async def add(self, count: int = 1) -> None:
        for _ in range(count):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "service", "work", "--worker-id", str(uuid4())),
                env=self.environment,
                stdin=asyncio.subprocess.PIPE,  # it ends with whoever holds this
            )
            self.processes.append(process)

    async def kill(self, process: asyncio.subprocess.Process) -> None:
        """Without a goodbye: its share is nobody's until its lease has run out."""
        self.processes.remove(process)
        process.kill()
        await process.wait()

    async def end(self) -> None:
        for process in self.processes:
            process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS_MAX):
                for process in self.processes:
                    await process.wait()
        for process in self.processes:
            if process.returncode is None:
                process.kill()


@contextlib.asynccontextmanager
async def starting_workers(url: str, count: int) -> AsyncIterator[Workers]:
    workers = Workers(url)
    try:
        await workers.add(count)
        yield workers
    finally:
        await workers.end()


async def a_campaign_that_asks(
    database: Database, principal: Principal, receiver: Receiver, **caps: float | None
) -> UUID:
    """Its names are made, and wait for their questions."""
    configuration = DnsValidation(
        resolvers=receiver.addresses,
        timeout_seconds=0.4,
        detect_wildcards=False,
        **caps,  # type: ignore[arg-type]
    )
    request = a_campaign(NAMES, advance=Advance.MANUAL, dns_validation=configuration)
    async with running_worker(database, Settings()):
        campaign = await start(database, principal, request)
        await until(database, principal, campaign.id, CampaignPhase.DOMAIN_GENERATION, PhaseStatus.COMPLETED)
    return campaign.id


async def ask(database: Database, principal: Principal, campaign_id: UUID) -> None:
    await transition(database, principal, campaign_id, CampaignPhase.DNS_VALIDATION)


def steady(times: Times, seconds: float = STEADY_SECONDS) -> Rates:
    """Of the last seconds; where questions are, they are until the end."""
    return rates(times[times > times.max() - seconds])


def assert_held(times: Times, cap: float) -> None:
    """At no time more than the cap; in the last seconds hardly less."""
    assert rates(times).most <= cap * (1 + TOLERANCE)
    assert steady(times).mean >= cap * (1 - TOLERANCE)


@pytest.mark.parametrize("count", [1, 2, 4])
async def test_a_rate_for_all_resolvers_holds_whoever_asks(
    database: Database, database_url: str, principal: Principal, tmp_path: Path, count: int
) -> None:
    async with receiving(tmp_path) as receiver:
        campaign_id = await a_campaign_that_asks(database, principal, receiver, queries_per_second=PER_SECOND)
        async with starting_workers(database_url, count):
            await ask(database, principal, campaign_id)
            await asyncio.sleep(2 * SETTLING_SECONDS + STEADY_SECONDS)
    assert_held(receiver.arrivals["at"], PER_SECOND)


async def test_a_rate_for_each_resolver_holds_whoever_asks(
    database: Database, database_url: str, principal: Principal, tmp_path: Path
) -> None:
    async with receiving(tmp_path) as receiver:
        campaign_id = await a_campaign_that_asks(
            database, principal, receiver, queries_per_second_per_resolver=PER_SECOND / 2
        )
        async with starting_workers(database_url, 3):
            await ask(database, principal, campaign_id)
            await asyncio.sleep(2 * SETTLING_SECONDS + STEADY_SECONDS)
    for resolver in range(len(receiver.addresses)):
        assert_held(receiver.arrivals["at"][receiver.arrivals["resolver"] == resolver], PER_SECOND / 2)


async def test_a_rate_holds_while_processes_join_and_die(
    database: Database, database_url: str, principal: Principal, tmp_path: Path
) -> None:
    """Who dies without a word keeps its share until its lease has run out; then the others have it."""
    async with receiving(tmp_path) as receiver:
        campaign_id = await a_campaign_that_asks(database, principal, receiver, queries_per_second=PER_SECOND)
        async with starting_workers(database_url, 1) as workers:
            await ask(database, principal, campaign_id)
            await asyncio.sleep(SETTLING_SECONDS)
            await workers.add()
            await asyncio.sleep(2 * SETTLING_SECONDS)
            await workers.kill(workers.processes[0])
            await asyncio.sleep(LEASE_SECONDS + SETTLING_SECONDS + STEADY_SECONDS)
    assert_held(receiver.arrivals["at"], PER_SECOND)


async def test_no_more_questions_wait_than_a_resolver_is_to_have(
    database: Database, database_url: str, principal: Principal, tmp_path: Path
) -> None:
    in_flight_max = 60
    async with receiving(tmp_path) as receiver:
        campaign_id = await a_campaign_that_asks(database, principal, receiver, in_flight_max=in_flight_max)
        async with starting_workers(database_url, 3):
            await ask(database, principal, campaign_id)
            await asyncio.sleep(2 * SETTLING_SECONDS + STEADY_SECONDS)
    last = receiver.arrivals[receiver.arrivals["at"] > receiver.arrivals["at"].max() - STEADY_SECONDS]
    assert receiver.arrivals["waiting"].max() <= in_flight_max
    assert np.median(last["waiting"]) >= in_flight_max * 0.7


async def test_what_is_lost_is_asked_more_slowly_and_then_as_before(
    database: Database, database_url: str, principal: Principal, tmp_path: Path
) -> None:
    async with receiving(tmp_path) as receiver:
        campaign_id = await a_campaign_that_asks(database, principal, receiver, in_flight_max=100)
        async with starting_workers(database_url, 1):
            await ask(database, principal, campaign_id)
            await asyncio.sleep(2 * SETTLING_SECONDS)
            receiver.lose(0.3)
            await asyncio.sleep(STEADY_SECONDS)
            receiver.lose(0)
            await asyncio.sleep(STEADY_SECONDS)
    times = receiver.arrivals["at"] - receiver.arrivals["at"].max()
    before, lost, after = (np.count_nonzero((times > first) & (times <= first + 2.0)) for first in (-14.0, -8.0, -2.0))
    assert lost < before / 2
    assert after > before * 0.8
