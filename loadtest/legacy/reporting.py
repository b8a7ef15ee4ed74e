"""What is kept of a comparison, and how it is shown: a table for README, and the same on a screen."""

import statistics
from pathlib import Path

import msgspec

from loadtest.bench.reports import Report
from loadtest.bench.running import Ratio
from loadtest.bench.table import lined_up
from loadtest.legacy.comparing import DUAL, MEASURES, ONE_FORMAT, OURS, STREAMED, Measure, findings_of
from loadtest.legacy.turns import Turn

HEAD = ("", DUAL, OURS, "ours of theirs", "spread", "aim", "holds")
PLOT = "![How many times less ours takes, measure by measure](loadtest/results/legacy.svg)"
SECTION = "legacy"  # of README


class LegacyReport(Report, frozen=True):
    """With every turn of everybody, in the order of the rounds."""

    domains: int
    turns: dict[str, tuple[Turn, ...]]


def read_report(file: Path) -> LegacyReport:
    return msgspec.json.decode(file.read_bytes(), type=LegacyReport)


def baseline_of(report: LegacyReport) -> LegacyReport:
    """The old system's own figures, by its turns of a comparison."""
    turns = {name: taken for name, taken in report.turns.items() if name != OURS}
    return msgspec.structs.replace(report, comparison="baseline", turns=turns, findings=findings_of(turns))


def render(report: LegacyReport) -> str:
    """As Markdown. Medians of both, then the median of the rounds' ratios, the least and the greatest."""
    named = {measure.name: measure for measure in MEASURES}
    rows = [row_of(ratio, named.get(ratio.ours), report) for ratio in report.findings.ratios]
    if not rows:
        return render_alone(report)
    return "\n".join(lined_up(HEAD, rows))


def row_of(ratio: Ratio, measure: Measure | None, report: LegacyReport) -> tuple[str, ...]:
    name = ratio.ours if ratio.peer in (DUAL, ONE_FORMAT) else f"{ratio.ours}, beside the streamed variant"
    theirs = ratio.peer if ratio.peer in report.turns else DUAL
    return (
        name,
        "" if measure is None else shown(measure, report, theirs),
        "" if measure is None else shown(measure, report, OURS),
        f"{ratio.median:.3g}",
        f"{ratio.low:.3g} to {ratio.high:.3g}",
        "" if ratio.target is None else f"at most {ratio.target.bound:g}",
        "" if ratio.target is None else ("yes" if ratio.holds else "**no**"),
    )


def shown(measure: Measure, report: LegacyReport, contender: str) -> str:
    value = statistics.median(map(measure.value, report.turns[contender]))
    digits = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{digits} {measure.unit}".strip()


def render_alone(report: LegacyReport) -> str:
    """The old system's own figures."""
    rows = [(measure.name, shown(measure, report, DUAL), shown(measure, report, STREAMED)) for measure in MEASURES]
    return "\n".join(lined_up(("", DUAL, STREAMED), rows))


def section_of(report: LegacyReport) -> str:
    """What was measured on what, the table, and the plot."""
    turns, here = len(report.turns[DUAL]), report.machine
    postgres = next(each.version for each in report.versions if each.name == "postgresql")
    head = (
        f"{report.domains:,} domains, {turns} alternating turns of each, on {here.cores} cores of {here.processor} with"
        f" {here.memory_gib} GiB and PostgreSQL {postgres}, at {report.commit}."
    )
    return f"{head}\n\n{render(report)}\n\n{PLOT}"
