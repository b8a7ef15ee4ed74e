"""`phaseline campaign ...`: what a client asks of a server. Those commands that need more have modules of their own."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from cyclopts import App, Parameter
from cyclopts.validators import Number

from service.campaigns.model import Campaign, Explanation, Phases, RerunScope, TransitionCampaign
from service.cli import screens
from service.cli.changing import delete, update
from service.cli.client import PAGE_ITEMS, Client, server
from service.cli.estimating import estimate, preview
from service.cli.exporting import export
from service.cli.importing import import_
from service.cli.making import clone, create
from service.cli.places import Json, Key, Reference, Url
from service.cli.references import LAST
from service.cli.reruns import rerun_of
from service.cli.terminal import show, write_json
from service.cli.watching import display_for, watch
from service.errors import Conflict
from service.progress.events import CampaignPhase, PhaseStatus

LIST_LIMIT = 20
WATCHED_MAX = 20  # that is about what a terminal can show
MOVING = (PhaseStatus.RUNNING, PhaseStatus.PAUSED)

campaign = App(
    name="campaign",
    help_epilogue='A campaign is named by its id, by the beginning of its id, or by "last".',
)

Reason = Annotated[str, Parameter(help="Why, for the audit trail.")]


class Everything(msgspec.Struct, frozen=True, rename="camel"):
    """What `campaign show --json` prints: three answers of the API."""

    campaign: Campaign
    phases: Phases
    explanation: Explanation


@campaign.command(name="list", sort_key=2)
async def list_(
    *,
    phase: Annotated[CampaignPhase | None, Parameter(help="Only those whose current phase is this.")] = None,
    status: Annotated[PhaseStatus | None, Parameter(help="Only those whose current phase stands so.")] = None,
    limit: Annotated[int, Parameter(help="How many at most.", validator=Number(gte=1, lte=PAGE_ITEMS))] = LIST_LIMIT,
    cursor: Annotated[
        str | None, Parameter(help="Go on where a page ended: its nextCursor.", allow_leading_hyphen=True)
    ] = None,
    json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """List campaigns, newest first.

    For example:

        phaseline campaign list --status running
    """
    async with server(url, key) as client:
        page = await client.list_campaigns(limit=limit, cursor=cursor, phase=phase, status=status)
    if json:
        write_json(page)
    elif not page.items:
        show("There is no such campaign." if phase or status else "There is no campaign yet.")
    else:
        show(screens.campaigns_table(page.items))
        if page.next_cursor:
            show(f"There are more; go on with --cursor {page.next_cursor}")


@campaign.command(name="show", sort_key=3)
async def show_(reference: Reference = LAST, *, json: Json = False, url: Url = None, key: Key = None) -> None:
    """Show a campaign: its phases, what became of its domains, and why it moves or does not.

    For example:

        phaseline campaign show last
    """
    async with server(url, key) as client:
        campaign_id = await client.find_campaign_id(reference)
        found = Everything(
            await client.get_campaign(campaign_id),
            await client.get_phases(campaign_id),
            await client.explain_campaign(campaign_id),
        )
    if json:
        write_json(found)
    else:
        show(screens.campaign_screen(found.campaign, found.phases, found.explanation))


@campaign.command(name="explain", sort_key=4)
async def explain(reference: Reference = LAST, *, json: Json = False, url: Url = None, key: Key = None) -> None:
    """Say why a campaign moves, waits or stands.

    For example:

        phaseline campaign explain last
    """
    async with server(url, key) as client:
        found = await client.explain_campaign(await client.find_campaign_id(reference))
    if json:
        write_json(found)
    else:
        show(*screens.explanation_lines(found))


@campaign.command(name="start", sort_key=5)
async def start_(
    reference: Reference,
    *,
    phase: Annotated[
        CampaignPhase | None, Parameter(help="Which phase; otherwise the next one that can start.")
    ] = None,
    rerun: Annotated[
        RerunScope | None, Parameter(help="Run a finished phase again: what failed, all, or what is older than.")
    ] = None,
    older_than: Annotated[
        str | None, Parameter(help="Run again what was found before: an age as in 7d, 12h, 90m, or an instant.")
    ] = None,
    reason: Reason = "",
    json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Start the next phase of a campaign, or run one again.

    For example:

        phaseline campaign start last

        phaseline campaign start last --phase dns_validation --rerun failed --reason "the resolvers were down"

        phaseline campaign start last --phase http_validation --older-than 7d
    """
    again = rerun_of(rerun, older_than, datetime.now(UTC))
    async with server(url, key) as client:
        campaign_id = await client.find_campaign_id(reference)
        target = phase or startable(await client.get_phases(campaign_id), is_rerun=again is not None)
        wanted = TransitionCampaign(target, reason, again)
        tell(await client.transition_campaign(campaign_id, wanted), as_json=json)


def startable(phases: Phases, *, is_rerun: bool) -> CampaignPhase:
    """The phase that is meant where none is named; Conflict where none can start."""
    if is_rerun:
        return phases.current_phase
    if not phases.available_transitions:
        raise Conflict(
            "nothing_to_start", f"No phase can be started now: {phases.current_phase} is {phases.phase_status}."
        )
    return phases.available_transitions[0]


@campaign.command(name="watch", sort_key=6)
async def watch_(*references: Reference, json: Json = False, url: Url = None, key: Key = None) -> int:
    """Watch campaigns until they end; without an id, all that are running or paused.

    Ends with 0 if all were completed, with 1 if one failed, was cancelled or deleted. Ctrl-C (130) stops watching, not
    the campaigns. When the server goes away, it is asked again until it is back.

    For example:

        phaseline campaign watch last --json | jq .progress
    """
    async with server(url, key) as client:
        if references:
            wanted = tuple(dict.fromkeys([await client.find_campaign_id(reference) for reference in references]))
        else:
            wanted = await find_moving(client)
        if not wanted:
            show("No campaign is running.")
            return 0
        tracks = await watch(client, wanted, display_for(as_json=json))
    return 0 if all(track.succeeded for track in tracks) else 1


async def find_moving(client: Client) -> tuple[UUID, ...]:
    pages = [await client.list_campaigns(limit=WATCHED_MAX, status=status) for status in MOVING]
    return tuple(found.id for page in pages for found in page.items)[:WATCHED_MAX]


@campaign.command(name="pause", sort_key=7)
async def pause(
    reference: Reference, *, reason: Reason = "", json: Json = False, url: Url = None, key: Key = None
) -> None:
    """Pause the running phase; domains under way are finished, the others wait.

    For example:

        phaseline campaign pause last --reason "the resolvers complain"
    """
    await command("pause", reference, reason, as_json=json, url=url, key=key)


@campaign.command(name="resume", sort_key=8)
async def resume(
    reference: Reference, *, reason: Reason = "", json: Json = False, url: Url = None, key: Key = None
) -> None:
    """Let a paused phase go on.

    For example:

        phaseline campaign resume last
    """
    await command("resume", reference, reason, as_json=json, url=url, key=key)


@campaign.command(name="cancel", sort_key=9)
async def cancel(
    reference: Reference, *, reason: Reason = "", json: Json = False, url: Url = None, key: Key = None
) -> None:
    """Cancel the current phase; what is done stays, and `retry` goes on from there.

    For example:

        phaseline campaign cancel last
    """
    await command("cancel", reference, reason, as_json=json, url=url, key=key)


@campaign.command(name="retry", sort_key=10)
async def retry(
    reference: Reference, *, reason: Reason = "", json: Json = False, url: Url = None, key: Key = None
) -> None:
    """Go on with what is unfinished, and once more with what failed and can be retried.

    For example:

        phaseline campaign retry last
    """
    await command("retry", reference, reason, as_json=json, url=url, key=key)


async def command(name: str, reference: str, reason: str, *, as_json: bool, url: str | None, key: str | None) -> None:
    async with server(url, key) as client:
        campaign_id = await client.find_campaign_id(reference)
        tell(await client.command_campaign(campaign_id, name, reason), as_json=as_json)


def tell(moved: Campaign, *, as_json: bool) -> None:
    """How a campaign stands after a command."""
    if as_json:
        write_json(moved)
    else:
        show(f"{moved.name}: {moved.current_phase} is {moved.phase_status}.")


campaign.command(create, name="create", sort_key=1)
campaign.command(preview, name="preview", sort_key=11)
campaign.command(estimate, name="estimate", sort_key=12)
campaign.command(import_, name="import", sort_key=13)
campaign.command(export, name="export", sort_key=14)
campaign.command(clone, name="clone", sort_key=15)
campaign.command(update, name="update", sort_key=16)
campaign.command(delete, name="delete", sort_key=17)
