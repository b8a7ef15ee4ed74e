"""Both systems carry the same small campaign, and are compared."""

import sys
from pathlib import Path

import pytest

from loadtest.bench.processes import run_program
from loadtest.legacy.comparing import DUAL, OURS, STREAMED
from loadtest.legacy.reporting import read_report, render
from loadtest.legacy.turns import Query

DOMAINS = 20_000


@pytest.mark.timeout(300)
async def test_the_same_campaign_goes_through_both(tmp_path: Path) -> None:
    options = ("--domains", str(DOMAINS), "--rounds", "1", "--others", "20", "--results", str(tmp_path))
    said = await run_program((sys.executable, "-m", "loadtest.legacy", *options))
    report = read_report(tmp_path / "legacy.json")
    assert render(report) in said
    assert (report.domains, report.is_quick) == (DOMAINS, True)
    turns = {name: taken[0] for name, taken in report.turns.items()}
    assert set(turns) == {OURS, DUAL, STREAMED}
    assert {turn.found.made for turn in turns.values()} == {DOMAINS}
    assert turns[OURS].found.leads > 0
    for turn in turns.values():
        assert len(turn.phases) == 4
        assert sum(turn.phases.values()) <= turn.seconds
        assert min(turn.memory.processes, turn.memory.backends, turn.database_bytes) > 0
        assert set(turn.queries) == set(Query)
        assert turn.queries[Query.WRITE].found == turn.queries[Query.BATCH].found > 0
        assert turn.queries[Query.DELETE].found == 1
    both = turns[DUAL].traffic
    assert both["campaign.progress"].messages == both["campaign_progress"].messages >= 3 * DOMAINS / 1_000
    assert set(turns[OURS].traffic) == {"campaign.progress"}
    assert turns[OURS].messages < turns[DUAL].messages / 2
    assert turns[OURS].database_bytes < turns[DUAL].database_bytes
    assert (tmp_path / "legacy.svg").read_text().startswith("<svg")
