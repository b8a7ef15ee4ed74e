# Made from the contract by `make client-python`; a change here is lost.

"""The operations of `workers`."""

from phaseline_client.generated.calls import workers as calls
from phaseline_client.generated.mirrored.server import Server
from phaseline_client.generated.models import WorkerList


class Workers:
    """Who does the work."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def list_workers(self) -> WorkerList:
        """List the worker processes."""
        return self._server.ask(calls.list_workers())
