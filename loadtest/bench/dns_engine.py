"""Our DNS engine with all its features, beside others: one core for each client, one for NSD; A records only."""

import re
from functools import partial
from pathlib import Path

from loadtest.bench import workload
from loadtest.bench.daemons import find_program
from loadtest.bench.processes import client_core, pinned, run_program
from loadtest.bench.running import Contender, Findings, Missing, Work, alternate, check_found, ratio_of, ratios_of
from loadtest.bench.servers import DNS_ADDRESS, missing_program, serving_names
from loadtest.bench.setting import Setting, missing_package, run_ours, run_peer

OURS = "phaseline"
DNSPERF, AIODNS, BLASTDNS, DNSPYTHON = "dnsperf", "aiodns", "blastdns", "dnspython"
SPEEDS_MIN = {DNSPERF: 0.6, AIODNS: 5.0, BLASTDNS: 2.5, DNSPYTHON: None}
MODULES = {AIODNS: "aiodns", BLASTDNS: "blastdns", DNSPYTHON: "dns"}
IN_FLIGHT_MAX = 1_000  # what our engine has at most, too
SOCKETS = 4
NOT_IN_DEBIAN = Missing("massdns", "Debian has no such package")

COMPLETED = re.compile(r"Queries completed:\s+(\d+)")
RUN_TIME = re.compile(r"Run time \(s\):\s+([\d.]+)")
NO_ERROR = re.compile(r"NOERROR (\d+)")


async def compare(setting: Setting) -> Findings:
    if (no_server := missing_program("nsd")) is not None:
        return Findings(missing=(no_server,))
    missing = await list_missing(setting)
    async with serving_names(setting.folder, setting.sizes.dns_queries) as port:
        contenders = contenders_of(setting, port)
        for each in missing:
            contenders.pop(each.name, None)
        series = await alternate(contenders, setting.rounds)
    check_found(series, lambda run: workload.count_registered(run.items))
    ratios = (ratio_of(series, OURS, peer, bound=bound) for peer, bound in SPEEDS_MIN.items())
    return Findings(series, ratios_of(*ratios), missing=missing)


async def list_missing(setting: Setting) -> tuple[Missing, ...]:
    packages = [await missing_package(setting, peer, module) for peer, module in MODULES.items()]
    found = (missing_program(DNSPERF), *packages, NOT_IN_DEBIAN)
    return tuple(each for each in found if each is not None)


def contenders_of(setting: Setting, port: int) -> dict[str, Contender]:
    sizes = setting.sizes
    server = f"{DNS_ADDRESS}:{port}"
    queries = setting.folder / "queries"
    write_queries(queries, sizes.dns_queries)
    return {
        OURS: partial(run_ours, "dns_engine", server, str(sizes.dns_queries)),
        DNSPERF: partial(ask_with_dnsperf, queries, port),
        AIODNS: partial(run_peer, setting, "with_aiodns", server, str(sizes.dns_slow_queries)),
        BLASTDNS: partial(run_peer, setting, "with_blastdns", server, str(sizes.dns_slow_queries)),
        DNSPYTHON: partial(run_peer, setting, "with_dnspython", server, str(sizes.dns_slowest_queries)),
    }


def write_queries(file: Path, count: int) -> None:
    """As dnsperf reads them."""
    file.write_text("".join(f"{name} A\n" for name in workload.spell_names(count)))


async def ask_with_dnsperf(queries: Path, port: int) -> Work:
    """Once through the file; by its own clock, from the first query to the last answer."""
    program = find_program(DNSPERF)
    assert program is not None
    options = ("-T", "1", "-c", str(SOCKETS), "-q", str(IN_FLIGHT_MAX), "-n", "1", "-S", "3600")
    command = (program, "-s", DNS_ADDRESS, "-p", str(port), "-d", str(queries), *options)
    said = await run_program(pinned(client_core(), command))
    return Work(number_in(COMPLETED, said), seconds_in(said), number_in(NO_ERROR, said))


def number_in(pattern: re.Pattern[str], said: str) -> int:
    found = pattern.search(said)
    return 0 if found is None else int(found[1])


def seconds_in(said: str) -> float:
    found = RUN_TIME.search(said)
    assert found is not None, said
    return float(found[1])
