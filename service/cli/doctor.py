"""`phaseline doctor`: looks at everything that an installation stands on, and says what to change."""

import functools
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from service.cli.diagnosis.api import look_at_api
from service.cli.diagnosis.database import Seen, look_at_database
from service.cli.diagnosis.findings import Finding, Level, guarded
from service.cli.diagnosis.machine import look_at_cores, look_at_files, look_at_folders, look_at_udp
from service.cli.diagnosis.packages import look_at_packages
from service.cli.diagnosis.resolvers import look_at_resolvers
from service.cli.installation import installed
from service.cli.places import Json, Key, Url
from service.cli.terminal import printable, show, write_json
from service.settings import Settings

LOOK_SECONDS_MAX = 20.0
DATABASE_SECONDS_MAX = 120.0  # an embedded one may have to be started, and to recover
MARKS = {Level.OK: ("✓", "green"), Level.WARN: ("!", "yellow"), Level.FAIL: ("✗", "red")}
CHECK_WIDTH_MAX = 26

Look = Callable[[], Awaitable[Sequence[Finding]]]


class Report(msgspec.Struct, frozen=True, rename="camel"):
    """What `doctor --json` prints: the worst level, and every finding."""

    level: Level
    findings: tuple[Finding, ...]


async def doctor(
    *,
    resolver: Annotated[
        tuple[str, ...],
        Parameter(
            help="Ask this resolver, too; repeat for more. Those of campaigns under way are asked anyway.",
            negative=(),
            show_default=False,
        ),
    ] = (),
    json: Json = False,
    url: Url = None,
    key: Key = None,
) -> int:
    """Look at everything; 1 if something fails."""
    findings = await look_at_everything(installed(), resolver, url, key)
    report = Report(worst_of(findings), tuple(findings))
    if json:
        write_json(report)
    else:
        show(report_screen(findings))
    return 1 if report.level is Level.FAIL else 0


async def look_at_everything(
    settings: Settings, resolvers: Sequence[str], url: str | None, key: str | None
) -> list[Finding]:
    """Part by part, in the order of what stands on what."""
    findings: list[Finding] = []
    for check, look in looks_at_machine(settings):
        findings += await guarded(check, LOOK_SECONDS_MAX, look, "See what the system says of it.")
    seen, told = await database_seen(settings)
    findings += told
    asked = functools.partial(look_at_resolvers, (*resolvers, *seen.resolvers), os.urandom)
    findings += await guarded("resolvers", LOOK_SECONDS_MAX, asked, "Try again with fewer resolvers.")
    answering = functools.partial(look_at_api, settings, url, key)
    return findings + await guarded("api", LOOK_SECONDS_MAX, answering, "Check PHASELINE_URL.")


def looks_at_machine(settings: Settings) -> tuple[tuple[str, Look], ...]:
    return (
        ("packages", at_once(look_at_packages)),
        ("home", at_once(functools.partial(look_at_folders, settings))),
        ("open_files", at_once(lambda: [look_at_files()])),
        ("udp_buffer", at_once(lambda: [look_at_udp()])),
        ("cores", at_once(lambda: [look_at_cores(settings.worker_processes)])),
    )


def at_once(look: Callable[[], Sequence[Finding]]) -> Look:
    async def looking() -> Sequence[Finding]:
        return look()

    return looking


async def database_seen(settings: Settings) -> tuple[Seen, list[Finding]]:
    """What was seen of the database; where it could not be reached, that is told instead."""
    seen = Seen(())

    async def look() -> Sequence[Finding]:
        nonlocal seen
        seen = await look_at_database(settings)
        return seen.findings

    advice = "Check DATABASE_URL; for the embedded one, see postgres.log in PHASELINE_HOME."
    findings = await guarded("database", DATABASE_SECONDS_MAX, look, advice)
    return seen, findings


def worst_of(findings: Sequence[Finding]) -> Level:
    order = list(Level)
    return max((finding.level for finding in findings), key=order.index, default=Level.OK)


def report_screen(findings: Sequence[Finding]) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(max_width=CHECK_WIDTH_MAX, style="dim")
    table.add_column(ratio=1)
    for finding in findings:
        mark, style = MARKS[finding.level]
        told = Text(printable(finding.found))
        if finding.advice:
            told.append(f"\n→ {printable(finding.advice)}", style)
        table.add_row(Text(mark, style), Text(finding.check), told)
    return Group(table, Text(""), summary_of(findings))


def summary_of(findings: Sequence[Finding]) -> Text:
    failed, doubtful = (sum(finding.level is level for finding in findings) for level in (Level.FAIL, Level.WARN))
    if failed:
        return Text(f"{failed} of {len(findings)} checks failed, {doubtful} more are doubtful.", "red")
    if doubtful:
        return Text(f"Nothing failed; {doubtful} of {len(findings)} checks are doubtful.", "yellow")
    return Text(f"All {len(findings)} checks are well.", "green")
