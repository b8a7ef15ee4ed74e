"""Who brings lists in."""

from collections.abc import Iterator
from uuid import uuid4

from loadtest.users.commanding import DONE_WITH
from loadtest.users.user import NAME, PhaselineUser
from phaseline_client import Configuration, CreateCampaign, Network
from phaseline_client.generated.calls import campaigns, domains
from phaseline_client.generated.models import CampaignPhase


class Importer(PhaselineUser):
    """Makes a campaign of a list, and looks at what became of it."""

    weight = 2

    def live(self) -> Iterator[None]:
        lines = self.options.lines
        request = CreateCampaign(
            name=NAME, initial_phase=CampaignPhase.DNS_VALIDATION, configuration=Configuration(network=Network.SANDBOX)
        )
        campaign = self.server.ask(campaigns.create_campaign, request)
        yield
        receipt = self.server.send(list_of(lines), domains.import_domains, campaign.id, content_type="text/plain")
        self.check("every line of a list is accepted", holds=receipt.accepted == receipt.lines_read == lines)
        yield
        page = self.server.ask(domains.list_domains, campaign.id, limit=1)
        self.check("an imported list is there", holds=len(page.items) == 1)
        yield
        DONE_WITH.append(campaign.id)


def list_of(lines: int) -> bytes:
    """Names that nobody else brings."""
    stem = uuid4().hex[:12]
    return "".join(f"{stem}-{number}.com\n" for number in range(lines)).encode()
