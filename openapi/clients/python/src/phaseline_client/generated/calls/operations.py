# Made from the contract by `make client-python`; a change here is lost.

"""What the operations of `operations` ask."""

from phaseline_client.calls import Call, Manner
from phaseline_client.generated.models import Liveness, Readiness, ShownSettings


def get_liveness() -> Call[Liveness]:
    return Call(method="GET", path="/health/live", answer=Liveness, manner=Manner.READING)


def get_readiness() -> Call[Readiness]:
    return Call(method="GET", path="/health/ready", answer=Readiness, manner=Manner.READING)


def get_settings() -> Call[ShownSettings]:
    return Call(method="GET", path="/settings", answer=ShownSettings, manner=Manner.READING)
