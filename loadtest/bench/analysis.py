"""Scores of what was found, beside COPY TO of the facts that are read and COPY FROM of the scores that are written."""

import time
from functools import partial
from pathlib import Path

from loadtest.bench import carrying
from loadtest.bench.campaigns import ANALYSIS, Fetched
from loadtest.bench.carrying import Prepared
from loadtest.bench.processes import run_program
from loadtest.bench.psql import copy_command, find_set, make_leaf, psql
from loadtest.bench.running import Findings, Sense, Work, alternate, check_found, ratio_of, ratios_of
from loadtest.bench.setting import Setting
from service.postgres.database import open_database

OURS = "phaseline"
PEER = "psql COPY TO and FROM"
TIME_MAX = 2.0
COLUMNS = "set_id, position, score, outcome, dns_outcome, http_outcome, keyword_bits"
# Every fact of every name, as the phase reads it; hash joins, as there.
FACTS = """
    SELECT
        n.position, coalesce(d.outcome, 0), coalesce(h.outcome, 0), coalesce(h.unique_keywords, 0),
        coalesce(h.keyword_hits, 0), coalesce(h.body_bytes, 0), coalesce(h.title_hit, false),
        coalesce(h.parked_confidence, 0), coalesce(h.keyword_bits, 0)
    FROM names n
    LEFT JOIN dns_results d ON d.set_id = {dns} AND d.position = n.position
    LEFT JOIN http_results h ON h.set_id = {http} AND h.position = n.position
    WHERE n.set_id = {names}
"""


async def compare(setting: Setting) -> Findings:
    count = setting.sizes.names
    fetched = await setting.installation.prepare(Fetched(count))
    rows = setting.folder / "scores.copy"
    set_id = await dump(setting, fetched, rows)
    contenders = {
        OURS: partial(score, setting, fetched),
        PEER: partial(copy_out_and_in, setting, fetched, rows, set_id),
    }
    series = await alternate(contenders, setting.rounds)
    check_found(series, lambda run: run.items)
    await setting.installation.drop(fetched.template)
    return Findings(series, ratios_of(ratio_of(series, OURS, PEER, Sense.TIME, TIME_MAX)))


async def score(setting: Setting, fetched: Prepared) -> Work:
    carried = await carrying.carry_copy(setting.installation, fetched, ANALYSIS)
    return Work(carried.total, carried.seconds, carried.total)


async def dump(setting: Setting, fetched: Prepared, rows: Path) -> int:
    """Score once, and write the rows to a file in the order of their positions; the id of their set."""
    installation = setting.installation
    async with (
        installation.copy(fetched.template) as url,
        open_database(url, connections_max=carrying.CONNECTIONS_MAX) as database,
    ):
        await carrying.carry(database, installation.principal, fetched.campaign_id, ANALYSIS)
        await psql(url, f"\\copy (SELECT {COLUMNS} FROM scores ORDER BY position) TO '{rows}' WITH (FORMAT binary)")
        return await find_set(url, fetched.campaign_id, "score_set_id")


async def copy_out_and_in(setting: Setting, fetched: Prepared, rows: Path, set_id: int) -> Work:
    """Two whole runs of psql, one after the other."""
    facts = setting.folder / "facts.copy"
    async with setting.installation.copy(fetched.template) as url:
        await make_leaf(url, "scores", set_id)
        sets = [await find_set(url, fetched.campaign_id, f"{kind}_set_id") for kind in ("name", "dns", "http")]
        query = " ".join(FACTS.format(names=sets[0], dns=sets[1], http=sets[2]).split())
        begun = time.perf_counter()
        await run_program(copy_command(url, f"\\copy ({query}) TO '{facts}' WITH (FORMAT binary)"))
        await run_program(copy_command(url, f"\\copy scores ({COLUMNS}) FROM '{rows}' WITH (FORMAT binary)"))
        seconds = time.perf_counter() - begun
        found = int(await psql(url, f"SELECT count(*) FROM scores WHERE set_id = {set_id}"))
    return Work(setting.sizes.names, seconds, found)
