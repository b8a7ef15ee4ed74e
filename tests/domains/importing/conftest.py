import msgspec
import pytest

from service.progress.events import CampaignPhase
from tests.world import Caller, a_campaign


@pytest.fixture
async def path(api: Caller) -> str:
    """Where a new campaign that begins with DNS takes its names."""
    request = msgspec.structs.replace(a_campaign(), initial_phase=CampaignPhase.DNS_VALIDATION)
    answer = await api.call("POST", "/campaigns", json=msgspec.to_builtins(request))
    assert answer.status == 201, answer.body
    return f"/campaigns/{answer.body['id']}"
