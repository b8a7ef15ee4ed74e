"""The way back from each stage, rehearsed: the old database is as it was, and it takes less than the plan's hours."""

import time
from collections.abc import Awaitable, Callable

import asyncpg
import msgspec
import pytest

from loadtest.baseline.planting import Planted
from service.migration import commands
from service.migration.commands import Wishes
from service.migration.model import Stage
from service.postgres.database import Database
from tests.migration.dumping import dump, typed

SECONDS_PER_HOUR = 3_600


class Rehearsal(msgspec.Struct, frozen=True):
    """A stage, the plan's estimate for the way back from it, and the steps that lead there."""

    stage: Stage
    hours: float
    steps: tuple[str, ...]


# The plan's phases: listening beside the old indexes, the data, what is asked of it, what is shown of it.
REHEARSALS = (
    Rehearsal(Stage.ADDED, 4, ("break_off",)),
    Rehearsal(Stage.CARRIED, 6, ("run",)),
    Rehearsal(Stage.VERIFIED, 6, ("run", "verify")),
    Rehearsal(Stage.SWITCHED, 8, ("run", "verify", "switch")),
    Rehearsal(Stage.FINISHED, 6, ("run", "verify", "switch", "finish")),
)


@pytest.mark.parametrize("rehearsal", REHEARSALS, ids=lambda each: each.stage)
async def test_the_way_back(
    old_url: str,
    old: asyncpg.Connection,
    planted: Planted,
    database: Database,
    wishes: Wishes,
    rehearsal: Rehearsal,
    record_property: Callable[[str, object], None],
) -> None:
    before = await dump(old_url)
    taken = [await take(step, database, old_url, wishes) for step in rehearsal.steps]
    assert await dump(old_url) != before
    began = time.monotonic()
    if isinstance(taken[-1], commands.Finished):
        for command in taken[-1].restore:
            await typed(command)
    else:
        assert (await commands.rollback(database, old_url)).stage is rehearsal.stage
    seconds = time.monotonic() - began
    assert await dump(old_url) == before
    assert seconds < rehearsal.hours * SECONDS_PER_HOUR
    record_property("rollback_seconds", round(seconds, 3))
    await old.execute("UPDATE campaigns SET name = name || '!'")


async def take(step: str, database: Database, old_url: str, wishes: Wishes) -> object:
    steps: dict[str, Callable[[], Awaitable[object]]] = {
        "run": lambda: commands.run(database, old_url, wishes),
        "verify": lambda: commands.prove(database, old_url),
        "switch": lambda: commands.switch(database, old_url),
        "finish": lambda: commands.finish(database, old_url, wishes.backup_folder),
    }
    if step in steps:
        return await steps[step]()
    with pytest.raises(KeyboardInterrupt):
        await commands.run(database, old_url, wishes, break_off)
    return None


def break_off(rows: int) -> None:
    raise KeyboardInterrupt(rows)
