"""Other processes, as Linux's /proc tells of them. One that is gone meanwhile has nothing to tell."""

import contextlib
from pathlib import Path

PROC = Path("/proc")
ENDED_STATES = frozenset("ZX")


def list_pids() -> list[int]:
    return sorted(int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal())


def command_line(pid: int) -> tuple[str, ...]:
    return words_in(PROC / str(pid) / "cmdline")


def environment(pid: int) -> tuple[str, ...]:
    """As `NAME=value`; nothing for somebody else's process."""
    return words_in(PROC / str(pid) / "environ")


def words_in(file: Path) -> tuple[str, ...]:
    with contextlib.suppress(OSError):
        return tuple(file.read_bytes().decode(errors="replace").rstrip("\0").split("\0"))
    return ()


def list_children(parent: int) -> list[int]:
    return [pid for pid in list_pids() if (found := standing(pid)) is not None and found[1] == parent]


def is_alive(pid: int) -> bool:
    """A process that has ended and is not yet waited for is not."""
    found = standing(pid)
    return found is not None and found[0] not in ENDED_STATES


def standing(pid: int) -> tuple[str, int] | None:
    """State letter and parent of a process; see proc_pid_stat(5). The name before them may hold anything."""
    with contextlib.suppress(OSError):
        fields = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        return fields[0], int(fields[1])
    return None
