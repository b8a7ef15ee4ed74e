"""Workers, people, time and bad luck, in an order that one seed decides; and what must hold all the while.

Everything runs in one event loop over a real PostgreSQL and the real sandbox. The simulation takes one step after the
other: a tick of some worker, a command, a jump of the clock, a checkpoint, a cancellation after so many turns of the
loop, the death of a worker, the loss of database connections, or of the
answer to a COMMIT. Steps overlap: most are begun and left to themselves.
Every few steps the whole database is audited in one snapshot. In the end everything is run to completion by ordinary
workers, and every name must have come to what the sandbox says of it.

What the seed decides, and does so again: the campaigns, the kind and order of the steps, what each picks from (the
n-th worker, chunk, campaign), and after how many turns of the loop a task is cut off. What it does not: how far a
query or a packet has come by then, for sockets and the other processes have a time of their own. A seed that failed
fails again often, and not always: run it several times.
"""

import asyncio
import contextlib
import logging
import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import asyncpg

from service.campaigns.model import Advance, CreateCampaign
from service.errors import Refused
from service.pipelines import keeping, planner, sweeping
from service.postgres.database import Database, open_database
from service.progress.events import CampaignPhase
from service.settings import Settings
from tests.audit import audit_everything
from tests.conftest import key_of, principal_of
from tests.expected import Internet, list_outcomes, list_untrue
from tests.link import Link, linked
from tests.simulation.actors import DNS_TIMEOUT_SECONDS, Order, Person, SimulatedWorker, some_request
from tests.world import make_worker, running_sandbox

STEPS = 300
STEPS_BETWEEN_AUDITS = 8
STEPS_TOLD = 40  # of the last steps, when a simulation fails
UNDER_WAY_MAX = 12  # steps that are not over yet
TURNS_MAX = 40  # of the event loop, before a task is cut off or the next step is taken
REST_SECONDS_MAX = 0.1
WORKERS_MAX = 4
CONNECTIONS_MAX = 12
COMPLETION_SECONDS_MAX = 60.0
CHUNK_ITEMS_MIN = 7
CHUNK_ITEMS_MAX = 40

STEP_WEIGHTS = {
    "tick": 40,
    "command": 14,
    "rest": 24,
    "cut_tick": 8,
    "cut_chunk": 3,
    "checkpoint": 5,
    "jump": 4,
    "kill": 3,
    "hire": 6,
    "retire": 2,
    "disconnect": 3,
    "lose_answer": 3,
}
TICK_WEIGHTS = {"claim": 5, "heartbeat": 3, "plan": 3, "account": 3, "sweep": 2}
ORDER_WEIGHTS = {
    Order.FORWARD: 9,
    Order.PAUSE: 3,
    Order.RESUME: 7,
    Order.CANCEL: 1,
    Order.RETRY: 4,
    Order.RERUN_FAILED: 1,
    Order.RERUN_ALL: 1,
    Order.RERUN_OLD: 2,
    Order.DELETE: 1,
}
# Readers of a simulation end sooner, and what is removed is small.
SHORT = {"GRACE_SECONDS": 2.0, "TOLD_SECONDS": 4.0, "POSITIONS_AT_A_TIME": 40}
JUMPS_SECONDS = (5.0, 5.0, 5.0, 1.0, -1.0)  # a lease lasts three

BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'phaseline' AND datname = current_database()"
UNFINISHED_CHUNKS = """
    SELECT count(*)
    FROM chunks k JOIN phase_runs r USING (run_id)
    WHERE k.state <> 'done' AND r.phase_status = 'completed' OR k.state = 'leased'"""
# A chunk that is cut off again and again is poison to the engine, which says so.
POISON_MESSAGE = "an item fails again and again"
UNTRUE_TOLD = 5
STEADY_WORKERS = 2
PATTERNS = (("abcdefghijklmnopqrstuvwxyz", 4), ("abcdefghijklmnopqrstuvwxyz", 4), ("ab-", 3))


class Simulation:
    """One world and its luck."""

    def __init__(
        self, chance: random.Random, database_url: str, link: Link, database: Database, settings: Settings
    ) -> None:
        self.chance = chance
        self.database_url = database_url
        self.link = link
        self.database = database
        self.settings = settings
        self.workers: list[SimulatedWorker] = []
        self.people: list[Person] = []
        self.under_way: set[asyncio.Task[object]] = set()
        self.told: dict[UUID, asyncpg.Record] = {}
        self.story: deque[str] = deque(maxlen=STEPS_TOLD)
        self.tally: Counter[str] = Counter()

    # Steps

    async def step(self, number: int) -> None:
        kind = self.choose(STEP_WEIGHTS)
        steps: dict[str, Callable[[], Awaitable[None]]] = {
            "tick": self.take_tick,
            "command": self.give_order,
            "rest": self.rest,
            "cut_tick": self.cut_tick,
            "cut_chunk": self.cut_chunk,
            "checkpoint": self.checkpoint,
            "jump": self.jump,
            "kill": self.kill,
            "hire": self.hire,
            "retire": self.retire,
            "disconnect": self.disconnect,
            "lose_answer": self.lose_answer,
        }
        self.tally[kind] += 1
        self.story.append(f"{number}: {kind}")
        await steps[kind]()
        await self.reap()
        while len(self.under_way) > UNDER_WAY_MAX:
            await self.rest()
            await self.reap()

    async def take_tick(self) -> None:
        task = self.begin_tick()
        if task is not None:
            await turn(self.chance.randrange(TURNS_MAX))

    def begin_tick(self) -> "asyncio.Task[object] | None":
        if not self.workers:
            return None
        number, kind = self.chance.randrange(len(self.workers)), self.choose(TICK_WEIGHTS)
        task = self.workers[number].tick(kind)
        if task is not None:
            self.under_way.add(task)
            self.story.append(f"   worker {number} {kind}")
        return task

    async def give_order(self) -> None:
        person = self.chance.choice(self.people)
        campaign_id = self.chance.choice(person.campaign_ids)
        order, phase = self.choose(ORDER_WEIGHTS), self.chance.choice(tuple(CampaignPhase))
        self.story.append(f"   {order} {phase} for {campaign_id}")
        if order is Order.DELETE:
            self.begin(person.replace(campaign_id, self.another_request()), order)
        else:
            self.begin(person.give(order, campaign_id, phase), order)
        await turn(self.chance.randrange(TURNS_MAX))

    def another_request(self) -> CreateCampaign:
        alphabet, length = self.chance.choice(PATTERNS)
        return some_request(self.chance, self.chance.choice(tuple(Advance)), alphabet, length)

    async def rest(self) -> None:
        """Let things happen: until the first step under way is over, or a moment has passed."""
        busy = {*self.under_way, *(held.task for worker in self.workers for held in worker.held if held.task)}
        if busy:
            seconds = self.chance.uniform(0, REST_SECONDS_MAX)
            await asyncio.wait(busy, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)

    async def cut_tick(self) -> None:
        """Begin something and cut it off, wherever it is by then."""
        turns = self.chance.randrange(TURNS_MAX)
        task = self.begin_tick()
        if task is not None:
            await turn(turns)
            task.cancel()

    async def cut_chunk(self) -> None:
        tasks = [held.task for worker in self.workers for held in worker.held if held.task is not None]
        if tasks:
            task = self.chance.choice(tasks)
            await turn(self.chance.randrange(TURNS_MAX))
            task.cancel()

    async def checkpoint(self) -> None:
        """It is time to write what is finished of a chunk: what its timer would say."""
        held = [held for worker in self.workers for held in worker.held]
        if held:
            self.chance.choice(held).halt.set()

    async def jump(self) -> None:
        seconds = self.chance.choice(JUMPS_SECONDS)
        self.story.append(f"   {seconds:+} s")
        self.database.clock_offset += timedelta(seconds=seconds)

    async def kill(self) -> None:
        if self.workers:
            await self.workers.pop(self.chance.randrange(len(self.workers))).kill()

    async def hire(self) -> None:
        if len(self.workers) < WORKERS_MAX:
            worker = SimulatedWorker(make_worker(self.database, self.settings))
            await worker.ready()
            self.workers.append(worker)

    async def retire(self) -> None:
        if self.workers:
            worker = self.workers.pop(self.chance.randrange(len(self.workers)))
            self.begin(worker.retire(), "retire")

    async def disconnect(self) -> None:
        async with connection_to(self.database_url) as connection:
            backends = [row["pid"] for row in await connection.fetch(BACKENDS + " ORDER BY backend_start, pid")]
            for pid in self.chance.sample(backends, self.chance.randint(0, len(backends))):
                await connection.execute("SELECT pg_terminate_backend($1)", pid)

    async def lose_answer(self) -> None:
        """Whoever commits next is not told that it was done."""
        self.link.lose_next_answer()

    # What they share

    def choose(self, weights: dict[Any, int]) -> Any:
        return self.chance.choices(list(weights), list(weights.values()))[0]

    def begin(self, work: Coroutine[Any, Any, object], name: str) -> None:
        self.under_way.add(asyncio.create_task(work, name=name))

    async def reap(self) -> None:
        """Hear how the steps that are over ended: done, refused or cut off; anything else is a bug."""
        over = {task for task in self.under_way if task.done()}
        self.under_way -= over
        for task in over:
            if task.cancelled():
                self.tally["cut off"] += 1
            elif isinstance(error := task.exception(), Refused):
                self.tally[f"refused: {error.code}"] += 1
            elif error is not None:
                raise error

    # What must hold

    async def audit(self) -> None:
        """The whole database at one instant; and whatever watchers are told anew has a higher sequence."""
        async with connection_to(self.database_url) as connection:
            await audit_everything(connection)
            for row in await connection.fetch("SELECT * FROM progress_states"):
                before = self.told.get(row["campaign_id"])
                if before is not None and row != before:
                    assert row["sequence"] > before["sequence"], "a campaign's sequence did not grow"
                self.told[row["campaign_id"]] = row

    # The end

    async def settle(self) -> None:
        """Every step comes to its end, and so does every worker."""
        while self.workers:
            await self.kill()
        if self.under_way:
            await asyncio.wait(self.under_way)
        await self.reap()

    async def complete(self) -> None:
        """With no more bad luck, two workers and patient people bring every campaign to its end."""
        self.link.lose_no_more()
        self.database.clock_offset += timedelta(seconds=self.settings.lease_seconds)
        while len(self.workers) < STEADY_WORKERS:
            await self.hire()
        async with asyncio.timeout(COMPLETION_SECONDS_MAX):
            while not await self.is_through():
                for worker in self.workers:
                    await asyncio.gather(*(worker.tick(kind) for kind in TICK_WEIGHTS))
                await self.rest()
            for worker in self.workers:
                await worker.retire()

    async def is_through(self) -> bool:
        """Whether all campaigns are at their ends; those that wait for a command are given it."""
        campaigns = [(person, campaign_id) for person in self.people for campaign_id in person.campaign_ids]
        return all([await person.see_through(campaign_id) for person, campaign_id in campaigns])

    async def check_completed(self) -> None:
        await self.audit()
        internet = Internet(self.settings.sandbox_seed, DNS_TIMEOUT_SECONDS)
        async with connection_to(self.database_url) as connection:
            assert await connection.fetchval(UNFINISHED_CHUNKS) == 0, "a chunk is left"
            for campaign_id in (campaign_id for person in self.people for campaign_id in person.campaign_ids):
                untrue = list_untrue(internet, await list_outcomes(connection, campaign_id))
                assert not untrue, "; ".join(untrue[:UNTRUE_TOLD])


async def simulate(seed: int, url: str) -> Counter[str]:
    """Live through one seed in an empty, migrated database; what happened, and how often."""
    chance = random.Random(seed)
    items = {phase: chance.randint(CHUNK_ITEMS_MIN, CHUNK_ITEMS_MAX) for phase in CampaignPhase}
    with (
        patch.dict(planner.CHUNK_ITEMS, items),
        patch.dict(vars(sweeping), SHORT),
        patch.object(keeping, "STRETCH_POSITIONS", 50),
        watched_log() as errors,
    ):
        async with (
            running_sandbox() as (_, settings),
            linked(url) as link,
            open_database(link.url, connections_max=CONNECTIONS_MAX) as database,
        ):
            simulation = Simulation(chance, url, link, database, settings)
            try:
                await live_through(simulation)
                assert not errors, f"errors were logged: {errors[0]}"
            except BaseException as error:
                error.add_note(f"Again: make simulate SEED={seed}. The last steps:\n" + "\n".join(simulation.story))
                raise
    return simulation.tally


async def live_through(simulation: Simulation) -> None:
    await populate(simulation)
    try:
        for number in range(STEPS):
            await simulation.step(number)
            if number % STEPS_BETWEEN_AUDITS == 0:
                await simulation.audit()
    finally:
        await simulation.settle()
    await simulation.audit()
    await simulation.complete()
    await simulation.check_completed()


async def populate(simulation: Simulation) -> None:
    """Two tenants; the campaigns of each draw on the same names, and so does the other tenant."""
    for tenant in ("one", "another"):
        principal = await principal_of(simulation.database, await key_of(simulation.database, tenant))
        person = Person(simulation.database, principal)
        for alphabet, length in PATTERNS:
            advance = simulation.chance.choice(tuple(Advance))
            await person.create(some_request(simulation.chance, advance, alphabet, length))
        simulation.people.append(person)
    await simulation.hire()


async def turn(times: int) -> None:
    """Let the event loop go round so often."""
    for _ in range(times):
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def connection_to(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection beside the pool, which nobody cuts."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@contextlib.contextmanager
def watched_log() -> Iterator[list[str]]:
    """What the service logs as an error: nothing that a simulation does is anybody's bug."""
    errors: list[str] = []

    class Errors(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage() != POISON_MESSAGE:
                errors.append(self.format(record))

    handler = Errors(logging.ERROR)
    logging.getLogger("service").addHandler(handler)
    try:
        yield errors
    finally:
        logging.getLogger("service").removeHandler(handler)
