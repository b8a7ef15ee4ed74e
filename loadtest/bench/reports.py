"""What is kept of a run: one file for each comparison, with every single run in it."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from loadtest.bench.machine import Machine, Version
from loadtest.bench.running import Findings


class Report(msgspec.Struct, frozen=True):
    """A comparison's findings, and what they were measured on."""

    comparison: str
    is_quick: bool
    taken_at: datetime
    seconds: float
    commit: str
    machine: Machine
    versions: tuple[Version, ...]
    findings: Findings


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def write_report(folder: Path, report: Report) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(report), indent=1)
    (folder / f"{report.comparison}.json").write_bytes(text + b"\n")


def read_reports(folder: Path) -> list[Report]:
    """All that lie there, in the order of their names."""
    decode = msgspec.json.Decoder(Report).decode
    return [decode(file.read_bytes()) for file in sorted(folder.glob("*.json"))]
