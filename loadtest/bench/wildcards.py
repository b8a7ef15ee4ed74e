"""Names under many zones with wildcards at any depth, beside the same names without any: verdicts, queries, speed.

The queries are those that NSD counts. Beyond one for each name, they are probes for wildcards (and what was asked
again, which on loopback is next to nothing).
"""

import contextlib
import statistics
from functools import partial
from pathlib import Path

import msgspec

from loadtest.bench.nsd import NameServer, serving_zones, write_zone
from loadtest.bench.processes import server_core
from loadtest.bench.running import (
    Cost,
    Findings,
    Mismatch,
    Ratio,
    Sense,
    Series,
    Target,
    Work,
    alternate,
    check_found,
    ratio_of,
    ratios_of,
)
from loadtest.bench.servers import DNS_ADDRESS, missing_program
from loadtest.bench.setting import Setting, run_ours
from loadtest.bench.wild_zones import LOBBY, TLD, list_zones, made_in_each
from service.resolving.wildcards import CONFIRMATIONS_FREE

WILD, PLAIN, ONE_EACH = "with wildcards", "without", "one for each name"
LOBBY_ADDRESS = "198.51.100.251"
QUERIES_MAX = 1.01  # for each name; and what each engine may spend at first, whatever it is asked for
MISCOUNTED_MAX = 0.001  # of the queries: a packet may be lost on its way


async def compare(setting: Setting) -> Findings:
    """Two servers with the same names, of which one has wildcards too."""
    if (no_server := missing_program("nsd")) is not None:
        return Findings(missing=(no_server,))
    for kind in (WILD, PLAIN):
        write_zones(make_folder(setting, kind), setting, wild=kind == WILD)
    async with serving(setting, WILD) as wild, serving(setting, PLAIN) as plain:
        contenders = {WILD: partial(resolve, setting, wild, "wild"), PLAIN: partial(resolve, setting, plain, "plain")}
        series = await alternate(contenders, setting.rounds)
    check_found(series, lambda run: run.items)
    ratios = ratios_of(queries_of(series[0]), ratio_of(series, WILD, PLAIN))
    return Findings(series, ratios, costs_of(setting, series))


def make_folder(setting: Setting, kind: str) -> Path:
    folder = folder_of(setting, kind)
    folder.mkdir()
    return folder


def folder_of(setting: Setting, kind: str) -> Path:
    return setting.folder / kind.replace(" ", "-")


def write_zones(folder: Path, setting: Setting, *, wild: bool) -> None:
    """One file for each zone; in that of the TLD above them lies what aliases lead to."""
    sizes = setting.sizes
    write_zone(folder, TLD, DNS_ADDRESS, (f"{LOBBY}. A {LOBBY_ADDRESS}",))
    made = made_in_each(sizes.wild_names, sizes.wild_zones)
    for zone in list_zones(sizes.wild_zones):
        write_zone(folder, zone.name, DNS_ADDRESS, zone.list_records(made, wild=wild))


def serving(setting: Setting, kind: str) -> contextlib.AbstractAsyncContextManager[NameServer]:
    zones = [TLD, *(zone.name for zone in list_zones(setting.sizes.wild_zones))]
    return serving_zones(folder_of(setting, kind), zones, (DNS_ADDRESS,), core=server_core())


async def resolve(setting: Setting, server: NameServer, kind: str) -> Work:
    """One run; what the engine says that it asked must be what arrived."""
    sizes = setting.sizes
    before = await server.count_queries()
    place = f"{DNS_ADDRESS}:{server.port}"
    work = await run_ours("wildcards", place, str(sizes.wild_names), str(sizes.wild_zones), kind)
    arrived = await server.count_queries() - before
    if abs(work.queries - arrived) > MISCOUNTED_MAX * arrived:
        raise Mismatch(f"The engine says that it asked {work.queries} times; {arrived} queries arrived.")
    return msgspec.structs.replace(work, queries=arrived)


def queries_of(wild: Series) -> Ratio:
    values = [run.queries / run.items for run in wild.runs]
    target = Target(Sense.QUERIES, QUERIES_MAX + CONFIRMATIONS_FREE / wild.runs[0].items)
    return Ratio(WILD, ONE_EACH, Sense.QUERIES, statistics.median(values), min(values), max(values), target)


def costs_of(setting: Setting, series: tuple[Series, ...]) -> tuple[Cost, ...]:
    """Queries beyond one for each name, by the median over the runs."""
    count, zones = setting.sizes.wild_names, setting.sizes.wild_zones
    costs = []
    for each in series:
        extra = statistics.median(run.queries - run.items for run in each.runs)
        costs += [
            Cost(f"extra queries {each.name}", extra / count, "a name", count),
            Cost(f"extra queries {each.name}, {zones:,} zones", extra / zones, "a zone", count),
        ]
    return tuple(costs)
