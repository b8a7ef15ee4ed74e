"""What every comparison is given, and how the small programs of `ours` and `peers` are run."""

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from loadtest.bench.carrying import Installation
from loadtest.bench.processes import ROOT, ProgramFailed, client_core, pinned, run_program
from loadtest.bench.running import Missing, Work
from loadtest.bench.sizes import Sizes

PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
PROBE_SECONDS_MAX = 20.0


class Setting(msgspec.Struct, frozen=True):
    """`folder` is a new and empty one for each comparison; `peers_python` runs what PyPI offers."""

    sizes: Sizes
    rounds: int
    is_quick: bool
    folder: Path
    peers_python: Path
    installation: Installation


async def run_ours(program: str, *arguments: str) -> Work:
    """One of `ours`, on the client's core."""
    return await run_small_program(sys.executable, f"ours.{program}", arguments)


async def run_peer(setting: Setting, program: str, *arguments: str) -> Work:
    """One of `peers`, on the client's core."""
    return await run_small_program(str(setting.peers_python), f"peers.{program}", arguments)


async def run_small_program(python: str, module: str, arguments: Sequence[str]) -> Work:
    """What it says of itself in its last line."""
    command = (python, "-m", f"loadtest.bench.{module}", *arguments)
    said = await run_program(pinned(client_core(), command))
    return msgspec.json.decode(said.splitlines()[-1], type=Work)


async def missing_package(setting: Setting, package: str, module: str) -> Missing | None:
    """What to do where a peer from PyPI is not there; `module` is what one imports of it."""
    remedy = "make .venv-bench/ready (loadtest/requirements-peers.lock)"
    if not setting.peers_python.exists():
        return Missing(package, remedy)
    probe = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
    try:
        await run_program((str(setting.peers_python), "-c", probe), seconds_max=PROBE_SECONDS_MAX)
    except ProgramFailed:
        return Missing(package, remedy)
    return None
