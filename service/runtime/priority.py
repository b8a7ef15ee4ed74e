"""How far a process steps back for others on its machine."""

import contextlib
import os
from pathlib import Path

AUTOGROUP = Path("/proc/self/autogroup")


def step_back(niceness: int) -> None:
    """Take less of the processors than others while they want them, as nice(1) counts.

    Where Linux weighs sessions instead of processes (sched(7), autogroups), ours steps back as a whole.
    """
    os.nice(niceness)
    with contextlib.suppress(OSError):
        AUTOGROUP.write_text(str(niceness))
