"""How long-running commands end: by a signal, by their parent's end, or because their work is done."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TypeVar

from service.runtime.processes import stop_with_parent

T = TypeVar("T")


@asynccontextmanager
async def stopping_with_parent(stop: asyncio.Event) -> AsyncIterator[None]:
    """Inside, `stop` is set when standard input ends: whoever started us is gone."""
    watching = asyncio.create_task(stop_with_parent(stop))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def unless_stopped(work: Coroutine[None, None, T], stop: asyncio.Event, stopped: T) -> T:
    """The work's result; if the stop comes first, the work is cancelled and `stopped` is the answer."""
    task, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else stopped
    finally:
        task.cancel()
        stopping.cancel()
        await asyncio.gather(task, stopping, return_exceptions=True)
