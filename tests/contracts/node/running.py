"""Runs the programs that lie here."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
INSTALL_SECONDS_MAX = 100
RUN_SECONDS_MAX = 60

needs_node = pytest.mark.skipif(shutil.which("npm") is None, reason="Node with npm is not installed (Debian: npm)")


def install(folder: Path = FOLDER) -> None:
    """What the folder's lock file says, once; again when it has changed."""
    lock, installed = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return
    ended = subprocess.run(
        ["npm", "ci", "--silent"], cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX, check=False
    )
    assert ended.returncode == 0, ended.stderr
    installed.touch()


def run(program: str, *arguments: str) -> Any:
    """What a program prints as JSON."""
    install()
    ended = subprocess.run(
        ["node", str(FOLDER / program), *arguments],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)
