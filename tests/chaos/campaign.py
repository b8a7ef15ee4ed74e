"""A small campaign, asked for and watched by our own client, with the patience of somebody who wants it done."""

import asyncio
import contextlib
from uuid import UUID

import phaseline_client as wire
from phaseline_client import AsyncPhaseline
from service.campaigns.model import PHASES
from service.progress.events import CampaignPhase

PAUSE_SECONDS = 0.3
# Silence is dear: names and hosts that never answer are not waited for long. Who answers late is none of our matters.
DNS_TIMEOUT_SECONDS = 0.3
HTTP_TIMEOUT_SECONDS = 1.0
KEYWORDS = ("pricing", "checkout", "careers")
TLDS = ("com", "net", "org", "wild")


class Began:
    """Tells when each phase of a campaign has begun, as its client knows."""

    def __init__(self) -> None:
        self.heard = 0  # states that were told
        self.events = {phase: asyncio.Event() for phase in CampaignPhase}

    def reached(self, phase: str) -> None:
        """This phase, and with it all before it."""
        for each in PHASES[: PHASES.index(CampaignPhase(phase)) + 1]:
            self.events[each].set()

    async def wait(self, phase: CampaignPhase) -> None:
        await self.events[phase].wait()


def request(name: str, count: int, advance: wire.Advance, *, concurrency: int = 128) -> wire.CreateCampaign:
    """So many names of the sandbox; `concurrency` is how many requests each worker has under way."""
    configuration = wire.Configuration(
        advance=advance,
        network=wire.Network.SANDBOX,
        domain_generation=wire.DomainGeneration(
            pattern=wire.Pattern.PREFIX,
            constant="shop",
            character_set="abcdefghijklmnopqrstuvwxyz",
            variable_length=4,
            tlds=list(TLDS),
            count=count,
        ),
        dns_validation=wire.DnsValidation(timeout_seconds=DNS_TIMEOUT_SECONDS),
        http_validation=wire.HttpValidation(
            timeout_seconds=HTTP_TIMEOUT_SECONDS,
            connect_timeout_seconds=HTTP_TIMEOUT_SECONDS,
            keywords=[wire.Keyword(text=text) for text in KEYWORDS],
            concurrency=concurrency,
        ),
    )
    return wire.CreateCampaign(
        name=name, initial_phase=wire.CampaignPhase.DOMAIN_GENERATION, configuration=configuration
    )


async def carry(client: AsyncPhaseline, wanted: wire.CreateCampaign, began: Began) -> UUID:
    """Create it, and see it through all phases; each step is asked for once its end was told on the channel.

    A run that fails is retried: it fails when nothing of the internet answers.
    """
    phase = CampaignPhase.DOMAIN_GENERATION
    began.reached(phase)
    campaign = await client.campaigns.create_campaign(wanted)
    await move(client, campaign.id, phase)
    async with contextlib.aclosing(client.watch({campaign.id})) as states:
        async for state in states:
            began.heard += 1
            began.reached(state.phase)
            if state.phase_status is wire.PhaseStatus.FAILED:
                await asyncio.sleep(PAUSE_SECONDS)
                await client.campaigns.retry_campaign(campaign.id, wire.CommandReason(reason="it is well again"))
            elif state.phase_status is wire.PhaseStatus.COMPLETED:
                if state.phase is wire.CampaignPhase.ANALYSIS:
                    break
                after = PHASES[PHASES.index(CampaignPhase(state.phase)) + 1]
                if after != phase:  # that a phase is completed may be told twice
                    phase = after
                    began.reached(phase)
                    await move(client, campaign.id, phase)
    return campaign.id


async def move(client: AsyncPhaseline, campaign_id: UUID, phase: CampaignPhase) -> None:
    target = wire.TransitionCampaign(target_phase=wire.CampaignPhase(phase))
    await client.campaigns.transition_campaign(campaign_id, target)
