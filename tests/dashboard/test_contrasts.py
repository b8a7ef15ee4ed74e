"""The page's colours, light and dark, hold the contrasts of WCAG 2.2 AA: 4.5 for text, 3 for marks and controls."""

import re
from pathlib import Path

import pytest

TEXT_MIN, MARK_MIN = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11
SURFACES = ("page", "surface", "inset", "hover")
TEXTS = ("text", "text-soft", "text-faint", "accent")
STATUSES = ("running", "completed", "paused", "failed", "cancelled", "pending")
FILLS = ("accent-fill", "accent-fill-hover", "danger-fill", "danger-fill-hover")

Rgb = tuple[int, int, int]
Pair = tuple[str, str, float]

PAIRS: tuple[Pair, ...] = (
    *((text, surface, TEXT_MIN) for text in TEXTS for surface in SURFACES),
    *((status, surface, TEXT_MIN) for status in STATUSES for surface in ("page", "surface", "hover")),
    *((text, "accent-tint", TEXT_MIN) for text in ("text", "accent")),
    ("failed", "failed-tint", TEXT_MIN),
    ("paused", "paused-tint", TEXT_MIN),
    *(("on-accent", fill, TEXT_MIN) for fill in FILLS),
    *((mark, surface, MARK_MIN) for mark in ("control-line", "focus") for surface in ("page", "surface")),
    *((status, "track", MARK_MIN) for status in ("running", "completed", "paused", "failed")),
)


def read_colours(repository: Path, scheme: int) -> dict[str, Rgb]:
    """By name; `scheme` is 0 for light and 1 for dark."""
    text = (repository / "service/dashboard/page/src/styles/tokens.css").read_text()
    both = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", text)
    always = re.findall(r"--([\w-]+): (#\w{6});", text)
    return {name: rgb((light, dark)[scheme]) for name, light, dark in [*both, *((n, c, c) for n, c in always)]}


def rgb(text: str) -> Rgb:
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


def luminance(colour: Rgb) -> float:
    """Relative luminance, as WCAG defines it."""
    parts = [part / 255 for part in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Rgb, other: Rgb) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_known_colours() -> None:
    assert contrast(rgb("#000000"), rgb("#ffffff")) == pytest.approx(21)
    assert contrast(rgb("#767676"), rgb("#ffffff")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_what_is_said_can_be_read(repository: Path, scheme: int) -> None:
    colours = read_colours(repository, scheme)
    faint = {
        f"{one} on {other}": round(found, 2)
        for one, other, least in PAIRS
        if (found := contrast(colours[one], colours[other])) < least
    }
    assert faint == {}
