"""Ten thousand to ten million domains: what a domain costs in each phase, and how much memory a worker takes."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import msgspec

from loadtest.bench import carrying
from loadtest.bench.campaigns import ANALYSIS, DNS, GENERATION, AsAsked, Fetched, Generated
from loadtest.bench.carrying import Carried, Fill, Prepared
from loadtest.bench.memory import MIB
from loadtest.bench.running import Cost, Findings, Ratio, Sense, Series, Work, ratio_of, ratios_of
from loadtest.bench.servers import missing_program, serving_names
from loadtest.bench.setting import Setting
from service.progress.events import CampaignPhase

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
MEMORY_SIZE = 200_000  # beside the largest
ZONE_NAMES = 1_000_000  # names beyond are absent
FEW_ROUNDS = 3
LARGEST_DNS_ROUNDS = 1  # minutes each
MILLION, TEN_MILLION = SIZES[-2:]
TIMES_MAX = 11.0


class Stage(msgspec.Struct, frozen=True):
    """A phase, what it needs, and how many domains it is carried with."""

    phase: CampaignPhase
    fill: Callable[[int], Fill]
    sizes: tuple[int, ...]
    rounds: int


async def compare(setting: Setting) -> Findings:
    """One size after the other in each round, so that what disturbs the machine disturbs all of them."""
    generation = await measure(setting, Stage(GENERATION, AsAsked, (*SIZES, MEMORY_SIZE), setting.rounds))
    analysis = await measure(setting, Stage(ANALYSIS, Fetched, (*SIZES, MEMORY_SIZE), FEW_ROUNDS))
    dns = await measure_dns(setting)
    found = {GENERATION: generation, ANALYSIS: analysis, DNS: dns}
    series = tuple(series_of(phase, size, runs) for phase, sizes in found.items() for size, runs in sizes.items())
    costs = tuple(cost for phase, sizes in found.items() for cost in costs_of(phase, sizes))
    return Findings(series, ratios_of(times_of(generation)), costs)


async def measure_dns(setting: Setting) -> dict[int, list[Carried]]:
    if missing_program("nsd") is not None:
        return {}
    async with serving_names(setting.folder, ZONE_NAMES) as port:
        fill = partial(Generated, dns_port=port)
        most = await measure(setting, Stage(DNS, fill, (*SIZES[:-1], MEMORY_SIZE), FEW_ROUNDS))
        largest = await measure(setting, Stage(DNS, fill, SIZES[-1:], LARGEST_DNS_ROUNDS))
    return most | largest


async def measure(setting: Setting, stage: Stage) -> dict[int, list[Carried]]:
    prepared = {size: await setting.installation.prepare(stage.fill(size)) for size in stage.sizes}
    runs: dict[int, list[Carried]] = {size: [] for size in sorted(stage.sizes)}
    for _ in range(stage.rounds):
        for size, each in prepared.items():
            runs[size].append(await carrying.carry_copy(setting.installation, each, stage.phase))
    await drop_all(setting, prepared.values())
    return runs


async def drop_all(setting: Setting, prepared: Iterable[Prepared]) -> None:
    for each in prepared:
        await setting.installation.drop(each.template)


def series_of(phase: CampaignPhase, size: int, runs: Sequence[Carried]) -> Series:
    return Series(name_of(phase, size), tuple(Work(run.total, run.seconds, run.total) for run in runs))


def name_of(phase: CampaignPhase, size: int) -> str:
    return f"{phase} of {size:,}"


def costs_of(phase: CampaignPhase, sizes: dict[int, list[Carried]]) -> list[Cost]:
    """Per domain, and the most memory, by the median over the runs."""
    time = [
        Cost(f"{phase}", statistics.median(run.seconds / run.total for run in runs) * 1e6, "µs a domain", size)
        for size, runs in sizes.items()
    ]
    memory = [
        Cost(f"{phase}, worker's memory", statistics.median(run.pss_peak_bytes for run in runs) / MIB, "MiB PSS", size)
        for size, runs in sizes.items()
    ]
    return time + memory


def times_of(generation: dict[int, list[Carried]]) -> Ratio | None:
    """How many times longer ten million take than one million: whole campaigns against each other."""
    ours, peer = name_of(GENERATION, TEN_MILLION), name_of(GENERATION, MILLION)
    campaigns = [
        Series(name_of(GENERATION, size), tuple(Work(1, run.seconds, run.total) for run in generation[size]))
        for size in (TEN_MILLION, MILLION)
    ]
    return ratio_of(campaigns, ours, peer, Sense.TIME, TIMES_MAX)
