"""A run as an SVG: latency, throughput, watchers' delay, the campaign's rate and memory over time; operations below."""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from loadtest.bench.plot import COLOURS, FONT, text
from loadtest.scenarios.judging import Operation
from loadtest.scenarios.reports import LoadReport, Moment, Sample

WIDTH, LEFT, RIGHT = 900, 90, 190
PANEL_HEIGHT, GAP = 130, 46
ROW_HEIGHT = 22
LEAST_LOGARITHMIC = 1.0
STAGES = ("steady", "overload", "recovery")
SHADES = {"overload": "#f7dfd3", "recovery": "#e2efe4"}


class Curve(msgspec.Struct, frozen=True):
    """Seconds since the steady stage began, and values."""

    name: str
    points: tuple[tuple[float, float], ...]


class Panel(msgspec.Struct, frozen=True):
    title: str
    curves: tuple[Curve, ...]
    is_logarithmic: bool = False

    @property
    def most(self) -> float:
        values = [value for curve in self.curves for _, value in curve.points]
        return max([*values, LEAST_LOGARITHMIC])


class Axis(msgspec.Struct, frozen=True):
    """From values to places, in one direction: `low` stands at `start`, `high` at `end`."""

    low: float
    high: float
    start: float
    end: float
    is_logarithmic: bool = False

    def place(self, value: float) -> float:
        low, high, at = self.low, self.high, value
        if self.is_logarithmic:
            low, high, at = math.log10(low), math.log10(high), math.log10(max(value, low))
        return self.start + (at - low) / (high - low) * (self.end - self.start)

    def marks(self) -> list[float]:
        if self.is_logarithmic:
            return [10.0**exponent for exponent in range(round(math.log10(self.low)), round(math.log10(self.high)) + 1)]
        return [self.low + (self.high - self.low) * part / 2 for part in range(3)]


def write_plot(file: Path, report: LoadReport) -> None:
    file.write_text(draw(report), encoding="utf-8")


def draw(report: LoadReport) -> str:
    panels = panels_of(report)
    below = GAP + len(panels) * (PANEL_HEIGHT + GAP)
    height = below + len(report.operations) * ROW_HEIGHT + 2 * GAP
    parts = [line for number, panel in enumerate(panels) for line in draw_panel(report, panel, number)]
    parts += draw_operations(report.operations, below)
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' {FONT}>"
    return "\n".join([head, f"<rect width='{WIDTH}' height='{height}' fill='white'/>", *parts, "</svg>", ""])


def panels_of(report: LoadReport) -> list[Panel]:
    moments, samples = report.moments, report.samples

    def every(name: str, value: Callable[[Moment], float]) -> Curve:
        return Curve(name, tuple((moment.at, value(moment)) for moment in moments))

    def now_and_then(name: str, value: Callable[[Sample], float]) -> Curve:
        last = moments[-1].at if moments else 0.0
        return Curve(name, tuple((sample.at, value(sample)) for sample in samples if 0 <= sample.at <= last))

    cap = Curve("cap", tuple((moment.at, report.cap.queries_per_second) for moment in moments))
    return [
        Panel(
            "answers, ms",
            (
                every("p50", lambda each: each.p50_ms),
                every("p99", lambda each: each.p99_ms),
                now_and_then("p99, server", lambda each: each.server_p99_ms),
            ),
            is_logarithmic=True,
        ),
        Panel(
            "requests a second",
            (
                every("answered", lambda each: each.answered),
                every("turned away", lambda each: each.turned_away),
                every("failed", lambda each: each.failed),
            ),
        ),
        Panel(
            "from a change to its watchers, ms",
            (every("p50", lambda each: each.delay_p50_ms), every("p99", lambda each: each.delay_p99_ms)),
            is_logarithmic=True,
        ),
        Panel("queries a second of the campaign", (every("arrived", lambda each: each.queries_per_second), cap)),
        Panel(
            "memory, MiB PSS",
            (
                now_and_then("API", lambda each: each.memory.api),
                now_and_then("workers", lambda each: each.memory.workers),
                now_and_then("PostgreSQL", lambda each: each.memory.postgres),
            ),
        ),
    ]


def draw_panel(report: LoadReport, panel: Panel, number: int) -> Iterator[str]:
    top = GAP + number * (PANEL_HEIGHT + GAP)
    bottom = top + PANEL_HEIGHT
    across = Axis(0.0, max(report.stages.end, 1.0), LEFT, WIDTH - RIGHT)
    high = 10.0 ** math.ceil(math.log10(panel.most)) if panel.is_logarithmic else panel.most
    low = LEAST_LOGARITHMIC if panel.is_logarithmic else 0.0
    up = Axis(low, max(high, 10 * low), bottom, top, panel.is_logarithmic)
    yield from draw_stages(report, across, top, bottom)
    for mark in up.marks():
        y = up.place(mark)
        yield f"<line x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{y:.1f}' y2='{y:.1f}' stroke='#ddd'/>"
        yield text(LEFT - 8, y + 4, f"{mark:,.0f}", "end")
    yield text(LEFT, top - 10, panel.title, "start")
    for index, (curve, colour) in enumerate(zip(panel.curves, COLOURS, strict=False)):
        way = " ".join(f"{across.place(at):.1f},{up.place(value):.1f}" for at, value in curve.points)
        yield f"<polyline points='{way}' fill='none' stroke='{colour}' stroke-width='1.5'/>"
        yield f"<g fill='{colour}'>{text(WIDTH - RIGHT + 12, top + 14 + 18 * index, curve.name, 'start')}</g>"


def draw_stages(report: LoadReport, across: Axis, top: float, bottom: float) -> Iterator[str]:
    begins = [getattr(report.stages, stage) for stage in STAGES] + [report.stages.end]
    for stage, begin, end in zip(STAGES, begins, begins[1:], strict=False):
        x, width = across.place(begin), across.place(end) - across.place(begin)
        if stage in SHADES:
            yield (
                f"<rect x='{x:.1f}' y='{top}' width='{width:.1f}' height='{bottom - top}' fill='{SHADES[stage]}'>"
                f"<title>{stage}</title></rect>"
            )
    yield text(across.end, bottom + 16, f"{report.stages.end:.0f} s", "end")


def draw_operations(operations: Sequence[Operation], top: float) -> Iterator[str]:
    """From p50 to p99: above as users saw it, below in the server."""
    start = 2 * LEFT
    most = max([each.p99_ms for each in operations] + [each.server_p99_ms for each in operations] + [10.0])
    across = Axis(LEAST_LOGARITHMIC, 10.0 ** math.ceil(math.log10(most)), start, WIDTH - RIGHT, is_logarithmic=True)
    yield text(LEFT, top - 10, "operations when steady, from p50 to p99, ms", "start")
    bottom = top + len(operations) * ROW_HEIGHT
    for mark in across.marks():
        x = across.place(mark)
        yield f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{top}' y2='{bottom}' stroke='#ddd'/>"
        yield text(x, bottom + 16, f"{mark:,.0f}", "middle")
    for index, (name, colour) in enumerate(zip(("users", "server"), COLOURS, strict=False)):
        yield f"<g fill='{colour}'>{text(WIDTH - RIGHT + 12, top + 14 + 18 * index, name, 'start')}</g>"
    for index, operation in enumerate(operations):
        y = top + index * ROW_HEIGHT + ROW_HEIGHT / 2
        yield text(start - 8, y + 4, operation.name, "end")
        yield bar(across, y - 3, operation.p50_ms, operation.p99_ms, COLOURS[0])
        yield bar(across, y + 3, operation.server_p50_ms, operation.server_p99_ms, COLOURS[1])


def bar(across: Axis, y: float, low: float, high: float, colour: str) -> str:
    x = across.place(low)
    width = max(2.0, across.place(high) - x)
    return f"<rect x='{x:.1f}' y='{y - 2:.1f}' width='{width:.1f}' height='4' fill='{colour}'/>"
