"""openapi/clients/typescript: its generated part is what the contract makes, and all of it holds under `tsc --strict`.

With --write the generated part is made anew.
"""

import fcntl
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.contracts.generated_files import differing
from tests.contracts.node.running import install

FOLDER = Path(__file__).parents[2] / "openapi" / "clients" / "typescript"
GENERATED = FOLDER / "src" / "generated"
BUILD = FOLDER / ".build"  # what is made here and not kept
SNIPPET = re.compile(r"^```ts\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NODE_SECONDS_MAX = 180


def run_node(*arguments: str) -> None:
    """RuntimeError with what it printed, where it fails."""
    ended = subprocess.run(
        ["node", *arguments], cwd=FOLDER, capture_output=True, text=True, timeout=NODE_SECONDS_MAX, check=False
    )
    if ended.returncode:
        raise RuntimeError(f"{ended.stdout}{ended.stderr}".strip())


def generate(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run_node("generate.mjs", str(folder))


def outdated() -> list[str]:
    """Names of the generated files that are not what they should be."""
    made = BUILD / "generated"
    generate(made)
    return differing(made, GENERATED, ".ts")


def check_types() -> None:
    """Of the client, its tests, and what its README shows."""
    snippets = BUILD / "snippets"
    shutil.rmtree(snippets, ignore_errors=True)
    snippets.mkdir(parents=True)
    for number, snippet in enumerate(SNIPPET.findall((FOLDER / "README.md").read_text())):
        (snippets / f"snippet{number}.ts").write_text(snippet)
    run_node("node_modules/typescript/bin/tsc", "--project", "tsconfig.check.json")


def build_tests() -> Path:
    """Where the client and its tests lie as JavaScript; built once, whichever of pytest's processes comes first."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        install(FOLDER)
        stamp = BUILD / "js" / "stamp"
        if not stamp.exists() or stamp.stat().st_mtime < max(each.stat().st_mtime for each in sources()):
            run_node("node_modules/typescript/bin/tsc", "--project", "tsconfig.tests.json")
            stamp.touch()
    return BUILD / "js"


def sources() -> list[Path]:
    return [*FOLDER.glob("*.json"), *(file for name in ("src", "tests") for file in (FOLDER / name).rglob("*.ts"))]


def main() -> int:
    if shutil.which("npm") is None:
        print("The TypeScript client needs Node with npm (Debian: npm).", file=sys.stderr)  # noqa: T201
        return 1
    install(FOLDER)
    if "--write" in sys.argv[1:]:
        generate(GENERATED)
        return 0
    for name in (found := outdated()):
        print(f"{name} is not what the contract makes; run `make client-typescript`.", file=sys.stderr)  # noqa: T201
    try:
        check_types()
    except RuntimeError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
