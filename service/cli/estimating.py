"""`phaseline campaign estimate` and `preview`: what would come of it, before anything is started."""

from typing import Annotated

from cyclopts import Parameter
from rich.console import Group, RenderableType
from rich.text import Text

from service.campaigns.model import Observation, Phases
from service.cli.client import server
from service.cli.drafts import NO_SHAPE, Shape, generation_of
from service.cli.meters import bytes_text
from service.cli.places import Json, Key, Reference, Url
from service.cli.references import LAST
from service.cli.screens import count_text, duration_text, indented, plain_table
from service.cli.terminal import show, write_json
from service.domains.previewing.model import PatternPreview, PhaseEstimate
from service.progress.events import CampaignPhase

HALF_A_SECOND_IN_MINUTES = 0.008
SECONDS_A_MINUTE = 60


async def estimate(
    reference: Reference = LAST,
    *,
    phase: Annotated[
        CampaignPhase | None,
        Parameter(help="Which phase; otherwise the one that starts next, or the current one."),
    ] = None,
    json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Estimate a phase: names, queries, time and space, and what speaks against it.

    For example:

        phaseline campaign estimate last --phase dns_validation
    """
    async with server(url, key) as client:
        campaign_id = await client.find_campaign_id(reference)
        meant = phase or next_phase(await client.get_phases(campaign_id))
        found = await client.estimate_phase(campaign_id, meant)
    if json:
        write_json(found)
    else:
        show(estimate_screen(found))


def next_phase(phases: Phases) -> CampaignPhase:
    return phases.available_transitions[0] if phases.available_transitions else phases.current_phase


async def preview(shape: Shape = NO_SHAPE, *, json: Json = False, url: Url = None, key: Key = None) -> None:
    """Try a pattern out: how large its space is, what is left of it, and the next names. Nothing is taken.

    For example:

        phaseline campaign preview --constant shop --characters a-z --length 4 --tld com --tld net --count 50000
    """
    async with server(url, key) as client:
        found = await client.preview_pattern(generation_of(shape))
    if json:
        write_json(found)
    else:
        show(preview_screen(found, shape.count))


# What they draw


def estimate_screen(found: PhaseEstimate) -> RenderableType:
    rows = [
        ("names", count_text(found.names) if found.names_known else f"at most {count_text(found.names)}"),
        ("DNS queries", count_text(found.dns_queries)),
        ("HTTP requests", count_text(found.http_requests)),
        ("rate", f"{found.names_per_second:,.0f} names/s, {rate_source(found)}"),
        ("time", minutes_text(found)),
        ("database", f"{bytes_text(found.bytes)} more"),
    ]
    lines = [Text.assemble((f"  {label:<15}", "dim"), value) for label, value in rows]
    return Group(Text(found.phase, "bold"), *lines, *warning_lines(found.warnings))


def rate_source(found: PhaseEstimate) -> str:
    return "as measured on runs here" if found.rate_measured else "assumed, since none was measured here yet"


def minutes_text(found: PhaseEstimate) -> str:
    if found.minutes < HALF_A_SECOND_IN_MINUTES:
        return "less than a second"
    return f"about {duration_text(found.minutes * SECONDS_A_MINUTE)}"


def preview_screen(found: PatternPreview, count: int) -> RenderableType:
    table = plain_table("TLD", ">next offset", ">left")
    for tld in found.tlds:
        table.add_row(tld.tld, f"{tld.next_offset:,}", f"{tld.left:,}")
    lines = [
        Text(f"{found.space_size:,} combinations under each TLD; {found.valid_names:,} of them are valid names."),
        *([Text(f"Of {count:,} there would be {found.shortfall:,} too few.", "yellow")] if found.shortfall else []),
    ]
    samples = ", ".join(found.samples)
    return Group(*lines, indented(table), Text(f"Next: {samples}"), *warning_lines(found.warnings))


def warning_lines(warnings: tuple[Observation, ...]) -> list[Text]:
    return [Text.assemble(("! ", "yellow"), warning.message) for warning in warnings]
