"""Campaigns that begin with a list of names, through their phases against the sandbox."""

from collections.abc import AsyncIterator

import msgspec

from service.access.model import Principal
from service.campaigns import commands
from service.campaigns.views import get_phases
from service.domains.importing.commands import import_domains
from service.domains.importing.formats import ListFormat, rows_of
from service.postgres.database import Database
from service.progress.events import CampaignPhase, PhaseStatus
from tests.audit import audit_everything
from tests.world import a_campaign, running_sandbox, running_worker, transition, until

NAMES = [f"shop{number}.com" for number in range(300)]


async def test_a_list_goes_through_dns_http_and_analysis(database: Database, principal: Principal) -> None:
    request = msgspec.structs.replace(a_campaign(), initial_phase=CampaignPhase.DNS_VALIDATION)
    async with database.transaction() as tx:
        campaign = await commands.create_campaign(tx, principal, request)
    receipt = await import_domains(
        database,
        principal,
        campaign.id,
        source=sent(),
        rows=rows_of(ListFormat.TEXT, column=None, field=None),
        gunzip=None,
    )
    assert receipt.accepted == len(NAMES)
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        await transition(database, principal, campaign.id, CampaignPhase.DNS_VALIDATION)
        await until(database, principal, campaign.id, CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED)
    async with database.pool.acquire() as connection:
        await audit_everything(connection)
        runs = await connection.fetch("SELECT phase, total_count FROM phase_runs ORDER BY run_id")
    assert [run["phase"] for run in runs] == ["dns_validation", "http_validation", "analysis"]
    assert (runs[0]["total_count"], runs[2]["total_count"]) == (300, 300)
    assert 0 < runs[1]["total_count"] < 300


async def test_a_list_goes_straight_to_http(database: Database, principal: Principal) -> None:
    """Names are looked up on the way: those without an address are unresolvable, and DNS has no run."""
    request = msgspec.structs.replace(a_campaign(), initial_phase=CampaignPhase.HTTP_VALIDATION)
    async with database.transaction() as tx:
        campaign = await commands.create_campaign(tx, principal, request)
    rows = rows_of(ListFormat.TEXT, column=None, field=None)
    await import_domains(database, principal, campaign.id, source=sent(), rows=rows, gunzip=None)
    async with running_sandbox() as (_, settings), running_worker(database, settings):
        await transition(database, principal, campaign.id, CampaignPhase.HTTP_VALIDATION)
        await until(database, principal, campaign.id, CampaignPhase.ANALYSIS, PhaseStatus.COMPLETED)
        async with database.transaction() as tx:
            http, analysis = (await get_phases(tx, principal, campaign.id)).phases
    async with database.pool.acquire() as connection:
        await audit_everything(connection)
    assert (http.total, analysis.total) == (300, 300)
    assert http.outcomes["unresolvable"] > 0
    assert http.outcomes["reached"] > 0
    assert analysis.outcomes["qualified"] > 0


async def sent() -> AsyncIterator[bytes]:
    yield "\n".join(NAMES).encode()
