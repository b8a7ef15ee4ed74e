"""`phaseline migrate legacy ...`: from the database of the system before this one, step by step."""

import os
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, assert_never

import msgspec
from cyclopts import Parameter
from cyclopts.types import NonNegativeInt

from service import assembly
from service.access.commands import DEFAULT_TENANT
from service.campaigns.model import Network
from service.cli import legacy_screens
from service.cli.installation import checked_database, installed
from service.cli.meters import Meter, rows_line
from service.cli.places import Json, Switch
from service.cli.terminal import show, write_json
from service.errors import Invalid
from service.migration import commands
from service.migration.commands import Wishes
from service.migration.planning import make_plan
from service.migration.source.store import open_source
from service.migration.survey import count_domains
from service.migration.verifying import CampaignProof
from service.postgres.database import Database

EXIT_GO: Final = 0
EXIT_NO_GO: Final = 3
SOURCE_VARIABLE: Final = "LEGACY_DATABASE_URL"
CAMPAIGNS_SHOWN: Final = 20


class Step(StrEnum):
    """What to do; each step says what can follow."""

    PLAN = "plan"
    RUN = "run"
    VERIFY = "verify"
    SWITCH = "switch"
    ROLLBACK = "rollback"
    FINISH = "finish"


class Options(msgspec.Struct, frozen=True):
    """What was asked for beside the step."""

    tenant: str | None
    sandbox: bool
    backup: Path | None
    backups: Path | None
    campaigns: int | None
    discard: bool
    yes: bool
    json: bool


# Which options mean something in which step.
MEANT: dict[str, frozenset[Step]] = {
    "tenant": frozenset({Step.RUN}),
    "sandbox": frozenset({Step.PLAN, Step.RUN}),
    "backup": frozenset({Step.RUN}),
    "backups": frozenset({Step.RUN, Step.FINISH}),
    "campaigns": frozenset({Step.PLAN, Step.VERIFY}),
    "discard": frozenset({Step.ROLLBACK}),
    "yes": frozenset({Step.FINISH, Step.ROLLBACK}),
}


class Outcome(msgspec.Struct, frozen=True):
    """What a step came to: what is printed as JSON, or shown, and whether the next step can be taken."""

    document: object
    lines: tuple[str, ...]
    goes: bool = True


async def legacy(
    step: Step,
    *,
    source: Annotated[
        str | None, Parameter(help=f"The old database; otherwise {SOURCE_VARIABLE}, which keeps passwords to itself.")
    ] = None,
    tenant: Annotated[str | None, Parameter(help="run: whose the campaigns will be; otherwise default.")] = None,
    sandbox: Annotated[Switch, Parameter(help="plan, run: a rehearsal; campaigns go on in the sandbox.")] = False,
    backup: Annotated[Path | None, Parameter(help="run: a dump that there is already (pg_dump -Fc).")] = None,
    backups: Annotated[
        Path | None, Parameter(help="run, finish: the folder for backups; otherwise backups in PHASELINE_HOME.")
    ] = None,
    campaigns: Annotated[
        NonNegativeInt | None, Parameter(help=f"plan, verify: so many are shown; otherwise {CAMPAIGNS_SHOWN}.")
    ] = None,
    discard: Annotated[Switch, Parameter(help="rollback: also remove what was carried here.")] = False,
    yes: Annotated[Switch, Parameter(help="finish, and rollback after the switch: yes, it may go.")] = False,
    json: Json = False,
) -> int:
    url = source or os.environ.get(SOURCE_VARIABLE)
    if not url:
        raise Invalid("source_missing", f"Name the old database: --source postgresql://..., or set {SOURCE_VARIABLE}.")
    options = Options(tenant, sandbox, backup, backups, campaigns, discard, yes, json)
    check_options(step, options)
    async with checked_database(installed()) as target_url, assembly.migration_database(target_url) as target:
        outcome = await take(step, target, url, options)
    if json:
        write_json(outcome.document)
    else:
        show(*outcome.lines)
    return EXIT_GO if outcome.goes else EXIT_NO_GO


def check_options(step: Step, options: Options) -> None:
    for option, steps in MEANT.items():
        given = getattr(options, option)
        if given is not None and given is not False and step not in steps:  # 0 is given
            raise Invalid("option_misplaced", f"--{option} means nothing to `{step}`.")
    if step is Step.FINISH and not options.yes:
        raise Invalid("not_confirmed", "This drops the old tables, after a backup; confirm with --yes.")


async def take(step: Step, target: Database, url: str, options: Options) -> Outcome:
    match step:
        case Step.PLAN:
            return await plan(target, url, options)
        case Step.RUN:
            return await run(target, url, options)
        case Step.VERIFY:
            return await verify(target, url, options)
        case Step.SWITCH:
            return await switch(target, url)
        case Step.ROLLBACK:
            return await rollback(target, url, options)
        case Step.FINISH:
            finished = await commands.finish(target, url, backup_folder(options))
            return Outcome(finished, legacy_screens.finished(finished))
        case _:
            assert_never(step)


async def plan(target: Database, url: str, options: Options) -> Outcome:
    async with open_source(url) as source:
        made = await make_plan(target, source, network_of(options), campaigns_told_max=shown(options))
    return Outcome(made, legacy_screens.plan(made), made.goes)


async def run(target: Database, url: str, options: Options) -> Outcome:
    wishes = Wishes(options.tenant or DEFAULT_TENANT, network_of(options), backup_folder(options), options.backup)
    with Meter() as meter:
        total = await count_domains_at(url) - await commands.count_carried(target) if meter.is_shown else 0
        carried = await commands.run(target, url, wishes, drawing(meter, total))
    return Outcome(carried, legacy_screens.carried(carried), carried.is_up_to_date)


async def verify(target: Database, url: str, options: Options) -> Outcome:
    proofs: list[CampaignProof] = []
    with Meter() as meter:
        total = await count_domains_at(url) if meter.is_shown else 0
        proof = await commands.prove(target, url, drawing(meter, total), proofs)
    compared = tuple(proofs[: shown(options)])
    return Outcome(legacy_screens.Verified(proof, compared), legacy_screens.proved(proof, compared), proof.holds)


async def switch(target: Database, url: str) -> Outcome:
    with Meter() as meter:
        switched = await commands.switch(target, url, drawing(meter, 0))  # what is left is not known before
    return Outcome(switched, legacy_screens.switched(switched), switched.is_done)


async def rollback(target: Database, url: str, options: Options) -> Outcome:
    with Meter() as meter:
        rolled = await commands.rollback(
            target, url, discard=options.discard, may_return=options.yes, on_rows=drawing(meter, 0)
        )
    return Outcome(rolled, legacy_screens.rolled_back(rolled))


async def count_domains_at(url: str) -> int:
    async with open_source(url) as source:
        return await count_domains(source)


def drawing(meter: Meter, total: int) -> Callable[[int], None]:
    """Draws how far it is, if anybody looks; `total`: rows that are to come, 0 where nobody knows."""
    done = 0

    def draw(rows: int) -> None:
        nonlocal done
        done += rows
        if meter.is_due:
            meter.draw(rows_line(done, total, meter.seconds))

    return draw


def network_of(options: Options) -> Network:
    return Network.SANDBOX if options.sandbox else Network.INTERNET


def backup_folder(options: Options) -> Path:
    return options.backups or installed().home_folder / "backups"


def shown(options: Options) -> int:
    return CAMPAIGNS_SHOWN if options.campaigns is None else options.campaigns
