"""service/dashboard: what is served is what the page's sources make, and these hold under `tsc --strict`.

With --write it is built anew.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.contracts.generated_files import differing
from tests.contracts.node.running import install

FOLDER = Path(__file__).parents[2] / "service" / "dashboard"
PAGE = FOLDER / "page"
BUILT = FOLDER / "built"
BUILD = PAGE / ".build"  # what is built to be compared, and not kept
NODE_SECONDS_MAX = 180


def run_node(*arguments: str) -> None:
    """RuntimeError with what it printed, where it fails."""
    ended = subprocess.run(
        ["node", *arguments], cwd=PAGE, capture_output=True, text=True, timeout=NODE_SECONDS_MAX, check=False
    )
    if ended.returncode:
        raise RuntimeError(f"{ended.stdout}{ended.stderr}".strip())


def check_types() -> None:
    run_node("node_modules/typescript/bin/tsc", "--noEmit")


def build(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    run_node("node_modules/vite/bin/vite.js", "build", "--outDir", str(folder), "--emptyOutDir", "--logLevel", "error")


def main() -> int:
    if shutil.which("npm") is None:
        print("The dashboard's page needs Node with npm to be built (Debian: npm).", file=sys.stderr)  # noqa: T201
        return 1
    install(PAGE)
    is_writing = "--write" in sys.argv[1:]
    try:
        check_types()
        build(BUILT if is_writing else BUILD)
    except RuntimeError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    found = [] if is_writing else differing(BUILD, BUILT)
    for name in found:
        print(f"{name} is not what the page's sources make; run `make dashboard`.", file=sys.stderr)  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
