"""Folders, disks, limits and cores of this machine. Each look is a few calls of the system."""

import contextlib
import os
import re
import resource
import shutil
import socket
import sys
import tempfile
from pathlib import Path

import msgspec

from service.cli.diagnosis.findings import Finding, broken, doubtful, fine
from service.cli.meters import bytes_text
from service.postgres.cluster import Site
from service.resolving.lanes import RECEIVE_BUFFER_BYTES
from service.settings import Settings

DISK_BYTES_LOW = 5_000_000_000
DISK_BYTES_FULL = 500_000_000
OPEN_FILES_MIN = 1_024
OPEN_FILES_WANTED = 4_096  # a worker fetches up to a thousand pages at a time, and asks dozens of resolvers
ELSEWHERE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph", "glusterfs", "lustre"})
FLEETING = frozenset({"tmpfs", "ramfs"})
MOUNTS = Path("/proc/self/mountinfo")
CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
OCTAL = re.compile(r"\\([0-7]{3})")


class Mount(msgspec.Struct, frozen=True):
    """Where a file system begins, and of which kind it is."""

    point: str
    kind: str


# Folders and disks


def look_at_folders(settings: Settings) -> list[Finding]:
    """The home, and the embedded database's data where it lies on another disk."""
    home, data = settings.home_folder, Site(home=settings.home_folder.resolve()).data
    findings = [*look_at_folder("home", home, holds_data=settings.database_url is None)]
    if data.exists() and data.stat().st_dev != existing_part(home).stat().st_dev:
        findings += look_at_disk("data_disk", data)
    return findings


def look_at_folder(check: str, folder: Path, *, holds_data: bool) -> list[Finding]:
    place = existing_part(folder)
    if not is_writable(place):
        advice = "Run as its owner, or set PHASELINE_HOME to a folder of your own."
        return [broken(check, f"{place} cannot be written to.", advice)]
    missing = "" if place == folder else " (it will be made)"
    kind = kind_of(place, read_mounts())
    return [judge_kind(check, f"{folder}{missing}", kind, holds_data=holds_data), *look_at_disk("disk", place)]


def judge_kind(check: str, folder: str, kind: str, *, holds_data: bool) -> Finding:
    if kind in ELSEWHERE and holds_data:
        return broken(
            check,
            f"{folder} lies on another machine ({kind}), where PostgreSQL's locks and writes cannot be relied on.",
            "Set PHASELINE_HOME to a folder on a disk of this machine, or DATABASE_URL to a server.",
        )
    if kind in FLEETING:
        return doubtful(
            check,
            f"{folder} lies in memory ({kind}) and is lost when the machine stops.",
            "Set PHASELINE_HOME to a folder on a disk.",
        )
    return fine(check, f"{folder} can be written to.")


def look_at_disk(check: str, place: Path) -> list[Finding]:
    usage = shutil.disk_usage(place)
    return [judge_disk(check, place, usage.free)]


def judge_disk(check: str, place: Path, free: int) -> Finding:
    found = f"{bytes_text(free)} are free on the disk of {place}."
    advice = "Make room: a domain takes about 250 bytes, and PostgreSQL stops when the disk is full."
    if free < DISK_BYTES_FULL:
        return broken(check, found, advice)
    return doubtful(check, found, advice) if free < DISK_BYTES_LOW else fine(check, found)


def existing_part(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))


def is_writable(folder: Path) -> bool:
    """Tried out: permissions do not tell of a read-only disk."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def read_mounts() -> list[Mount]:
    with contextlib.suppress(OSError):
        return parse_mounts(MOUNTS.read_text("utf-8", "replace"))
    return []


def parse_mounts(text: str) -> list[Mount]:
    """`36 35 98:0 /root /point options - kind device options`, with odd letters as octal numbers."""
    parts = [line.split(" ") for line in text.splitlines()]
    return [
        Mount(OCTAL.sub(lambda found: chr(int(found[1], 8)), fields[4]), fields[fields.index("-") + 1])
        for fields in parts
        if "-" in fields[5:]
    ]


def kind_of(folder: Path, mounts: list[Mount]) -> str:
    """Of the innermost mount that the folder lies in, the last one where several are in one place."""
    place = folder.resolve()
    over = [mount for mount in mounts if place.is_relative_to(mount.point)]
    return max(over, key=lambda mount: len(mount.point)).kind if over else ""


# Limits


def look_at_files() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return judge_files(soft, hard)


def judge_files(soft: int, hard: int) -> Finding:
    if soft in {resource.RLIM_INFINITY, -1}:
        return fine("open_files", "There is no limit of open files.")
    found = f"A process may have {soft:,} files and connections open."
    reach = (
        "" if hard >= OPEN_FILES_WANTED or hard in {resource.RLIM_INFINITY, -1} else f" (root has to raise {hard:,})"
    )
    advice = f"ulimit -n {OPEN_FILES_WANTED}, or LimitNOFILE={OPEN_FILES_WANTED} in a service{reach}."
    if soft < OPEN_FILES_MIN:
        return broken("open_files", found, advice)
    return doubtful("open_files", found, advice) if soft < OPEN_FILES_WANTED else fine("open_files", found)


def look_at_udp() -> Finding:
    """What the kernel grants of the receive buffer that the DNS engine asks for."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        granted = tried.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    return judge_udp(granted // 2 if sys.platform == "linux" else granted)  # Linux counts its bookkeeping in


def judge_udp(granted: int) -> Finding:
    found = f"The kernel grants {bytes_text(granted)} of receive buffer to a UDP socket."
    if granted < RECEIVE_BUFFER_BYTES:
        return doubtful(
            "udp_buffer",
            f"{found} In bursts, answers are dropped.",
            f"sysctl -w net.core.rmem_max={RECEIVE_BUFFER_BYTES}, and the same in /etc/sysctl.d.",
        )
    return fine("udp_buffer", found)


# Cores


def look_at_cores(workers: int) -> Finding:
    return judge_cores(usable_cores(), workers)


def judge_cores(cores: float, workers: int) -> Finding:
    found = f"{workers} worker processes on {cores:g} cores."
    if workers > cores + 0.5:
        return doubtful(
            "cores",
            f"{found} More than one to a core only take turns.",
            f"Set PHASELINE_WORKERS to {max(1, int(cores))}.",
        )
    return fine("cores", found)


def usable_cores() -> float:
    """Those that this process may run on, within its control group's quota."""
    cores = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    with contextlib.suppress(OSError, ValueError):
        quota, period = CPU_QUOTA.read_text("ascii").split()
        return min(cores, int(quota) / int(period))
    return cores
