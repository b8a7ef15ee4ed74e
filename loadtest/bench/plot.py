"""What a domain costs as campaigns grow, as an SVG: both axes logarithmic, the least and greatest run as a bar."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import msgspec

from loadtest.bench.reports import Report
from loadtest.bench.running import Series

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 80, 180, 40, 60
COLOURS = ("#1f6feb", "#bf5700", "#2d8659", "#8250df")
FONT = "font-family='system-ui, sans-serif' font-size='13'"


class Point(msgspec.Struct, frozen=True):
    """Microseconds a domain at one size."""

    size: int
    median: float
    low: float
    high: float


class Curve(msgspec.Struct, frozen=True):
    name: str
    points: tuple[Point, ...]


class Scale(msgspec.Struct, frozen=True):
    """Whole decades on both axes, as exponents of ten."""

    size_low: int
    size_high: int
    cost_low: int
    cost_high: int

    def x(self, size: float) -> float:
        share = (math.log10(size) - self.size_low) / (self.size_high - self.size_low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, cost: float) -> float:
        share = (math.log10(cost) - self.cost_low) / (self.cost_high - self.cost_low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def write_plot(file: Path, report: Report) -> None:
    file.write_text(draw(curves_of(report.findings.series)), encoding="utf-8")


def curves_of(series: Sequence[Series]) -> list[Curve]:
    """One for each phase; a series is called `<phase> of <size>`."""
    names = list(dict.fromkeys(each.name.partition(" of ")[0] for each in series))
    return [Curve(name, points_of(name, series)) for name in names]


def points_of(name: str, series: Sequence[Series]) -> tuple[Point, ...]:
    points = (point_of(each) for each in series if each.name.startswith(f"{name} of "))
    return tuple(sorted(points, key=lambda point: point.size))


def point_of(series: Series) -> Point:
    costs = [run.seconds / run.items * 1e6 for run in series.runs]
    return Point(series.runs[0].items, 1e6 / series.median_rate, min(costs), max(costs))


def draw(curves: Sequence[Curve]) -> str:
    points = [point for curve in curves for point in curve.points]
    scale = Scale(
        size_low=math.floor(math.log10(min(point.size for point in points))),
        size_high=math.ceil(math.log10(max(point.size for point in points))),
        cost_low=math.floor(math.log10(min(point.low for point in points))),
        cost_high=math.ceil(math.log10(max(point.high for point in points))),
    )
    parts = [*draw_axes(scale)]
    for curve, colour in zip(curves, COLOURS, strict=False):
        parts += draw_curve(curve, colour, scale)
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' {FONT}>"
    return "\n".join([head, f"<rect width='{WIDTH}' height='{HEIGHT}' fill='white'/>", *parts, "</svg>", ""])


def draw_axes(scale: Scale) -> Iterator[str]:
    """A line and a label for each decade."""
    for exponent in range(scale.size_low, scale.size_high + 1):
        x = scale.x(10**exponent)
        yield f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{TOP}' y2='{HEIGHT - BOTTOM}' stroke='#ddd'/>"
        yield text(x, HEIGHT - BOTTOM + 20, f"{10**exponent:,}", "middle")
    for exponent in range(scale.cost_low, scale.cost_high + 1):
        y = scale.y(10.0**exponent)
        yield f"<line x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{y:.1f}' y2='{y:.1f}' stroke='#ddd'/>"
        yield text(LEFT - 8, y + 4, f"{10.0**exponent:g} µs", "end")
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "domains in the campaign", "middle")
    yield text(LEFT, TOP - 16, "time a domain, one worker process; bars from the least to the greatest run", "start")


def draw_curve(curve: Curve, colour: str, scale: Scale) -> Iterator[str]:
    places = [(scale.x(point.size), scale.y(point.median)) for point in curve.points]
    way = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f"<polyline points='{way}' fill='none' stroke='{colour}' stroke-width='2'/>"
    for point, (x, y) in zip(curve.points, places, strict=True):
        bar = f"x1='{x:.1f}' x2='{x:.1f}' y1='{scale.y(point.low):.1f}' y2='{scale.y(point.high):.1f}'"
        yield f"<line {bar} stroke='{colour}' stroke-width='5' opacity='0.35'/>"
        yield f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3.5' fill='{colour}'/>"
    last_x, last_y = places[-1]
    yield f"<g fill='{colour}'>{text(last_x + 10, last_y + 4, curve.name, 'start')}</g>"


def text(x: float, y: float, words: str, anchor: str) -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'>{escape(words)}</text>"
