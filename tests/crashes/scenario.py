"""Killed five times on the way: the sample, once in peace and once with real processes really killed."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from enum import StrEnum
from pathlib import Path
from typing import assert_never
from uuid import UUID

import asyncpg
import msgspec

from service.campaigns.model import PHASES, CreateCampaign
from service.cli.sample import sample_campaign
from service.postgres.database import open_database
from service.progress.events import CampaignPhase
from service.sandbox.truth import DEFAULT_SEED
from tests.audit import audit_everything
from tests.conftest import key_of, principal_of
from tests.crashes.installation import WORK, Installation, installation, internet
from tests.expected import Internet, Outcomes, list_outcomes, list_untrue
from tests.world import start

LOOK_SECONDS = 0.02
WAIT_SECONDS_MAX = 300.0
UNTRUE_TOLD = 5

# The machine may be busy: a name that must be answered has ample time for it.
DNS_TIMEOUT_SECONDS = 1.3
HTTP_TIMEOUT_SECONDS = 5.0


class Victim(StrEnum):
    """Who is killed."""

    WORKER = "worker"
    PARENT = "parent"
    POSTMASTER = "postmaster"


class Moment(msgspec.Struct, frozen=True, order=True):
    """When so much of a phase is done: `part` is between nothing and one."""

    phase_index: int
    part: float


THE_END = Moment(len(PHASES), 0)
DNS, HTTP = PHASES.index(CampaignPhase.DNS_VALIDATION), PHASES.index(CampaignPhase.HTTP_VALIDATION)


def deaths(chance: random.Random) -> list[tuple[Moment, Victim]]:
    """Five: at least one of each kind, at moments in the two long phases."""
    victims = [*Victim, Victim.WORKER, chance.choice((Victim.WORKER, Victim.PARENT))]
    chance.shuffle(victims)
    moments = sorted(Moment(index, chance.uniform(0.02, 0.9)) for index in (DNS, HTTP, HTTP, HTTP, HTTP))
    return list(zip(moments, victims, strict=True))


def patient_sample(count: int) -> CreateCampaign:
    """The sample, with time enough for each name on a busy machine."""
    sample = sample_campaign(count)
    replace = msgspec.structs.replace
    configuration = replace(
        sample.configuration,
        dns_validation=replace(sample.configuration.dns_validation, timeout_seconds=DNS_TIMEOUT_SECONDS),
        http_validation=replace(
            sample.configuration.http_validation,
            timeout_seconds=HTTP_TIMEOUT_SECONDS,
            connect_timeout_seconds=HTTP_TIMEOUT_SECONDS,
        ),
    )
    return replace(sample, configuration=configuration)


async def survive(home: Path, count: int, seed: int) -> None:
    """Every outcome of every name equals the sandbox's truth, and those of an undisturbed run."""
    async with internet() as sandbox, installation(home, WORK, sandbox.variables) as here:
        undisturbed = await begin(here, "left in peace", count)
        await until_reached(here, undisturbed, THE_END)
        disturbed = await begin(here, "disturbed", count)
        for moment, victim in deaths(random.Random(seed)):
            await until_reached(here, disturbed, moment)
            await kill(here, victim)
        await until_reached(here, disturbed, THE_END)
        async with connection_to(here) as connection:
            await audit_everything(connection)
            assert await connection.fetchval("SELECT count(*) FROM chunks WHERE state <> 'done'") == 0
            outcomes = await list_outcomes(connection, disturbed)
            peaceful = await list_outcomes(connection, undisturbed)
    check_truth(peaceful)
    check_truth(outcomes)
    assert outcomes == peaceful


def check_truth(outcomes: list[Outcomes]) -> None:
    untrue = list_untrue(Internet(DEFAULT_SEED, DNS_TIMEOUT_SECONDS), outcomes)
    assert not untrue, "; ".join(untrue[:UNTRUE_TOLD])


async def kill(here: Installation, victim: Victim) -> None:
    """Kill, and start again what does not do so by itself."""
    match victim:
        case Victim.WORKER:
            await here.kill_worker()
            return
        case Victim.PARENT:
            await here.kill_parent()
        case Victim.POSTMASTER:
            await here.kill_postmaster()
        case _:
            assert_never(victim)
    await here.start()


async def begin(here: Installation, tenant: str, count: int) -> UUID:
    """Start the sample as somebody new: each tenant's names begin at the first."""
    async with open_database(here.database_url, connections_max=1) as database:
        principal = await principal_of(database, await key_of(database, tenant))
        return (await start(database, principal, patient_sample(count))).id


async def until_reached(here: Installation, campaign_id: UUID, moment: Moment) -> None:
    """Wait until a campaign has come so far; looks fifty times a second."""
    async with connection_to(here) as connection, asyncio.timeout(WAIT_SECONDS_MAX):
        while await moment_of(connection, campaign_id) < moment:
            await asyncio.sleep(LOOK_SECONDS)


async def moment_of(connection: asyncpg.Connection, campaign_id: UUID) -> Moment:
    row = await connection.fetchrow("SELECT * FROM progress_states WHERE campaign_id = $1", campaign_id)
    assert row is not None
    assert row["phase_status"] in {"running", "completed"}, row["phase_status"]
    index = PHASES.index(CampaignPhase(row["phase"]))
    if row["phase_status"] == "completed":
        return Moment(index + 1, 0)
    return Moment(index, row["processed_count"] / max(1, row["total_count"]))


@contextlib.asynccontextmanager
async def connection_to(here: Installation) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(here.database_url)
    try:
        yield connection
    finally:
        await connection.close()
