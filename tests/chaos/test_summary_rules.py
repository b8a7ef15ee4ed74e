"""What is kept of many runs, and how growth is told."""

import pytest

from loadtest.bench.machine import Machine
from service.progress.events import CampaignPhase
from tests.chaos.cycles import growth_of
from tests.chaos.runs import HELD, Run, Strike
from tests.chaos.summary import Broken, Counts, Series, ranges, summarise

MACHINE = Machine("a processor", 2, 24, "Linux", 0.1)


def strike(fault: str, phase: CampaignPhase) -> Strike:
    return Strike(fault, phase, 0.1, 1.0)


def test_each_fault_and_phase_is_counted_and_what_broke_is_told() -> None:
    killed = strike("worker killed", CampaignPhase.ANALYSIS)
    full = strike("disk full", CampaignPhase.ANALYSIS)
    runs = [Run(1, (killed,), 2.0, HELD), Run(2, (killed, full), 4.0, "a chunk is left"), Run(5, (full,), 3.0, HELD)]
    summary = summarise([("abc", runs[:2]), ("def", runs[2:])], MACHINE)
    assert (summary.runs, summary.held, summary.seconds_median) == (3, 2, 3.0)
    assert summary.faults == {"disk full": Counts(2, 1), "worker killed": Counts(2, 1)}
    assert summary.phases == {"analysis": Counts(3, 2)}
    broken = Broken(2, ("worker killed", "disk full"), "a chunk is left")
    assert summary.series == [Series("abc", [(1, 2)], 2, 1, [broken]), Series("def", [(5, 5)], 1, 1, [])]


def test_seeds_that_follow_each_other_are_told_together() -> None:
    assert ranges([]) == []
    assert ranges([7]) == [(7, 7)]
    assert ranges([1, 2, 3, 7]) == [(1, 3), (7, 7)]


def test_growth_is_that_of_a_straight_line() -> None:
    assert growth_of([100] * 10) == 0
    assert growth_of([95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105]) == pytest.approx(0.1)
    assert growth_of([105, 95, 105, 95]) < 0
