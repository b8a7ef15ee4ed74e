"""The table of ratios: who against whom, the median with its spread, the target, and whether it holds."""

from collections.abc import Sequence

from loadtest.bench.reports import Report
from loadtest.bench.running import Ratio, Sense

HEAD = ("comparison", "ours", "peer", "ratio", "spread", "target", "holds")
LATENCY_HEAD = (
    *("comparison", "what is asked for", "times", "p50 ms", "p99 ms", "at most", "holds"),
    *("in statements, mean ms", "inspected at most"),
)


def render_table(reports: Sequence[Report]) -> str:
    """As Markdown, which reads well on a screen too; then times and costs, and who was missing."""
    rows = [row_of(report.comparison, ratio) for report in reports for ratio in report.findings.ratios]
    lines = lined_up(HEAD, rows)
    return "\n".join(
        [*lines, *latency_lines(reports), *cost_lines(reports), *missing_lines(reports), *failure_lines(reports)]
    )


def row_of(comparison: str, ratio: Ratio) -> tuple[str, ...]:
    target = "" if ratio.target is None else f"{sign_of(ratio.sense)} {ratio.target.bound:g}"
    return (
        comparison,
        ratio.ours,
        ratio.peer,
        f"{ratio.median:.2f} x its {ratio.sense}",
        f"{ratio.low:.2f} to {ratio.high:.2f}",
        target,
        "" if ratio.target is None else ("yes" if ratio.holds else "NO"),
    )


def sign_of(sense: Sense) -> str:
    return "at least" if sense is Sense.SPEED else "at most"


def lined_up(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """A table with columns of one width."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    rule = tuple("-" * width for width in widths)
    return [line_of(row, widths) for row in (head, rule, *rows)]


def latency_lines(reports: Sequence[Report]) -> list[str]:
    rows = [
        (
            report.comparison,
            latency.name,
            f"{latency.asked:,}",
            f"{latency.p50_ms:.1f}",
            f"{latency.p99_ms:.1f}",
            f"{latency.bound_ms:g}",
            "yes" if latency.holds else "NO",
            f"{latency.statements_ms:.1f}",
            f"{latency.inspected_most:,}",
        )
        for report in reports
        for latency in report.findings.latencies
    ]
    return ["", *lined_up(LATENCY_HEAD, rows)] if rows else []


def line_of(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def cost_lines(reports: Sequence[Report]) -> list[str]:
    costs = [(report, cost) for report in reports for cost in report.findings.costs]
    lines = [
        f"{report.comparison}: {cost.name}{f' at {cost.size:,}' if cost.size else ''}: {cost.value:,.3g} {cost.unit}"
        for report, cost in costs
    ]
    return ["", *lines] if lines else []


def missing_lines(reports: Sequence[Report]) -> list[str]:
    """Each peer once, however many comparisons lacked it."""
    missing = {each.name: each.remedy for report in reports for each in report.findings.missing}
    lines = [f"missing: {name} ({remedy})" for name, remedy in sorted(missing.items())]
    return ["", *lines] if lines else []


def failure_lines(reports: Sequence[Report]) -> list[str]:
    lines = [f"FAILED: {report.comparison}: {report.findings.failure}" for report in reports if report.findings.failure]
    return ["", *lines] if lines else []


def render_last_line(reports: Sequence[Report]) -> str:
    """All ratios in one line."""
    ratios = [(report.comparison, ratio) for report in reports for ratio in report.findings.ratios]
    return "ratios: " + ", ".join(described(comparison, ratio) for comparison, ratio in ratios)


def described(comparison: str, ratio: Ratio) -> str:
    """Short; with an exclamation mark where the target does not hold."""
    return f"{comparison}/{ratio.peer} {ratio.median:.2f}{'' if ratio.holds else ' (!)'}"
