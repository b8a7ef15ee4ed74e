"""`phaseline report`: what was done, by day and by week, from the database."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import RenderableType
from rich.text import Text

from service import assembly
from service.cli.installation import checked_database, installed
from service.cli.places import Json
from service.cli.reruns import instant_of
from service.cli.screens import plain_table
from service.cli.terminal import show, write_json
from service.pipelines.reporting import Report, Unit

HEADINGS = {Unit.DAY: "day", Unit.WEEK: "week from"}


class Reports(msgspec.Struct, frozen=True, rename="camel"):
    """What `report --json` prints."""

    since: datetime
    days: Report
    weeks: Report


async def report(
    *,
    since: Annotated[str, Parameter(help="An age, as in 7d or 12h, or an instant of RFC 3339.")] = "7d",
    tenant: Annotated[str | None, Parameter(help="Of this tenant; otherwise of all.")] = None,
    json: Json = False,
) -> None:
    """Tell what was done."""
    begin = instant_of(since, datetime.now(UTC))
    async with checked_database(installed()) as url:
        days, weeks = await assembly.make_reports(url, since=begin, tenant=tenant)
    if json:
        write_json(Reports(begin, days, weeks))
    else:
        show(*report_screen(days), "", *report_screen(weeks))


def report_screen(found: Report) -> list[RenderableType]:
    heading = HEADINGS[found.unit]
    if not found.periods:
        return [Text(f"Nothing was done, by {found.unit}.", "dim")]
    periods = plain_table(heading, ">created", ">deleted", ">domains", ">change", ">failed", ">leads")
    for each in found.periods:
        numbers = (each.campaigns_created, each.campaigns_deleted, each.domains)
        change = "" if each.change is None else f"{each.change:+.0%}"
        rest = (change, f"{each.failed:,}", f"{each.leads:,}")
        periods.add_row(str(each.begins), *(f"{number:,}" for number in numbers), *rest)
    work = plain_table(heading, "phase", ">campaigns", ">succeeded", ">negative", ">failed", ">rate")
    for done in found.work:
        counts = (done.campaigns, done.succeeded, done.negative, done.failed)
        phase = Text(done.phase, no_wrap=True, overflow="ignore")
        work.add_row(str(done.begins), phase, *(f"{count:,}" for count in counts), f"{done.rate_per_second:,.0f}/s")
    return [periods, "", work, *lost_runs(found)]


def lost_runs(found: Report) -> list[str]:
    failed = sum(done.runs_failed for done in found.work)
    cancelled = sum(done.runs_cancelled for done in found.work)
    return [f"{failed} runs failed and {cancelled} were cancelled."] if failed or cancelled else []
