"""`phaseline campaign create` and `clone`: new campaigns."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from service.campaigns.model import CAMPAIGN_NAME_LENGTH_MAX, Campaign, CreateCampaign, TransitionCampaign
from service.cli.client import Client, server
from service.cli.drafts import NO_DRAFT, Draft, check_start, request_of
from service.cli.places import Json, Key, OrStream, Reference, Switch, Url
from service.cli.references import LAST
from service.cli.terminal import program, show, write_json
from service.progress.events import CampaignPhase, PhaseStatus

COPY_SUFFIX = " (copy)"


async def create(
    draft: Draft = NO_DRAFT,
    *,
    file: Annotated[
        Path | None, Parameter(help='A whole request as JSON instead of flags; "-" is standard input.'), OrStream
    ] = None,
    start: Annotated[Switch, Parameter(help="Start its first phase at once.")] = False,
    json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Create a campaign; it does not start by itself.

    For example:

        phaseline campaign create --name shops --constant shop --tld com --tld net --resolver 192.0.2.53

        phaseline campaign create --name try --constant shop --sandbox --automatic --start

        phaseline campaign create --name mine --initial-phase dns_validation --resolver 192.0.2.53

        phaseline campaign create --file campaign.json
    """
    wanted = request_of(draft, file)
    check_start(wanted.initial_phase, is_started=start)
    async with server(url, key) as client:
        made = await create_and_start(client, wanted, is_started=start)
    tell_made(made, as_json=json)


async def clone(
    reference: Reference,
    *,
    name: Annotated[str | None, Parameter(help="What it is called; otherwise as the first one, with (copy).")] = None,
    start: Annotated[Switch, Parameter(help="Start its first phase at once.")] = False,
    json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Make a new campaign with the same configuration, which begins with the same phase.

    One that generates names goes on where its pattern's space is taken up to: it gets the next names, not the same. One
    that begins with a list has no names before one is imported.

    For example:

        phaseline campaign clone last --name "the next 50000" --start
    """
    async with server(url, key) as client:
        model = await client.get_campaign(await client.find_campaign_id(reference))
        check_start(model.initial_phase, is_started=start)
        wanted = CreateCampaign(name or copy_name(model.name), model.initial_phase, model.configuration)
        made = await create_and_start(client, wanted, is_started=start)
    tell_made(made, as_json=json)


def copy_name(name: str) -> str:
    return name[: CAMPAIGN_NAME_LENGTH_MAX - len(COPY_SUFFIX)] + COPY_SUFFIX


async def create_and_start(client: Client, wanted: CreateCampaign, *, is_started: bool) -> Campaign:
    made = await client.create_campaign(wanted)
    if not is_started:
        return made
    return await client.transition_campaign(made.id, TransitionCampaign(made.initial_phase, "started at once"))


def tell_made(made: Campaign, *, as_json: bool) -> None:
    """A new campaign, and what to do with it."""
    if as_json:
        write_json(made)
    else:
        show(f"Created {made.name} ({made.id}).", next_step(made))


def next_step(made: Campaign) -> str:
    if made.phase_status is PhaseStatus.PENDING and made.initial_phase is not CampaignPhase.DOMAIN_GENERATION:
        return f"Bring its names in with: {program()} campaign import {LAST} FILE"
    if made.phase_status is PhaseStatus.PENDING:
        return f"Start it with: {program()} campaign start {LAST}"
    return f"{made.current_phase} has started; see it with: {program()} campaign watch {LAST}"
