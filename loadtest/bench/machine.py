"""What it all ran on: processor, memory, versions, and the revision that was measured."""

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path

import msgspec

from loadtest.bench.daemons import find_program
from loadtest.bench.processes import ROOT
from service.postgres.binaries import find_binaries

ASK_SECONDS_MAX = 20.0
GIB = 1_024**3
OUR_PACKAGES = ("asyncpg", "msgspec", "numpy", "pyreqwest", "uvloop")
PEER_PACKAGES = ("aiodns", "aiohttp", "blastdns", "dnspython", "httpx", "uvloop")
# How each program is asked for its version; most of them tell it as part of a complaint.
PROGRAMS = {"nsd": ("-v",), "nginx": ("-v",), "dnsperf": ("-h",), "wrk": ("-v",)}
VERSION = re.compile(r"\d+\.\d+(?:\.\d+)*")


class Machine(msgspec.Struct, frozen=True):
    processor: str
    cores: int
    memory_gib: int
    system: str
    load_before: float  # processes that wanted to run in the minute before: above 0.5, somebody else was at work


class Version(msgspec.Struct, frozen=True):
    name: str
    version: str


def this_machine() -> Machine:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        processor=processor_name(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(memory / GIB),
        system=f"{platform.system()} {platform.release()}",
        load_before=round(os.getloadavg()[0], 2),
    )


def processor_name() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def versions(peers_python: Path) -> tuple[Version, ...]:
    """Of Python, of our packages, of the peers' (with their environment's name), and of the programs."""
    return (
        python_version(),
        *(Version(name, metadata.version(name)) for name in OUR_PACKAGES),
        *peer_versions(peers_python),
        *program_versions(),
    )


def python_version() -> Version:
    return Version("python", platform.python_version())


def peer_versions(python: Path) -> list[Version]:
    probe = f"from importlib.metadata import version as v\nfor n in {PEER_PACKAGES}: print(n, v(n))"
    lines = ask(str(python), "-c", probe).splitlines() if python.exists() else []
    return [Version(f"{name} (peer)", version) for name, _, version in (line.partition(" ") for line in lines)]


def program_versions() -> list[Version]:
    found = [(name, find_program(name), options) for name, options in PROGRAMS.items()]
    told = [(name, ask(program, *options)) for name, program, options in found if program is not None]
    told.append(("postgresql", ask(str(find_binaries() / "psql"), "--version")))
    return [Version(name, version_in(text)) for name, text in told]


def version_in(text: str) -> str:
    found = VERSION.search(text)
    return found[0] if found else "unknown"


def commit() -> str:
    """The revision, with a plus sign where the work tree differs from it."""
    revision = ask("git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD").strip() or "unknown"
    return f"{revision}+" if ask("git", "-C", str(ROOT), "status", "--porcelain", "service").strip() else revision


def ask(*command: str) -> str:
    """What a program says, on either channel; nothing where it cannot run."""
    try:
        done = subprocess.run(  # noqa: S603 -- our own commands, no shell
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ASK_SECONDS_MAX, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr
