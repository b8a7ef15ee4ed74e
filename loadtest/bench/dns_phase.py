"""The whole DNS phase, from PostgreSQL to PostgreSQL, beside dnsperf asking the same server for the same names."""

from functools import partial

from loadtest.bench import carrying, workload
from loadtest.bench.campaigns import DNS, Generated
from loadtest.bench.carrying import Prepared
from loadtest.bench.dns_engine import DNSPERF, ask_with_dnsperf, write_queries
from loadtest.bench.running import Contender, Findings, Work, alternate, check_found, ratio_of, ratios_of
from loadtest.bench.servers import missing_program, serving_names
from loadtest.bench.setting import Setting

OURS = "phaseline"
SPEED_MIN = 0.45


async def compare(setting: Setting) -> Findings:
    if (no_server := missing_program("nsd")) is not None:
        return Findings(missing=(no_server,))
    no_dnsperf = missing_program(DNSPERF)
    count = setting.sizes.names
    queries = setting.folder / "queries"
    write_queries(queries, count)
    async with serving_names(setting.folder, count) as port:
        generated = await setting.installation.prepare(Generated(count, dns_port=port))
        contenders: dict[str, Contender] = {OURS: partial(resolve, setting, generated)}
        if no_dnsperf is None:
            contenders[DNSPERF] = partial(ask_with_dnsperf, queries, port)
        series = await alternate(contenders, setting.rounds)
        await setting.installation.drop(generated.template)
    check_found(series, lambda run: workload.count_registered(run.items))
    missing = () if no_dnsperf is None else (no_dnsperf,)
    return Findings(series, ratios_of(ratio_of(series, OURS, DNSPERF, bound=SPEED_MIN)), missing=missing)


async def resolve(setting: Setting, generated: Prepared) -> Work:
    carried = await carrying.carry_copy(setting.installation, generated, DNS)
    return Work(carried.succeeded + carried.negative, carried.seconds, carried.succeeded)
