"""What is kept of all runs, and how it is told."""

import statistics
from datetime import datetime
from pathlib import Path

import msgspec

from loadtest.bench.machine import Machine, Version
from loadtest.bench.table import lined_up
from loadtest.scaling.measuring import Run, Times
from loadtest.scaling.wal import Logged
from loadtest.scaling.worlds import WORLDS, World
from service.progress.events import CampaignPhase

HEAD = ("answers", "phase", "processes", "a second", "of one process", "spread", "cores: workers", "sandbox")
WAL_HEAD = ("phase", "domains", "WAL bytes each")
WORDS = {CampaignPhase.DNS_VALIDATION: "questions", CampaignPhase.HTTP_VALIDATION: "requests"}


class Report(msgspec.Struct, frozen=True):
    """Every run, what was logged, and on what it was measured."""

    taken_at: datetime
    seconds: float
    commit: str
    machine: Machine
    versions: tuple[Version, ...]
    times: Times
    worlds: tuple[World, ...]
    runs: tuple[Run, ...]
    logged: tuple[Logged, ...]


def write_report(file: Path, report: Report) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")


def read_report(file: Path) -> Report:
    return msgspec.json.decode(file.read_bytes(), type=Report)


def render(report: Report) -> str:
    """As Markdown."""
    machine = report.machine
    setting = (
        f"On {machine.cores} cores of {machine.processor}, {machine.memory_gib} GiB, shared by workers, a durable "
        f"PostgreSQL and the sandbox, at {report.commit}; medians of {count_rounds(report)} rounds:"
    )
    wal_rows = [(str(each.phase), f"{each.domains:,}", f"{each.bytes_each:,.0f}") for each in report.logged]
    rows = [row for world in WORLDS for row in rows_of(report.runs, world)]
    return "\n".join([setting, "", *lined_up(HEAD, rows), "", *lined_up(WAL_HEAD, wal_rows)])


def rows_of(runs: tuple[Run, ...], world: World) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    answers = f"after {world.delay_ms} ms" if world.delay_ms else "at once"
    for phase, asked in WORDS.items():
        alone = 0.0
        for processes in sorted({run.processes for run in runs}):
            found = [run for run in runs if (run.world, run.phase, run.processes) == (world.name, phase, processes)]
            speeds = [run.per_second for run in found]
            middle = statistics.median(speeds)
            alone = alone or middle
            rows.append(
                (
                    answers,
                    phase,
                    str(processes),
                    f"{middle:,.0f} {asked}",
                    f"{middle / alone:.2f} x",
                    f"{min(speeds):,.0f} to {max(speeds):,.0f}",
                    f"{statistics.median(run.worker_cores for run in found):.2f}",
                    f"{statistics.median(run.sandbox_cores for run in found):.2f}",
                )
            )
    return rows


def count_rounds(report: Report) -> int:
    first = report.runs[0]
    return sum(
        (run.world, run.phase, run.processes) == (first.world, first.phase, first.processes) for run in report.runs
    )
