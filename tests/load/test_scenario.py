"""The load test itself, in its small form: everything is started, loaded, judged and drawn."""

import asyncio
import sys
from pathlib import Path

import pytest

from loadtest.bench.sections import read_section
from loadtest.scaling import reporting as scaling
from loadtest.scaling.__main__ import SECTION as PROCESSES_SECTION
from loadtest.scenarios.reports import SECTION, read_report, render, section_of

# What does not depend on how fast this machine is, or on who else is at work on it.
NOT_ABOUT_SPEED = {"watchers", "last states missed", "turned away"}


@pytest.mark.timeout(400)
async def test_a_small_load_is_carried_and_judged(repository: Path, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.scenarios", "--domains", "5000", "--seconds", "12"),
        *("--results", str(tmp_path)),
        cwd=repository,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaint = await process.communicate()
    assert process.returncode in {0, 1}, complaint.decode()
    report = read_report(tmp_path / "load.json")
    assert {verdict.name for verdict in report.verdicts if not verdict.holds}.isdisjoint(NOT_ABOUT_SPEED)
    assert [each for each in report.troubles if each.kind == "Wrong"] == []
    assert process.returncode == (0 if report.holds else 1)
    assert report.finals.due > 0
    assert {"create_campaign", "get_phases", "list_domains"} <= {each.name for each in report.operations}
    assert all(each.memory.api and each.memory.postgres for each in report.samples)
    assert render(report) in out.decode()
    assert (tmp_path / "load.svg").read_text().startswith("<svg")


def test_readme_shows_what_was_measured_and_nothing_else(repository: Path) -> None:
    readme, results = (repository / "README.md").read_text(), repository / "loadtest" / "results"
    loaded, scaled = results / "load.json", results / "processes.json"
    told = f"\n{section_of(read_report(loaded))}\n\n" if loaded.exists() else ""
    assert read_section(readme, SECTION) == told
    told = f"\n{scaling.render(scaling.read_report(scaled))}\n\n" if scaled.exists() else ""
    assert read_section(readme, PROCESSES_SECTION) == told


async def test_what_makes_no_sense_is_refused(repository: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "loadtest.scenarios", "--seconds", "5"),
        cwd=repository,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await process.communicate()
    assert process.returncode == 2
    assert "--seconds 12 or more" in complaint.decode()
