"""The clock, and waiting. Its twin is `blocking/time.py`."""

import asyncio
from time import monotonic as now

__all__ = ["now", "pause"]


async def pause(seconds: float) -> None:
    await asyncio.sleep(seconds)
