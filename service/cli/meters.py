"""How far a transfer is, on a terminal and beside whatever is piped."""

import time
from types import TracebackType
from typing import Self

from rich.live import Live
from rich.text import Text

from service.cli.screens import duration_text
from service.cli.terminal import error_output

LOOK_SECONDS_MIN = 0.2  # between two pictures
BAR_LENGTH = 24
KILO = 1_000
UNITS = ("bytes", "kB", "MB", "GB", "TB")


class Meter:
    """One line that changes, on standard error if that is a terminal; gone at the end."""

    def __init__(self) -> None:
        console = error_output()
        self._live = Live(console=console, transient=True, auto_refresh=False) if console.is_terminal else None
        self._began = time.monotonic()
        self._drawn = float("-inf")

    @property
    def is_shown(self) -> bool:
        return self._live is not None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def is_due(self) -> bool:
        """Whether it is worth making a new line."""
        return self.is_shown and time.monotonic() - self._drawn >= LOOK_SECONDS_MIN

    def draw(self, line: str) -> None:
        self._drawn = time.monotonic()
        if self._live is not None:
            self._live.update(Text(f"  {line}", "cyan"), refresh=True)


def export_line(rows: int, size: int, seconds: float) -> str:
    """Rows, bytes and the rate; a Parquet file's rows are not known before its end."""
    per_second = max(seconds, 0.001)
    if not rows:
        return f"{bytes_text(size)}  {bytes_text(round(size / per_second))}/s"
    return f"{rows:,} rows  {bytes_text(size)}  {rows / per_second:,.0f} rows/s"


def import_line(sent: int, total: int | None, lines: int, seconds: float) -> str:
    """Bytes sent, of how many where that is known, and the lines that the server has read."""
    per_second = bytes_text(round(sent / max(seconds, 0.001)))
    share = f" of {bytes_text(total)} ({sent / total:.0%})" if total else ""
    read = f"  {lines:,} lines read" if lines else ""
    return f"{bytes_text(sent)}{share}  {per_second}/s{read}"


def rows_line(done: int, total: int, seconds: float) -> str:
    """Rows, of how many, the rate, and how long the rest will take at that rate."""
    rate = done / max(seconds, 0.001)
    if not done or done >= total:
        return f"{done:,} rows  {rate:,.0f} rows/s"
    bar = "█" * (BAR_LENGTH * done // total)
    left = duration_text((total - done) / rate)
    return f"{bar:─<{BAR_LENGTH}} {done / total:.0%}  {done:,} of {total:,} rows  {rate:,.0f} rows/s  ETA {left}"


def bytes_text(size: int) -> str:
    """512 bytes, 1.2 kB, 34 MB."""
    value, unit = float(size), 0
    while round(value, 1) >= KILO and unit < len(UNITS) - 1:
        value, unit = value / KILO, unit + 1
    return f"{value:,.0f} {UNITS[unit]}" if unit == 0 or value >= 10 else f"{value:.1f} {UNITS[unit]}"
