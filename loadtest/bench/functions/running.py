"""Run the benchmarks of this folder against one tree's service, and read what they say."""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import msgspec

from loadtest.bench.processes import ROOT, ProgramFailed, client_core, pinned, run_program
from loadtest.bench.running import Cost, Findings
from loadtest.bench.setting import Setting

HERE = Path(__file__).parent
SECONDS_EACH = 0.3
RUNS_MAX_SECONDS = 120.0
UNIT = "µs a call"


class Statistics(msgspec.Struct, frozen=True):
    """Of one function, in seconds a call."""

    median: float
    min: float
    max: float
    rounds: int


class Benchmark(msgspec.Struct, frozen=True):
    name: str
    stats: Statistics


class Benchmarked(msgspec.Struct, frozen=True):
    """What pytest-benchmark writes, as far as we read it; `service` is the folder of the one that was measured."""

    benchmarks: tuple[Benchmark, ...]
    service: str


async def compare(setting: Setting) -> Findings:
    """No peers here: the medians are kept, and `compare.py` sets two revisions side by side."""
    rounds = 1 if setting.is_quick else setting.rounds
    medians = [await measure_functions(ROOT, setting.folder) for _ in range(rounds)]
    return Findings(costs=costs_of(medians))


def costs_of(medians: Sequence[dict[str, float]]) -> tuple[Cost, ...]:
    return tuple(Cost(name, median(each[name] for each in medians) * 1e6, UNIT) for name in medians[0])


async def measure_functions(tree: Path, folder: Path) -> dict[str, float]:
    """The median of each function of the service in `tree`, in seconds; what another tree lacks is left out."""
    written = folder / "functions.json"
    written.unlink(missing_ok=True)
    command = (
        # With -P, or the service in the working folder would come first.
        *(sys.executable, "-P", "-m", "pytest", str(HERE), "-c", str(HERE / "pytest.ini"), f"--rootdir={HERE}"),
        *(f"--benchmark-json={written}", f"--benchmark-max-time={SECONDS_EACH}", "--continue-on-collection-errors"),
    )
    complaint = await run_tests(command, service_only(tree, folder))
    if not written.exists() or (complaint and tree == ROOT):
        raise ProgramFailed(complaint)
    found = msgspec.json.decode(written.read_bytes(), type=Benchmarked)
    assert Path(found.service) == (tree / "service").resolve(), f"{found.service} was measured instead of {tree}"
    return {each.name.removeprefix("test_"): each.stats.median for each in found.benchmarks}


async def run_tests(command: Sequence[str], path: Path) -> str:
    """What pytest complains of; a file that a revision has no functions for is no failure of the others."""
    try:
        await run_program(
            pinned(client_core(), command), environment={"PYTHONPATH": str(path)}, seconds_max=RUNS_MAX_SECONDS
        )
    except ProgramFailed as error:
        return str(error)
    return ""


def service_only(tree: Path, folder: Path) -> Path:
    """A folder in which nothing but the tree's service can be imported."""
    path = folder / "path"
    path.mkdir(exist_ok=True)
    link = path / "service"
    link.unlink(missing_ok=True)
    link.symlink_to(tree / "service")
    return path
