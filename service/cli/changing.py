"""`phaseline campaign update` and `delete`: what happens to a campaign as a whole."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from service.campaigns.model import Campaign, UpdateCampaign
from service.cli.client import server
from service.cli.drafts import read_request
from service.cli.places import Json, Key, OrStream, Reference, Switch, Url
from service.cli.references import LAST
from service.cli.terminal import error_output, program, show, write_json
from service.errors import Invalid


class Deleted(msgspec.Struct, frozen=True, rename="camel"):
    """What `campaign delete --json` prints."""

    deleted: Campaign


async def update(
    reference: Reference,
    *,
    name: Annotated[str | None, Parameter(help="What it is called from now on.")] = None,
    file: Annotated[
        Path | None, Parameter(help='What changes, as JSON, as the API takes it; "-" is standard input.'), OrStream
    ] = None,
    json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Change a campaign's name, or the configuration of phases that are not under way.

    The file holds name, configuration, or both. Each part of the configuration that it gives (advance,
    domainGeneration, dnsValidation, httpValidation, analysis) replaces that part as a whole; what it leaves out stays.

    For example:

        phaseline campaign update last --name "shops, second try"

        echo '{"configuration": {"advance": "automatic"}}' | phaseline campaign update last --file -
    """
    wanted = update_of(name, file)
    async with server(url, key) as client:
        changed = await client.update_campaign(await client.find_campaign_id(reference), wanted)
    if json:
        write_json(changed)
    else:
        show(f"Changed {changed.name} ({changed.id}).")


def update_of(name: str | None, file: Path | None) -> UpdateCampaign:
    """What flags and file ask for together."""
    wanted = UpdateCampaign() if file is None else read_request(file, UpdateCampaign, "a change of a campaign")
    if name is not None:
        if wanted.name is not msgspec.UNSET:
            raise Invalid("two_names", "The file has a name as well: give one of them.")
        wanted = msgspec.structs.replace(wanted, name=name)
    if wanted == UpdateCampaign():
        raise Invalid("nothing_to_change", "Say what changes: a --name, or a --file with the new configuration.")
    return wanted


async def delete(
    reference: Reference,
    *,
    yes: Annotated[Switch, Parameter(help="Do not ask; then the campaign is named by its id, not by last.")] = False,
    json: Json = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Delete a campaign with all its names and results, whatever it is doing. There is no way back.

    It is shown, and its name has to be typed, unless you say --yes. If it changes meanwhile, nothing is deleted.

    For example:

        phaseline campaign delete last

        phaseline campaign delete 0199f3a2-1b2c --yes
    """
    check_confirmation(reference, yes=yes)
    async with server(url, key) as client:
        seen = await client.get_campaign(await client.find_campaign_id(reference))
        if not yes:
            await confirm(seen)
        await client.delete_campaign(seen)
    if json:
        write_json(Deleted(seen))
    else:
        show(f"Deleted {seen.name} ({seen.id}).")


def check_confirmation(reference: str, *, yes: bool) -> None:
    """`last` is whatever is the newest when the server is asked: good where a person sees it, never without."""
    if yes and reference == LAST:
        raise Invalid("not_named", f"With --yes nobody is asked which campaign {LAST} is: give its id.")
    if not yes and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Invalid("not_confirmed", "This deletes a campaign with all its domains; confirm with --yes.")


async def confirm(seen: Campaign) -> None:
    """Ask on the terminal for its name; Invalid where something else is typed."""
    console = error_output()
    console.print(f"{seen.name} ({seen.id}), {seen.current_phase} is {seen.phase_status}.", soft_wrap=True)
    console.print("All its names and results will be gone. Type its name to delete it: ", end="")
    if (await read_line()).strip() != seen.name.strip():
        raise Invalid("not_confirmed", f"That is not its name, so nothing was deleted; see {program()} campaign list.")


async def read_line() -> str:
    """A line that a person types; Ctrl-C is heard meanwhile."""
    loop, is_typed = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), is_typed.set)
    try:
        await is_typed.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())
    return sys.stdin.readline()
