"""Everything that is done to an installation. To enter a fault is to strike, and to leave it is to heal.

Heals what does not heal by itself: a server or a machine's workers that were killed are started again, as a
supervisor of the system would; worker processes are not, for their parent does that.
"""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Literal

import msgspec

from tests.chaos.neighbourhood import LIES, Manner
from tests.chaos.newer import make_newer
from tests.chaos.postgres import signal_all
from tests.chaos.rig import LEASE_SECONDS, Needs, Rig, stop_in_time
from tests.crashes.installation import WORK, WORKERS, EndedAtOnce, Installation, spawn
from tests.link import Link

Harm = Callable[[Rig, random.Random], AbstractAsyncContextManager[None]]
WireName = Literal["worker", "server", "client"]

PLAIN = Needs()
RELAYED = Needs(relays=True)
CLOCKED = Needs(clock=True)
LONGER_THAN_LEASE_SECONDS = (LEASE_SECONDS + 0.5, LEASE_SECONDS + 2.0)
SHORT_SECONDS = (0.2, 2.0)
CLOCK_JUMPS_SECONDS = (-86_400.0, -3_600.0, -5.0, 5.0, 3_600.0, 86_400.0)
DELAY_SECONDS = (0.005, 0.15)
CUT_BYTES = (1, 60_000)
DISK_BYTES_LEFT_MAX = 3 << 20


class Subject(StrEnum):
    """Who is harmed. Two faults at once have different ones."""

    EVERYBODY = "everybody"  # there is nobody left for another
    WORKERS = "workers"
    SERVER = "server"
    POSTGRES = "postgres"
    WORKER_WIRE = "worker wire"
    SERVER_WIRE = "server wire"
    CLIENT_WIRE = "client wire"
    INTERNET = "internet"


class Fault(msgspec.Struct, frozen=True):
    """One kind of harm, to one `subject`; it lasts for something between `seconds`.

    After one that touches the internet, answers may be missing; after one that `deceives`, they may be wrong.
    """

    name: str
    subject: Subject
    harm: Harm
    seconds: tuple[float, float] = SHORT_SECONDS
    needs: Needs = PLAIN
    deceives: bool = False


# Deaths


@contextlib.asynccontextmanager
async def kill_worker(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
    await rig.workers.kill_worker()
    yield


@contextlib.asynccontextmanager
async def kill_workers(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
    """The parent; its children notice and end."""
    await rig.workers.kill_parent()
    yield
    await rig.raise_up(rig.workers)


@contextlib.asynccontextmanager
async def kill_server(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
    await rig.server.kill_parent()
    yield
    await rig.raise_up(rig.server)


@contextlib.asynccontextmanager
async def kill_postgres(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
    rig.postgres.kill()
    yield
    await rig.postgres.start()


@contextlib.asynccontextmanager
async def kill_backend(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
    await rig.postgres.kill_backend(chance.choice)
    yield


# Standing still


def stopping(pick: Callable[[Rig, random.Random], list[int]]) -> Harm:
    """Processes are stopped, and go on as if no time had passed."""

    @contextlib.asynccontextmanager
    async def stop(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
        pids = pick(rig, chance)
        signal_all(pids, signal.SIGSTOP)
        try:
            yield
        finally:
            signal_all(pids, signal.SIGCONT)

    return stop


def one_worker(rig: Rig, chance: random.Random) -> list[int]:
    return [chance.choice(rig.workers.children())]


def all_workers(rig: Rig, chance: random.Random) -> list[int]:
    return rig.workers.children()


def supervisor(rig: Rig, chance: random.Random) -> list[int]:
    return parent_of(rig.workers)


def server(rig: Rig, chance: random.Random) -> list[int]:
    return parent_of(rig.server)


def parent_of(part: Installation) -> list[int]:
    assert part.process is not None
    return [part.process.pid]


@contextlib.asynccontextmanager
async def stop_postgres(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
    with rig.postgres.stopped():
        yield


# Asked to stop, in the middle of everything


def asking_to_stop(*names: Literal["server", "workers"]) -> Harm:
    @contextlib.asynccontextmanager
    async def ask(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
        parts: list[Installation] = [getattr(rig, name) for name in names]
        await asyncio.gather(*(stop_in_time(part) for part in parts))
        yield
        await asyncio.gather(*(rig.raise_up(part) for part in parts))

    return ask


# PostgreSQL says no


@contextlib.asynccontextmanager
async def restart_postgres(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
    await rig.postgres.stop()
    yield
    await rig.postgres.start()


@contextlib.asynccontextmanager
async def refuse_logins(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
    async with rig.postgres.closed_to_all():
        yield


@contextlib.asynccontextmanager
async def end_sessions(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
    await rig.postgres.end_sessions()
    yield


@contextlib.asynccontextmanager
async def no_connection_left(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
    async with rig.postgres.no_connection_left():
        yield


@contextlib.asynccontextmanager
async def read_only(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
    async with rig.postgres.read_only():
        yield


@contextlib.asynccontextmanager
async def disk_full(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
    """PostgreSQL may end, where the write-ahead log finds no room."""
    with rig.postgres.disk_full(chance.randrange(DISK_BYTES_LEFT_MAX)):
        yield
    await rig.postgres.start()


# Wires


def wire_of(rig: Rig, name: WireName) -> Link:
    link: Link = getattr(rig.wires, name)
    return link


def harm_wire(link: Link, kind: str, chance: random.Random) -> None:
    match kind:
        case "delays":
            link.delay_seconds = chance.uniform(*DELAY_SECONDS)
        case "freezes":
            link.freeze()
        case "resets":
            link.reset_all()
        case "refuses":
            link.refuses = True
            link.reset_all()
        case "cuts":
            link.cut_each_after(chance.randrange(*CUT_BYTES))
            link.reset_all()
        case "loses answers":
            link.lose_all_answers()
        case _:
            raise AssertionError(kind)


def harming_wire(name: WireName, kind: str) -> Harm:
    @contextlib.asynccontextmanager
    async def harm(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
        link = wire_of(rig, name)
        try:
            harm_wire(link, kind, chance)
            yield
        finally:
            link.mend()

    return harm


def harming_webs(kind: str) -> Harm:
    @contextlib.asynccontextmanager
    async def harm(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
        try:
            for link in rig.around.webs:
                harm_wire(link, kind, chance)
            yield
        finally:
            for link in rig.around.webs:
                link.mend()

    return harm


# The internet


def misleading(pick: Callable[[random.Random], Manner]) -> Harm:
    """All resolvers answer otherwise."""

    @contextlib.asynccontextmanager
    async def mislead(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
        rig.around.resolvers.manner = pick(chance)
        try:
            yield
        finally:
            rig.around.resolvers.manner = Manner.TRUE

    return mislead


@contextlib.asynccontextmanager
async def internet_stalls(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
    process = rig.around.sandbox.process
    assert process is not None
    with stopped_process(process.pid):
        yield


@contextlib.contextmanager
def stopped_process(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextlib.asynccontextmanager
async def internet_dies(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
    """Resolvers and webs, and then they come back."""
    await rig.around.sandbox.end(signal.SIGKILL)
    yield
    await rig.around.sandbox.start()


# Versions


@contextlib.asynccontextmanager
async def newer_beside(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
    """The schema goes up under everybody; a newer version's workers work beside ours; then all goes back."""
    variables = {**rig.workers.variables, **make_newer(rig.folder / "newer")}
    newer = Installation(rig.folder / "newer-workers", WORK, variables, rig.log.file)
    newer.home.mkdir(exist_ok=True)
    try:
        await command(newer, "migrate", "up")
        await newer.start()
        await newer.until_children(WORKERS)
        await refused_to_start(rig)
        yield
        await stop_in_time(newer)
        await command(newer, "migrate", "down", "--steps", "1", "--yes")
    finally:
        newer.kill_all()


async def command(part: Installation, *arguments: str) -> None:
    """To its end."""
    process = await spawn(arguments, part.environment(), part.log)
    said, _ = await process.communicate()
    assert process.returncode == 0, f"`phaseline {' '.join(arguments)}` failed: {said.decode()}"


async def refused_to_start(rig: Rig) -> None:
    """Who comes too late, with a schema that is not theirs, is turned away."""
    late = Installation(rig.folder / "late-workers", WORK, rig.workers.variables)
    late.home.mkdir(exist_ok=True)
    try:
        await late.start()
    except EndedAtOnce:
        return
    finally:
        late.kill_all()
    raise AssertionError("an older version started on a newer schema")


# Time


@contextlib.asynccontextmanager
async def clock_jumps(rig: Rig, chance: random.Random) -> AsyncIterator[None]:
    """Workers believe in another time, and then in the right one again."""
    rig.clock.move(chance.choice(CLOCK_JUMPS_SECONDS))
    try:
        yield
    finally:
        rig.clock.move(0)


WIRES: dict[Subject, WireName] = {
    Subject.WORKER_WIRE: "worker",
    Subject.SERVER_WIRE: "server",
    Subject.CLIENT_WIRE: "client",
}
KINDS = ("delays", "freezes", "resets", "refuses", "cuts")
FAULTS = (
    Fault("worker killed", Subject.WORKERS, kill_worker),
    Fault("workers killed", Subject.WORKERS, kill_workers),
    Fault("worker stopped", Subject.WORKERS, stopping(one_worker), LONGER_THAN_LEASE_SECONDS),
    Fault("workers stopped", Subject.WORKERS, stopping(all_workers), LONGER_THAN_LEASE_SECONDS),
    Fault("supervisor stopped", Subject.WORKERS, stopping(supervisor), LONGER_THAN_LEASE_SECONDS),
    Fault("workers shut down", Subject.WORKERS, asking_to_stop("workers")),
    Fault("newer version beside", Subject.EVERYBODY, newer_beside),
    Fault("clock jumps", Subject.WORKERS, clock_jumps, needs=CLOCKED),
    Fault("server killed", Subject.SERVER, kill_server),
    Fault("server stopped", Subject.SERVER, stopping(server), LONGER_THAN_LEASE_SECONDS),
    Fault("server shut down", Subject.SERVER, asking_to_stop("server")),
    Fault("PostgreSQL killed", Subject.POSTGRES, kill_postgres),
    Fault("PostgreSQL stopped", Subject.POSTGRES, stop_postgres, LONGER_THAN_LEASE_SECONDS),
    Fault("PostgreSQL restarted", Subject.POSTGRES, restart_postgres),
    Fault("PostgreSQL refuses logins", Subject.POSTGRES, refuse_logins),
    Fault("PostgreSQL read-only", Subject.POSTGRES, read_only),
    Fault("backend killed", Subject.POSTGRES, kill_backend),
    Fault("sessions ended", Subject.POSTGRES, end_sessions),
    Fault("no connection left", Subject.POSTGRES, no_connection_left),
    Fault("disk full", Subject.POSTGRES, disk_full),
    *(
        Fault(f"{subject} {kind}", subject, harming_wire(name, kind))
        for subject, name in WIRES.items()
        for kind in KINDS
    ),
    Fault("worker wire loses answers", Subject.WORKER_WIRE, harming_wire("worker", "loses answers")),
    Fault("server wire loses answers", Subject.SERVER_WIRE, harming_wire("server", "loses answers")),
    Fault("resolvers say nothing", Subject.INTERNET, misleading(lambda _: Manner.SILENT), needs=RELAYED),
    Fault(
        "resolvers lie", Subject.INTERNET, misleading(lambda chance: chance.choice(LIES)), needs=RELAYED, deceives=True
    ),
    *(
        Fault(f"webs' wires {kind}", Subject.INTERNET, harming_webs(kind), needs=RELAYED, deceives=True)
        for kind in KINDS
    ),
    Fault("internet stalls", Subject.INTERNET, internet_stalls, deceives=True),
    Fault("internet dies", Subject.INTERNET, internet_dies, deceives=True),
)


def possible_faults(rig: Rig, only: str | None = None) -> list[Fault]:
    """A disk of our own and another clock are not to be had everywhere. `only`: those of that name."""
    return [
        fault
        for fault in FAULTS
        if only in (None, fault.name)
        and (rig.postgres.has_own_disk or fault.harm is not disk_full)
        and (rig.clock.is_there or not fault.needs.clock)
    ]
