"""A worker at work on real DNS and HTTP traffic: whole campaigns, pauses, retries, poison, and who wins."""

import asyncio
from uuid import UUID

import msgspec
import pytest

from service.access.model import Principal
from service.campaigns import commands
from service.campaigns.model import Advance, DnsValidation, Rerun, RerunScope, TransitionCampaign
from service.campaigns.views import get_campaign, get_phases, list_transitions
from service.pipelines.transforms.engines import DnsKey, Engines
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from service.resolving.engine import EngineSettings
from tests.audit import audit
from tests.world import a_campaign, running_sandbox, running_worker, start, transition, until

GENERATION, DNS, HTTP, ANALYSIS = CampaignPhase


async def check(database: Database, campaign_id: UUID) -> None:
    async with database.pool.acquire() as connection:
        await audit(connection, campaign_id)


async def test_an_automatic_campaign_goes_through_all_phases(database: Database, principal: Principal) -> None:
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        campaign = await start(database, principal, a_campaign(600))
        await until(database, principal, campaign.id, ANALYSIS, PhaseStatus.COMPLETED)
        await check(database, campaign.id)
        async with database.transaction() as tx:
            phases = {run.phase: run for run in (await get_phases(tx, principal, campaign.id)).phases}
            final = await get_campaign(tx, principal, campaign.id)
            trail = await list_transitions(tx, principal, campaign.id, cursor=None, limit=50)
    assert final.progress == 100.0
    assert [phases[phase].total for phase in (GENERATION, DNS, ANALYSIS)] == [600, 600, 600]
    assert phases[HTTP].total == phases[DNS].outcomes["resolved"] > 0
    assert phases[ANALYSIS].succeeded > 0, "there are leads"
    assert [line.command for line in reversed(trail.items)] == [
        "transition",
        *["complete", "advance"] * 3,
        "complete",
    ]


async def test_a_manual_campaign_waits_for_each_transition(database: Database, principal: Principal) -> None:
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        campaign = await start(database, principal, a_campaign(200, advance=Advance.MANUAL))
        for phase in (GENERATION, DNS, HTTP, ANALYSIS):
            if phase is not GENERATION:
                await transition(database, principal, campaign.id, phase)
            await until(database, principal, campaign.id, phase, PhaseStatus.COMPLETED)
        await check(database, campaign.id)


async def test_retry_replaces_what_failed(database: Database, principal: Principal) -> None:
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        campaign = await start(database, principal, a_campaign(1_500, advance=Advance.MANUAL))
        await until(database, principal, campaign.id, GENERATION, PhaseStatus.COMPLETED)
        await transition(database, principal, campaign.id, DNS)
        await until(database, principal, campaign.id, DNS, PhaseStatus.COMPLETED)
        async with database.transaction() as tx:
            before = (await get_phases(tx, principal, campaign.id)).phases[1]
        assert before.failed > 0
        async with database.transaction() as tx:
            await commands.retry_campaign(tx, principal, campaign.id, "again", None)
            during = (await get_phases(tx, principal, campaign.id)).phases[1]
        assert during.processed == during.total - before.failed, "what is retried is not processed any more"
        await until(database, principal, campaign.id, DNS, PhaseStatus.COMPLETED)
        await check(database, campaign.id)
        async with database.transaction() as tx:
            after = (await get_phases(tx, principal, campaign.id)).phases[1]
    assert after.processed == after.total == before.total
    assert after.outcomes == before.outcomes, "the sandbox says the same of a name that is down for good"


async def test_running_again_makes_later_results_stale(database: Database, principal: Principal) -> None:
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        campaign = await start(database, principal, a_campaign(300))
        await until(database, principal, campaign.id, ANALYSIS, PhaseStatus.COMPLETED)
        again = TransitionCampaign(target_phase=DNS, rerun=Rerun(scope=RerunScope.ALL))
        async with database.transaction() as tx:
            await commands.transition_campaign(tx, principal, campaign.id, again, None)
            phases = await get_phases(tx, principal, campaign.id)
        assert phases.current_phase is DNS
        assert [run.stale for run in phases.phases] == [False, False, True, True]
        assert [run.phase_status for run in phases.phases[2:]] == [PhaseStatus.PENDING] * 2
        await until(database, principal, campaign.id, ANALYSIS, PhaseStatus.COMPLETED)
        await check(database, campaign.id)
        async with database.transaction() as tx:
            phases = await get_phases(tx, principal, campaign.id)
        assert [(run.number, run.stale) for run in phases.phases] == [(1, False), (2, False), (2, False), (2, False)]


async def test_pause_gives_unfinished_domains_back(database: Database, principal: Principal) -> None:
    capped = a_campaign(
        2_000,
        advance=Advance.MANUAL,
        dns_validation=DnsValidation(timeout_seconds=0.1, attempts=2, queries_per_second=1_000),
    )
    async with running_sandbox() as (_, settings), running_worker(database, settings, checkpoint_seconds=0.5):
        campaign = await start(database, principal, capped)
        await until(database, principal, campaign.id, GENERATION, PhaseStatus.COMPLETED)
        await transition(database, principal, campaign.id, DNS)
        await some_progress(database, principal, campaign.id, at_least=100)
        async with database.transaction() as tx:
            await commands.pause_campaign(tx, principal, campaign.id, "wait", None)
        async with asyncio.timeout(10):
            await no_leases(database)
        await check(database, campaign.id)
        async with database.transaction() as tx:
            paused = (await get_phases(tx, principal, campaign.id)).phases[1]
            assert paused.phase_status is PhaseStatus.PAUSED
            assert 0 < paused.processed < paused.total
            await commands.resume_campaign(tx, principal, campaign.id, "go on", None)
        await until(database, principal, campaign.id, DNS, PhaseStatus.COMPLETED)
        await check(database, campaign.id)


async def some_progress(database: Database, principal: Principal, campaign_id: UUID, at_least: int) -> None:
    while True:
        async with database.transaction() as tx:
            phases = await get_phases(tx, principal, campaign_id)
        if next(run for run in phases.phases if run.phase is phases.current_phase).processed >= at_least:
            return
        await asyncio.sleep(0.05)


async def no_leases(database: Database) -> None:
    while await database.pool.fetchval("SELECT count(*) FROM chunks WHERE state = 'leased'"):
        await asyncio.sleep(0.05)


async def test_dead_resolvers_fail_the_run_not_the_names(
    database: Database, principal: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = Engines.dns_settings

    def impatient(self: Engines, key: DnsKey) -> EngineSettings:
        return msgspec.structs.replace(quick(self, key), dead_after_seconds=1.0)

    monkeypatch.setattr(Engines, "dns_settings", impatient)
    async with running_sandbox() as (_, settings):
        dead = a_campaign(
            200,
            dns_validation=DnsValidation(resolvers=("127.77.9.9:9",), timeout_seconds=0.1, attempts=2),
        )
        async with running_worker(database, settings):
            campaign = await start(database, principal, dead)
            while True:
                async with database.transaction() as tx:
                    run = (await get_phases(tx, principal, campaign.id)).phases[1]
                if run.phase_status is PhaseStatus.FAILED:
                    break
                await asyncio.sleep(0.05)
    assert run.error is not None
    assert run.error.code == "resolvers_dead"
    await check(database, campaign.id)
