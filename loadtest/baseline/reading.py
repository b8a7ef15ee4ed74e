"""What each phase reads, in batches.

DNS reads all names of a campaign before it begins and keeps what is valid and what is not; HTTP reads all that is
valid, and keeps its results until the phase ends. So the old system did it, but for the pages' bodies, which are not
kept here. `Memory(streamed=True)` does better: each batch comes from the work queue's index, and nothing is kept.
"""

import itertools
from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from loadtest.baseline.patterns import OldPattern
from loadtest.baseline.plans import GENERATION, HTTP
from service.postgres.queries import load_queries

SQL: Final = load_queries("loadtest.baseline")
BATCH: Final = 1_000


class Campaign(msgspec.Struct, frozen=True):
    """What a phase must know; `resolved`: names with an address."""

    campaign_id: UUID
    pattern: OldPattern
    wanted: int
    made: int
    resolved: int

    def total_of(self, phase: str) -> int:
        return {GENERATION: self.wanted, HTTP: self.resolved}.get(phase, self.made)


class Named(NamedTuple):
    offset: int
    name: str


class Found(NamedTuple):
    """A domain as analysis reads it."""

    offset: int
    dns_status: str
    http_status: str
    feature_vector: str | None


class Memory:
    """What a phase holds until it ends."""

    def __init__(self, *, streamed: bool) -> None:
        self.streamed = streamed
        self._kept: list[object] = []

    def keep(self, values: Sequence[object]) -> None:
        if not self.streamed:
            self._kept.extend(values)

    def forget(self) -> None:
        self._kept.clear()


async def find_campaign(pool: asyncpg.Pool, campaign_id: UUID) -> Campaign:
    row = await pool.fetchrow(SQL["get_campaign"].text, campaign_id)
    pattern = OldPattern(
        row["pattern_type"], row["constant_string"], row["character_set"], row["variable_length"], row["tld"]
    )
    return Campaign(campaign_id, pattern, row["num_domains_to_generate"], row["total"], row["dns_ok"])


async def make_names(campaign: Campaign) -> AsyncIterator[list[Named]]:
    names = enumerate(campaign.pattern.spell_names(0, campaign.wanted))
    while batch := [Named(*pair) for pair in itertools.islice(names, BATCH)]:
        yield batch


async def read_names(pool: asyncpg.Pool, query: str, campaign: Campaign, memory: Memory) -> AsyncIterator[list[Named]]:
    """Page by page where they are streamed; otherwise all of them first."""
    pages = read_pages(pool, query, campaign)
    if memory.streamed:
        async for rows in pages:
            yield [Named(*row) for row in rows]
        return
    names = [Named(*row) async for rows in pages for row in rows]
    for first in range(0, len(names), BATCH):
        yield names[first : first + BATCH]


async def read_found(pool: asyncpg.Pool, campaign: Campaign) -> AsyncIterator[list[Found]]:
    async for rows in read_pages(pool, "list_found", campaign):
        yield [Found(*row) for row in rows]


async def read_pages(pool: asyncpg.Pool, query: str, campaign: Campaign) -> AsyncIterator[list[asyncpg.Record]]:
    """A thousand rows at a time, each page from where the last one ended."""
    last = -1
    while rows := await pool.fetch(SQL[query].text, campaign.campaign_id, last, BATCH):
        last = rows[-1]["offset_index"]
        yield rows
