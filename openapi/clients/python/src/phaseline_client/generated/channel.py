# Made from the contract by `make client-python`; a change here is lost.

"""The websocket: where it is, and what goes over it."""

from typing import Final

from phaseline_client.generated.models import CampaignProgress, Refusal, Subscribe

ADDRESS: Final = "/ws"
CHANNEL: Final = "campaign.progress"
SERVER_MESSAGE_TYPES = frozenset({"campaign.progress", "error"})

ServerMessage = CampaignProgress | Refusal
ClientMessage = Subscribe
