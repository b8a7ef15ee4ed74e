"""Timing queries, one after the other, after one that is not counted."""

import time
from collections.abc import Awaitable, Callable

from prometheus_client import generate_latest

from loadtest.bench.histograms import read_histograms
from loadtest.bench.running import Work
from loadtest.bench.serving import QUERIES
from service.postgres.database import Database, Tx

Ask = Callable[[int], Awaitable[int]]


async def timed(ask: Ask, times: int) -> Work:
    """`ask` gets the number of the time, and answers how much it found."""
    await ask(0)
    begun = time.perf_counter()
    found = [await ask(number) for number in range(times)]
    return Work(times, time.perf_counter() - begun, sum(found))


async def timed_statements(database: Database, ask: Callable[[Tx, int], Awaitable[int]], times: int) -> Work:
    """The same of ours, of which only its statements count: what is made of their rows is no query."""

    async def ask_once(number: int) -> int:
        async with database.transaction() as tx:
            return await ask(tx, number)

    await ask_once(0)
    before = statement_seconds()
    found = [await ask_once(number) for number in range(times)]
    return Work(times, statement_seconds() - before, sum(found))


def statement_seconds() -> float:
    """Of all statements of this process so far."""
    histograms = read_histograms(generate_latest().decode(), QUERIES, "query")
    return sum(histogram.total for histogram in histograms.values())
