# Made from the contract by `make client-python`; a change here is lost.

"""What the operations of `workers` ask."""

from phaseline_client.calls import Call, Manner
from phaseline_client.generated.models import WorkerList


def list_workers() -> Call[WorkerList]:
    return Call(method="GET", path="/workers", answer=WorkerList, manner=Manner.READING)
