"""From turns to ratios, the table of README, and the plot; all from made-up turns."""

import itertools
import math
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from loadtest.bench.machine import Machine, Version
from loadtest.bench.running import Mismatch, Ratio, Work
from loadtest.bench.sections import read_section, write_section
from loadtest.legacy import rehearsal
from loadtest.legacy.comparing import DUAL, MEASURES, OURS, STREAMED, findings_of, query_mean
from loadtest.legacy.plot import draw
from loadtest.legacy.reporting import SECTION, LegacyReport, baseline_of, read_report, render, section_of
from loadtest.legacy.turns import Found, Memory, Query, Traffic, Turn

FOUND = Found(made=1_000, resolved=400, pages=300, leads=20)


def a_turn(*, messages: dict[str, int], seconds: float, millis: float, memory: int) -> Turn:
    """All queries take the same time; each message has 300 bytes."""
    return Turn(
        domains=1_000,
        seconds=seconds,
        phases={"analysis": seconds},
        traffic={kind: Traffic(count, 300 * count) for kind, count in messages.items()},
        memory=Memory(memory, memory),
        database_bytes=int(1e6 * seconds),
        found=FOUND,
        queries={query: Work(10, millis / 100, 10) for query in Query},
    )


def ours(messages: int = 10, seconds: float = 2.0, millis: float = 1.0, memory: int = 100) -> Turn:
    return a_turn(messages={"campaign.progress": messages}, seconds=seconds, millis=millis, memory=memory)


def dual(messages: int = 100, seconds: float = 20.0, millis: float = 10.0, memory: int = 400) -> Turn:
    both = {"campaign.progress": messages, "campaign_progress": messages}
    return a_turn(messages=both, seconds=seconds, millis=millis, memory=memory)


TURNS: dict[str, tuple[Turn, ...]] = {
    OURS: (ours(), ours(messages=20), ours(messages=12)),
    DUAL: (dual(), dual(), dual()),
    STREAMED: (dual(memory=50), dual(memory=50), dual(memory=50)),
}


def ratio(name: str, peer: str = DUAL) -> Ratio:
    return next(each for each in findings_of(TURNS).ratios if (each.ours, each.peer) == (name, peer))


def test_a_ratio_is_the_median_of_the_rounds_with_its_spread() -> None:
    told = ratio("websocket messages")
    assert (told.low, told.median, told.high) == (10 / 200, 12 / 200, 20 / 200)
    assert told.target is not None
    assert not told.holds


def test_the_formats_factor_and_that_of_telling_together_make_the_whole() -> None:
    formats = ratio("messages in one format of two")
    together = ratio("messages told together", "dual, one of its formats")
    assert formats.median == 0.5
    assert math.isclose(formats.median * together.median, ratio("websocket messages").median)


def test_the_leaner_variant_is_told_beside_it() -> None:
    assert ratio("memory at its peak").median == 0.25
    assert ratio("memory at its peak", STREAMED).median == 2.0
    assert ratio("memory at its peak", STREAMED).target is None


def test_the_mean_of_the_eight_is_geometric() -> None:
    turn = ours()
    halves, doubles = set(list(Query)[:4]), set(list(Query)[4:])
    changed = {
        query: Work(work.items, work.seconds * (0.5 if query in halves else 2.0), work.found)
        for query, work in turn.queries.items()
    }
    assert len(halves) == len(doubles)
    assert math.isclose(query_mean(msgspec.structs.replace(turn, queries=changed)), query_mean(turn))


@pytest.mark.parametrize("where", ["found", "queries"])
def test_systems_that_do_not_agree_are_not_compared(where: str) -> None:
    odd = {
        "found": msgspec.structs.replace(ours(), found=Found(1_000, 400, 300, 21)),
        "queries": msgspec.structs.replace(ours(), queries={query: Work(10, 0.1, 9) for query in Query}),
    }[where]
    with pytest.raises(Mismatch):
        findings_of({**TURNS, OURS: (ours(), odd, ours())})


def a_report() -> LegacyReport:
    return LegacyReport(
        comparison="legacy",
        is_quick=True,
        taken_at=datetime(2026, 1, 1, tzinfo=UTC),
        seconds=1.0,
        commit="abc",
        machine=Machine("a processor", 2, 8, "Linux", 0.0),
        versions=(Version("postgresql", "18.4"),),
        findings=findings_of(TURNS),
        domains=1_000,
        turns=TURNS,
    )


def test_the_table_has_a_row_for_each_ratio_and_says_what_is_missed() -> None:
    lines = render(a_report()).splitlines()
    assert len(lines) == 2 + len(findings_of(TURNS).ratios)
    assert all(any(line.startswith(f"| {measure.name} ") for line in lines) for measure in MEASURES)
    messages = next(line for line in lines if line.startswith("| websocket messages"))
    assert [cell.strip() for cell in messages.split("|")[2:-1]] == [
        *("200", "12", "0.06", "0.05 to 0.1", "at most 0.05", "**no**"),
    ]


def test_without_ours_the_table_has_the_old_systems_own_figures() -> None:
    report = baseline_of(a_report())
    assert (report.comparison, report.findings.ratios) == ("baseline", ())
    assert report.turns == {DUAL: TURNS[DUAL], STREAMED: TURNS[STREAMED]}
    assert [line.split("|")[2].strip() for line in render(report).splitlines()[:3]][::2] == [DUAL, "200"]


def test_readme_is_written_between_its_marks_and_nowhere_else(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- legacy: begin; why -->\nold\n<!-- legacy: end -->\nafter\n")
    for _ in range(2):
        write_section(readme, SECTION, section_of(a_report()))
        text = readme.read_text()
        inside = f"\n{section_of(a_report())}\n\n"
        assert text == f"before\n<!-- legacy: begin; why -->\n{inside}<!-- legacy: end -->\nafter\n"
        assert read_section(text, SECTION) == inside
    assert "1,000 domains, 3 alternating turns of each, on 2 cores of a processor with 8 GiB" in text
    assert render(a_report()) in text


TWICE = 2 * "<!-- legacy: begin -->\n<!-- legacy: end -->\n"


@pytest.mark.parametrize("text", ["nothing here\n", "<!-- legacy: begin -->\nand no end\n", TWICE])
def test_a_readme_without_marks_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(text)
    with pytest.raises(ValueError, match="legacy: begin"):
        write_section(readme, SECTION, section_of(a_report()))
    assert readme.read_text() == text


def test_the_plot_has_a_bar_for_each_measure_within_its_frame() -> None:
    ratios = [each for each in findings_of(TURNS).ratios if each.peer == DUAL]
    picture = ET.fromstring(draw(ratios))
    frame, *bars = picture.findall("{*}rect")
    assert len(bars) == len(ratios)
    assert all(0 <= float(bar.attrib["x"]) <= float(frame.attrib["width"]) for bar in bars)
    aims = [line for line in picture.findall("{*}line") if line.attrib["stroke"] == "#d1242f"]
    assert len(aims) == sum(each.target is not None for each in ratios)
    tops = [float(bar.attrib["y"]) for bar in bars]
    assert all(first < second for first, second in itertools.pairwise(tops))


def test_readme_shows_what_was_measured_and_nothing_else(repository: Path) -> None:
    readme, results = (repository / "README.md").read_text(), repository / "loadtest" / "results"
    compared, rehearsed = results / "legacy.json", results / "migration.json"
    told = f"\n{section_of(read_report(compared))}\n\n" if compared.exists() else ""
    assert read_section(readme, SECTION) == told
    told = f"\n{rehearsal.section_of(rehearsal.read_rehearsal(rehearsed))}\n\n" if rehearsed.exists() else ""
    assert read_section(readme, rehearsal.SECTION) == told
