"""`phaseline run`: everything in one command, on this machine, with a sample campaign to look at."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number
from rich.text import Text

from service import assembly
from service.campaigns.model import TransitionCampaign
from service.cli import screens
from service.cli.client import Client, open_client
from service.cli.installation import installed, started
from service.cli.places import Place, Switch, read_key, write_key
from service.cli.sample import SAMPLE_COUNT, SAMPLE_COUNT_MAX, sample_campaign
from service.cli.sandbox_child import sandbox_process
from service.cli.services import ApiPort, Processes, address_of
from service.cli.stopping import unless_stopped
from service.cli.terminal import note, program, show, warn
from service.cli.watching import display_for, watch
from service.dashboard.api import DASHBOARD
from service.errors import Conflict, Refused, Unauthenticated
from service.runtime.shutdown import stop_on_signals
from service.settings import Settings
from service.web.serving import listening_socket

SAMPLE_SECONDS_MAX = 600.0  # for --exit-after-sample


class Installation(msgspec.Struct, frozen=True):
    """What runs here. `key` is None where there are keys that we do not know; `key_made` is true at the first start."""

    settings: Settings
    url: str
    key: str | None
    key_made: bool


async def run(
    *,
    port: ApiPort = None,
    workers: Processes = None,
    sample: Annotated[
        bool, Parameter(help="Whether to show a sample campaign where there is no campaign yet.", show_default=False)
    ] = True,
    sample_size: Annotated[
        int, Parameter(help="How many names the sample has.", validator=Number(gte=1, lte=SAMPLE_COUNT_MAX))
    ] = SAMPLE_COUNT,
    exit_after_sample: Annotated[
        Switch, Parameter(help="Stop when the sample is through: 0 if it was completed, 1 if not.")
    ] = False,
) -> int:
    """Run everything, until stopped; the exit code."""
    settings = started(installed(port=port, workers=workers))
    stop = asyncio.Event()
    stop_on_signals(stop)
    async with installation(settings, stop) as here:
        show(*welcome(here))
        code = 0
        if sample:
            code = await unless_stopped(show_sample(here, sample_size, bounded=exit_after_sample), stop, 1)
        if not exit_after_sample:
            show(*invitation(here))
            await stop.wait()
        show("Stopping ...")
    show("Stopped.")
    return code if exit_after_sample else 0


@contextlib.asynccontextmanager
async def installation(settings: Settings, stop: asyncio.Event) -> AsyncIterator[Installation]:
    """Everything runs inside; at the end it stops in order: the API and the workers, the sandbox, the database."""
    with listening_socket(settings.host, settings.port) as listener:
        url = address_of(settings.host, listener.getsockname()[1])
        show(f"Starting the database, the API, the sandbox and {settings.worker_processes} workers ...")
        async with assembly.database_url(settings) as database_url:
            await assembly.migrate(database_url)
            made = await make_first_key(settings, database_url)
            async with (
                sandbox_process(settings) as complete,
                api_and_workers(complete, database_url, listener, stop),
            ):
                yield Installation(complete, url, made or read_key(settings.key_file), made is not None)


@contextlib.asynccontextmanager
async def api_and_workers(
    settings: Settings, database_url: str, listener: socket.socket, stop: asyncio.Event
) -> AsyncIterator[None]:
    refused: Refused | None = None
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(assembly.run_api(database_url, listener, stop, settings))
        tasks.create_task(assembly.supervise_workers(settings, database_url, stop))
        try:
            yield
        except Refused as refusal:
            refused = refusal  # told when all has stopped in order: raised here, it would cancel them instead
        finally:
            stop.set()
    if refused is not None:
        raise refused


async def make_first_key(settings: Settings, database_url: str) -> str | None:
    """On a database without keys: one, kept where the other commands of this machine find it."""
    made = await assembly.make_first_key(database_url)
    if made is None:
        return None
    write_key(settings.key_file, made.secret)
    return made.secret


# The sample


async def show_sample(here: Installation, count: int, *, bounded: bool) -> int:
    """Create the sample campaign, start it, and show it going through its phases; 0 if it was completed."""
    try:
        async with asyncio.timeout(SAMPLE_SECONDS_MAX if bounded else None):
            return await sample_with_client(here, count)
    except TimeoutError:
        warn(f"The sample was not through after {SAMPLE_SECONDS_MAX:.0f} seconds.")
    except (Conflict, Unauthenticated) as refusal:
        (warn if bounded else note)(f"No sample. {refusal.message}")
    return 1


async def sample_with_client(here: Installation, count: int) -> int:
    if here.key is None:
        raise Unauthenticated(
            "key_missing",
            f"This database has keys, but none is kept in {here.settings.key_file}. Make one with "
            f"`{program()} keys make --name me`, then a campaign with `{program()} campaign create --key ...`.",
        )
    async with open_client(Place(here.url, here.key)) as client:
        await refuse_second_sample(client)
        show(f"A sample campaign of {count:,} names, through all phases, on the sandbox:", "")
        made = await client.create_campaign(sample_campaign(count))
        await client.transition_campaign(made.id, TransitionCampaign(made.initial_phase, "the first start"))
        (track,) = await watch(client, (made.id,), display_for(as_json=False))
    show(screens.summary_screen(track.phases), "")
    return 0 if track.succeeded else 1


async def refuse_second_sample(client: Client) -> None:
    """Conflict where there are campaigns already."""
    if (await client.list_campaigns(limit=1)).items:
        raise Conflict("campaigns_exist", f"There are campaigns already; see `{program()} campaign list`.")


# What is said


def welcome(here: Installation) -> list[str | Text]:
    """Where everything is."""
    settings = here.settings
    web = f"{settings.sandbox_http_port} and {settings.sandbox_https_port}"
    sandbox = f"DNS on port {settings.sandbox_dns_port}, web on {web}"
    rows = [
        ("Dashboard", f"{here.url}{DASHBOARD}"),
        ("API", here.url),
        ("Database", "DATABASE_URL" if settings.database_url else f"PostgreSQL in {settings.home_folder}"),
        ("Sandbox", sandbox),
        ("Workers", f"{settings.worker_processes} processes"),
    ]
    if here.key_made and here.key:
        rows += [("Key", here.key), ("", f"shown this once, and kept in {settings.key_file}")]
    return ["", *(Text.assemble((f"  {name:<10}", "dim"), value) for name, value in rows), ""]


def invitation(here: Installation) -> list[str | Text]:
    """Commands to try, as they work here, and how it ends."""
    flag = "" if here.url == installed().client_url else f" --url {here.url}"
    commands = [
        f"campaign show last{flag}",
        f"campaign create --name mine --constant mail --sandbox --automatic --start{flag}",
        f"campaign watch last{flag}",
    ]
    return [
        "Try, from another terminal:",
        *(Text(f"  {program()} {command}", "cyan") for command in commands),
        "",
        f"Serving on {here.url}; Ctrl-C stops everything.",
    ]
