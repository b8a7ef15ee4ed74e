"""Python and the packages, against what was locked. What judges is pure."""

import importlib.metadata
import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from service.cli.diagnosis.findings import Finding, broken, doubtful, fine
from service.cli.terminal import PROGRAM

PYTHON_MIN = (3, 11)
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)
LOCK_FILE = Path(__file__).resolve().parents[3] / "requirements.lock"
NAMED_MAX = 5
INSTALL = "python -m pip install --require-hashes -r requirements.lock"


def look_at_packages() -> list[Finding]:
    version = platform.python_version()
    python = fine("python", f"Python {version}.")
    if sys.version_info < PYTHON_MIN:
        python = broken("python", f"This is Python {version}.", "Install Python 3.11 or newer.")
    return [python, judge_packages(pinned_versions(), installed_versions(), required_names())]


def judge_packages(pinned: Mapping[str, str], installed: Mapping[str, str], required: frozenset[str]) -> Finding:
    """Other versions than the locked ones are untried; what is missing and needed fails sooner or later."""
    missing = sorted(required - installed.keys())
    other = sorted(
        f"{name} {installed[name]} for {version}"
        for name, version in pinned.items()
        if installed.get(name, version) != version
    )
    if missing:
        return broken("packages", f"Missing: {some_of(missing)}.", INSTALL)
    if other:
        return doubtful("packages", f"Not as locked: {some_of(other)}.", INSTALL)
    return fine("packages", f"{len(pinned.keys() & installed.keys())} packages, all in the locked version.")


def some_of(names: list[str]) -> str:
    more = len(names) - NAMED_MAX
    return ", ".join(names[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")


def pinned_versions() -> dict[str, str]:
    """Of the lock file beside the project; of an installed package, those that it asks for itself."""
    try:
        text = LOCK_FILE.read_text("utf-8")
    except OSError:
        text = "\n".join(requirements())
    return read_pins(text)


def read_pins(text: str) -> dict[str, str]:
    return {plain_name(found["name"]): found["version"] for found in PINNED.finditer(text)}


def installed_versions() -> dict[str, str]:
    return {
        plain_name(package.metadata["Name"]): package.version
        for package in importlib.metadata.distributions()
        if package.metadata["Name"]
    }


def required_names() -> frozenset[str]:
    """Those that it needs to run, whatever the machine."""
    return frozenset(read_pins("\n".join(line for line in requirements() if ";" not in line)))


def requirements() -> list[str]:
    try:
        return importlib.metadata.requires(PROGRAM) or []
    except importlib.metadata.PackageNotFoundError:
        return []


def plain_name(name: str) -> str:
    """As the index compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()
