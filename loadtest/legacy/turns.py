"""One turn of a system: a campaign from its creation to its leads, what it took, and then the eight bulk queries."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from enum import StrEnum
from typing import Final

import asyncpg
import msgspec

from loadtest.bench.carrying import Installation
from loadtest.bench.running import Work

PAGE_ROWS: Final = 100
PAGES_WALKED: Final = 5  # of each outcome
LIST_ROWS: Final = 50
ASKED_TIMES: Final = 30
CAMPAIGN_SECONDS_MAX: Final = 7_200.0
LOOK_SECONDS: Final = 0.02
OBSERVER: Final = "observer"


class Query(StrEnum):
    """What is asked of a database with a whole campaign in it."""

    LIST = "campaign list page"
    STATUS = "phase status"
    BATCH = "next batch of pending names"
    FUNNEL = "funnel"
    DOMAINS = "domains page filtered by outcome"
    LEADS = "leads by score"
    WRITE = "bulk write of outcomes"
    DELETE = "campaign deletion"


class Batches(msgspec.Struct, frozen=True):
    """Names that were read, and outcomes that were written."""

    reading: Work
    writing: Work

    @classmethod
    def none(cls) -> "Batches":
        return cls(Work(0, 0.0, 0), Work(0, 0.0, 0))

    def plus(self, names: int, reading_seconds: float, writing_seconds: float) -> "Batches":
        return Batches(added(self.reading, names, reading_seconds), added(self.writing, names, writing_seconds))


def added(work: Work, items: int, seconds: float) -> Work:
    return Work(work.items + items, work.seconds + seconds, work.found + items)


class Traffic(msgspec.Struct, frozen=True):
    """What one watcher is sent, of one format."""

    messages: int
    payload_bytes: int


class Memory(msgspec.Struct, frozen=True):
    """In bytes, when both together took the most: PSS of processes, and of backends without shared buffers."""

    processes: int
    backends: int

    @property
    def together(self) -> int:
        return self.processes + self.backends


class Found(msgspec.Struct, frozen=True):
    """What the campaign came to, the same for everybody; `pages` were reached, parked ones included."""

    made: int
    resolved: int
    pages: int
    leads: int


class Turn(msgspec.Struct, frozen=True):
    """What one campaign took. `phases`: seconds of each. `traffic`: by format.

    `queries`: items are what they were about (pages, names, domains), found what they gave; seconds are of statements,
    or of whole transactions where they write.
    """

    domains: int
    seconds: float
    phases: dict[str, float]
    traffic: dict[str, Traffic]
    memory: Memory
    database_bytes: int
    found: Found
    queries: dict[Query, Work]

    @property
    def messages(self) -> int:
        return sum(each.messages for each in self.traffic.values())

    @property
    def payload_bytes(self) -> int:
        return sum(each.payload_bytes for each in self.traffic.values())


class Contest(msgspec.Struct, frozen=True):
    """Where turns are taken, and with how many domains; `pending` more have names only, and wait for DNS.

    `others`: campaigns beside them that nobody started.
    """

    installation: Installation
    domains: int
    pending: int
    others: int


@contextlib.asynccontextmanager
async def observing(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that is not the system's."""
    connection = await asyncpg.connect(url, server_settings={"application_name": OBSERVER})
    try:
        yield connection
    finally:
        await connection.close()


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    """Look fifty times a second, for a bounded time."""
    async with asyncio.timeout(CAMPAIGN_SECONDS_MAX):
        while True:
            if await look():
                return
            await asyncio.sleep(LOOK_SECONDS)


async def measure_database(observer: asyncpg.Connection) -> int:
    """Its bytes on the disk, once all is written."""
    await observer.execute("CHECKPOINT")
    size: int = await observer.fetchval("SELECT pg_database_size(current_database())")
    return size
