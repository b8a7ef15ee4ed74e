"""A campaign by way of the client, through all phases, paused on the way and gone on with; and an export of it."""

import contextlib
from uuid import UUID

import phaseline_client as wire
from phaseline_client import AsyncPhaseline
from service.campaigns.model import PHASES
from service.progress.events import CampaignPhase
from tests.chaos.campaign import move, request

PAUSED_IN = CampaignPhase.HTTP_VALIDATION
REASON = wire.CommandReason(reason="to see whether it goes on")


async def carry_with_a_pause(client: AsyncPhaseline, name: str, count: int) -> wire.CampaignProgress:
    """Through all four phases, by what a watcher is told; the last state that it was told."""
    campaign = await client.campaigns.create_campaign(request(name, count, wire.Advance.MANUAL))
    await move(client, campaign.id, PHASES[0])
    was_paused = False
    async with contextlib.aclosing(client.watch({campaign.id})) as states:
        async for state in states:
            phase = CampaignPhase(state.phase)
            if state.phase_status is wire.PhaseStatus.COMPLETED:
                if phase is PHASES[-1]:
                    assert was_paused, "the phase was over before it could be paused"
                    return state
                await move(client, campaign.id, PHASES[PHASES.index(phase) + 1])
            elif state.phase_status is wire.PhaseStatus.PAUSED:
                await client.campaigns.resume_campaign(campaign.id, REASON)
            elif phase is PAUSED_IN and not was_paused:
                was_paused = True
                await client.campaigns.pause_campaign(campaign.id, REASON)
    raise AssertionError("the watch ended before the campaign did")


async def count_exported(client: AsyncPhaseline, campaign_id: UUID) -> int:
    """How many domains a whole export has."""
    progress: list[wire.ExportProgress] = []
    exporting = client.domains.export(campaign_id, format=wire.ExportFormat.NDJSON, on_progress=progress.append)
    async for _ in exporting:
        pass
    return progress[-1].rows
