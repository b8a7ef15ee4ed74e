"""How many times less ours takes than the dual architecture, as an SVG: a bar for each measure, a logarithmic axis."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from loadtest.bench.plot import COLOURS, FONT, text
from loadtest.bench.running import Ratio
from loadtest.legacy.comparing import DUAL
from loadtest.legacy.reporting import LegacyReport

WIDTH, ROW, LEFT, RIGHT, TOP, BOTTOM = 760, 26, 250, 70, 50, 50
BAR = 14
HOLDS, MISSED = COLOURS[:2]
AIM = "#d1242f"
LEGEND = f"times less than the {DUAL}; a thin line from the least to the greatest, a red one for the aim"


class Scale(msgspec.Struct, frozen=True):
    """Whole decades, as exponents of ten."""

    low: int
    high: int

    def x(self, factor: float) -> float:
        share = (math.log10(factor) - self.low) / (self.high - self.low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)


def write_plot(file: Path, report: LegacyReport) -> None:
    file.write_text(draw([ratio for ratio in report.findings.ratios if ratio.peer == DUAL]), encoding="utf-8")


def draw(ratios: Sequence[Ratio]) -> str:
    """The inverse of each ratio, since they are of what should be small."""
    factors = [1.0, *(1 / bound for ratio in ratios for bound in (ratio.low, ratio.high))]
    scale = Scale(math.floor(math.log10(min(factors))), math.ceil(math.log10(max(factors))))
    bottom = TOP + ROW * len(ratios)
    parts = [*draw_axis(scale, bottom)]
    for number, ratio in enumerate(ratios):
        parts += draw_row(TOP + ROW * number + (ROW - BAR) / 2, ratio, scale)
    height = bottom + BOTTOM
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' {FONT}>"
    return "\n".join([head, f"<rect width='{WIDTH}' height='{height}' fill='white'/>", *parts, "</svg>", ""])


def draw_axis(scale: Scale, bottom: float) -> Iterator[str]:
    """A line and a label for each decade."""
    for exponent in range(scale.low, scale.high + 1):
        x = scale.x(10.0**exponent)
        yield line(x, x, TOP, bottom, "#888" if exponent == 0 else "#ddd", 1)
        yield text(x, bottom + 20, f"{10.0**exponent:g} x", "middle")
    yield text(WIDTH / 2, TOP - 20, LEGEND, "middle")


def draw_row(top: float, ratio: Ratio, scale: Scale) -> Iterator[str]:
    middle = top + BAR / 2
    first, last = sorted((scale.x(1.0), scale.x(1 / ratio.median)))
    least, greatest = scale.x(1 / ratio.high), scale.x(1 / ratio.low)
    colour = HOLDS if ratio.holds else MISSED
    yield text(LEFT - 10, middle + 4, ratio.ours, "end")
    yield f"<rect x='{first:.1f}' y='{top:.1f}' width='{last - first:.1f}' height='{BAR}' fill='{colour}'/>"
    yield line(least, greatest, middle, middle, "black", 2)
    if ratio.target is not None:
        aim = scale.x(1 / ratio.target.bound)
        yield line(aim, aim, top - 3, top + BAR + 3, AIM, 2)
    yield text(max(last, greatest) + 6, middle + 4, f"{1 / ratio.median:.3g} x", "start")


def line(x1: float, x2: float, y1: float, y2: float, colour: str, width: int) -> str:
    ends = f"x1='{x1:.1f}' x2='{x2:.1f}' y1='{y1:.1f}' y2='{y2:.1f}'"
    return f"<line {ends} stroke='{colour}' stroke-width='{width}'/>"
