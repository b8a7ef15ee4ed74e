"""How much room there is: measured on a real file system, written down by whoever sees it, and known to everybody."""

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from service.errors import Unavailable
from service.postgres.database import Database
from service.postgres.room import (
    SEEN_SECONDS_MAX,
    Bounds,
    Measure,
    check_room,
    find_shortage,
    free_bytes,
    look_for_room,
)

MIB = 1024**2
NOTHING_SEEN = Bounds()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can make a small file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


async def is_short(database: Database, bounds: Bounds) -> bool:
    (room,) = await look_for_room(database, bounds)
    return room.is_short


async def test_a_disk_is_short_until_there_is_some_more_than_enough(database: Database, small_disk: Path) -> None:
    bounds = Bounds(folder=small_disk, disk_bytes_min=8 * MIB)
    assert not await is_short(database, bounds)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(9 * MIB))
    assert await is_short(database, bounds)
    ballast.write_bytes(bytes(16 * MIB - 8 * MIB - 300_000))  # just enough, which is not enough to go on
    assert await is_short(database, bounds)
    ballast.unlink()
    assert not await is_short(database, bounds)


async def test_who_sees_nothing_goes_by_others(database: Database, small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(9 * MIB))
    assert await look_for_room(database, NOTHING_SEEN) == []
    await look_for_room(database, Bounds(folder=small_disk, disk_bytes_min=8 * MIB))
    (room,) = await look_for_room(database, NOTHING_SEEN)
    assert (room.measure, room.is_short, room.wanted_bytes) == (Measure.DISK, True, 8 * MIB)
    async with database.transaction() as tx:
        with pytest.raises(Unavailable, match=r"has [67] MiB left, and 8 MiB are to stay free"):
            await check_room(tx)
    database.clock_offset += timedelta(seconds=SEEN_SECONDS_MAX + 1)
    assert await look_for_room(database, NOTHING_SEEN) == [], "nobody has looked for a while"


async def test_a_database_elsewhere_has_a_bound_on_its_size(database: Database) -> None:
    size = await database.pool.fetchval("SELECT pg_database_size(current_database())")
    assert not await is_short(database, Bounds(size_bytes_max=size * 2))
    assert await is_short(database, Bounds(size_bytes_max=size + 1))
    async with database.transaction() as tx:
        shortage = await find_shortage(tx)
    assert shortage is not None
    assert "PHASELINE_DATABASE_BYTES_MAX" in shortage.sentence
    assert not await is_short(database, Bounds(size_bytes_max=size * 2))


async def test_a_folder_that_is_not_here_tells_nothing(database: Database, tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "none") is None
    assert await look_for_room(database, Bounds(folder=tmp_path / "none", disk_bytes_min=1)) == []
    assert await look_for_room(database, Bounds(folder=tmp_path, disk_bytes_min=0)) == [], "it is not to look"
