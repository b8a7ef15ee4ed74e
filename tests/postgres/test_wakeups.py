"""Doorbells: heard, and missed no longer than it takes to find out that nobody is at the other end."""

import asyncio

import pytest

from service.postgres import wakeups
from service.postgres.database import Database
from service.postgres.wakeups import Wakeups
from tests.link import linked

BELL = "bell"
HEAR_SECONDS_MAX = 20.0
LOOK_SECONDS = 0.02


async def ring(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.ring(BELL)


async def test_who_listens_notices_that_the_other_end_has_vanished(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(wakeups, "ASK_SECONDS", 0.2)
    monkeypatch.setattr(wakeups, "ANSWER_SECONDS_MAX", 0.3)
    monkeypatch.setattr(wakeups, "CONNECT_SECONDS_MAX", 0.5)
    stop = asyncio.Event()
    async with linked(database_url) as link, asyncio.timeout(HEAR_SECONDS_MAX):
        bells = Wakeups(link.url, (BELL,))
        listening = asyncio.create_task(bells.listen(stop))
        await bells.event(BELL).wait()  # whatever rang before
        bells.event(BELL).clear()
        await ring(database)
        await bells.event(BELL).wait()
        assert not caplog.records
        link.freeze()
        while not any("doorbells are not heard" in record.message for record in caplog.records):
            await asyncio.sleep(LOOK_SECONDS)
        link.mend()
        bells.event(BELL).clear()
        await bells.event(BELL).wait()  # it listens again, and looks at what it may have missed
        bells.event(BELL).clear()
        await ring(database)
        await bells.event(BELL).wait()
        stop.set()
        await listening
