# Made from the contract by `make client-python`; a change here is lost.

"""The operations of `operations`."""

from phaseline_client.generated.calls import operations as calls
from phaseline_client.generated.mirrored.server import Server
from phaseline_client.generated.models import Liveness, Readiness, ShownSettings


class Operations:
    """Probes, and how this installation is set up."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def get_liveness(self) -> Liveness:
        """Tell that the process answers."""
        return self._server.ask(calls.get_liveness())

    def get_readiness(self) -> Readiness:
        """Tell that requests can be served: the database answers."""
        return self._server.ask(calls.get_readiness())

    def get_settings(self) -> ShownSettings:
        """Tell how this process is set up; secrets are not shown."""
        return self._server.ask(calls.get_settings())
