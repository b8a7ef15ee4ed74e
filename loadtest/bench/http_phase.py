"""The whole HTTP phase, from PostgreSQL to PostgreSQL, beside our own engine on the same pages."""

from functools import partial

from loadtest.bench import carrying
from loadtest.bench.campaigns import HTTP, Resolved
from loadtest.bench.carrying import Prepared
from loadtest.bench.running import Contender, Findings, Work, alternate, check_found, ratio_of, ratios_of
from loadtest.bench.servers import WEB_ADDRESS, Ports, missing_program, serving_pages
from loadtest.bench.setting import Setting, run_ours
from service.settings import Settings

OURS, ENGINE = "phaseline", "its engine alone"
SPEED_MIN = 0.7


async def compare(setting: Setting) -> Findings:
    if (no_server := missing_program("nginx")) is not None:
        return Findings(missing=(no_server,))
    count = setting.sizes.phase_pages
    async with serving_pages(setting.folder) as ports:
        resolved = await setting.installation.prepare(Resolved(count, every_name=True))
        engine = ("http_engine", "http", WEB_ADDRESS, str(ports.http), str(count))
        contenders: dict[str, Contender] = {
            OURS: partial(fetch, setting, resolved, ports),
            ENGINE: partial(run_ours, *engine),
        }
        series = await alternate(contenders, setting.rounds)
        await setting.installation.drop(resolved.template)
    check_found(series, lambda run: run.items)
    return Findings(series, ratios_of(ratio_of(series, OURS, ENGINE, bound=SPEED_MIN)))


async def fetch(setting: Setting, resolved: Prepared, ports: Ports) -> Work:
    settings = Settings(sandbox_http_port=ports.http, sandbox_https_port=ports.https)
    carried = await carrying.carry_copy(setting.installation, resolved, HTTP, settings)
    return Work(carried.total, carried.seconds, carried.succeeded)
