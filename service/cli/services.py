"""`phaseline serve`, `work` and `sandbox`: one part of an installation each, until it is stopped."""

import asyncio
from typing import Annotated
from uuid import UUID

import msgspec
from cyclopts import App, Parameter
from cyclopts.types import Port
from cyclopts.validators import Number

from service import assembly
from service.cli.installation import checked_database, installed, started
from service.cli.places import Json, Switch
from service.cli.stopping import stopping_with_parent
from service.cli.terminal import program, show, write_json_line, write_line
from service.dashboard.api import DASHBOARD
from service.runtime.collecting import spare_what_stays
from service.runtime.priority import step_back
from service.runtime.shutdown import stop_on_signals
from service.runtime.telemetry import show_metrics
from service.sandbox.server import SandboxSettings, check_settings
from service.sandbox.truth import describe
from service.settings import WORKERS_MAX, Settings, bracketed
from service.web.serving import listening_socket

sandbox = App(name="sandbox")

Processes = Annotated[
    int | None,
    Parameter(help="How many worker processes; 0 means one for each core.", validator=Number(gte=0, lte=WORKERS_MAX)),
]
ApiPort = Annotated[Port | None, Parameter(help="Port of the API; 0 takes any free one.")]
Seed = Annotated[int | None, Parameter(help="Which small internet; otherwise PHASELINE_SANDBOX_SEED.")]


class SandboxPorts(msgspec.Struct, frozen=True, rename="camel"):
    """Where a sandbox listens, as `phaseline sandbox --json` tells it in one line."""

    seed: int
    dns_addresses: tuple[str, ...]
    dns_port: int
    http_port: int
    https_port: int


async def serve(*, port: ApiPort = None) -> None:
    """Serve the API, until stopped."""
    settings = started(installed(port=port))
    stop = asyncio.Event()
    stop_on_signals(stop)
    listener = listening_socket(settings.host, settings.port)
    with listener:
        async with checked_database(settings) as url:
            address = address_of(settings.host, listener.getsockname()[1])
            write_line(f"Dashboard: {address}{DASHBOARD}")
            write_line(f"Serving on {address} ; Ctrl-C stops.")
            spare_what_stays()
            await assembly.run_api(url, listener, stop, settings)


def address_of(host: str, port: int) -> str:
    return f"http://{bracketed(host)}:{port}"


async def work(
    *,
    processes: Processes = None,
    worker_id: Annotated[UUID | None, Parameter(help="Be one worker, of a parent.", show=False)] = None,
    metrics_port: Annotated[Port, Parameter(help="Where that one shows its metrics.", show=False)] = 0,
) -> None:
    """Run worker processes, or be one of a parent's, until stopped."""
    settings = started(installed(workers=processes))
    stop = asyncio.Event()
    stop_on_signals(stop)
    if worker_id is not None:
        if metrics_port:
            show_metrics(settings.host, metrics_port)
        async with stopping_with_parent(stop):
            await work_alone(settings, worker_id, stop)
        return
    async with checked_database(settings) as url:
        write_line(f"{settings.worker_processes} worker processes; Ctrl-C stops them.")
        await assembly.supervise_workers(settings, url, stop)


async def work_alone(settings: Settings, worker_id: UUID, stop: asyncio.Event) -> None:
    """One worker; its parent has checked the schema already."""
    async with assembly.database_url(settings) as url:
        spare_what_stays()
        step_back(settings.worker_niceness)
        await assembly.run_worker(settings, url, worker_id, stop)


@sandbox.default
async def run_sandbox(
    *,
    seed: Seed = None,
    dns_port: Annotated[Port | None, Parameter(help="0 takes any free one.")] = None,
    http_port: Annotated[Port | None, Parameter(help="What stands for port 80; 0 takes any free one.")] = None,
    https_port: Annotated[Port | None, Parameter(help="What stands for port 443; 0 takes any free one.")] = None,
    json: Json = False,
    with_parent: Annotated[Switch, Parameter(help="Stop when standard input ends.", show=False)] = False,
) -> None:
    """Run the sandbox, until stopped."""
    settings = installed(
        sandbox_seed=seed, sandbox_dns_port=dns_port, sandbox_http_port=http_port, sandbox_https_port=https_port
    )
    stop = asyncio.Event()
    stop_on_signals(stop)
    async with assembly.sandbox(settings) as running:
        tell_ports(running.settings, as_json=json)
        if with_parent:
            async with stopping_with_parent(stop):
                await stop.wait()
        else:
            await stop.wait()


@sandbox.command
def explain(name: Annotated[str, Parameter(help="Such as abcdshop.com.")], *, seed: Seed = None) -> None:
    """Tell the truth about a name as JSON: what the sandbox says and does when it is asked for it.

    For example:

        phaseline sandbox explain abcdshop.wild --seed 1
    """
    wanted = SandboxSettings(seed=installed(sandbox_seed=seed).sandbox_seed)
    check_settings(wanted)
    write_line(describe(wanted.seed, name))


def tell_ports(running: SandboxSettings, *, as_json: bool) -> None:
    """Where the sandbox listens; for people, with something to try."""
    if as_json:
        names = SandboxPorts.__struct_fields__
        write_json_line(SandboxPorts(**{name: getattr(running, name) for name in names}))
        return
    dns, web = running.dns_addresses[0], running.web_addresses[0]
    show(
        f"The sandbox listens on loopback (seed {running.seed}); Ctrl-C stops it.",
        f"  DNS    {' and '.join(running.dns_addresses)}, port {running.dns_port}, UDP and TCP",
        f"  HTTP   {web} to {running.web_addresses[-1]}, port {running.http_port}",
        f"  HTTPS  the same, port {running.https_port}",
        "Try:",
        f"  dig @{dns} -p {running.dns_port} abcdshop.net",
        f"  {program()} sandbox explain abcdshop.net --seed {running.seed}",
    )
