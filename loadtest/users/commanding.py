"""Who moves campaigns: created, started, paused, looked at, resumed, cancelled; and in the end deleted."""

from collections import deque
from collections.abc import Generator, Iterator
from typing import Final
from uuid import UUID, uuid4

from loadtest.users.user import NAME, PhaselineUser
from phaseline_client import (
    Advance,
    Configuration,
    Conflict,
    CreateCampaign,
    DnsValidation,
    DomainGeneration,
    HttpValidation,
    Keyword,
    Network,
    NotFound,
    Pattern,
    Phases,
    TransitionCampaign,
)
from phaseline_client.following import ENDED
from phaseline_client.generated.calls import campaigns as calls
from phaseline_client.generated.models import CampaignPhase

ASKED_AGAIN = 0.2  # of the commands, as if their answers had been lost
PAUSED = 0.3
CANCELLED = 0.1
LOOKS_MAX = 60  # at a campaign under way; then it is cancelled
DONE_WITH: Final[deque[UUID]] = deque(maxlen=10_000)  # campaigns that nobody needs any more: they can be deleted


def small_campaign(names: int) -> CreateCampaign:
    """Through all phases by itself, on the sandbox. The space is large enough for years of them."""
    generation = DomainGeneration(
        pattern=Pattern.PREFIX,
        constant=NAME,
        character_set="abcdefghijklmnopqrstuvwxyz",
        variable_length=8,
        tlds=["com", "net"],
        count=names,
    )
    configuration = Configuration(
        advance=Advance.AUTOMATIC,
        network=Network.SANDBOX,
        domain_generation=generation,
        dns_validation=DnsValidation(timeout_seconds=0.5, attempts=2),
        http_validation=HttpValidation(timeout_seconds=2.0, keywords=[Keyword(text="pricing")]),
    )
    return CreateCampaign(name=NAME, initial_phase=CampaignPhase.DOMAIN_GENERATION, configuration=configuration)


class Mover(PhaselineUser):
    """Creates a campaign, starts it, and stays with it to its end."""

    weight = 30

    def live(self) -> Iterator[None]:
        campaign_id = yield from self.create(small_campaign(self.options.names))
        self.server.ask(
            calls.transition_campaign, campaign_id, TransitionCampaign(target_phase=CampaignPhase.DOMAIN_GENERATION)
        )
        yield
        if self.chance.random() < PAUSED:
            yield from self.pause_and_resume(campaign_id)
        yield from self.stay_with(campaign_id)
        DONE_WITH.append(campaign_id)

    def create(self, request: CreateCampaign) -> Generator[None, None, UUID]:
        """Now and then the same command again: it is the same campaign."""
        key = str(uuid4())
        campaign = self.server.ask(calls.create_campaign, request, idempotency_key=key)
        yield
        if self.chance.random() < ASKED_AGAIN:
            again = self.server.ask(calls.create_campaign, request, idempotency_key=key)
            self.check("asked again, the same campaign is answered", holds=again.id == campaign.id)
            yield
        return campaign.id

    def pause_and_resume(self, campaign_id: UUID) -> Iterator[None]:
        """It may end before it pauses."""
        paused = self.server.try_to((Conflict,), calls.pause_campaign, campaign_id)
        yield
        if paused is not None:
            self.server.ask(calls.resume_campaign, campaign_id)
            yield

    def stay_with(self, campaign_id: UUID) -> Iterator[None]:
        looks = 1 if self.chance.random() < CANCELLED else LOOKS_MAX
        for _ in range(looks):
            phases = self.server.ask(calls.get_phases, campaign_id)
            yield
            if has_ended(phases):
                return
        self.server.try_to((Conflict,), calls.cancel_campaign, campaign_id)
        yield


def has_ended(phases: Phases) -> bool:
    return phases.phase_status in ENDED


class Deleter(PhaselineUser):
    """Deletes what others have done with: it is gone at once."""

    weight = 5

    def live(self) -> Iterator[None]:
        if not DONE_WITH:
            self.server.ask(calls.list_campaigns, limit=20)
            yield
            return
        campaign_id = DONE_WITH.popleft()
        self.server.ask(calls.delete_campaign, campaign_id)
        yield
        found = self.server.try_to((NotFound,), calls.get_campaign, campaign_id)
        self.check("what was deleted is not found", holds=found is None)
        yield
