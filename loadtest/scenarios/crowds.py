"""Processes of locust, headless: some classes of the locustfile each, so that no crowd waits for another's work."""

import contextlib
import math
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from loadtest.bench.daemons import running_daemon
from loadtest.bench.processes import ROOT
from loadtest.bench.serving import Api
from loadtest.scenarios.tail import Tail
from loadtest.users.telling import Farewell, Second, decode_line

SPAWNED = "All users spawned"
ASKING = ("Browser", "Deleter", "Importer", "Mover", "Overseer")
EXPORTING = ("Exporter",)
WATCHING = ("Dashboard", "Follower")

Told = Tail[Second | Farewell]


class Crowds(NamedTuple):
    """What each tells. `asking` and `exporting` are there all the time, `beyond` comes for a while."""

    asking: Told
    exporting: Told
    watching: Told
    beyond: Told


def crowds_of(folder: Path) -> Crowds:
    return Crowds(*(Tail(folder / f"{name}.jsonl", decode_line) for name in Crowds._fields))


@contextlib.asynccontextmanager
async def crowd(told: Told, api: Api, users: int, classes: tuple[str, ...], **options: object) -> AsyncIterator[None]:
    """So many users, from the moment on when they are all there; in the end they have said farewell."""
    command = [
        *(sys.executable, "-m", "locust", "-f", "loadtest/locustfile.py", "--host", api.base_url),
        *("--headless", "--only-summary", "-u", str(users), "-r", str(users), "--tell", str(told.file)),
        *(f"--{name}={value}" for name, value in options.items()),
        *classes,
    ]
    environment = {**os.environ, "PHASELINE_KEY": api.secret}
    async with running_daemon(command, folder=ROOT, ready=SPAWNED, environment=environment):
        yield
    told.look()


def seconds_of(told: Told, begin: float = 0.0, end: float = math.inf) -> list[Second]:
    """Those that ended after `begin`, up to `end`."""
    return [line for line in told.lines if isinstance(line, Second) and begin < line.at <= end]


def farewell_of(told: Told) -> Farewell:
    return next(line for line in told.lines if isinstance(line, Farewell))
