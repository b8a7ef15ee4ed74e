# Made from the contract by `make client-python`; a change here is lost.

"""The operations of `operations`."""

from phaseline_client.awaited.server import AsyncServer
from phaseline_client.generated.calls import operations as calls
from phaseline_client.generated.models import Liveness, Readiness, ShownSettings


class AsyncOperations:
    """Probes, and how this installation is set up."""

    def __init__(self, server: AsyncServer) -> None:
        self._server = server

    async def get_liveness(self) -> Liveness:
        """Tell that the process answers."""
        return await self._server.ask(calls.get_liveness())

    async def get_readiness(self) -> Readiness:
        """Tell that requests can be served: the database answers."""
        return await self._server.ask(calls.get_readiness())

    async def get_settings(self) -> ShownSettings:
        """Tell how this process is set up; secrets are not shown."""
        return await self._server.ask(calls.get_settings())
