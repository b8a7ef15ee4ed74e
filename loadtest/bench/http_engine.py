"""Our prober with title, hash and keywords, beside others doing the same: a new connection for every page.

One core for each client, one for nginx. What the features of a page cost is told per page.
"""

import re
from functools import partial

from loadtest.bench.daemons import find_program
from loadtest.bench.page_costs import page_costs
from loadtest.bench.processes import client_core, pinned, run_program
from loadtest.bench.running import Contender, Findings, Missing, Work, alternate, check_found, ratio_of, ratios_of
from loadtest.bench.servers import WEB_ADDRESS, Ports, missing_program, serving_pages
from loadtest.bench.setting import Setting, missing_package, run_ours, run_peer

OURS, OURS_TLS = "phaseline", "phaseline, TLS"
AIOHTTP, AIOHTTP_TLS, HTTPX, WRK = "aiohttp", "aiohttp, TLS", "httpx", "wrk"
PLAIN_MIN = 3.0
TLS_MIN = 3.5
CONCURRENCY = 128

REQUESTS = re.compile(r"(\d+) requests in ([\d.]+)(m?s),")
WRONG = re.compile(r"Non-2xx or 3xx responses: (\d+)")


async def compare(setting: Setting) -> Findings:
    if (no_server := missing_program("nginx")) is not None:
        return Findings(missing=(no_server,))
    missing = await list_missing(setting)
    async with serving_pages(setting.folder) as ports:
        contenders = contenders_of(setting, ports)
        for each in missing:
            for name in [name for name in contenders if name.startswith(each.name)]:
                del contenders[name]
        series = await alternate(contenders, setting.rounds)
    check_found(series, lambda run: run.items)
    ratios = ratios_of(
        ratio_of(series, OURS, AIOHTTP, bound=PLAIN_MIN),
        ratio_of(series, OURS_TLS, AIOHTTP_TLS, bound=TLS_MIN),
        ratio_of(series, OURS, HTTPX),
        ratio_of(series, OURS, WRK),
    )
    return Findings(series, ratios, costs=page_costs(setting.rounds), missing=missing)


async def list_missing(setting: Setting) -> tuple[Missing, ...]:
    packages = [await missing_package(setting, name, name) for name in (AIOHTTP, HTTPX)]
    return tuple(each for each in (missing_program(WRK), *packages) if each is not None)


def contenders_of(setting: Setting, ports: Ports) -> dict[str, Contender]:
    sizes = setting.sizes
    plain, tls = ("http", WEB_ADDRESS, str(ports.http)), ("https", WEB_ADDRESS, str(ports.https))
    return {
        OURS: partial(run_ours, "http_engine", *plain, str(sizes.pages)),
        AIOHTTP: partial(run_peer, setting, "with_aiohttp", *plain, str(sizes.slow_pages)),
        HTTPX: partial(run_peer, setting, "with_httpx", *plain, str(sizes.slowest_pages)),
        WRK: partial(ask_with_wrk, ports.http, sizes.wrk_seconds),
        OURS_TLS: partial(run_ours, "http_engine", *tls, str(sizes.tls_pages)),
        AIOHTTP_TLS: partial(run_peer, setting, "with_aiohttp", *tls, str(sizes.slow_pages)),
    }


async def ask_with_wrk(port: int, seconds: int) -> Work:
    """As many as it can in so many seconds; it reads no page, so that whoever reads them is slower by that."""
    program = find_program(WRK)
    assert program is not None
    options = ("-t", "1", "-c", str(CONCURRENCY), "-d", f"{seconds}s", "-H", "Connection: close")
    said = await run_program(pinned(client_core(), (program, *options, f"http://{WEB_ADDRESS}:{port}/")))
    done = REQUESTS.search(said)
    assert done is not None, said
    wrong = WRONG.search(said)
    count = int(done[1])
    seconds_taken = float(done[2]) / (1_000 if done[3] == "ms" else 1)
    return Work(count, seconds_taken, count - (0 if wrong is None else int(wrong[1])))
