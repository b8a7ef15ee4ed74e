"""Workers step back for whoever waits for an answer on the same machine."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.cli.commanding import environment_of, started_command
from tests.crashes.processes import list_children

WAIT_SECONDS_MAX = 60.0
NICENESS, NICEST = 7, 19


async def test_workers_are_as_nice_as_they_are_told(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {**environment_of(tmp_path), "DATABASE_URL": database_url, "PHASELINE_WORKER_NICENESS": str(NICENESS)}
    monkeypatch.setattr("tests.cli.commanding.environment_of", lambda _: given)
    with started_command(tmp_path, "work", "--processes", "1") as command:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while not (children := list_children(command.pid)):
                await asyncio.sleep(0.05)
            (worker,) = children
            while nice_of(worker) != min(NICEST, nice_of(command.pid) + NICENESS):
                await asyncio.sleep(0.05)


def nice_of(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)
