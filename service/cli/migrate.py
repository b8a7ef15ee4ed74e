"""`phaseline migrate ...`: the schema of this installation's database, up and down."""

from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.types import NonNegativeInt, PositiveInt

from service import assembly
from service.cli import screens
from service.cli.installation import installed
from service.cli.places import Json, Switch
from service.cli.terminal import show, write_json
from service.errors import Invalid
from service.postgres.migrating import MigrationStatus, Standing, migrate_down, migrate_up, migration_status

LEGACY = """Carry the campaigns of the system before this one here, from its own database.

    plan      what is there, what becomes of it, what it takes; nothing is changed
    run       carry everything, from a backup on, while the old system goes on; can be broken off and asked again
    verify    compare both databases by counts and checksums
    switch    close the old tables, carry and compare the rest, and hand the campaigns over, at once
    rollback  back to the old system, with nothing of ours left in its database
    finish    drop the old tables, after a last backup

It ends with 0 where the next step can be taken, with 1 where something was refused (one sentence says why), and with 3
where what was found forbids to go on: a plan with blockers, a comparison that differs, a switch that was not made, an
old system that writes faster than we carry.

For example:

    phaseline migrate legacy --source postgresql://old.example/domainflow plan

    phaseline migrate legacy --source postgresql://old.example/domainflow run --tenant research

    LEGACY_DATABASE_URL=postgresql://old.example/domainflow phaseline migrate legacy verify --json
"""

migrate = App(name="migrate")
migrate.command("service.cli.legacy:legacy", name="legacy", help=LEGACY, sort_key=4)


@migrate.command(sort_key=1)
async def up(
    *, to: Annotated[PositiveInt | None, Parameter(help="Up to this number; otherwise the newest.")] = None
) -> None:
    """Apply what is pending. Nothing happens where all is applied already.

    For example:

        phaseline migrate up
    """
    async with assembly.database_url(installed()) as url, assembly.connection_to(url) as connection:
        applied = await migrate_up(connection, target=to)
    show(*(f"applied {migration.label}" for migration in applied) if applied else ("Nothing to apply.",))


@migrate.command(sort_key=2)
async def down(
    *,
    to: Annotated[NonNegativeInt | None, Parameter(help="Down to this number, which stays; 0 reverts all.")] = None,
    steps: Annotated[PositiveInt | None, Parameter(help="Or so many migrations, newest first.")] = None,
    yes: Annotated[Switch, Parameter(help="Yes: the data in what is reverted may go.")] = False,
) -> None:
    """Revert migrations, newest first. The tables that they made are dropped, and what is in them is lost.

    For example:

        phaseline migrate down --steps 1 --yes
    """
    async with assembly.database_url(installed()) as url, assembly.connection_to(url) as connection:
        statuses = await migration_status(connection)
        target = target_of(statuses, to, steps)
        if not yes:
            raise Invalid(
                "not_confirmed", f"This reverts {doomed(statuses, target)} and drops data; confirm with --yes."
            )
        reverted = await migrate_down(connection, target=target)
    show(*(f"reverted {migration.label}" for migration in reverted) if reverted else ("Nothing to revert.",))


@migrate.command(sort_key=3)
async def status(*, json: Json = False) -> None:
    """Show which migrations the database has.

    For example:

        phaseline migrate status --json
    """
    async with assembly.database_url(installed()) as url, assembly.connection_to(url) as connection:
        statuses = await migration_status(connection)
    if json:
        write_json(statuses)
    else:
        show(screens.migrations_table(statuses))


def target_of(statuses: list[MigrationStatus], to: int | None, steps: int | None) -> int:
    """The number that stays. One of the two ways of saying it has to be taken."""
    if (to is None) == (steps is None):
        raise Invalid("target_unclear", "Say how far down: either --to N or --steps N.")
    if to is not None:
        return to
    assert steps is not None, "one of the two is given"
    return max(0, len(applied_of(statuses)) - steps)


def applied_of(statuses: list[MigrationStatus]) -> list[MigrationStatus]:
    return [each for each in statuses if each.standing is not Standing.PENDING]


def doomed(statuses: list[MigrationStatus], target: int) -> str:
    labels = [each.label for each in applied_of(statuses) if each.number > target]
    return ", ".join(labels) or "nothing"
