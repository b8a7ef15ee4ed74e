# Made from the contract by `make client-python`; a change here is lost.

"""The operations of `workers`."""

from phaseline_client.awaited.server import AsyncServer
from phaseline_client.generated.calls import workers as calls
from phaseline_client.generated.models import WorkerList


class AsyncWorkers:
    """Who does the work."""

    def __init__(self, server: AsyncServer) -> None:
        self._server = server

    async def list_workers(self) -> WorkerList:
        """List the worker processes."""
        return await self._server.ask(calls.list_workers())
