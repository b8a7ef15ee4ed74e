"""The API on a real port with its insides in reach: what it holds can be counted, what its state says can be set."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

import msgspec
from litestar import Litestar

from service import assembly
from service.runtime.telemetry import REQUEST_SECONDS
from service.settings import Settings
from service.web.serving import listening_socket, serve
from tests.world import until_ready


class Served(msgspec.Struct, frozen=True):
    """A running application, and where it is."""

    application: Litestar
    base_url: str


@contextlib.asynccontextmanager
async def serving(database_url: str, settings: Settings | None = None, **state: object) -> AsyncIterator[Served]:
    """Serve the application as the assembly builds it, with these entries of its state replaced."""
    stop = asyncio.Event()
    listener = listening_socket("127.0.0.1", 0)
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with assembly.application(database_url, stop, settings or Settings()) as application:
        for name, value in state.items():
            assert name in application.state, f"nothing in the application reads {name}"
            application.state[name] = value
        server = asyncio.create_task(serve(application, listener, stop))
        try:
            await until_ready(base_url, server)
            yield Served(application, base_url)
        finally:
            stop.set()
            await server


def answers_counted() -> Counter[tuple[str, str]]:
    """How often this process has answered, by operation and status, as it counts for whoever watches it."""
    (metric,) = REQUEST_SECONDS.collect()
    return Counter(
        {
            (sample.labels["operation"], sample.labels["code"]): int(sample.value)
            for sample in metric.samples
            if sample.name.endswith("_count")
        }
    )
