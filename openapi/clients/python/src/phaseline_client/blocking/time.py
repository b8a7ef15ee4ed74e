"""The clock, and waiting. Its twin is `awaited/time.py`."""

import time
from time import monotonic as now

__all__ = ["now", "pause"]


def pause(seconds: float) -> None:
    time.sleep(seconds)
