"""The only loop: tick until told to stop; when a tick finds nothing to do, rest until woken or polled."""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Awaitable, Callable

from service.errors import Refused
from service.runtime.telemetry import TICK_FAILURES

Tick = Callable[[], Awaitable[int]]

PAUSE_AFTER_FAILURE_SECONDS_MAX = 5.0
logger = logging.getLogger(__name__)


async def run_forever(
    name: str,
    tick: Tick,
    *,
    stop: asyncio.Event,
    wake: asyncio.Event | None = None,
    poll_seconds: float,
    pause_seconds: float = 0.0,
    pause_factor: float = 0.0,
) -> None:
    """Run one bounded step after another.

    `tick` answers how much it did; zero means rest for about `poll_seconds` or until `wake`. A tick that fails is
    logged and tried again after a growing pause: the loop outlives a database that is restarted. `pause_seconds` is
    the least time between two ticks that did something, and `pause_factor` how many times as long as a tick took it is
    at least: what must hold up nobody takes the less the slower all is.
    """
    wake = wake or asyncio.Event()
    failures = 0
    while not stop.is_set():
        wake.clear()
        began = time.monotonic()
        try:
            done = await tick()
            failures = 0
        except Exception as error:  # noqa: BLE001 - the loop is the edge: whatever a tick raises is told here, once
            failures += 1
            report_failure(name, error, failures)
            await rest(stop, min(PAUSE_AFTER_FAILURE_SECONDS_MAX, 0.1 * 2**failures))
            continue
        if done == 0:
            await rest_until_woken(wake, stop, poll_seconds * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, no secret
        elif pause := max(pause_seconds, pause_factor * (time.monotonic() - began)):
            await rest(stop, pause)


def report_failure(name: str, error: Exception, failures: int) -> None:
    TICK_FAILURES.labels(name).inc()
    if isinstance(error, Refused):
        if failures == 1:
            logger.warning("%s waits: %s", name, error.message, extra={"loop": name, "code": error.code})
    else:
        logger.error("%s failed", name, exc_info=error, extra={"loop": name, "failures": failures})


async def rest(stop: asyncio.Event, seconds: float) -> None:
    """Sleep, but not past a stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def rest_until_woken(wake: asyncio.Event, stop: asyncio.Event, seconds: float) -> None:
    waits = {asyncio.ensure_future(wake.wait()), asyncio.ensure_future(stop.wait())}
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
