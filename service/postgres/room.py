"""Room: how much the database may still grow, and whether that is too little to go on.

    enough --free < wanted--> short --free >= wanted + a tenth--> enough

Two measures: `disk` is what is free where its files are, which only a process on that machine can see; `size` is what
is left of a bound on the database itself, for one that lies elsewhere. Whoever sees one writes it down; all read it.
While one is short no chunk is claimed, nothing is planned and no list is taken in; what is in hand is written, which is
what `wanted` has to be large enough for. Removing what was deleted goes on: it is what makes room.
"""

import asyncio
import os
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import msgspec

from service.errors import Unavailable
from service.postgres.database import Database, Tx
from service.postgres.queries import load_queries

SQL = load_queries("service.postgres")
FIND_DATABASE_SIZE = SQL["find_database_size"]
UPSERT_ROOM = SQL["upsert_room"]
LIST_ROOM = SQL["list_room"]

LOOK_SECONDS = 5.0
SEEN_SECONDS_MAX = 60.0  # a measure that nobody has taken for so long is not known
SIZE_WANTED_PART = 0.05  # of the bound on the size
MIB = 1024**2


class Measure(StrEnum):
    DISK = "disk"
    SIZE = "size"


class Bounds(msgspec.Struct, frozen=True):
    """What a process can see, and what it is to be. No folder, and no size: it sees nothing, and goes by others."""

    folder: Path | None = None  # on the disk that holds the database
    disk_bytes_min: int = 0
    size_bytes_max: int = 0


class Room(msgspec.Struct, frozen=True):
    """One measure, as it was seen lately, in bytes. `free_bytes` of a bound that is exceeded is negative."""

    measure: Measure
    free_bytes: int
    wanted_bytes: int
    is_short: bool
    changed_at: datetime

    @property
    def sentence(self) -> str:
        free, wanted = f"{self.free_bytes / MIB:,.0f} MiB", f"{self.wanted_bytes / MIB:,.0f} MiB"
        match self.measure:
            case Measure.DISK:
                return (
                    f"The database's disk has {free} left, and {wanted} are to stay free: nothing new is begun until "
                    "there is room. Delete campaigns, enlarge the disk, or lower PHASELINE_DISK_FREE_BYTES_MIN."
                )
            case Measure.SIZE:
                return (
                    f"The database may grow by {free} only, less than {wanted}: nothing new is begun until there is "
                    "room. Delete campaigns, or raise PHASELINE_DATABASE_BYTES_MAX."
                )


async def look_for_room(database: Database, bounds: Bounds) -> list[Room]:
    """Measure what can be seen from here, write it down, and answer with what is known of all."""
    free = await asyncio.to_thread(free_bytes, bounds.folder) if bounds.folder and bounds.disk_bytes_min else None
    async with database.transaction() as tx:
        await tx.begin()
        if free is not None:
            await tx.execute(UPSERT_ROOM, Measure.DISK, free, bounds.disk_bytes_min, tx.now)
        if bounds.size_bytes_max:
            left = bounds.size_bytes_max - int(await tx.value(FIND_DATABASE_SIZE))
            await tx.execute(UPSERT_ROOM, Measure.SIZE, left, int(bounds.size_bytes_max * SIZE_WANTED_PART), tx.now)
        return await list_room(tx)


def free_bytes(folder: Path) -> int | None:
    """What is free for a user of the system who is not root; None where there is no such folder here."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


async def list_room(tx: Tx) -> list[Room]:
    """All measures that somebody took lately."""
    await tx.begin()
    rows = await tx.fetch(LIST_ROOM, tx.now - timedelta(seconds=SEEN_SECONDS_MAX))
    return [Room(Measure(row["measure"]), *list(row.values())[1:]) for row in rows]


async def find_shortage(tx: Tx) -> Room | None:
    """The measure that is short, if any."""
    return next((room for room in await list_room(tx) if room.is_short), None)


async def check_room(tx: Tx) -> None:
    """Unavailable while there is too little room for what is about to be written."""
    shortage = await find_shortage(tx)
    if shortage is not None:
        raise Unavailable("room_short", shortage.sentence)
