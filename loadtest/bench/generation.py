"""Names from an accepted transition to `completed`, beside psql's binary COPY of the same rows into the same table."""

import time
from functools import partial
from pathlib import Path

from loadtest.bench import carrying
from loadtest.bench.campaigns import GENERATION, AsAsked, Generated
from loadtest.bench.carrying import Prepared
from loadtest.bench.processes import run_program
from loadtest.bench.psql import copy_command, find_set, make_leaf, psql
from loadtest.bench.running import Findings, Sense, Work, alternate, check_found, ratio_of, ratios_of
from loadtest.bench.setting import Setting

OURS = "phaseline"
PEER = "psql \\copy binary"
TIME_MAX = 1.25
COLUMNS = "set_id, position, name"


async def compare(setting: Setting) -> Findings:
    count = setting.sizes.generated
    asked = await setting.installation.prepare(AsAsked(count))
    done = await setting.installation.prepare(Generated(count))
    rows = setting.folder / "names.copy"
    set_id = await dump(setting, done, rows)
    contenders = {OURS: partial(generate, setting, asked), PEER: partial(load, setting, rows, set_id, count)}
    series = await alternate(contenders, setting.rounds)
    check_found(series, lambda run: run.items)
    for prepared in (asked, done):
        await setting.installation.drop(prepared.template)
    return Findings(series, ratios_of(ratio_of(series, OURS, PEER, Sense.TIME, TIME_MAX)))


async def generate(setting: Setting, asked: Prepared) -> Work:
    carried = await carrying.carry_copy(setting.installation, asked, GENERATION)
    return Work(carried.total, carried.seconds, carried.succeeded)


async def dump(setting: Setting, done: Prepared, rows: Path) -> int:
    """Write the generated rows to a file, in the order of their positions; the id of their set."""
    url = setting.installation.url(done.template)
    set_id = await find_set(url, done.campaign_id, "name_set_id")
    await psql(url, f"\\copy (SELECT {COLUMNS} FROM names ORDER BY position) TO '{rows}' WITH (FORMAT binary)")
    return set_id


async def load(setting: Setting, rows: Path, set_id: int, count: int) -> Work:
    """The whole of psql, from its start to its end, on a table that is made before."""
    async with setting.installation.copy() as url:
        await make_leaf(url, "names", set_id)
        command = copy_command(url, f"\\copy names ({COLUMNS}) FROM '{rows}' WITH (FORMAT binary)")
        begun = time.perf_counter()
        await run_program(command)
        seconds = time.perf_counter() - begun
        found = int(await psql(url, "SELECT count(*) FROM names"))
    return Work(count, seconds, found)
